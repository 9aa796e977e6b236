package attack

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// personBody is a request that Conomy's dialect takes.
const personBody = `{"name":"Juana","email":"juana.canaria@example.com","phone":"+56900000001","documentType":"RUT","documentNumber":"11.111.111-1","idv":"iv-1","country":"CHL"}`

// What a client may write of an identity as a text, and what is the registry's.
var (
	conomyStringFields   = []string{"nickname", "lastname", "country", "externalId", "gender", "nationality"}
	conomyRequiredFields = []string{"name", "email", "phone", "documentType", "documentNumber", "idv"} // at creation, and never empty
	conomyReadOnlyFields = []string{"id", "kyc", "watchList", "createdAt", "tokenizedFields", "expiresAt", "hold", "requirements", "status"}
)

// withStrictMode makes the caller of an event one whose client is strict.
func withStrictMode(e events.APIGatewayProxyRequest, strict bool) events.APIGatewayProxyRequest {
	if strict {
		e.RequestContext.Authorizer = maps.Clone(e.RequestContext.Authorizer)
		e.RequestContext.Authorizer["mode"] = "strict"
	}
	return e
}

func FuzzConomyCreate(f *testing.F) {
	w := newTestEnv(f)
	f.Fuzz(func(t *testing.T, body string, strict bool) {
		got := w.conomy.send(t, "create-identity", withStrictMode(w.conomy.event(t, "create-identity", "", body), strict))
		if got.StatusCode != 200 {
			return
		}
		assertStringsKept(t, body, got.Body, slices.Concat(conomyStringFields, conomyRequiredFields)...)
		assertJSONKept(t, body, got.Body, "metadata")
		assertJSONKept(t, body, got.Body, "extendedData")
		assertJSONKept(t, body, got.Body, "rules")
		for name, want := range map[string]string{
			"status": `"PENDING"`, "kyc": "null", "watchList": "null", "createdAt": `"2026-03-04T05:06:07Z"`, "hold": "", "tokenizedFields": "",
		} {
			if is := rawField(t, got.Body, name); is != want {
				t.Errorf("%s is %s, not %s", name, is, want)
			}
		}
		id := stringField(t, got.Body, "id")
		if len(id) != 24 {
			t.Errorf("the id is %q", id)
		}
		if found := w.conomy.call(t, "get-identity", id, ""); found.Body != got.Body {
			t.Errorf("created %s\n  found %s", got.Body, found.Body)
		}
	})
}

// stringField is a member that is a string without escapes.
func stringField(t testing.TB, object, name string) string {
	t.Helper()
	s, err := strconv.Unquote(rawField(t, object, name))
	if err != nil {
		t.Fatalf("%s of %s: %v", name, object, err)
	}
	return s
}

// FuzzConomyPatch has one identity patched over and over.
func FuzzConomyPatch(f *testing.F) {
	w := newTestEnv(f)
	id := stringField(f, w.conomy.call(f, "create-identity", "", personBody).Body, "id")
	f.Fuzz(func(t *testing.T, body string, strict bool) {
		before := w.conomy.call(t, "get-identity", id, "")
		got := w.conomy.send(t, "update-identity", withStrictMode(w.conomy.event(t, "update-identity", id, body), strict))
		after := w.conomy.call(t, "get-identity", id, "")
		if got.StatusCode != 200 {
			if after.Body != before.Body {
				t.Errorf("refused with %s, and changed %s\nto %s", got.Body, before.Body, after.Body)
			}
			return
		}
		if after.Body != got.Body {
			t.Errorf("answered %s\n   found %s", got.Body, after.Body)
		}
		assertUnchanged(t, before.Body, after.Body, conomyReadOnlyFields...)
		assertUnchanged(t, before.Body, after.Body, "type", "documentType", "documentNumber", "idv")
		assertStringsKept(t, body, after.Body, conomyStringFields...)
		assertJSONKept(t, body, after.Body, "metadata")
		assertJSONKept(t, body, after.Body, "rules")
	})
}

// FuzzConomySearch reads the same filters from a body and from a query: both
// are refused or both find the same.
func FuzzConomySearch(f *testing.F) {
	w := newTestEnv(f)
	w.conomy.call(f, "create-identity", "", personBody)
	f.Fuzz(func(t *testing.T, body string) {
		found := w.conomy.call(t, "search-identities", "", body)
		if found.StatusCode != 200 {
			return
		}
		e := w.conomy.event(t, "list-identities", "", "")
		e.MultiValueQueryStringParameters = url.Values{}
		for _, name := range []string{"type", "email", "documentNumber", "phone", "country", "status", "externalId", "parents", "scopeIdentity", "sort"} {
			if v := rawField(t, body, name); v != "" && v != "null" {
				e.MultiValueQueryStringParameters[name] = []string{decodeString(t, v)}
			}
		}
		for _, name := range []string{"limit", "next", "offset"} {
			if rawField(t, body, name) != "" {
				return // a number has more spellings in JSON
			}
		}
		if listed := w.conomy.send(t, "list-identities", e); listed.Body != found.Body {
			t.Errorf("searched %s\n  listed %s", found.Body, listed.Body)
		}
	})
}

// FuzzConomyList reads filters and cursor from a query.
func FuzzConomyList(f *testing.F) {
	w := newTestEnv(f)
	w.conomy.call(f, "create-identity", "", personBody)
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		e := w.conomy.event(t, "list-identities", "", "")
		e.MultiValueQueryStringParameters = values
		got := w.conomy.send(t, "list-identities", e)
		for _, name := range []string{"next", "offset", "limit"} {
			sent := values[name]
			if len(sent) == 0 || got.StatusCode != 200 {
				continue
			}
			if n, err := strconv.ParseInt(sent[0], 10, 64); err != nil || n < 0 || n >= 1<<53 || strconv.FormatInt(n, 10) != sent[0] || len(sent) > 1 {
				t.Errorf("%s was taken from %q", name, sent)
			}
		}
	})
}

// FuzzConomyLogin has nobody logged in.
func FuzzConomyLogin(f *testing.F) {
	w := newTestEnv(f)
	f.Fuzz(func(t *testing.T, body, key string) {
		e := w.conomy.event(t, "create-token", "", body)
		e.RequestContext.Authorizer = nil
		e.MultiValueHeaders["x-api-key"] = []string{key}
		if got := w.conomy.send(t, "create-token", e); got.StatusCode < 400 {
			t.Errorf("%d %s", got.StatusCode, got.Body)
		}
	})
}
