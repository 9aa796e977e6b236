package blnk_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/apitest"
	"cedula/shared/auth"
)

const juana = `{"identity_type":"individual","first_name":"Juana","last_name":"Canaria","email_address":"juana.canaria@example.com","phone_number":"+56900000001","country":"Chile","dob":"1990-01-15","meta_data":{"a":1}}`

var (
	writableFields = append(slices.Clone(textFields), "meta_data")
	readOnlyFields = []string{"identity_id", "created_at", "status", "requirements", "expires_at"}
)

// of returns the request with a caller in test mode that may be strict.
func of(isStrict bool, q request) request {
	if isStrict {
		return q.WithCaller(withSetting(testModeCaller, "mode", "strict"))
	}
	return q.WithCaller(testModeCaller)
}

func (w *testAPI) createJuana(t testing.TB) (id string) {
	t.Helper()
	return text(t, w.Attack(t, of(false, createRequest(juana))).Body, "identity_id")
}

var generatedID = regexp.MustCompile(`^"idt_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"$`)

func FuzzCreate(f *testing.F) {
	w := newTestAPI(f)
	f.Fuzz(func(t *testing.T, body string, isStrict bool) {
		got := w.Attack(t, of(isStrict, createRequest(body)))
		if got.StatusCode != 201 {
			return
		}
		apitest.WantSent(t, body, got.Body, writableFields...)
		id := jsonAt(t, got.Body, "identity_id")
		if sent := jsonAt(t, body, "identity_id"); !generatedID.MatchString(id) || !slices.Contains([]string{"", "null", `""`, id}, apitest.Canonical(sent)) {
			t.Errorf("identity_id = %s for %s", id, sent)
		}
		const want = `"2026-03-04T05:06:07.123456Z"`
		if created := jsonAt(t, got.Body, "created_at"); created != want {
			t.Errorf("created_at = %s, want %s", created, want)
		}
		if found := w.Attack(t, getRequest(strings.Trim(id, `"`))); found.Body != got.Body {
			t.Errorf("fetched %s, want %s as created", found.Body, got.Body)
		}
	})
}

// FuzzPut updates one identity many times.
func FuzzPut(f *testing.F) {
	w := newTestAPI(f)
	id := w.createJuana(f)
	f.Fuzz(func(t *testing.T, body string, isStrict bool) {
		before := w.Attack(t, getRequest(id)).Body
		got := w.Attack(t, of(isStrict, newRequest("update-identity", id, body)))
		after := w.Attack(t, getRequest(id)).Body
		if got.StatusCode != 200 {
			if after != before {
				t.Errorf("a rejected update changed the identity to %s, want %s", after, before)
			}
			return
		}
		apitest.WantUnchanged(t, before, after, readOnlyFields...)
		apitest.WantSent(t, body, after, writableFields...)
	})
}

func FuzzMetadata(f *testing.F) {
	w := newTestAPI(f)
	id := w.createJuana(f)
	f.Fuzz(func(t *testing.T, body string) {
		// Without a reset the metadata would grow too large.
		w.Attack(t, newRequest("update-identity", id, `{"meta_data":{"a":1}}`))
		before := w.Attack(t, getRequest(id)).Body
		got := w.Attack(t, newRequest("update-metadata", id, body))
		after := w.Attack(t, getRequest(id)).Body
		apitest.WantUnchanged(t, before, after, readOnlyFields...)
		apitest.WantUnchanged(t, before, after, textFields...)
		if got.StatusCode != 200 {
			apitest.WantUnchanged(t, before, after, "meta_data")
			return
		}
		var sent, merged map[string]json.RawMessage
		if json.Unmarshal([]byte(jsonAt(t, body, "meta_data")), &sent) != nil || json.Unmarshal([]byte(jsonAt(t, after, "meta_data")), &merged) != nil {
			t.Fatalf("%s was accepted and the identity is %s", body, after)
		}
		if sent["a"] == nil {
			sent["a"] = json.RawMessage("1")
		}
		for name, want := range sent {
			if apitest.Canonical(string(merged[name])) != apitest.Canonical(string(want)) {
				t.Errorf("metadata %q = %s, want %s", name, merged[name], want)
			}
		}
	})
}

// FuzzList sends filters in a query. Ignoring a filter would make the list longer.
func FuzzList(f *testing.F) {
	w := newTestAPI(f)
	w.createJuana(f)
	f.Fuzz(func(t *testing.T, query string) {
		got := w.Attack(t, listRequest(query))
		values, err := url.ParseQuery(query)
		if err != nil || got.StatusCode != 200 {
			return
		}
		for name := range values {
			if strings.HasSuffix(name, "_eq") && values.Get(name) != "" && got.Body != "[]" && !strings.Contains(got.Body, "Juana") {
				t.Errorf("%s found an identity that does not exist: %s", query, got.Body)
			}
		}
	})
}

// FuzzFilter sends filters in a body.
func FuzzFilter(f *testing.F) {
	w := newTestAPI(f)
	w.createJuana(f)
	f.Fuzz(func(t *testing.T, body string, isStrict bool) {
		q := of(isStrict, newRequest("filter-identities", "", body))
		first := w.Attack(t, q).Body
		if second := w.Attack(t, q).Body; second != first {
			t.Errorf("the same request returns %s, want %s", second, first)
		}
	})
}

// FuzzCursor sends invalid cursors and a valid one.
func FuzzCursor(f *testing.F) {
	w := newTestAPI(f)
	w.createJuana(f)
	w.createJuana(f)
	link := w.Attack(f, listRequest("limit=1")).MultiValueHeaders["Link"][0]
	good, _, _ := strings.Cut(strings.TrimPrefix(link, "<?cursor="), "&")
	f.Fuzz(func(t *testing.T, cursor string, edit uint16) {
		edited := []byte(good)
		edited[int(edit)%len(edited)] ^= 1 + byte(edit>>12)
		for _, operation := range []string{"list-identities", "filter-identities"} {
			for _, sent := range []string{cursor, string(edited), good} {
				want := 400
				if sent == good && operation == "list-identities" {
					want = 200
				}
				q := of(false, request{Operation: operation, Body: "{}", Query: "cursor=" + url.QueryEscape(sent)})
				if got := w.Attack(t, q); got.StatusCode != want {
					t.Errorf("%s: status = %d for the cursor %q, want %d: %s", operation, got.StatusCode, sent, want, got.Body)
				}
			}
		}
	})
}

// FuzzAPIKey requests keys as a caller without an API key to derive them from.
func FuzzAPIKey(f *testing.F) {
	w := newTestAPI(f)
	keyless := caller("acme", auth.ScopeKeyRead, auth.ScopeKeyWrite)
	delete(keyless, "key")
	f.Fuzz(func(t *testing.T, body string) {
		if got := w.Attack(t, newRequest("create-api-key", "", body).WithCaller(keyless)); got.StatusCode < 400 {
			t.Errorf("status = %d, want an error: %s", got.StatusCode, got.Body)
		}
	})
}

// FuzzField names fields to tokenize in the path and in the body.
func FuzzField(f *testing.F) {
	w := newTestAPI(f)
	id := w.createJuana(f)
	f.Fuzz(func(t *testing.T, field, body string) {
		for _, operation := range []string{"tokenize-field", "detokenize-field", "tokenize-identity", "detokenize-identity"} {
			params := map[string]string{"id": id, "field": url.PathEscape(field)}
			w.Attack(t, request{Operation: operation, Params: params, Body: body, Caller: allScopesCaller})
		}
	})
}

// FuzzEvent sends a whole event, as the Lambda runtime reads it.
func FuzzEvent(f *testing.F) {
	w := newTestAPI(f)
	operations := []string{"create-identity", "get-identity", "list-identities", "update-metadata", "refuse-method"}
	f.Fuzz(func(t *testing.T, pick uint8, event string) {
		var e events.APIGatewayProxyRequest
		if json.Unmarshal([]byte(event), &e) != nil {
			return
		}
		r := apitest.Route(t, w.api, operations[int(pick)%len(operations)])
		got := w.AttackEvent(t, r, e)
		if got.StatusCode < 400 {
			return
		}
		if jsonAt(t, got.Body, "error_detail.code") == "" || jsonAt(t, got.Body, "error")+jsonAt(t, got.Body, "errors") == "" {
			t.Errorf("body = %s, want an error body", got.Body)
		}
	})
}
