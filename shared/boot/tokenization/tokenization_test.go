package tokenization_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"cedula/shared/boot"
	"cedula/shared/boot/tokenization"
	"cedula/shared/encryption"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

func configWithKey(key string) boot.Config {
	return boot.Config{
		Table: "cedula", Secret: strings.Repeat("s", 32), EncryptionKey: key,
		Region: "us-east-1", AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example",
	}
}

func newRegistry(t *testing.T, c boot.Config) *registry.Registry {
	t.Helper()
	r, err := tokenization.NewRegistry(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func localKey(fill string, length int) string {
	return "local:" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte(fill), length))
}

func TestEncryptionKey(t *testing.T) {
	const (
		noBase64    = `environment variable CEDULA_VAULT_KEY has no base64 after "local:"`
		wrongLength = "environment variable CEDULA_VAULT_KEY is a local key of another length than 32 bytes"
	)
	for _, tt := range []struct{ key, want string }{
		{"alias/data", "<nil>"},
		{"arn:aws:kms:us-east-1:111122223333:key/0d0d0d0d-0000-4000-8000-000000000000", "<nil>"},
		{localKey("k", 32), "<nil>"},
		{"", "environment variable CEDULA_VAULT_KEY is not set"},
		{"local:", wrongLength},
		{localKey("k", 31), wrongLength},
		{localKey("k", 33), wrongLength},
		{"local:secret!", noBase64},
		{localKey("k", 32) + "=", noBase64},
		{strings.TrimSuffix(localKey("k", 32), "="), noBase64},
	} {
		_, err := tokenization.NewRegistry(configWithKey(tt.key))
		if got := fmt.Sprint(err); got != tt.want {
			t.Errorf("NewRegistry with the key %q = %s, want %s", tt.key, got, tt.want)
		}
	}
}

func TestMissingVariables(t *testing.T) {
	c := configWithKey("alias/data")
	c.Table, c.Region = "", ""
	if _, err := tokenization.NewRegistry(c); err == nil {
		t.Error("NewRegistry without a table = nil, want an error")
	}
	if _, err := tokenization.NewCipher(c); err == nil {
		t.Error("NewCipher without a region = nil, want an error")
	}
}

func TestLocalKeyDecryptsAfterRestart(t *testing.T) {
	first := newRegistry(t, configWithKey(localKey("k", 32))).Cipher
	wrapped, err := first.NewKey(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	ciphertext, err := first.Encrypt(t.Context(), "acme", wrapped, "place", "value")
	if err != nil {
		t.Fatal(err)
	}

	second := newRegistry(t, configWithKey(localKey("k", 32))).Cipher
	if got, err := second.Decrypt(t.Context(), "acme", wrapped, "place", ciphertext); err != nil || got != "value" {
		t.Errorf("Decrypt with the same key = %q, %v; want %q", got, err, "value")
	}
	other := newRegistry(t, configWithKey(localKey("o", 32))).Cipher
	if _, err := other.Decrypt(t.Context(), "acme", wrapped, "place", ciphertext); !errors.Is(err, encryption.ErrInvalidCiphertext) {
		t.Errorf("Decrypt with another key = %v, want %v", err, encryption.ErrInvalidCiphertext)
	}
}

// The round trip with a KMS that encrypts is in infra/lambdatest.
func TestKMSIsCalledOnlyWhenNeeded(t *testing.T) {
	calls := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), "TrentService."); ok {
			body, _ := io.ReadAll(r.Body)
			calls <- operation + " " + string(body)
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"__type":"DisabledException"}`))
	}))
	defer server.Close()
	c := configWithKey("alias/data")
	c.KMSEndpoint, c.DynamoDBEndpoint, c.Function = server.URL, server.URL, "function"
	r := newRegistry(t, c)
	if len(calls) != 0 {
		t.Errorf("%d calls at start, want none", len(calls))
	}
	if _, err := r.Cipher.NewKey(t.Context(), "acme"); !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("NewKey = %v, want %v", err, identity.ErrUnavailable)
	}
	if got := <-calls; !strings.HasPrefix(got, "GenerateDataKey ") || !strings.Contains(got, `"KeyId":"alias/data"`) || len(calls) != 0 {
		t.Errorf("first call = %s, then %d more; want one GenerateDataKey of alias/data", got, len(calls))
	}
}
