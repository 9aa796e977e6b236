package conomy_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/apitest"
	"cedula/shared/auth"
)

const juana = `{"name":"Juana","email":"juana.canaria@example.com","phone":"+56900000001","documentType":"RUT","documentNumber":"11.111.111-1","idv":"iv-1","country":"CHL"}`

var (
	writableFields   = []string{"nickname", "lastname", "country", "externalId", "gender", "nationality", "metadata", "rules"}
	createOnlyFields = []string{"name", "email", "phone", "documentType", "documentNumber", "idv", "extendedData"}
	readOnlyFields   = []string{"id", "kyc", "watchList", "createdAt", "tokenizedFields", "expiresAt", "hold", "requirements", "status"}
)

// withPassport returns the body of a person with another passport.
func withPassport(number string) string {
	return strings.NewReplacer("11.111.111-1", number, "RUT", "PASSPORT").Replace(juana)
}

// createPending creates an identity for a client that is not in test mode, so that its codes are unknown.
func (w *testAPI) createPending(t testing.TB, passport string) (id string) {
	t.Helper()
	return text(t, w.Attack(t, createRequest(withPassport(passport)).WithCaller(liveTester)).Body, "id")
}

var liveTester = withSetting(testModeCaller, "stage", "live")

// clientInTestMode returns a caller whose client may be strict.
func clientInTestMode(isStrict bool) map[string]any {
	if isStrict {
		return withSetting(testModeCaller, "mode", "strict")
	}
	return testModeCaller
}

func FuzzCreate(f *testing.F) {
	w := newTestAPI(f)
	f.Fuzz(func(t *testing.T, body string, isStrict bool) {
		got := w.Attack(t, createRequest(body).WithCaller(clientInTestMode(isStrict)))
		if got.StatusCode != 200 {
			return
		}
		apitest.WantSent(t, body, got.Body, slices.Concat(writableFields, createOnlyFields)...)
		const created = `{"status":"PENDING","kyc":null,"watchList":null,"createdAt":"2026-03-04T05:06:07Z"}`
		apitest.WantUnchanged(t, created, got.Body, "status", "kyc", "watchList", "createdAt", "hold", "tokenizedFields")
		id := text(t, got.Body, "id")
		if len(id) != 24 {
			t.Errorf("id = %q, want 24 characters", id)
		}
		if found := w.Attack(t, getRequest(id)); found.Body != got.Body {
			t.Errorf("fetched %s, want %s as created", found.Body, got.Body)
		}
	})
}

// FuzzPatch patches one identity many times.
func FuzzPatch(f *testing.F) {
	w := newTestAPI(f)
	id := w.mustCreate(createRequest(juana).WithCaller(testModeCaller))
	f.Fuzz(func(t *testing.T, body string, isStrict bool) {
		before := w.Attack(t, getRequest(id)).Body
		got := w.Attack(t, patchRequest(id, body).WithCaller(clientInTestMode(isStrict)))
		after := w.Attack(t, getRequest(id)).Body
		if got.StatusCode != 200 {
			if after != before {
				t.Errorf("a rejected patch changed the identity to %s, want %s", after, before)
			}
			return
		}
		if after != got.Body {
			t.Errorf("fetched %s, want the response %s", after, got.Body)
		}
		apitest.WantUnchanged(t, before, after, readOnlyFields...)
		apitest.WantUnchanged(t, before, after, "type", "documentType", "documentNumber", "idv")
		apitest.WantSent(t, body, after, writableFields...)
	})
}

// FuzzSearch sends the same filters in a body and in a query, and compares the results.
func FuzzSearch(f *testing.F) {
	w := newTestAPI(f)
	w.mustCreate(createRequest(juana).WithCaller(testModeCaller))
	f.Fuzz(func(t *testing.T, body string) {
		found := w.Attack(t, searchRequest(body))
		if found.StatusCode != 200 {
			return
		}
		if jsonAt(t, body, "limit")+jsonAt(t, body, "next")+jsonAt(t, body, "offset") != "" {
			return // a number has several forms in JSON
		}
		query := url.Values{}
		for _, name := range []string{"type", "email", "documentNumber", "phone", "country", "status", "externalId", "parents", "scopeIdentity", "sort"} {
			value := cmp.Or(jsonAt(t, body, name), "null")
			var s *string
			if err := json.Unmarshal([]byte(value), &s); err != nil {
				t.Fatalf("%s = %s was accepted, want a string", name, value)
			}
			if s != nil {
				query.Set(name, *s)
			}
		}
		if listed := w.Attack(t, listRequest(query.Encode())); listed.Body != found.Body {
			t.Errorf("listed %s, want %s as searched", listed.Body, found.Body)
		}
	})
}

// FuzzList sends filters and a cursor in a query.
func FuzzList(f *testing.F) {
	w := newTestAPI(f)
	w.mustCreate(createRequest(juana).WithCaller(testModeCaller))
	f.Fuzz(func(t *testing.T, query string) {
		got := w.Attack(t, listRequest(query))
		if values, err := url.ParseQuery(query); err == nil && got.StatusCode == 200 && len(values["next"])+len(values["limit"]) > 2 {
			t.Errorf("%s was accepted, want each parameter sent once", query)
		}
	})
}

func FuzzLogin(f *testing.F) {
	w := newTestAPI(f)
	w.api.Logins = failingAuth{auth.ErrInvalid}
	f.Fuzz(func(t *testing.T, body, key string) {
		q := tokenRequest(body).WithHeader("x-api-key", key)
		if got := w.Attack(t, q); got.StatusCode < 400 {
			t.Errorf("status = %d, want an error: %s", got.StatusCode, got.Body)
		}
	})
}

func FuzzVerification(f *testing.F) {
	w := newTestAPI(f)
	id := w.createPending(f, "P-1111111")
	f.Fuzz(func(t *testing.T, body, languages, key string) {
		w.Now = w.Now.Add(time.Second)
		q := newRequest("start-verification", id, body).WithCaller(liveTester).WithHeader("Accept-Language", languages).WithHeader("Idempotency-Key", key)
		if got := w.Attack(t, q); !slices.Contains([]int{201, 400, 404, 409, 422, 429}, got.StatusCode) { // 404 once the identity has expired
			t.Errorf("status = %d, want one of the operation's", got.StatusCode)
		}
	})
}

// FuzzConfirm sends codes after too many wrong ones, so that even the correct one is rejected.
func FuzzConfirm(f *testing.F) {
	w := newTestAPI(f)
	id := w.createPending(f, "P-1111111")
	w.Attack(f, verifyRequest(id, "email").WithCaller(liveTester))
	for range 6 {
		w.Attack(f, confirmRequest(id, "email", `{"code":"000000"}`).WithCaller(liveTester))
	}
	before := w.Attack(f, getRequest(id)).Body
	f.Fuzz(func(t *testing.T, channel, body string) {
		q := confirmRequest(id, url.PathEscape(channel), body).WithCaller(liveTester)
		if got := w.Attack(t, q); got.StatusCode < 400 {
			t.Errorf("status = %d for %q, want an error: %s", got.StatusCode, body, got.Body)
		}
		if after := w.Attack(t, getRequest(id)).Body; after != before {
			t.Errorf("the identity is %s, want %s as before", after, before)
		}
	})
}

// FuzzReview sends bodies to the operations for reviewers, each for a new identity.
func FuzzReview(f *testing.F) {
	w := newTestAPI(f)
	created := 0
	f.Fuzz(func(t *testing.T, pick uint8, body, match string) {
		created++
		id := w.createPending(t, fmt.Sprintf("P%08d", created))
		before := w.Attack(t, getRequest(id)).Body
		q := newRequest([]string{"decide-screening", "hold-identity", "release-identity"}[pick%3], id, body).WithCaller(reviewingCaller)
		if match != "" {
			q = q.WithHeader("If-Match", match)
		}
		got := w.Attack(t, q)
		after := w.Attack(t, getRequest(id)).Body
		if got.StatusCode != 200 && after != before {
			t.Errorf("a rejected request changed the identity to %s, want %s", after, before)
		}
		if status := text(t, after, "status"); got.StatusCode == 200 && q.Operation == "decide-screening" && status != "REJECTED" {
			t.Errorf("status = %s, want REJECTED, which alone is possible before the screening", status)
		}
	})
}

// FuzzEvent sends a whole event, as the Lambda runtime reads it.
func FuzzEvent(f *testing.F) {
	w := newTestAPI(f)
	w.api.Logins = failingAuth{auth.ErrInvalid}
	operations := []string{"create-identity", "get-identity", "update-identity", "list-identities", "remove-permission", "create-token"}
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
		for _, name := range []string{"status", "code", "type", "detail", "traceId", "statusCode", "error", "message"} {
			if jsonAt(t, got.Body, name) == "" {
				t.Errorf("error body has no %s: %s", name, got.Body)
			}
		}
	})
}
