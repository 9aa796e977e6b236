package fakekms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"net/http"
)

const dataKeySize = 32 // AES-256's

func newWrappingCipher() (cipher.AEAD, error) {
	block, err := aes.NewCipher(randomKey())
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func randomKey() []byte {
	key := make([]byte, dataKeySize)
	_, _ = rand.Read(key) // ends the process rather than fail
	return key
}

// generateDataKey makes a data key that decrypts under the same encryption context.
func (s *Server) generateDataKey(w http.ResponseWriter, in *request) {
	if in.KeySpec != "AES_256" {
		writeError(w, "ValidationException")
		return
	}
	plain := randomKey()
	writeJSON(w, http.StatusOK, map[string]any{
		"KeyId": WrappingKeyID, "Plaintext": plain,
		"CiphertextBlob": s.wrappingCipher.Seal(nil, nil, plain, in.additionalData()),
	})
}

func (s *Server) decrypt(w http.ResponseWriter, in *request) {
	plain, err := s.wrappingCipher.Open(nil, nil, in.CiphertextBlob, in.additionalData())
	if err != nil {
		writeError(w, "InvalidCiphertextException")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"KeyId": WrappingKeyID, "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
	})
}

// additionalData is the encryption context as additional data, which JSON sorts.
func (r *request) additionalData() []byte {
	text, err := json.Marshal(r.EncryptionContext)
	if err != nil {
		panic(err) // a map of texts has a JSON form
	}
	return text
}
