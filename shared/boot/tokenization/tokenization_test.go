package tokenization_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"cedula/shared/boot/tokenization"
	"cedula/shared/encryption"
	"cedula/shared/identity"
)

// TestMain lets the test program stand in for a function: some of what is
// tested ends the process.
func TestMain(m *testing.M) {
	if os.Getenv("VAULTS_AS_FUNCTION") != "" {
		tokenization.Identities()
		return
	}
	os.Exit(m.Run())
}

func validEnv() map[string]string {
	return map[string]string{
		"CEDULA_TABLE": "cedula", "CEDULA_SECRET": strings.Repeat("s", 32), "CEDULA_VAULT_KEY": "alias/data",
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
	}
}

func localKeyEnv(length int) string {
	return "local:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), length))
}

func TestEnvironment(t *testing.T) {
	const (
		noBase64 = `CEDULA_VAULT_KEY has no base64 after "local:"`
		length   = "CEDULA_VAULT_KEY is a local key of another length than 32 bytes"
	)
	for _, c := range []struct{ value, want string }{
		{"alias/data", ""},
		{"arn:aws:kms:us-east-1:111122223333:key/0d0d0d0d-0000-4000-8000-000000000000", ""},
		{localKeyEnv(32), ""},
		{" " + localKeyEnv(32) + "\n", ""},
		{"", "CEDULA_VAULT_KEY is not set"},
		{"\n", "CEDULA_VAULT_KEY is not set"},
		{"local:", length},
		{localKeyEnv(31), length},
		{localKeyEnv(33), length},
		{"local:secret!", noBase64},
		{localKeyEnv(32) + "=", noBase64},
		{strings.TrimSuffix(localKeyEnv(32), "="), noBase64},
	} {
		function := exec.CommandContext(t.Context(), os.Args[0])
		env := validEnv()
		env["CEDULA_VAULT_KEY"], env["VAULTS_AS_FUNCTION"] = c.value, "yes"
		for name, value := range env {
			function.Env = append(function.Env, name+"="+value)
		}
		var said bytes.Buffer
		function.Stderr = &said
		if err := function.Run(); (err == nil) != (c.want == "") {
			t.Errorf("%q: %v", c.value, err)
		}
		want := c.want
		if want != "" {
			want = "cedula: environment variable " + want + "\n"
		}
		if said.String() != want {
			t.Errorf("%q: says %q, want %q", c.value, said.String(), want)
		}
	}
}

// With a local key, what one start sealed the next one opens, and no start with
// another key.
func TestLocalKey(t *testing.T) {
	for name, value := range validEnv() {
		t.Setenv(name, value)
	}
	t.Setenv("CEDULA_VAULT_KEY", localKeyEnv(32))
	first, second := tokenization.Identities(), tokenization.Identities()
	wrapped, err := first.Cipher.NewKey(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	box, err := first.Cipher.Encrypt(t.Context(), "acme", wrapped, "place", "value")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := second.Cipher.Decrypt(t.Context(), "acme", wrapped, "place", box); err != nil || got != "value" {
		t.Errorf("%q, %v", got, err)
	}
	t.Setenv("CEDULA_VAULT_KEY", "local:"+base64.StdEncoding.EncodeToString(make([]byte, 32)))
	if _, err := tokenization.Identities().Cipher.Decrypt(t.Context(), "acme", wrapped, "place", box); !errors.Is(err, encryption.ErrInvalidCiphertext) {
		t.Errorf("another key: %v", err)
	}
}

// KMS is asked for the key that is named, by the endpoint that is, and not
// before it is needed. The round trip with a KMS that encrypts is in infra.
func TestKMSIsCalledOnlyWhenNeeded(t *testing.T) {
	kms := &disabledKMS{}
	server := httptest.NewServer(kms)
	defer server.Close()
	for name, value := range validEnv() {
		t.Setenv(name, value)
	}
	t.Setenv("AWS_ENDPOINT_URL_KMS", server.URL)
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", server.URL)
	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
	s := tokenization.Identities()
	if s.Store == nil || s.Now == nil || s.Random == nil {
		t.Error("not boot's")
	}
	if asked := kms.recordedCalls(); asked != "" {
		t.Errorf("asked at the start: %s", asked)
	}
	if _, err := s.Cipher.NewKey(t.Context(), "acme"); !errors.Is(err, identity.ErrUnavailable) {
		t.Error(err)
	}
	if asked := kms.recordedCalls(); asked != "TrentService.GenerateDataKey alias/data" {
		t.Errorf("asked: %s", asked)
	}
}

// disabledKMS answers everything with a key that is disabled.
type disabledKMS struct {
	mu    sync.Mutex
	calls []string
}

func (s *disabledKMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in struct{ KeyId string } //nolint:revive // KMS's spelling
	_ = json.NewDecoder(r.Body).Decode(&in)
	if target := r.Header.Get("X-Amz-Target"); strings.HasPrefix(target, "TrentService.") {
		s.mu.Lock()
		s.calls = append(s.calls, target+" "+in.KeyId)
		s.mu.Unlock()
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte(`{"__type":"DisabledException"}`))
}

func (s *disabledKMS) recordedCalls() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.calls, ", ")
}
