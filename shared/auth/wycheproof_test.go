package auth_test

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"github.com/c2sp/wycheproof"
	"github.com/go-jose/go-jose/v4"

	"cedula/shared/auth"
)

func TestWycheproofSignatures(t *testing.T) {
	const noClaims = "emptyPayload" // a valid signature, but a token always has claims
	text, err := fs.ReadFile(wycheproof.TestVectors, "json_web_signature_test.json")
	wantError(t, err, nil)
	var vectors struct {
		TestGroups []struct {
			Comment         string
			Public, Private *jose.JSONWebKey // Public is absent for a symmetric key
			Tests           []struct {
				TcID                 int
				Comment, JWS, Result string
			}
		}
	}
	wantError(t, json.Unmarshal(text, &vectors), nil)
	accepted := 0
	for _, g := range vectors.TestGroups {
		key := g.Public
		if key == nil {
			key = g.Private
		}
		for _, test := range g.Tests {
			if strings.HasPrefix(test.Comment, "rejectWrong") {
				continue // package federation checks what a key is for
			}
			ours := key.Algorithm == auth.ES256 || key.Algorithm == auth.RS256
			want := test.Result == "valid" && ours && test.Comment != noClaims
			got := auth.VerifySignature(test.JWS, key.Algorithm, key.Key) == nil
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
