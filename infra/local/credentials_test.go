package main

import (
	"strings"
	"testing"
)

// TestConomyCredentials tries every wrong pair of headers. Where the two alone
// show that they are wrong, no table is asked; an unknown key costs the
// authorizer its one call; the operation itself never runs.
func TestConomyCredentials(t *testing.T) {
	w := newFixture(t)
	token, foreign := w.token(t), w.createClient(t, "*")
	foreignToken := w.tokenFor(t, foreign)
	unknown := newDeletedClient(t, w)
	tests := []struct {
		name, authorization, key string
		status, calls            int
		code                     string
	}{
		{"nothing", "", "", 401, 0, "41"},
		{"token only", "Bearer " + token, "", 401, 0, "41"},
		{"key only", "", w.credentials.ConomyKey, 401, 0, "41"},
		{"no scheme", token, w.credentials.ConomyKey, 401, 0, "41"},
		{"another scheme", "Basic " + token, w.credentials.ConomyKey, 401, 0, "41"},
		{"token cut off", "Bearer " + token[:len(token)-2], w.credentials.ConomyKey, 401, 0, "41"},
		{"unsigned token", "Bearer " + unsignedToken(token), w.credentials.ConomyKey, 401, 0, "41"},
		{"key for a token", "Bearer " + w.credentials.ConomyKey, w.credentials.ConomyKey, 401, 0, "41"},
		{"garbage key", "Bearer " + token, "garbage", 401, 0, "41"},
		{"key cut off", "Bearer " + token, w.credentials.ConomyKey[:60], 401, 0, "41"},
		{"key with another last letter", "Bearer " + token, changeLastChar(w.credentials.ConomyKey), 401, 0, "41"},
		{"the other API's key", "Bearer " + token, w.credentials.BlnkKey, 403, 0, "43"},
		{"another client's key", "Bearer " + token, foreign.ConomyKey, 403, 0, "43"},
		{"another client's token", "Bearer " + foreignToken, w.credentials.ConomyKey, 403, 0, "43"},
		{"a client that is gone", "Bearer " + unknown.token, unknown.key, 401, 1, "41"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.tableCalls.Reset()
			a := call(t, "POST", w.conomy+"/identities", identityBody(1), headersWith("Authorization", tt.authorization, "x-api-key", tt.key)...)
			if a.status != tt.status || jsonField(t, a, "code") != tt.code || len(jsonField(t, a, "traceId")) != 36 {
				t.Errorf("%d %s, want %d code %s", a.status, a.body, tt.status, tt.code)
			}
			if got := w.tableCalls.Reset(); got.Total() != tt.calls || got.Write != 0 {
				t.Errorf("table calls: %+v, want %d", got, tt.calls)
			}
		})
	}
}

func TestBlnkCredentials(t *testing.T) {
	w := newFixture(t)
	unknown := newDeletedClient(t, w)
	tests := []struct {
		name, header, key string
		calls             int
		code              string
	}{
		{"nothing", "X-blnk-key", "", 0, "AUTH_MISSING_API_KEY"},
		{"as bearer token", "Authorization", "Bearer " + w.credentials.BlnkKey, 0, "AUTH_MISSING_API_KEY"},
		{"garbage", "X-blnk-key", "garbage", 0, "AUTH_INVALID_API_KEY"},
		{"cut off", "X-blnk-key", w.credentials.BlnkKey[:60], 0, "AUTH_INVALID_API_KEY"},
		{"another last letter", "X-blnk-key", changeLastChar(w.credentials.BlnkKey), 0, "AUTH_INVALID_API_KEY"},
		{"the other API's key", "X-blnk-key", w.credentials.ConomyKey, 0, "AUTH_INVALID_API_KEY"},
		{"a client that is gone", "X-blnk-key", unknown.blnkKey, 1, "AUTH_INVALID_API_KEY"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.tableCalls.Reset()
			a := call(t, "GET", w.blnk+"/identities/x", "", headersWith(tt.header, tt.key)...)
			if a.status != 401 || !strings.Contains(string(a.body), `"code":"`+tt.code+`"`) {
				t.Errorf("%d %s, want %s", a.status, a.body, tt.code)
			}
			if got := w.tableCalls.Reset(); got.Total() != tt.calls {
				t.Errorf("table calls: %+v, want %d", got, tt.calls)
			}
		})
	}
}

// TestTenantsAreIsolated: another tenant's identity and none are one answer, but
// for the trace id, at the same cost.
func TestTenantsAreIsolated(t *testing.T) {
	w := newFixture(t)
	mine := call(t, "POST", w.blnk+"/identities", `{"first_name":"A"}`, "X-blnk-key", w.credentials.BlnkKey)
	id := jsonField(t, mine, "identity_id")
	foreign := w.createClient(t, "*")
	foreignToken := w.tokenFor(t, foreign)
	absent := strings.Replace(id, id[4:8], "0000", 1)
	for _, api := range []struct {
		name, base string
		headers    []string
	}{
		{"conomy", w.conomy, []string{"Authorization", "Bearer " + foreignToken, "x-api-key", foreign.ConomyKey}},
		{"blnk", w.blnk, []string{"X-blnk-key", foreign.BlnkKey}},
	} {
		t.Run(api.name, func(t *testing.T) {
			call(t, "GET", api.base+"/identities/warm", "", api.headers...)
			w.tableCalls.Reset()
			a := call(t, "GET", api.base+"/identities/"+id, "", api.headers...)
			first := w.tableCalls.Reset()
			b := call(t, "GET", api.base+"/identities/"+absent, "", api.headers...)
			second := w.tableCalls.Reset()
			if a.status != 404 || b.status != 404 || withoutTrace(a) != withoutTrace(b) {
				t.Errorf("foreign: %d %s\nabsent: %d %s", a.status, a.body, b.status, b.body)
			}
			if first != second || first.Total() != 1 {
				t.Errorf("foreign: %+v, absent: %+v", first, second)
			}
		})
	}
}

func TestScopes(t *testing.T) {
	w := newFixture(t)
	reader, writer := w.createClient(t, "identity:read"), w.createClient(t, "identity:write")
	tests := []struct {
		name, method, path, key string
		status                  int
	}{
		{"reader may not write", "POST", "/identities", reader.BlnkKey, 403},
		{"reader may read", "GET", "/identities/x", reader.BlnkKey, 404},
		{"writer may write", "POST", "/identities", writer.BlnkKey, 201},
		{"writer may not read", "GET", "/identities/x", writer.BlnkKey, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := call(t, tt.method, w.blnk+tt.path, "{}", "X-blnk-key", tt.key)
			if a.status != tt.status {
				t.Errorf("%d %s, want %d", a.status, a.body, tt.status)
			}
		})
	}
}

// TestStatusRequiresScope: a client without the scope cannot make itself active.
func TestStatusRequiresScope(t *testing.T) {
	w := newFixture(t)
	c := w.createClient(t, "identity:write", "identity:read")
	body := strings.Replace(identityBody(1), "{", `{"status":"ACTIVE",`, 1)
	a := call(t, "POST", w.conomy+"/identities", body, "Authorization", "Bearer "+w.tokenFor(t, c), "x-api-key", c.ConomyKey)
	if a.status != 200 || jsonField(t, a, "status") != "PENDING" {
		t.Errorf("%d %s", a.status, a.body)
	}
}

type deletedClient struct{ token, key, blnkKey string }

// newDeletedClient makes credentials, well formed and signed, of a client that the table
// does not have.
func newDeletedClient(t *testing.T, w *fixture) deletedClient {
	t.Helper()
	elsewhere := newFixture(t)
	elsewhere.registry.signer = w.registry.signer
	conomyAPI, _ := elsewhere.registry.apis()
	elsewhere.conomy = elsewhere.serve(t, conomyAPI)
	return deletedClient{elsewhere.token(t), elsewhere.credentials.ConomyKey, elsewhere.credentials.BlnkKey}
}

func headersWith(namesAndValues ...string) []string {
	var set []string
	for i := 0; i < len(namesAndValues); i += 2 {
		if namesAndValues[i+1] != "" {
			set = append(set, namesAndValues[i], namesAndValues[i+1])
		}
	}
	return set
}

func changeLastChar(key string) string {
	last := byte('0')
	if key[len(key)-1] == last {
		last = '1'
	}
	return key[:len(key)-1] + string(last)
}

// unsignedToken keeps a token's claims under the header {"alg":"none","typ":"at+jwt"}.
func unsignedToken(token string) string {
	return "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + strings.Split(token, ".")[1] + "."
}

func withoutTrace(a httpResponse) string {
	body := string(a.body)
	if at := strings.Index(body, `"traceId":"`); at >= 0 {
		return body[:at] + body[at+len(`"traceId":"`)+36:]
	}
	return body
}
