package kms_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"

	"cedula/shared/encryption/kms"
)

const keyID = "arn:aws:kms:us-east-1:111122223333:key/0d0d0d0d-0000-4000-8000-000000000000"

// fakeKMS speaks KMS's JSON protocol over one symmetric key. It responds as KMS does, unless the test sets failures.
type fakeKMS struct {
	t     *testing.T
	key   cipher.AEAD
	url   string
	hangs bool // no response until the client gives up

	mu         sync.Mutex
	calls      map[string]int    // by operation
	lastInputs map[string]string // by operation, without the ciphertext
	failures   []failure         // each used once, in order
	dataKeys   [][]byte
}

// failure is a response other than the right one: a code of KMS, or any body.
type failure struct {
	status     int
	code, body string
}

func newFakeKMS(t *testing.T) *fakeKMS {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		t.Fatal(err)
	}
	s := &fakeKMS{t: t, key: aead, calls: map[string]int{}, lastInputs: map[string]string{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// newWrapper returns a wrapper whose client makes three attempts without a delay between them.
func (s *fakeKMS) newWrapper(id string) *kms.KeyWrapper {
	s.t.Helper()
	client := awskms.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(s.url),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}),
	}, func(o *awskms.Options) { o.Retryer = noRetryDelay{o.Retryer} })
	w, err := kms.New(client, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return w
}

type noRetryDelay struct{ aws.Retryer }

func (noRetryDelay) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

type requestInput struct {
	KeyId             string            //nolint:revive // KMS's spelling
	KeySpec           string            `json:",omitempty"`
	EncryptionContext map[string]string `json:",omitempty"`
	CiphertextBlob    []byte            `json:",omitempty"`
}

func (s *fakeKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "TrentService.")
	var in requestInput
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		s.t.Errorf("request body: %v", err)
	}
	if s.hangs {
		<-r.Context().Done()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	status, body := s.respond(operation, in)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

// respond counts the call and returns the next failure or the right response.
func (s *fakeKMS) respond(operation string, in requestInput) (status int, body string) {
	s.calls[operation]++
	ciphertext := in.CiphertextBlob
	in.CiphertextBlob = nil
	s.lastInputs[operation] = toJSON(in)
	if len(s.failures) > 0 {
		f := s.failures[0]
		s.failures = s.failures[1:]
		if f.body == "" {
			f.body = `{"__type":"com.amazonaws.kms#` + f.code + `","message":"` + canary + `"}`
		}
		return f.status, f.body
	}
	additionalData := []byte(toJSON(in.EncryptionContext))
	if operation == "GenerateDataKey" {
		plain := make([]byte, 32)
		_, _ = rand.Read(plain)
		s.dataKeys = append(s.dataKeys, plain)
		return 200, toJSON(map[string]any{"KeyId": keyID, "Plaintext": plain, "CiphertextBlob": s.key.Seal(nil, nil, plain, additionalData)})
	}
	plain, err := s.key.Open(nil, nil, ciphertext, additionalData)
	if err != nil {
		return 400, toJSON(map[string]any{"__type": "InvalidCiphertextException"})
	}
	return 200, toJSON(map[string]any{"KeyId": keyID, "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})
}

func toJSON(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func (s *fakeKMS) wantCalls(generated, decrypted int) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls["GenerateDataKey"] != generated || s.calls["Decrypt"] != decrypted || len(s.calls) > 2 {
		s.t.Errorf("calls = %v, want %d GenerateDataKey and %d Decrypt", s.calls, generated, decrypted)
	}
}
