package lambdatest_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"cedula/shared/encryption"
)

// The ids of the keys in KMS: one signs, data keys are wrapped under the other.
const (
	SigningKeyID  = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000000"
	WrappingKeyID = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-4000-8000-000000000001"
)

// Services are the AWS services on this machine: a DynamoDB that finds nothing and a KMS.
type Services struct{ DynamoDB, KMS *httptest.Server }

// StartServices starts the services. The caller must close them.
func StartServices() (*Services, error) {
	signing, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	wrapping, err := encryption.NewLocalKeyWrapper(make([]byte, encryption.KeySize))
	if err != nil {
		return nil, err
	}
	empty := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = io.WriteString(w, "{}")
	})
	return &Services{httptest.NewServer(empty), httptest.NewServer(&fakeKMS{signing, wrapping})}, nil
}

// Close stops the services.
func (s *Services) Close() {
	s.DynamoDB.Close()
	s.KMS.Close()
}

// Environment returns a value for every variable of ours that the template sets for some function, and the addresses of
// the services.
func (s *Services) Environment() map[string]string {
	return map[string]string{
		"AWS_ENDPOINT_URL_DYNAMODB": s.DynamoDB.URL,
		"AWS_ENDPOINT_URL_KMS":      s.KMS.URL,

		"CEDULA_TABLE":     "cedula",
		"CEDULA_SECRET":    strings.Repeat("s", 64),
		"CEDULA_ISSUER":    "urn:cedula:test",
		"CEDULA_AUDIENCE":  "urn:cedula:test:conomy",
		"CEDULA_TOKEN_KEY": SigningKeyID,
		"CEDULA_VAULT_KEY": WrappingKeyID,
		"CEDULA_ISSUERS":   "[]",

		"CEDULA_LIST_SHARDS":    "acme=8",
		"CEDULA_MESSAGE_LIMITS": "500/2000",

		"CEDULA_EMAIL_FROM":          "registry@example.org",
		"CEDULA_EMAIL_CONFIGURATION": "registry",
		"CEDULA_SMS_SENDER":          "CEDULA",
	}
}

// fakeKMS speaks AWS KMS's JSON protocol, as far as tokens and encryption need it. It does not check who calls.
type fakeKMS struct {
	signing  *ecdsa.PrivateKey
	wrapping *encryption.LocalKeyWrapper
}

type kmsRequest struct {
	KeyId             string //nolint:revive // KMS's spelling
	Message           []byte
	CiphertextBlob    []byte
	EncryptionContext map[string]string
}

// kmsResponse is the response of any operation. Fields that are empty are left out.
type kmsResponse struct {
	KeyId          string //nolint:revive // KMS's spelling
	KeySpec        string `json:",omitempty"`
	KeyUsage       string `json:",omitempty"`
	PublicKey      []byte `json:",omitempty"`
	Signature      []byte `json:",omitempty"`
	Plaintext      []byte `json:",omitempty"`
	CiphertextBlob []byte `json:",omitempty"`
}

// ServeHTTP implements http.Handler.
func (k *fakeKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in kmsRequest
	err := json.NewDecoder(r.Body).Decode(&in)
	out := kmsResponse{KeyId: in.KeyId}
	if err == nil {
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		err = k.call(r.Context(), operation, in, &out)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": err.Error()})
		return
	}
	_ = json.NewEncoder(w).Encode(out)
}

// call carries out an operation. The text of an error is KMS's type of it.
func (k *fakeKMS) call(ctx context.Context, operation string, in kmsRequest, out *kmsResponse) (err error) {
	boundTo, err := json.Marshal(in.EncryptionContext) // sorts the names
	if err != nil {
		return err
	}
	switch operation + " " + in.KeyId {
	case "GetPublicKey " + SigningKeyID:
		out.KeySpec, out.KeyUsage = "ECC_NIST_P256", "SIGN_VERIFY"
		out.PublicKey, err = x509.MarshalPKIXPublicKey(&k.signing.PublicKey)
	case "Sign " + SigningKeyID:
		out.Signature, err = ecdsa.SignASN1(rand.Reader, k.signing, in.Message)
	case "GenerateDataKey " + WrappingKeyID:
		out.Plaintext, out.CiphertextBlob, err = k.wrapping.GenerateDataKey(ctx, string(boundTo))
	case "Decrypt " + WrappingKeyID:
		out.Plaintext, err = k.wrapping.Unwrap(ctx, string(boundTo), in.CiphertextBlob)
		if err != nil {
			return errors.New("InvalidCiphertextException")
		}
	default:
		return errors.New("NotFoundException")
	}
	return err
}
