package fakekms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"net/http"
)

const dataKeyBytes = 32 // AES-256's

func newDataKey() (cipher.AEAD, error) {
	block, err := aes.NewCipher(random())
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func random() []byte {
	key := make([]byte, dataKeyBytes)
	_, _ = rand.Read(key) // ends the process rather than fail
	return key
}

// generate makes a data key that decrypts under the same encryption context.
func (s *Server) generate(w http.ResponseWriter, in *request) {
	if in.KeySpec != "AES_256" {
		refuse(w, "ValidationException")
		return
	}
	plain := random()
	answer(w, http.StatusOK, map[string]any{
		"KeyId": DataKeyID, "Plaintext": plain,
		"CiphertextBlob": s.data.Seal(nil, nil, plain, in.bound()),
	})
}

func (s *Server) decrypt(w http.ResponseWriter, in *request) {
	plain, err := s.data.Open(nil, nil, in.CiphertextBlob, in.bound())
	if err != nil {
		refuse(w, "InvalidCiphertextException")
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"KeyId": DataKeyID, "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
	})
}

// bound is the encryption context as additional data, which JSON sorts.
func (r *request) bound() []byte {
	text, err := json.Marshal(r.EncryptionContext)
	if err != nil {
		panic(err) // a map of texts has a JSON form
	}
	return text
}
