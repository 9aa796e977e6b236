package conomy_test

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
	"cedula/shared/conomy"
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

const traceID = "5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab"

// testAPI is the dialect over a real store, with a clock that stands still and
// random bytes that are the same in every run.
type testAPI struct {
	testing.TB
	api        *conomy.API
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
			t.Error(err)
		}
	})
	w := &testAPI{TB: t, table: faulttable.NewCounter(db), now: startTime}
	w.store = store.New(w.table, bytes.Repeat([]byte("s"), 32))
	local, err := encryption.NewLocalKeyWrapper(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return w.now }
	w.api = &conomy.API{Identities: &registry.Registry{
		Store: w.store, Cipher: encryption.NewFieldCipher(local, clock), Now: clock, Random: rand.NewChaCha8([32]byte{2}),
	}}
	return w
}

// request is an event in few words. What is not said is usual: JSON, from a
// client of the tenant "acme" that may do everything but set a status.
type request struct {
	operation string // of the dialect; create-identity if empty
	id        string
	params    map[string]string // of the path, beside the id
	query     string            // as it stands in the URL
	body      string
	header    map[string]string
	caller    map[string]any
}

func caller(tenant string, scopes ...string) map[string]any {
	return map[string]any{"tenant": tenant, "client": "client-1", "scopes": strings.Join(scopes, " "), "expires": "0"}
}

var (
	defaultCaller     = caller("acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite)
	trustedCaller     = caller("acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite, auth.ScopeIdentityStatusWrite)
	otherTenantCaller = caller("other", auth.ScopeAll)
)

// newRequest is a request of an operation on an identity.
func newRequest(operation, id, body string) request {
	return request{operation: operation, id: id, body: body}
}

func getRequest(id string) request { return newRequest("get-identity", id, "") }

func patchRequest(id, body string) request { return newRequest("update-identity", id, body) }

// withStrictMode makes a caller's client a strict one.
func withStrictMode(caller map[string]any) map[string]any {
	caller = maps.Clone(caller)
	caller["mode"] = "strict"
	return caller
}

// withParam names another part of the path.
func (q request) withParam(param, value string) request {
	q.params = map[string]string{param: value}
	return q
}

func (q request) withQuery(query string) request {
	q.query = query
	return q
}

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
		Resource: r.Path, Path: strings.ReplaceAll(r.Path, "{id}", q.id), HTTPMethod: r.Method, Body: q.body,
		MultiValueHeaders: map[string][]string{},
		RequestContext:    events.APIGatewayProxyRequestContext{RequestID: traceID, Authorizer: defaultCaller},
	}
	if q.id != "" {
		e.PathParameters = map[string]string{"id": q.id}
	}
	for name, value := range q.params {
		e.Path = strings.ReplaceAll(e.Path, "{"+name+"}", value)
		e.PathParameters[name] = value
	}
	if q.query != "" {
		query, err := url.ParseQuery(q.query)
		if err != nil {
			panic(err)
		}
		e.MultiValueQueryStringParameters = query
	}
	if q.body != "" {
		e.MultiValueHeaders["Content-Type"] = []string{"application/json"}
	}
	for name, value := range q.header {
		e.MultiValueHeaders[name] = []string{value}
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

func (w *testAPI) sendTo(api gateway.API, q request) events.APIGatewayProxyResponse {
	w.Helper()
	r := routeOf(w, api, q.operation)
	e := q.event(r)
	answer, err := gateway.Handler(api, r)(context.Background(), e)
	if err != nil || answer.IsBase64Encoded {
		w.Fatalf("the handler returned %v, base64 %v", err, answer.IsBase64Encoded)
	}
	if _, ours := api.(*conomy.API); ours {
		err := contract().Check(r.Method, r.Path, openapi.Response{Status: answer.StatusCode, Header: answer.MultiValueHeaders, Body: []byte(answer.Body)})
		if err != nil {
			w.Errorf("response is not in the contract: %v", err)
		}
	}
	fmt.Fprintf(&w.transcript, "> %s %s%s\n", e.HTTPMethod, e.Path, strings.TrimSuffix("?"+q.query, "?"))
	recordMessage(&w.transcript, ">", e.MultiValueHeaders, e.Body)
	fmt.Fprintf(&w.transcript, "< %d %s\n", answer.StatusCode, http.StatusText(answer.StatusCode))
	recordMessage(&w.transcript, "<", answer.MultiValueHeaders, answer.Body)
	return answer
}

// contract is what every answer of the dialect is held to.
var contract = sync.OnceValue(func() *openapi.Contract {
	c, err := openapi.Load(apidocs.Conomy)
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

// createPerson puts an identity into the registry whose id and names are chosen. It
// uses up no random bytes and stands in no golden file.
func (w *testAPI) createPerson(id string) string {
	w.Helper()
	if _, err := w.api.Identities.Create(context.Background(), registry.Draft{
		Tenant: "acme", ID: id, Trusted: true, Profile: identity.Profile{
			FirstName: "Name of " + id, LastName: "Last of " + id, Email: id + "@example.com", DocumentType: "RUT", DocumentNumber: "11.111.111-1",
		},
	}); err != nil {
		w.Fatal(err)
	}
	return id
}

// checkGolden compares all that was sent and answered with a file of testdata.
func (w *testAPI) checkGolden(name string) {
	w.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(w.transcript.String()), 0o644); err != nil {
			w.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		w.Fatal(err)
	}
	if diff := cmp.Diff(string(want), w.transcript.String()); diff != "" {
		w.Errorf("transcript differs from %s (-want +got): %s", file, diff)
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

// wantCalls compares what the table was asked since the last time.
func (w *testAPI) wantCalls(want faulttable.Calls) {
	w.Helper()
	got := w.table.Reset()
	got.Units = want.Units
	if got != want {
		w.Errorf("the table was asked %+v, want %+v", got, want)
	}
}

// wantJSON compares the JSON that stands in a body under a path.
func wantJSON(t testing.TB, body, path, want string) {
	t.Helper()
	if got := jsonAt(t, body, path); got != want {
		t.Errorf("%s = %s, want %s in %s", path, got, want, body)
	}
}

// wantError compares a response with the status, the code and the detail of an error.
func wantError(t testing.TB, got events.APIGatewayProxyResponse, status int, code, detail string) {
	t.Helper()
	wantStatus(t, got, status)
	wantJSON(t, got.Body, "code", `"`+code+`"`)
	wantJSON(t, got.Body, "detail", `"`+detail+`"`)
}

func wantStatus(t testing.TB, got events.APIGatewayProxyResponse, status int) {
	t.Helper()
	if got.StatusCode != status {
		t.Errorf("status = %d, want %d: %s", got.StatusCode, status, got.Body)
	}
}
