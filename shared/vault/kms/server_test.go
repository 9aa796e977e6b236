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

	"cedula/shared/vault/kms"
)

const keyID = "arn:aws:kms:us-east-1:111122223333:key/0d0d0d0d-0000-4000-8000-000000000000"

// server speaks KMS's JSON protocol over one symmetric key. It answers what KMS
// would, unless a test puts a failure in between.
type server struct {
	t    *testing.T
	key  cipher.AEAD
	url  string
	wait func(*http.Request) // runs before an answer

	mu    sync.Mutex
	calls map[string]int    // by operation
	asked map[string]string // the last input of each, without what is encrypted
	fail  []failure         // each used once, in order
	plain [][]byte          // every data key
}

// failure is an answer of an error, or any other text.
type failure struct {
	status     int
	kind, text string
}

func newServer(t *testing.T) *server {
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
	s := &server{t: t, key: aead, calls: map[string]int{}, asked: map[string]string{}}
	front := httptest.NewServer(s)
	t.Cleanup(front.Close)
	s.url = front.URL
	return s
}

// wrapper is on this server, by a client configured by hand that waits for
// nothing between its three attempts.
func (s *server) wrapper(id string) *kms.Wrapper {
	s.t.Helper()
	return wrapperAt(s.t, s.url, id)
}

func wrapperAt(t *testing.T, url, id string) *kms.Wrapper {
	t.Helper()
	client := awskms.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(url),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}),
	}, func(o *awskms.Options) { o.Retryer = noWait{o.Retryer} })
	w, err := kms.New(client, id)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

type noWait struct{ aws.Retryer }

func (noWait) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

type input struct {
	KeyId             string            //nolint:revive // KMS's spelling
	KeySpec           string            `json:",omitempty"`
	EncryptionContext map[string]string `json:",omitempty"`
	CiphertextBlob    []byte            `json:",omitempty"`
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "TrentService.")
	var in input
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil {
		s.t.Error(err)
	}
	if s.wait != nil {
		s.wait(r)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if f := s.note(operation, in); f != nil {
		w.WriteHeader(f.status)
		_, _ = w.Write([]byte(f.text))
		return
	}
	status, out := s.answer(operation, in)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(out)
}

// note counts a call and returns how it is to fail, if it is.
func (s *server) note(operation string, in input) *failure {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[operation]++
	in.CiphertextBlob = nil
	text, _ := json.Marshal(in)
	s.asked[operation] = string(text)
	if len(s.fail) == 0 {
		return nil
	}
	f := s.fail[0]
	s.fail = s.fail[1:]
	if f.text == "" {
		f.text = `{"__type":"com.amazonaws.kms#` + f.kind + `","message":"` + canary + `"}`
	}
	return &f
}

func (s *server) answer(operation string, in input) (int, any) {
	bound, _ := json.Marshal(in.EncryptionContext)
	if operation == "GenerateDataKey" {
		plain := make([]byte, 32)
		_, _ = rand.Read(plain)
		s.mu.Lock()
		s.plain = append(s.plain, plain)
		s.mu.Unlock()
		return 200, map[string]any{"KeyId": keyID, "Plaintext": plain, "CiphertextBlob": s.key.Seal(nil, nil, plain, bound)}
	}
	plain, err := s.key.Open(nil, nil, in.CiphertextBlob, bound)
	if err != nil {
		return 400, map[string]any{"__type": "InvalidCiphertextException"}
	}
	return 200, map[string]any{"KeyId": keyID, "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}
}

// always is a failure as often as a client tries.
func (s *server) always(f failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = []failure{f, f, f}
}

func (s *server) wantCalls(generated, decrypted int) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls["GenerateDataKey"] != generated || s.calls["Decrypt"] != decrypted || len(s.calls) > 2 {
		s.t.Errorf("calls %v, want %d GenerateDataKey and %d Decrypt", s.calls, generated, decrypted)
	}
}
