package blnk_test

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/apitest"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

func TestMain(m *testing.M) { apitest.Main(m, apidocs.Blnk) }

type request = apitest.Request

var (
	caller     = apitest.Caller
	newRequest = apitest.NewRequest
	jsonAt     = apitest.JSONAt
	wantStatus = apitest.WantStatus
)

var hasher = auth.NewHasher(bytes.Repeat([]byte("s"), 32))

// testAPI is the Blnk API under test, with deterministic random numbers.
type testAPI struct {
	*apitest.Harness
	api *blnk.API
}

func newTestAPI(t testing.TB) *testAPI {
	t.Helper()
	w := &testAPI{Harness: apitest.New(t)}
	w.Identities.Random = rand.NewChaCha8([32]byte{3})
	w.api = &blnk.API{
		Cursors: blnk.NewCursorCodec([]byte("deployment secret")), Health: w.Store, Identities: w.Identities,
		Keys: &auth.KeyManager{Store: w.Store, Hasher: hasher, Now: w.Identities.Now},
	}
	w.API = w.api
	return w
}

// newFullIdentityAPI returns an API with the identity of fullBody.
func newFullIdentityAPI(t *testing.T) *testAPI {
	t.Helper()
	w := newTestAPI(t)
	wantStatus(t, w.Send(createRequest(fullBody)), 201)
	w.Transcript.Reset()
	return w
}

var (
	otherTenantCaller = caller("other", auth.ScopeAll)
	allScopesCaller   = caller("acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite, auth.ScopeIdentityDelete, auth.ScopeIdentityDetokenize, auth.ScopeIdentitySearch)
	strictCaller      = withSetting(allScopesCaller, "mode", "strict")
	testModeCaller    = withSetting(withSetting(allScopesCaller, "stage", "test"), "steps", "contact+screening")
)

func withSetting(caller map[string]any, name, value string) map[string]any {
	caller = maps.Clone(caller)
	caller[name] = value
	return caller
}

func createRequest(body string) request { return newRequest("create-identity", "", body) }

func getRequest(id string) request { return newRequest("get-identity", id, "") }

func listRequest(query string) request { return request{Operation: "list-identities", Query: query} }

func filterRequest(body string) request {
	return newRequest("filter-identities", "", body).WithCaller(allScopesCaller)
}

// fieldRequest returns a request about a field of the identity of fullBody.
func fieldRequest(operation, field string) request {
	return request{Operation: operation, Params: map[string]string{"id": ownID, "field": field}, Caller: allScopesCaller}
}

// identityRequest returns a request about the identity of fullBody.
func identityRequest(operation, body string) request {
	return newRequest(operation, ownID, body).WithCaller(allScopesCaller)
}

// etag returns the ETag of a version of an identity that was created at the clock's start.
func etag(version int64) string {
	return gateway.ETag((&identity.Identity{Version: version, CreatedAt: apitest.StartTime}).ETag())
}

const (
	ownID    = "idt_11111111-1111-4111-8111-111111111111"
	absentID = "idt_22222222-2222-4222-8222-222222222222"
)

// seedBody is an example from Blnk's documentation.
const seedBody = `{"identity_type":"individual","first_name":"Alice","last_name":"Smith","email_address":"alice.smith@example.com"}`

const fullBody = `{
	"identity_id": "idt_11111111-1111-4111-8111-111111111111", "identity_type": "individual", "organization_name": "Acme <b>&\u00e9\/",
	"category": "customer", "first_name": "Alice \"A\"", "last_name": "Ñandú 王", "other_names": "Bo Cy", "gender": "female",
	"email_address": "not an email", "phone_number": "555 1234", "nationality": "Canadian", "street": "1 Main St", "country": "Canada",
	"state": "Ontario", "post_code": "01234", "city": "Ottawa", "dob": "1990-01-15T23:30:00-05:00",
	"meta_data": {"z": 9007199254740993, "a": 1.10, "m": {"b": [1, 2.50, {"c": "\u00e9<"}]}, "e": 1E5, "neg": -0.0, "n": null},
	"created_at": "2001-01-01T00:00:00Z", "status": "BLOCKED", "tenant": "other", "kyc": {}, "version": 9, "nickname": "x"
}`

// The fields of an identity.
var (
	textFields = []string{
		"identity_type", "organization_name", "category", "first_name", "last_name", "other_names", "gender", "email_address",
		"phone_number", "nationality", "street", "country", "state", "post_code", "city",
	}
	identityFields = slices.Concat([]string{"identity_id"}, textFields, []string{"dob", "created_at", "meta_data"})
)

// create creates an active identity of the draft's tenant, by default "acme", directly in the registry.
func (w *testAPI) create(t testing.TB, d registry.Draft) {
	t.Helper()
	d.Tenant = cmp.Or(d.Tenant, "acme")
	d.DefaultOnboarding = identity.OnboardingInstant
	if _, err := w.Identities.Create(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// text returns the string in a body at a path.
func text(t testing.TB, body, path string) string {
	t.Helper()
	return strings.Trim(jsonAt(t, body, path), `"`)
}

func wantEqual[T comparable](t testing.TB, name string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", name, got, want)
	}
}

func wantError(t testing.TB, got events.APIGatewayProxyResponse, status int, code, text string) {
	t.Helper()
	wantStatus(t, got, status)
	wantEqual(t, "body", got.Body, fmt.Sprintf(`{"error":%q,"error_detail":{"code":%q,"message":%q}}`, text, code, text))
}
