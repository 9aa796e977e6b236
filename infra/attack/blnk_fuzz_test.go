package attack

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const blnkPersonBody = `{"identity_type":"individual","first_name":"Juana","last_name":"Canaria","email_address":"juana.canaria@example.com","phone_number":"+56900000001","country":"Chile","dob":"1990-01-15","meta_data":{"a":1}}`

var (
	blnkStringFields = []string{
		"identity_type", "organization_name", "category", "first_name", "last_name", "other_names", "gender", "email_address",
		"phone_number", "nationality", "street", "country", "state", "post_code", "city",
	}
	blnkReadOnlyFields = []string{"identity_id", "created_at", "status", "requirements", "expires_at"}
)

// decodeString is the text of a JSON string.
func decodeString(t testing.TB, value string) (s string) {
	t.Helper()
	if err := json.Unmarshal([]byte(value), &s); err != nil {
		t.Fatalf("%v: %s", err, value)
	}
	return s
}

var generatedID = regexp.MustCompile(`^idt_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func FuzzBlnkCreate(f *testing.F) {
	w := newTestEnv(f)
	f.Fuzz(func(t *testing.T, body string, strict bool) {
		got := w.blnk.send(t, "create-identity", withStrictMode(w.blnk.event(t, "create-identity", "", body), strict))
		if got.StatusCode != 201 {
			return
		}
		assertStringsKept(t, body, got.Body, blnkStringFields...)
		assertJSONKept(t, body, got.Body, "meta_data")
		id := stringField(t, got.Body, "identity_id")
		if sent := rawField(t, body, "identity_id"); !generatedID.MatchString(id) || sent != "" && sent != "null" && sent != `""` && decodeString(t, sent) != id {
			t.Errorf("the id is %s", id)
		}
		if at := stringField(t, got.Body, "created_at"); at != "2026-03-04T05:06:07Z" {
			t.Errorf("created at %s", at)
		}
		if found := w.blnk.call(t, "get-identity", id, ""); found.Body != got.Body {
			t.Errorf("created %s\n  found %s", got.Body, found.Body)
		}
	})
}

// FuzzBlnkPut has one identity changed over and over, and its metadata merged.
func FuzzBlnkPut(f *testing.F) {
	w := newTestEnv(f)
	id := stringField(f, w.blnk.call(f, "create-identity", "", blnkPersonBody).Body, "identity_id")
	f.Fuzz(func(t *testing.T, body string, strict bool) {
		before := w.blnk.call(t, "get-identity", id, "")
		got := w.blnk.send(t, "update-identity", withStrictMode(w.blnk.event(t, "update-identity", id, body), strict))
		after := w.blnk.call(t, "get-identity", id, "")
		if got.StatusCode != 200 {
			if after.Body != before.Body {
				t.Errorf("refused with %s, and changed %s\nto %s", got.Body, before.Body, after.Body)
			}
			return
		}
		assertUnchanged(t, before.Body, after.Body, blnkReadOnlyFields...)
		assertStringsKept(t, body, after.Body, blnkStringFields...)
		assertJSONKept(t, body, after.Body, "meta_data")
	})
}

func FuzzBlnkMetadata(f *testing.F) {
	w := newTestEnv(f)
	id := stringField(f, w.blnk.call(f, "create-identity", "", blnkPersonBody).Body, "identity_id")
	f.Fuzz(func(t *testing.T, body string) {
		// From the same beginning each time, or it would grow too large.
		w.blnk.call(t, "update-identity", id, `{"meta_data":{"a":1}}`)
		before := w.blnk.call(t, "get-identity", id, "")
		got := w.blnk.call(t, "update-metadata", id, body)
		after := w.blnk.call(t, "get-identity", id, "")
		assertUnchanged(t, before.Body, after.Body, blnkReadOnlyFields...)
		assertUnchanged(t, before.Body, after.Body, blnkStringFields...)
		if got.StatusCode != 200 {
			assertUnchanged(t, before.Body, after.Body, "meta_data")
			return
		}
		var sent, now map[string]json.RawMessage
		if json.Unmarshal([]byte(rawField(t, body, "meta_data")), &sent) != nil || json.Unmarshal([]byte(rawField(t, after.Body, "meta_data")), &now) != nil {
			t.Fatalf("%s made %s", body, after.Body)
		}
		for name, value := range sent {
			if compactJSON(string(value)) != compactJSON(string(now[name])) {
				t.Errorf("%q was sent as %s and is %s", name, value, now[name])
			}
		}
		if _, replaced := sent["a"]; !replaced && string(now["a"]) != "1" {
			t.Errorf("a is %s", now["a"])
		}
	})
}

// FuzzBlnkList reads filters and page from a query: what is no filter and looks
// like one is refused, since a list without it is a wider one.
func FuzzBlnkList(f *testing.F) {
	w := newTestEnv(f)
	w.blnk.call(f, "create-identity", "", blnkPersonBody)
	f.Fuzz(func(t *testing.T, query string) {
		values, err := url.ParseQuery(query)
		if err != nil {
			return
		}
		e := w.blnk.event(t, "list-identities", "", "")
		e.MultiValueQueryStringParameters = values
		got := w.blnk.send(t, "list-identities", e)
		if got.StatusCode != 200 {
			return
		}
		for name := range values {
			if strings.HasSuffix(name, "_eq") && values.Get(name) != "" && got.Body != "[]" && !strings.Contains(got.Body, "Juana") {
				t.Errorf("%s found what is not there: %s", query, got.Body)
			}
		}
	})
}

// FuzzBlnkFilter has the filters in the body.
func FuzzBlnkFilter(f *testing.F) {
	w := newTestEnv(f)
	w.blnk.call(f, "create-identity", "", blnkPersonBody)
	f.Fuzz(func(t *testing.T, body string, strict bool) {
		one := w.blnk.send(t, "filter-identities", withStrictMode(w.blnk.event(t, "filter-identities", "", body), strict))
		if two := w.blnk.send(t, "filter-identities", withStrictMode(w.blnk.event(t, "filter-identities", "", body), strict)); two.Body != one.Body {
			t.Errorf("twice the same: %s\n%s", one.Body, two.Body)
		}
	})
}

// FuzzBlnkCursor sends cursors that the list did not give out, and one that it did.
func FuzzBlnkCursor(f *testing.F) {
	w := newTestEnv(f)
	for range 2 {
		w.blnk.call(f, "create-identity", "", blnkPersonBody)
	}
	e := w.blnk.event(f, "list-identities", "", "")
	e.MultiValueQueryStringParameters = url.Values{"limit": {"1"}}
	link := w.blnk.send(f, "list-identities", e).MultiValueHeaders["Link"][0]
	good, _, _ := strings.Cut(strings.TrimPrefix(link, "<?cursor="), "&")
	f.Fuzz(func(t *testing.T, cursor string, edit uint16) {
		own := []byte(good)
		own[int(edit)%len(own)] ^= 1 + byte(edit>>12)
		for _, operation := range []string{"list-identities", "filter-identities"} {
			for sent, status := range map[string]int{cursor: 400, string(own): 400, good: 200} {
				if operation != "list-identities" && status == 200 {
					status = 400 // it is another operation's
				}
				e := w.blnk.event(t, operation, "", "{}")
				e.MultiValueQueryStringParameters = url.Values{"cursor": {sent}}
				if got := w.blnk.send(t, operation, e); got.StatusCode != status {
					t.Errorf("%s answers %d to the cursor %q: %s", operation, got.StatusCode, sent, got.Body)
				}
			}
		}
	})
}

// FuzzBlnkAPIKey asks for keys: whoever may not give a scope gives none.
func FuzzBlnkAPIKey(f *testing.F) {
	w := newTestEnv(f)
	f.Fuzz(func(t *testing.T, body string) {
		if got := w.blnk.call(t, "create-api-key", "", body); got.StatusCode < 400 {
			t.Errorf("a key for a caller without one: %s", got.Body)
		}
	})
}

// FuzzBlnkField names fields to tokenize in path and body.
func FuzzBlnkField(f *testing.F) {
	w := newTestEnv(f)
	id := stringField(f, w.blnk.call(f, "create-identity", "", blnkPersonBody).Body, "identity_id")
	f.Fuzz(func(t *testing.T, field, body string) {
		for _, operation := range []string{"tokenize-field", "detokenize-field", "tokenize-identity", "detokenize-identity"} {
			e := w.blnk.event(t, operation, id, body)
			e.PathParameters["field"] = url.PathEscape(field)
			e.RequestContext.Authorizer = caller("*")
			w.blnk.send(t, operation, e)
		}
	})
}
