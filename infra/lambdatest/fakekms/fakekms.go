// Package fakekms answers the calls of AWS KMS that tokens and vaults need, with
// two keys of its own, so that a function's real KMS client can run against it.
// It checks no signature of the caller and keeps nothing.
package fakekms

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"net/http"
)

// SigningKeyID is the id of the key that signs.
const SigningKeyID = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"

// WrappingKeyID is the id of the key that data keys are wrapped under.
const WrappingKeyID = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000001"

// Server is an http.Handler that speaks KMS's JSON protocol.
type Server struct {
	signingKey     *ecdsa.PrivateKey
	wrappingCipher cipher.AEAD
}

// New makes a server with new keys.
func New() (*Server, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(randomKey())
	if err != nil {
		return nil, err
	}
	wrapping, err := cipher.NewGCMWithRandomNonce(block)
	return &Server{key, wrapping}, err
}

// request is what is read of any call.
type request struct {
	KeyId             string //nolint:revive // KMS's spelling
	Message           []byte
	CiphertextBlob    []byte
	KeySpec           string
	EncryptionContext map[string]string
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operations := map[string]struct {
		key    string
		answer func(http.ResponseWriter, *request)
	}{
		"TrentService.GetPublicKey":    {SigningKeyID, s.publicKey},
		"TrentService.Sign":            {SigningKeyID, s.sign},
		"TrentService.GenerateDataKey": {WrappingKeyID, s.generateDataKey},
		"TrentService.Decrypt":         {WrappingKeyID, s.decrypt},
	}
	operation, known := operations[r.Header.Get("X-Amz-Target")]
	if !known {
		writeError(w, "UnsupportedOperationException")
		return
	}
	var in request
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.KeyId != operation.key {
		writeError(w, "NotFoundException")
		return
	}
	operation.answer(w, &in)
}

func (s *Server) publicKey(w http.ResponseWriter, _ *request) {
	der, err := x509.MarshalPKIXPublicKey(&s.signingKey.PublicKey)
	if err != nil {
		writeInternalError(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"KeyId": SigningKeyID, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "PublicKey": der,
	})
}

func (s *Server) sign(w http.ResponseWriter, in *request) {
	der, err := ecdsa.SignASN1(rand.Reader, s.signingKey, in.Message)
	if err != nil {
		writeInternalError(w)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"KeyId": SigningKeyID, "Signature": der, "SigningAlgorithm": "ECDSA_SHA_256"})
}

const dataKeySize = 32 // AES-256's

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

func writeInternalError(w http.ResponseWriter) {
	writeJSON(w, http.StatusInternalServerError, map[string]any{"__type": "KMSInternalException"})
}

func writeError(w http.ResponseWriter, kind string) {
	writeJSON(w, http.StatusBadRequest, map[string]any{"__type": kind})
}

func writeJSON(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
