package auth_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/c2sp/wycheproof"

	"cedula/shared/auth"
	"cedula/shared/auth/federation"
)

type vectorGroup struct {
	Comment         string
	Public, Private json.RawMessage // Public is absent for a symmetric key
	Tests           []struct {
		TcID                 int
		Comment, JWS, Result string
	}
}

// key returns the key that verifies, and the algorithm that it is for.
func (g vectorGroup) key() (key json.RawMessage, alg string) {
	key = g.Public
	if key == nil {
		key = g.Private
	}
	var header struct{ Alg string }
	_ = json.Unmarshal(key, &header)
	return key, header.Alg
}

func readVectors(t *testing.T, file string) []vectorGroup {
	t.Helper()
	text, err := fs.ReadFile(wycheproof.TestVectors, file)
	wantError(t, err, nil)
	var v struct{ TestGroups []vectorGroup }
	wantError(t, json.Unmarshal(text, &v), nil)
	return v.TestGroups
}

// accepts reports whether one of our algorithms accepts the signature, with the key that an issuer publishes.
func accepts(t *testing.T, source auth.KeySource, jws string) bool {
	t.Helper()
	for _, alg := range []string{auth.ES256, auth.RS256} {
		kid, err := auth.KeyIDOf(jws, alg)
		if err != nil {
			continue
		}
		key, err := source.Key(ctx, kid)
		if err != nil && !errors.Is(err, auth.ErrNotFound) && !errors.Is(err, auth.ErrUnavailable) {
			t.Fatalf("Key: error = %v, want %v or %v", err, auth.ErrNotFound, auth.ErrUnavailable)
		}
		if err == nil && auth.VerifySignature(jws, alg, key) == nil {
			return true
		}
	}
	return false
}

// keySourceOf returns the keys of an issuer that publishes a JWK set.
func keySourceOf(t *testing.T, set string) auth.KeySource {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(set)) }))
	t.Cleanup(server.Close)
	source, err := federation.NewKeySource(federation.KeySourceOptions{URL: server.URL, AllowLoopbackHTTP: true})
	wantError(t, err, nil)
	return source
}

func TestWycheproofSignatures(t *testing.T) {
	const noClaims = "emptyPayload" // a valid signature, but a token always has claims
	accepted := 0
	for _, g := range readVectors(t, "json_web_signature_test.json") {
		key, alg := g.key()
		source := keySourceOf(t, `{"keys":[`+string(key)+`]}`)
		for _, test := range g.Tests {
			got, want := accepts(t, source, test.JWS), test.Result == "valid" && (alg == auth.ES256 || alg == auth.RS256) && test.Comment != noClaims
			if got != want {
				t.Errorf("%s %d %s: accepted = %v, want %v: %.200s", g.Comment, test.TcID, test.Comment, got, want, test.JWS)
			}
			if got {
				accepted++
			}
		}
	}
	if accepted == 0 {
		t.Error("no valid signature was accepted")
	}
}

func TestWycheproofKeys(t *testing.T) {
	for _, g := range readVectors(t, "json_web_key_test.json") {
		set, _ := g.key()
		source := keySourceOf(t, string(set))
		for _, test := range g.Tests {
			// The ROCA vulnerability of an issuer's key is not checked.
			want := g.Comment == "rs256" && test.Result == "valid" || test.Comment == "rejectsKeyWithRocaVulnerability"
			if got := accepts(t, source, test.JWS); got != want {
				t.Errorf("%s %d %s: accepted = %v, want %v", g.Comment, test.TcID, test.Comment, got, want)
			}
		}
	}
}
