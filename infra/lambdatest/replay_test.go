package lambdatest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

// createToken returns a token for the client.
func (s *replayEnv) createToken(t *testing.T) string {
	t.Helper()
	credentials := []string{"CONOMY-KEY", s.credentials.Keys["conomy"], "CLIENT-ID", s.credentials.ClientID, "CLIENT-SECRET"}
	s.run(t,
		step{"conomy/create-token", append(credentials, strings.Repeat("0", 64)), 401, `{"code":"41","type":"unauthorized","traceId":"*"}`},
		step{"conomy/create-token", append(credentials, s.credentials.ClientSecret), 200, `{"tokenType":"Bearer","accessToken":"$token"}`})
	return s.vars["$token"]
}

func TestAuthorizers(t *testing.T) {
	s := newReplayEnv(t)
	token := s.createToken(t)
	for _, tt := range []struct {
		name, api string
		pairs     []string
		want      string
		context   map[string]any // at least
	}{
		{"token and key", "conomy", []string{"TOKEN", token, "CONOMY-KEY", s.credentials.Keys["conomy"]}, "Allow", map[string]any{"tenant": "acme", "client": s.credentials.ClientID}},
		{"sample event", "conomy", nil, "Unauthorized", nil},
		{"key of the Blnk API", "conomy", []string{"TOKEN", token, "CONOMY-KEY", s.credentials.Keys["blnk"]}, "Deny", nil},
		{"changed token", "conomy", []string{"TOKEN", token[:len(token)-8] + "AAAAAAAA", "CONOMY-KEY", s.credentials.Keys["conomy"]}, "Unauthorized", nil},
		{"key", "blnk", []string{"BLNK-KEY", s.credentials.Keys["blnk"]}, "Allow", map[string]any{"tenant": "acme"}},
		{"sample event", "blnk", nil, "Deny", map[string]any{"code": "AUTH_INVALID_API_KEY", "message": "Invalid API key"}},
	} {
		t.Run(tt.api+" "+tt.name, func(t *testing.T) {
			effect, context := s.authorize(t, tt.api, tt.pairs...)
			if effect != tt.want {
				t.Errorf("effect = %s, want %s", effect, tt.want)
			}
			for name, want := range tt.context {
				if context[name] != want {
					t.Errorf("context %s = %v, want %v", name, context[name], want)
				}
			}
		})
	}
}

func TestBlnkAPIKeys(t *testing.T) {
	s := newReplayEnv(t)
	const sample = "7c2m9x4hq0vt5kzb"
	own := []string{sample + "00000001", s.credentials.Keys["blnk"][4:28], sample, s.credentials.ClientID}
	s.run(t,
		step{"blnk/create-api-key", own, 201, `{"api_key_id":"$id","key":"$key"}`},
		step{"blnk/list-api-keys", own, 200, `[{"api_key_id":"$id","key":"$masked"}]`})
	if s.vars["$masked"] == s.vars["$key"] {
		t.Error("the list shows the key, want it masked")
	}
	if effect, _ := s.authorize(t, "blnk", "BLNK-KEY", "$key"); effect != "Allow" {
		t.Errorf("effect for the new key = %s, want Allow", effect)
	}
	s.run(t, step{"blnk/revoke-api-key", append([]string{"api_key_" + sample + "00000000", "$id"}, own...), 204, ``})
	if effect, context := s.authorize(t, "blnk", "BLNK-KEY", "$key"); effect != "Deny" || context["code"] != "AUTH_EXPIRED_API_KEY" {
		t.Errorf("effect for the revoked key = %s with %v, want Deny with AUTH_EXPIRED_API_KEY", effect, context)
	}
}

func TestTokenVerifiesWithPublishedKeys(t *testing.T) {
	s := newReplayEnv(t)
	f := s.start(t, "conomy/get-token-keys")
	published := invoke(t, f, s.event(t, "conomy/get-token-keys"), http.StatusOK)
	if got := published.MultiValueHeaders["Cache-Control"]; len(got) != 1 || got[0] != "public, max-age=300" {
		t.Errorf("Cache-Control = %q, want public, max-age=300", got)
	}
	var set jose.JSONWebKeySet
	decode(t, []byte(published.Body), &set)
	signed, err := jose.ParseSignedCompact(s.createToken(t), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signed.Verify(set); err != nil {
		t.Errorf("verification with %s: error = %v, want none", published.Body, err)
	}
	const keys = "/.well-known/jwks.json"
	metadata := invoke(t, f, s.event(t, "conomy/get-token-keys", keys, "/.well-known/oauth-authorization-server"), http.StatusOK)
	var got struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	decode(t, []byte(metadata.Body), &got)
	if got.Issuer != "urn:cedula:test" || got.Keys != "https://conomy.registry.example.com/sandbox"+keys {
		t.Errorf("metadata = %+v, want the issuer and the address of the keys", got)
	}
}
