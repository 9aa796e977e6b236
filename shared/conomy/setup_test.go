package conomy_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/apitest"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

func TestMain(m *testing.M) { apitest.Main(m, apidocs.Conomy) }

type request = apitest.Request

var (
	caller     = apitest.Caller
	newRequest = apitest.NewRequest
	jsonAt     = apitest.JSONAt
	wantStatus = apitest.WantStatus
)

// testAPI is the Conomy API under test, with deterministic random numbers.
type testAPI struct {
	*apitest.Harness
	api *conomy.API
}

func newTestAPI(t testing.TB) *testAPI {
	t.Helper()
	w := &testAPI{Harness: apitest.New(t)}
	w.Identities.Random = rand.NewChaCha8([32]byte{2})
	w.api = &conomy.API{Identities: w.Identities}
	w.API = w.api
	return w
}

// The callers. A setting of a caller's client is one of its strings.
var (
	trustedCaller     = caller("acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite, auth.ScopeIdentityStatusWrite)
	deletingCaller    = caller("acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite, auth.ScopeIdentityDelete)
	reviewingCaller   = caller("acme", auth.ScopeIdentityReview)
	otherTenantCaller = caller("other", auth.ScopeAll)
	strictCaller      = withSetting(apitest.DefaultCaller, "mode", "strict")
	testModeCaller    = withSetting(withSetting(apitest.DefaultCaller, "stage", "test"), "steps", "contact+screening")
)

func withSetting(caller map[string]any, name, value string) map[string]any {
	caller = maps.Clone(caller)
	caller[name] = value
	return caller
}

func createRequest(body string) request { return newRequest("create-identity", "", body) }

func getRequest(id string) request { return newRequest("get-identity", id, "") }

func patchRequest(id, body string) request { return newRequest("update-identity", id, body) }

func listRequest(query string) request { return request{Operation: "list-identities", Query: query} }

func searchRequest(body string) request { return newRequest("search-identities", "", body) }

func removePermissionRequest(id, reference, query string) request {
	return request{Operation: "remove-permission", Params: map[string]string{"id": id, "reference": reference}, Query: query}
}

func verifyRequest(id, channel string) request {
	return newRequest("start-verification", id, `{"channel":"`+channel+`"}`)
}

func confirmRequest(id, channel, body string) request {
	return request{Operation: "confirm-verification", Params: map[string]string{"id": id, "channel": channel}, Body: body}
}

// etag returns the ETag of a version of an identity that was created at the clock's start.
func etag(version int64) string {
	return gateway.ETag((&identity.Identity{Version: version, CreatedAt: apitest.StartTime}).ETag())
}

// minimalBody has only the fields that the API requires.
const minimalBody = `{"name":"Ana","email":"ana@example.com","phone":"+56911111111","documentType":"RUT","documentNumber":"11.111.111-1","idv":"iv-1"}`

// minimalPlus returns a create request with minimalBody and more fields.
func minimalPlus(fields string) request {
	return createRequest(strings.TrimSuffix(minimalBody, "}") + "," + fields + "}")
}

const bankAccountBody = `{"accountNumber":"1","bank":"B","currency":"CLP","accountHolder":"A","accountHolderDni":"1","country":"CHL","typeAccount":"CHECKING_ACOUNT"}`

// mustCreate creates an identity and returns its id.
func (w *testAPI) mustCreate(q request) string {
	w.Helper()
	created := w.Send(q)
	wantStatus(w, created, 200)
	return text(w, created.Body, "id")
}

// createPersons creates active identities with these ids directly in the registry.
func (w *testAPI) createPersons(ids ...string) {
	w.Helper()
	for _, id := range ids {
		if _, err := w.Identities.Create(w.Context(), registry.Draft{
			Tenant: "acme", ID: id, Trusted: true, Profile: identity.Profile{
				FirstName: "Name of " + id, LastName: "Last of " + id, Email: id + "@example.com", DocumentType: "RUT", DocumentNumber: "11.111.111-1",
			},
		}); err != nil {
			w.Fatal(err)
		}
	}
}

func (w *testAPI) advanceHour() { w.Now = w.Now.Add(time.Hour) }

// step is a request with the expected status and, for an error, its code and detail.
type step struct {
	request
	status       int
	code, detail string
}

// runSteps sends one request per hour.
func (w *testAPI) runSteps(steps ...step) {
	w.Helper()
	for _, s := range steps {
		w.advanceHour()
		got := w.Send(s.request)
		if s.code == "" {
			wantStatus(w, got, s.status)
			continue
		}
		wantError(w, got, s.status, s.code, s.detail)
	}
}

// text returns the string in a body at a path.
func text(t testing.TB, body, path string) string {
	t.Helper()
	return strings.Trim(jsonAt(t, body, path), `"`)
}

// elements returns the elements of an array in a body.
func elements(t testing.TB, body, path string) (list []string) {
	t.Helper()
	var array []json.RawMessage
	if err := json.Unmarshal([]byte(jsonAt(t, body, path)), &array); err != nil {
		t.Fatalf("%s is not an array: %v in %s", path, err, body)
	}
	for _, e := range array {
		list = append(list, string(e))
	}
	return list
}

func wantJSON(t testing.TB, body, path, want string) {
	t.Helper()
	if got := jsonAt(t, body, path); got != want {
		t.Errorf("%s = %s, want %s in %s", path, got, want, body)
	}
}

func wantError(t testing.TB, got events.APIGatewayProxyResponse, status int, code, detail string) {
	t.Helper()
	wantStatus(t, got, status)
	wantJSON(t, got.Body, "code", `"`+code+`"`)
	wantJSON(t, got.Body, "detail", `"`+detail+`"`)
}

func wantHeader(t testing.TB, got events.APIGatewayProxyResponse, name, want string) {
	t.Helper()
	if values := got.MultiValueHeaders[name]; len(values) != 1 || values[0] != want {
		t.Errorf("%s = %q, want %q alone", name, values, want)
	}
}
