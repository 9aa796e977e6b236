// Package fakekms answers the two calls of AWS KMS that tokens need, with one
// key of its own, so that a function's real KMS client can run against it.
// It checks no signature of the caller and keeps nothing.
package fakekms

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"net/http"
)

// KeyID is the id of the one key.
const KeyID = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"

// Server is an http.Handler that speaks KMS's JSON protocol.
type Server struct{ key *ecdsa.PrivateKey }

// New makes a server with a new key.
func New() (*Server, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return &Server{key}, err
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct {
		KeyId   string //nolint:revive // KMS's spelling
		Message []byte
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.KeyId != KeyID {
		s.answer(w, http.StatusBadRequest, map[string]any{"__type": "NotFoundException"})
		return
	}
	switch r.Header.Get("X-Amz-Target") {
	case "TrentService.GetPublicKey":
		s.publicKey(w)
	case "TrentService.Sign":
		s.sign(w, in.Message)
	default:
		s.answer(w, http.StatusBadRequest, map[string]any{"__type": "UnsupportedOperationException"})
	}
}

func (s *Server) publicKey(w http.ResponseWriter) {
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		s.answer(w, http.StatusInternalServerError, map[string]any{"__type": "KMSInternalException"})
		return
	}
	s.answer(w, http.StatusOK, map[string]any{
		"KeyId": KeyID, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "PublicKey": der,
	})
}

func (s *Server) sign(w http.ResponseWriter, digest []byte) {
	der, err := ecdsa.SignASN1(rand.Reader, s.key, digest)
	if err != nil {
		s.answer(w, http.StatusInternalServerError, map[string]any{"__type": "KMSInternalException"})
		return
	}
	s.answer(w, http.StatusOK, map[string]any{"KeyId": KeyID, "Signature": der, "SigningAlgorithm": "ECDSA_SHA_256"})
}

func (s *Server) answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
