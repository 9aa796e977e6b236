package auth_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"testing"

	"github.com/c2sp/wycheproof"

	"cedula/shared/auth"
	"cedula/shared/auth/federation"
)

// vectors is a file of Wycheproof's: keys and texts signed with them.
type vectors struct {
	TestGroups []struct {
		Comment         string
		Public, Private json.RawMessage
		Tests           []struct {
			TcID                 int
			Comment, JWS, Result string
		}
	}
}

func readVectors(t *testing.T, file string) vectors {
	t.Helper()
	text, err := fs.ReadFile(wycheproof.TestVectors, file)
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// accepts tells whether a text is taken that way: the key by the one road that an
// issuer's keys come in, the signature by the one that every token takes.
func accepts(t *testing.T, source auth.KeySource, jws string) bool {
	t.Helper()
	for _, alg := range []string{auth.ES256, auth.RS256} {
		kid, err := auth.KeyIDOf(jws, alg)
		if err != nil {
			continue
		}
		key, err := source.Key(ctx, kid)
		if err != nil && !errors.Is(err, auth.ErrNotFound) && !errors.Is(err, auth.ErrUnavailable) {
			t.Fatalf("err = %v; want (no error or auth.ErrNotFound) or auth.ErrUnavailable", err)
		}
		if err == nil && auth.VerifySignature(jws, alg, key) == nil {
			return true
		}
	}
	return false
}

func keySourceOf(t *testing.T, set string) auth.KeySource {
	t.Helper()
	source, err := federation.NewKeySource(federation.KeySourceOptions{URL: serveText(t, set), AllowLoopbackHTTP: true})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// noClaims is valid and refused all the same: a token always has claims.
const noClaims = "emptyPayload"

// TestWycheproofSignatures takes each valid text of ES256 and RS256, and no other.
func TestWycheproofSignatures(t *testing.T) {
	var accepted, rejected, otherwise, empty int
	for _, g := range readVectors(t, "json_web_signature_test.json").TestGroups {
		key := g.Public
		if key == nil {
			key = g.Private // of a group with a symmetric key
		}
		source := keySourceOf(t, `{"keys":[`+string(key)+`]}`)
		for _, test := range g.Tests {
			var header struct{ Alg string }
			_ = json.Unmarshal(key, &header)
			ours := header.Alg == auth.ES256 || header.Alg == auth.RS256
			want := test.Result == "valid" && ours && test.Comment != noClaims
			got := accepts(t, source, test.JWS)
			switch {
			case got != want:
				t.Errorf("%s %d %s: taken %v, want %v: %.200s", g.Comment, test.TcID, test.Comment, got, want, test.JWS)
			case got:
				accepted++
			case test.Result == "valid" && ours:
				empty++
			case test.Result == "valid":
				otherwise++
			default:
				rejected++
			}
		}
	}
	t.Logf("%d valid taken, %d invalid refused, %d valid refused for their algorithm, %d for an empty body",
		accepted, rejected, otherwise, empty)
}

func TestWycheproofKeys(t *testing.T) {
	var accepted, rejected int
	for _, g := range readVectors(t, "json_web_key_test.json").TestGroups {
		set := g.Public
		if set == nil {
			set = g.Private
		}
		source := keySourceOf(t, string(set))
		for _, test := range g.Tests {
			got := accepts(t, source, test.JWS)
			// An issuer's choice of a key with the ROCA vulnerability is its own affair.
			want := g.Comment == "rs256" && test.Result == "valid" || test.Comment == "rejectsKeyWithRocaVulnerability"
			if got != want {
				t.Errorf("%s %d %s: taken %v, want %v", g.Comment, test.TcID, test.Comment, got, want)
			}
			if got {
				accepted++
			} else {
				rejected++
			}
		}
	}
	t.Logf("%d taken, %d refused", accepted, rejected)
}
