package attack

import (
	"encoding/json"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

const blnkPerson = `{"identity_type":"individual","first_name":"Juana","last_name":"Canaria","email_address":"juana.canaria@example.com","phone_number":"+56900000001","country":"Chile","dob":"1990-01-15","meta_data":{"a":1}}`

var (
	blnkTexts = []string{
		"identity_type", "organization_name", "category", "first_name", "last_name", "other_names", "gender", "email_address",
		"phone_number", "nationality", "street", "country", "state", "post_code", "city",
	}
	blnkOwned = []string{"identity_id", "created_at", "status", "requirements", "expires_at"}
)

// decoded is the text of a JSON string.
func decoded(t testing.TB, value string) (s string) {
	t.Helper()
	if err := json.Unmarshal([]byte(value), &s); err != nil {
		t.Fatalf("%v: %s", err, value)
	}
	return s
}

var mintedID = regexp.MustCompile(`^idt_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

func FuzzBlnkCreate(f *testing.F) {
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, body string, strict bool) {
		got := w.blnk.send(t, "create-identity", strictly(w.blnk.event(t, "create-identity", "", body), strict))
		if got.StatusCode != 201 {
			return
		}
		keeps(t, body, got.Body, blnkTexts...)
		keepsJSON(t, body, got.Body, "meta_data")
		id := text(t, got.Body, "identity_id")
		if sent := member(t, body, "identity_id"); !mintedID.MatchString(id) || sent != "" && sent != "null" && sent != `""` && decoded(t, sent) != id {
			t.Errorf("the id is %s", id)
		}
		if at := text(t, got.Body, "created_at"); at != "2026-03-04T05:06:07Z" {
			t.Errorf("created at %s", at)
		}
		if found := w.blnk.do(t, "get-identity", id, ""); found.Body != got.Body {
			t.Errorf("created %s\n  found %s", got.Body, found.Body)
		}
	})
}

// FuzzBlnkPut has one identity changed over and over, and its metadata merged.
func FuzzBlnkPut(f *testing.F) {
	w := newWorld(f)
	id := text(f, w.blnk.do(f, "create-identity", "", blnkPerson).Body, "identity_id")
	f.Fuzz(func(t *testing.T, body string, strict bool) {
		before := w.blnk.do(t, "get-identity", id, "")
		got := w.blnk.send(t, "update-identity", strictly(w.blnk.event(t, "update-identity", id, body), strict))
		after := w.blnk.do(t, "get-identity", id, "")
		if got.StatusCode != 200 {
			if after.Body != before.Body {
				t.Errorf("refused with %s, and changed %s\nto %s", got.Body, before.Body, after.Body)
			}
			return
		}
		owned(t, before.Body, after.Body, blnkOwned...)
		keeps(t, body, after.Body, blnkTexts...)
		keepsJSON(t, body, after.Body, "meta_data")
	})
}

func FuzzBlnkMetadata(f *testing.F) {
	w := newWorld(f)
	id := text(f, w.blnk.do(f, "create-identity", "", blnkPerson).Body, "identity_id")
	f.Fuzz(func(t *testing.T, body string) {
		// From the same beginning each time, or it would grow too large.
		w.blnk.do(t, "update-identity", id, `{"meta_data":{"a":1}}`)
		before := w.blnk.do(t, "get-identity", id, "")
		got := w.blnk.do(t, "update-metadata", id, body)
		after := w.blnk.do(t, "get-identity", id, "")
		owned(t, before.Body, after.Body, blnkOwned...)
		owned(t, before.Body, after.Body, blnkTexts...)
		if got.StatusCode != 200 {
			owned(t, before.Body, after.Body, "meta_data")
			return
		}
		var sent, now map[string]json.RawMessage
		if json.Unmarshal([]byte(member(t, body, "meta_data")), &sent) != nil || json.Unmarshal([]byte(member(t, after.Body, "meta_data")), &now) != nil {
			t.Fatalf("%s made %s", body, after.Body)
		}
		for name, value := range sent {
			if compact(string(value)) != compact(string(now[name])) {
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
	w := newWorld(f)
	w.blnk.do(f, "create-identity", "", blnkPerson)
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
	w := newWorld(f)
	w.blnk.do(f, "create-identity", "", blnkPerson)
	f.Fuzz(func(t *testing.T, body string, strict bool) {
		one := w.blnk.send(t, "filter-identities", strictly(w.blnk.event(t, "filter-identities", "", body), strict))
		if two := w.blnk.send(t, "filter-identities", strictly(w.blnk.event(t, "filter-identities", "", body), strict)); two.Body != one.Body {
			t.Errorf("twice the same: %s\n%s", one.Body, two.Body)
		}
	})
}

// FuzzBlnkCursor sends cursors that the list did not give out, and one that it did.
func FuzzBlnkCursor(f *testing.F) {
	w := newWorld(f)
	for range 2 {
		w.blnk.do(f, "create-identity", "", blnkPerson)
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
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, body string) {
		if got := w.blnk.do(t, "create-api-key", "", body); got.StatusCode < 400 {
			t.Errorf("a key for a caller without one: %s", got.Body)
		}
	})
}

// FuzzBlnkField names fields to tokenize in path and body.
func FuzzBlnkField(f *testing.F) {
	w := newWorld(f)
	id := text(f, w.blnk.do(f, "create-identity", "", blnkPerson).Body, "identity_id")
	f.Fuzz(func(t *testing.T, field, body string) {
		for _, operation := range []string{"tokenize-field", "detokenize-field", "tokenize-identity", "detokenize-identity"} {
			e := w.blnk.event(t, operation, id, body)
			e.PathParameters["field"] = url.PathEscape(field)
			e.RequestContext.Authorizer = caller("*")
			w.blnk.send(t, operation, e)
		}
	})
}
