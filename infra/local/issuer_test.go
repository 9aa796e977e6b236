package main

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// tokenIssuer reads who issued a token, and for whom.
func tokenIssuer(t *testing.T, token string) (issuer, audience string) {
	t.Helper()
	parts := strings.Split(token, ".")
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Iss string
		Aud []string
	}
	if err != nil || json.Unmarshal(body, &claims) != nil {
		t.Fatalf("%s", body)
	}
	return claims.Iss, strings.Join(claims.Aud, " ")
}

// TestIssuerMatchesServedAddress: what is published, what tokens say and what is
// taken name the address that is served. After a start at another address
// clients log in again.
func TestIssuerMatchesServedAddress(t *testing.T) {
	folder, before := t.TempDir(), ""
	for _, asked := range []string{"127.0.0.1:0", "localhost:0", ":0"} {
		s := startServerAt(t, folder, asked, "localhost:0")
		works := func(token string) bool {
			return call(t, "GET", s.conomy+"/identities/x", "", "Authorization", "Bearer "+token, "x-api-key", s.credentials.ConomyKey).status == 404
		}
		metadata := call(t, "GET", s.conomy+"/.well-known/oauth-authorization-server", "")
		if issuer, keys := jsonField(t, metadata, "issuer"), jsonField(t, metadata, "jwks_uri"); issuer != s.conomy || !strings.HasPrefix(keys, s.conomy+"/") || call(t, "GET", keys, "").status != 200 {
			t.Errorf("%s: serves %s, publishes %s and %s", asked, s.conomy, issuer, keys)
		}
		token := s.token(t)
		if issuer, aud := tokenIssuer(t, token); issuer != s.conomy || aud != audience || !works(token) {
			t.Errorf("%s: serves %s, a token is of %s for %s", asked, s.conomy, issuer, aud)
		}
		if before != "" && works(before) {
			t.Errorf("%s: a token of the address before is taken", asked)
		}
		before = token
		if err := s.stop(t); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEmptyAddressIsRejected(t *testing.T) {
	wantContains(t, wantStartFailure(t, newServerCommand(t.TempDir(), "", "localhost:0")), "-conomy needs an address")
	wantContains(t, wantStartFailure(t, newServerCommand(t.TempDir(), "localhost:0", "")), "-blnk needs an address")
}
