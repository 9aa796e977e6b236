// Package fakekms answers the calls of AWS KMS that tokens and vaults need, with
// two keys of its own, so that a function's real KMS client can run against it.
// It checks no signature of the caller and keeps nothing.
package fakekms

import (
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"net/http"
)

// KeyID is the id of the key that signs.
const KeyID = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"

// DataKeyID is the id of the key that data keys are wrapped under.
const DataKeyID = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000001"

// Server is an http.Handler that speaks KMS's JSON protocol.
type Server struct {
	key  *ecdsa.PrivateKey
	data cipher.AEAD
}

// New makes a server with new keys.
func New() (*Server, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	data, err := newDataKey()
	return &Server{key, data}, err
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
		"TrentService.GetPublicKey":    {KeyID, s.publicKey},
		"TrentService.Sign":            {KeyID, s.sign},
		"TrentService.GenerateDataKey": {DataKeyID, s.generate},
		"TrentService.Decrypt":         {DataKeyID, s.decrypt},
	}
	operation, known := operations[r.Header.Get("X-Amz-Target")]
	var in request
	switch err := json.NewDecoder(r.Body).Decode(&in); {
	case !known:
		refuse(w, "UnsupportedOperationException")
	case err != nil || in.KeyId != operation.key:
		refuse(w, "NotFoundException")
	default:
		operation.answer(w, &in)
	}
}

func (s *Server) publicKey(w http.ResponseWriter, _ *request) {
	der, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	if err != nil {
		fail(w)
		return
	}
	answer(w, http.StatusOK, map[string]any{
		"KeyId": KeyID, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "PublicKey": der,
	})
}

func (s *Server) sign(w http.ResponseWriter, in *request) {
	der, err := ecdsa.SignASN1(rand.Reader, s.key, in.Message)
	if err != nil {
		fail(w)
		return
	}
	answer(w, http.StatusOK, map[string]any{"KeyId": KeyID, "Signature": der, "SigningAlgorithm": "ECDSA_SHA_256"})
}

func fail(w http.ResponseWriter) {
	answer(w, http.StatusInternalServerError, map[string]any{"__type": "KMSInternalException"})
}

func refuse(w http.ResponseWriter, kind string) {
	answer(w, http.StatusBadRequest, map[string]any{"__type": kind})
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
