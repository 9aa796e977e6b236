package kms_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"

	"cedula/shared/auth/kms"
)

// fakeKMS speaks KMS's JSON protocol over one P-256 key. It answers what KMS
// would, unless a test puts a change or a failure in between.
type fakeKMS struct {
	t       *testing.T
	private *ecdsa.PrivateKey

	mu             sync.Mutex
	calls          map[string]int            // by operation
	lastInput      map[string]map[string]any // the last input of each
	overrides      map[string]map[string]any // members of an answer to replace
	failures       map[string][]failure      // each used once, in order
	beforeResponse func(operation string)    // runs before an answer
}

type failure struct {
	status int
	kind   string
}

const keyARN = "arn:aws:kms:us-east-1:111122223333:key/0d0d0d0d-0000-4000-8000-000000000000"

func newFakeKMS(t *testing.T) *fakeKMS {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &fakeKMS{
		t: t, private: private, calls: map[string]int{}, lastInput: map[string]map[string]any{},
		overrides: map[string]map[string]any{}, failures: map[string][]failure{},
	}
}

// newKey returns a Key on this server: configured by hand, two attempts, no waiting.
func (s *fakeKMS) newKey(id string) *kms.Key {
	s.t.Helper()
	front := httptest.NewServer(s)
	s.t.Cleanup(front.Close)
	client := awskms.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(front.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}),
	}, func(o *awskms.Options) {
		o.RetryMaxAttempts = 2
		o.Retryer = noWait{o.Retryer}
	})
	k, err := kms.New(client, id)
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

type noWait struct{ aws.Retryer }

func (noWait) RetryDelay(int, error) (time.Duration, error) { return 0, nil }

func (s *fakeKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "TrentService.")
	var in map[string]any
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		s.t.Error(err)
	}
	s.mu.Lock()
	s.calls[operation]++
	s.lastInput[operation] = in
	wait, failures := s.beforeResponse, s.failures[operation]
	if len(failures) > 0 {
		s.failures[operation] = failures[1:]
	}
	s.mu.Unlock()
	if wait != nil {
		wait(operation)
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if len(failures) > 0 {
		w.WriteHeader(failures[0].status)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": failures[0].kind, "message": "no"})
		return
	}
	out := s.respond(operation, in)
	maps.Copy(out, s.overrides[operation])
	_ = json.NewEncoder(w).Encode(out)
}

func (s *fakeKMS) respond(operation string, in map[string]any) map[string]any {
	if operation == "GetPublicKey" {
		der, _ := x509.MarshalPKIXPublicKey(&s.private.PublicKey)
		return map[string]any{
			"KeyId": keyARN, "PublicKey": der, "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY",
			"SigningAlgorithms": []string{"ECDSA_SHA_256"},
		}
	}
	var digest []byte
	_ = json.Unmarshal([]byte(`"`+in["Message"].(string)+`"`), &digest)
	der, err := ecdsa.SignASN1(rand.Reader, s.private, digest)
	if err != nil {
		s.t.Error(err)
	}
	return map[string]any{"KeyId": keyARN, "Signature": der, "SigningAlgorithm": "ECDSA_SHA_256"}
}

func (s *fakeKMS) count(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[operation]
}
