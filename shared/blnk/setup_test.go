package blnk_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"cedula/infra/openapi"
	"cedula/infra/privacytest"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/encryption"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) {
	os.Exit(privacytest.Run(contract().Complete(m)))
}

var hasher = auth.NewHasher(bytes.Repeat([]byte("s"), 32))

const traceID = "5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab"

// testAPI is the dialect over a real store, with a clock that stands still and
// random bytes that are the same in every run.
type testAPI struct {
	testing.TB
	api        *blnk.API
	store      *store.Store
	table      *faulttable.Counter
	now        time.Time
	transcript strings.Builder
}

func newTestAPI(t testing.TB) *testAPI {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Errorf("Close = %v, want nil", err)
		}
	})
	w := &testAPI{TB: t, table: faulttable.NewCounter(db), now: startTime}
	w.store = store.New(w.table, bytes.Repeat([]byte("s"), 32))
	local, err := encryption.NewLocalKeyWrapper(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return w.now }
	w.api = &blnk.API{
		Cursors: blnk.NewCursorCodec([]byte("deployment secret")),
		Health:  w.store, Keys: &auth.KeyManager{Store: w.store, Hasher: hasher, Now: clock},
		Identities: &registry.Registry{Store: w.store, Cipher: encryption.NewFieldCipher(local, clock), Now: clock, Random: rand.NewChaCha8([32]byte{3})},
	}
	return w
}

// create creates an identity of the tenant "acme", or of the draft's, that is active from the
// start.
func (w *testAPI) create(t testing.TB, d registry.Draft) {
	t.Helper()
	d.Tenant = orDefault(d.Tenant, "acme")
	d.DefaultOnboarding = identity.OnboardingInstant
	if _, err := w.api.Identities.Create(context.Background(), d); err != nil {
		t.Fatal(err)
	}
}

// request is an event in few words. What is not said is usual: JSON, from a
// client of the tenant "acme" that may read and write.
type request struct {
	operation string // of the dialect; create-identity if empty
	id        string
	field     string // the path parameter
	body      string
	header    map[string]string
	query     map[string]string
	values    url.Values // the query, where a name comes more than once
	caller    map[string]any
}

func caller(tenant string, scopes ...string) map[string]any {
	return map[string]any{"tenant": tenant, "client": "client-1", "key": "key-1", "scopes": strings.Join(scopes, " "), "expires": "0"}
}

var (
	defaultCaller     = caller("acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite)
	otherTenantCaller = caller("other", auth.ScopeAll)
)

func getRequest(id string) request { return request{operation: "get-identity", id: id} }

func (q request) withCaller(caller map[string]any) request {
	q.caller = caller
	return q
}

// startTime is when a world's clock begins.
var startTime = time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.UTC)

var quotedVersion = regexp.MustCompile(`"[0-9]+"`)

// etags writes versions, such as "1", as the entity tags of what was made when the
// world began.
func etags(versions string) string {
	return quotedVersion.ReplaceAllStringFunc(versions, func(v string) string {
		n, _ := strconv.ParseInt(strings.Trim(v, `"`), 10, 64)
		return gateway.ETag((&identity.Identity{Version: n, CreatedAt: startTime}).ETag())
	})
}

// withHeader adds a header. In If-Match and If-None-Match a version stands for its tag.
func (q request) withHeader(name, value string) request {
	if strings.HasPrefix(name, "If-") {
		value = etags(value)
	}
	q.header = maps.Clone(q.header)
	if q.header == nil {
		q.header = make(map[string]string)
	}
	q.header[name] = value
	return q
}

// event is the request as API Gateway hands it to the route's function.
func (q request) event(r gateway.Route) events.APIGatewayProxyRequest {
	e := events.APIGatewayProxyRequest{
		Resource: r.Path, Path: strings.NewReplacer("{id}", q.id, "{field}", q.field).Replace(r.Path), HTTPMethod: r.Method, Body: q.body,
		MultiValueHeaders: map[string][]string{},
		RequestContext:    events.APIGatewayProxyRequestContext{RequestID: traceID, Authorizer: defaultCaller},
	}
	if q.id != "" {
		e.PathParameters = map[string]string{"id": q.id, "field": q.field}
	}
	if q.body != "" {
		e.MultiValueHeaders["Content-Type"] = []string{"application/json"}
	}
	for name, value := range q.header {
		e.MultiValueHeaders[name] = []string{value}
	}
	for name, value := range q.query {
		e.MultiValueQueryStringParameters = map[string][]string{name: {value}}
	}
	if q.values != nil {
		e.MultiValueQueryStringParameters = q.values
	}
	if q.caller != nil {
		e.RequestContext.Authorizer = q.caller
	}
	return e
}

func routeOf(t testing.TB, api gateway.API, name string) gateway.Route {
	t.Helper()
	for _, r := range api.Routes() {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no operation %s", name)
	return gateway.Route{}
}

// send lets the dialect answer.
func (w *testAPI) send(q request) events.APIGatewayProxyResponse {
	w.Helper()
	if q.operation == "" {
		q.operation = "create-identity"
	}
	return w.sendTo(w.api, q)
}

// wantCalls compares the calls of the table since the last comparison.
func (w *testAPI) wantCalls(want faulttable.Calls) {
	w.Helper()
	got := w.table.Reset()
	got.Units = want.Units
	if got != want {
		w.Errorf("table calls = %+v, want %+v", got, want)
	}
}

func (w *testAPI) sendTo(api gateway.API, q request) events.APIGatewayProxyResponse {
	w.Helper()
	r := routeOf(w, api, q.operation)
	e := q.event(r)
	answer, err := gateway.Handler(api, r)(context.Background(), e)
	if err != nil || answer.IsBase64Encoded {
		w.Fatalf("the handler returned %v, base64 %v", err, answer.IsBase64Encoded)
	}
	if _, ours := api.(*blnk.API); ours {
		err := contract().Check(r.Method, r.Path, openapi.Response{Status: answer.StatusCode, Header: answer.MultiValueHeaders, Body: []byte(answer.Body)})
		if err != nil {
			w.Errorf("the contract has no such answer: %v", err)
		}
	}
	fmt.Fprintf(&w.transcript, "> %s %s%s\n", e.HTTPMethod, e.Path, queryString(e))
	recordMessage(&w.transcript, ">", e.MultiValueHeaders, e.Body)
	fmt.Fprintf(&w.transcript, "< %d %s\n", answer.StatusCode, http.StatusText(answer.StatusCode))
	recordMessage(&w.transcript, "<", answer.MultiValueHeaders, answer.Body)
	return answer
}

// queryString is the query string that an event came with.
func queryString(e events.APIGatewayProxyRequest) string {
	if len(e.MultiValueQueryStringParameters) == 0 {
		return ""
	}
	return "?" + url.Values(e.MultiValueQueryStringParameters).Encode()
}

// contract is what every answer of the dialect is held to.
var contract = sync.OnceValue(func() *openapi.Contract {
	c, err := openapi.Load(apidocs.Blnk)
	if err != nil {
		panic(err)
	}
	return c
})

func recordMessage(to *strings.Builder, side string, header map[string][]string, body string) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fmt.Fprintf(to, "%s %s: %s\n", side, name, value)
		}
	}
	fmt.Fprintf(to, "%s\n\n", strings.TrimSuffix(body, "\n"))
}

// tokenReference are the part of a tokenized field that is another one in each run.
var tokenReference = regexp.MustCompile(`FPT:((?:[^"\\]|\\.)*):[A-Za-z0-9+/]{16}`)

// checkGolden compares all that was sent and answered with a file of testdata.
func (w *testAPI) checkGolden(name string) {
	w.Helper()
	file := filepath.Join("testdata", name+".golden")
	got := tokenReference.ReplaceAllString(w.transcript.String(), "FPT:$1:AAAAAAAAAAAAAAAA")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			w.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		w.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		w.Errorf("%s: %s", file, diff)
	}
}

// jsonAt is the JSON that stands in a body under a path such as "address.street".
func jsonAt(t testing.TB, body, path string) string {
	t.Helper()
	value := json.RawMessage(body)
	for name := range strings.SplitSeq(path, ".") {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(value, &members); err != nil {
			t.Fatalf("%v at %s of %s", err, name, body)
		}
		value = members[name]
	}
	return string(value)
}

func wantEqual[T comparable](t testing.TB, name string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s = %v, want %v", name, got, want)
	}
}

func wantStatus(t testing.TB, got events.APIGatewayProxyResponse, status int) {
	t.Helper()
	if got.StatusCode != status {
		t.Errorf("status = %d, want %d: %s", got.StatusCode, status, got.Body)
	}
}

func wantError(t testing.TB, got events.APIGatewayProxyResponse, status int, code, text string) {
	t.Helper()
	wantStatus(t, got, status)
	wantEqual(t, "body", got.Body, fmt.Sprintf(`{"error":%q,"error_detail":{"code":%q,"message":%q}}`, text, code, text))
}

// seedBody is the example that the documentation sends through its client library.
const seedBody = `{"identity_type":"individual","first_name":"Alice","last_name":"Smith","email_address":"alice.smith@example.com"}`

const fullBody = `{
	"identity_id": "idt_11111111-1111-4111-8111-111111111111", "identity_type": "individual", "organization_name": "Acme <b>&\u00e9\/",
	"category": "customer", "first_name": "Alice \"A\"", "last_name": "Ñandú 王", "other_names": "Bo Cy", "gender": "female",
	"email_address": "not an email", "phone_number": "555 1234", "nationality": "Canadian", "street": "1 Main St", "country": "Canada",
	"state": "Ontario", "post_code": "01234", "city": "Ottawa", "dob": "1990-01-15T23:30:00-05:00",
	"meta_data": {"z": 9007199254740993, "a": 1.10, "m": {"b": [1, 2.50, {"c": "\u00e9<"}]}, "e": 1E5, "neg": -0.0, "n": null},
	"created_at": "2001-01-01T00:00:00Z", "status": "BLOCKED", "tenant": "other", "kyc": {}, "version": 9, "nickname": "x"
}`

// identityFields are all members of an identity, in their order.
var identityFields = []string{
	"identity_id", "identity_type", "organization_name", "category", "first_name", "last_name", "other_names", "gender",
	"email_address", "phone_number", "nationality", "street", "country", "state", "post_code", "city", "dob", "created_at", "meta_data",
}

func objectKeys(t *testing.T, body string) (names []string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

const ownID = "idt_11111111-1111-4111-8111-111111111111"

// allScopesCaller may do all that an identity's routes ask for.
var allScopesCaller = caller("acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite, auth.ScopeIdentityDelete, auth.ScopeIdentityDetokenize, auth.ScopeIdentitySearch)

// identityRequest is a request about the identity with every field.
func identityRequest(operation, body string) request {
	return request{operation: operation, id: ownID, body: body, caller: allScopesCaller}
}

// newFullIdentityAPI is a world that holds the identity with every field.
func newFullIdentityAPI(t *testing.T) *testAPI {
	t.Helper()
	w := newTestAPI(t)
	wantStatus(t, w.send(request{body: fullBody}), 201)
	w.transcript.Reset()
	return w
}
