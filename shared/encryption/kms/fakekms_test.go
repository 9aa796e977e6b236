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

// fakeKMS speaks KMS's JSON protocol over one symmetric key. It answers what KMS
// would, unless a test puts a failure in between.
type fakeKMS struct {
	t            *testing.T
	key          cipher.AEAD
	url          string
	beforeAnswer func(*http.Request) // runs before an answer

	mu         sync.Mutex
	calls      map[string]int    // by operation
	lastInputs map[string]string // the last input of each, without what is encrypted
	failures   []failureResponse // each used once, in order
	dataKeys   [][]byte          // every data key
}

// failureResponse is an answer of an error, or any other text.
type failureResponse struct {
	status     int
	code, body string
}

func newFakeKMS(t *testing.T) *fakeKMS {
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
	front := httptest.NewServer(s)
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

// newWrapper is on this server, by a client configured by hand that waits for
// nothing between its three attempts.
func (s *fakeKMS) newWrapper(id string) *kms.KeyWrapper {
	s.t.Helper()
	return newWrapperAt(s.t, s.url, id)
}

func newWrapperAt(t *testing.T, url, id string) *kms.KeyWrapper {
	t.Helper()
	client := awskms.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(url),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}),
	}, func(o *awskms.Options) { o.Retryer = noRetryDelay{o.Retryer} })
	w, err := kms.New(client, id)
	if err != nil {
		t.Fatal(err)
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
		s.t.Error(err)
	}
	if s.beforeAnswer != nil {
		s.beforeAnswer(r)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if f := s.recordCall(operation, in); f != nil {
		w.WriteHeader(f.status)
		_, _ = w.Write([]byte(f.body))
		return
	}
	status, out := s.answer(operation, in)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out)
}

// recordCall counts a call and returns how it is to fail, if it is.
func (s *fakeKMS) recordCall(operation string, in requestInput) *failureResponse {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[operation]++
	in.CiphertextBlob = nil
	text, _ := json.Marshal(in)
	s.lastInputs[operation] = string(text)
	if len(s.failures) == 0 {
		return nil
	}
	f := s.failures[0]
	s.failures = s.failures[1:]
	if f.body == "" {
		f.body = `{"__type":"com.amazonaws.kms#` + f.code + `","message":"` + canary + `"}`
	}
	return &f
}

func (s *fakeKMS) answer(operation string, in requestInput) (int, any) {
	bound, _ := json.Marshal(in.EncryptionContext)
	if operation == "GenerateDataKey" {
		plain := make([]byte, 32)
		_, _ = rand.Read(plain)
		s.mu.Lock()
		s.dataKeys = append(s.dataKeys, plain)
		s.mu.Unlock()
		return 200, map[string]any{"KeyId": keyID, "Plaintext": plain, "CiphertextBlob": s.key.Seal(nil, nil, plain, bound)}
	}
	plain, err := s.key.Open(nil, nil, in.CiphertextBlob, bound)
	if err != nil {
		return 400, map[string]any{"__type": "InvalidCiphertextException"}
	}
	return 200, map[string]any{"KeyId": keyID, "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
}

// failAlways is a failure as often as a client tries.
func (s *fakeKMS) failAlways(f failureResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = []failureResponse{f, f, f}
}

func (s *fakeKMS) wantCalls(generated, decrypted int) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls["GenerateDataKey"] != generated || s.calls["Decrypt"] != decrypted || len(s.calls) > 2 {
		s.t.Errorf("calls %v, want %d GenerateDataKey and %d Decrypt", s.calls, generated, decrypted)
	}
}
