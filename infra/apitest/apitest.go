// Package apitest tests an API through its routes: it sends requests as API Gateway does, checks the responses against the
// API's contract and compares them with golden files. It must not import an API.
package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"

	"cedula/infra/openapi"
	"cedula/infra/privacytest"
	"cedula/shared/apidocs"
	"cedula/shared/encryption"
	"cedula/shared/gateway"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
)

var (
	update   = flag.Bool("update", false, "rewrite the golden files")
	docs     apidocs.Files
	contract *openapi.Contract
)

// Main runs the tests of a package whose API publishes docs, and exits. The tests fail if they leave a response that the
// contract declares unchecked, or log personal data.
func Main(m *testing.M, published apidocs.Files) {
	loaded, err := openapi.Load(published)
	if err != nil {
		log.Fatal(err)
	}
	docs, contract = published, loaded
	os.Exit(contract.Complete(privacytest.Run(m)))
}

// StartTime is the time at which the clock of a Harness begins.
var StartTime = time.Date(2026, 3, 4, 5, 6, 7, 123456789, time.UTC)

// Harness is an API under test over a real store. Its clock stands still until a test changes Now.
type Harness struct {
	testing.TB
	API        gateway.API // set by the caller of New
	Identities *registry.Registry
	Store      *store.Store
	Table      *faulttable.Counter
	Now        time.Time
	Transcript strings.Builder // the requests sent and their responses
}

// New returns a Harness without an API. The caller sets the random numbers of its registry.
func New(t testing.TB) *Harness {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	keys, err := encryption.NewLocalKeyWrapper(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	h := &Harness{TB: t, Table: faulttable.NewCounter(db), Now: StartTime}
	clock := func() time.Time { return h.Now }
	h.Store = store.New(h.Table, bytes.Repeat([]byte("s"), 32))
	h.Identities = &registry.Registry{Store: h.Store, Cipher: encryption.NewFieldCipher(keys, clock), Now: clock}
	return h
}

// TraceID is the id of every request.
const TraceID = "5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab"

// Request describes an event.
type Request struct {
	Operation string            // the name or the path of a route
	Params    map[string]string // in the path
	Query     string
	Body      string
	Header    []string       // name, value, name, value ...
	Caller    map[string]any // the authorizer's context; DefaultCaller if nil
}

// NewRequest returns a request of an operation on an identity.
func NewRequest(operation, id, body string) Request {
	return Request{Operation: operation, Params: map[string]string{"id": id}, Body: body}
}

// DefaultCaller may read and write the identities of the tenant "acme".
var DefaultCaller = Caller("acme", "identity:read", "identity:write")

// Caller returns the authorizer's context for a client of a tenant.
func Caller(tenant string, scopes ...string) map[string]any {
	return map[string]any{"tenant": tenant, "client": "client-1", "key": "key-1", "scopes": strings.Join(scopes, " "), "expires": "0"}
}

// WithHeader returns the request with one more header.
func (r Request) WithHeader(name, value string) Request {
	r.Header = append(slices.Clip(r.Header), name, value)
	return r
}

// WithCaller returns the request of another caller.
func (r Request) WithCaller(caller map[string]any) Request {
	r.Caller = caller
	return r
}

// Event returns the request as API Gateway sends it to the function of a route of the API.
func (r Request) Event(t testing.TB, api gateway.API) (gateway.Route, events.APIGatewayProxyRequest) {
	t.Helper()
	route := Route(t, api, r.Operation)
	query, _ := url.ParseQuery(r.Query)
	e := events.APIGatewayProxyRequest{
		Resource: route.Path, Path: route.Path, HTTPMethod: route.Method, Body: r.Body,
		PathParameters: r.Params, MultiValueQueryStringParameters: query, MultiValueHeaders: map[string][]string{},
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: TraceID, Authorizer: r.Caller},
	}
	for name, value := range r.Params {
		e.Path = strings.ReplaceAll(e.Path, "{"+name+"}", value)
	}
	if r.Body != "" {
		e.MultiValueHeaders["Content-Type"] = []string{"application/json"}
	}
	for header := range slices.Chunk(r.Header, 2) {
		e.MultiValueHeaders[header[0]] = []string{header[1]}
	}
	if r.Caller == nil {
		e.RequestContext.Authorizer = DefaultCaller
	}
	return route, e
}

// Route returns the first route of an API with a name or a path.
func Route(t testing.TB, api gateway.API, operation string) gateway.Route {
	t.Helper()
	routes := api.Routes()
	n := slices.IndexFunc(routes, func(r gateway.Route) bool { return r.Name == operation || r.Path == operation })
	if n < 0 {
		t.Fatalf("the API has no operation %s", operation)
	}
	return routes[n]
}

// Send sends a request to the API under test.
func (h *Harness) Send(r Request) events.APIGatewayProxyResponse {
	h.Helper()
	return h.SendTo(h.API, r)
}

// SendTo sends a request to an API. A response of the API under test must be in its contract.
func (h *Harness) SendTo(api gateway.API, r Request) events.APIGatewayProxyResponse {
	h.Helper()
	route, event := r.Event(h, api)
	response := call(h, api, route, event)
	if api == h.API {
		checkContract(h, route, response)
	}
	fmt.Fprintf(&h.Transcript, "> %s %s%s\n", event.HTTPMethod, event.Path, strings.TrimSuffix("?"+r.Query, "?"))
	h.record(">", event.MultiValueHeaders, event.Body)
	fmt.Fprintf(&h.Transcript, "< %d %s\n", response.StatusCode, http.StatusText(response.StatusCode))
	h.record("<", response.MultiValueHeaders, response.Body)
	return response
}

func call(t testing.TB, api gateway.API, route gateway.Route, event events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	t.Helper()
	response, err := gateway.Handler(api, route)(context.Background(), event)
	if err != nil || response.IsBase64Encoded {
		t.Fatalf("%s: handler returned error %v, base64 %v, want neither", route.Name, err, response.IsBase64Encoded)
	}
	return response
}

func checkContract(t testing.TB, route gateway.Route, r events.APIGatewayProxyResponse) {
	t.Helper()
	response := openapi.Response{Status: r.StatusCode, Header: r.MultiValueHeaders, Body: []byte(r.Body)}
	if err := contract.Check(route.Method, route.Path, response); err != nil {
		t.Errorf("response is not in the contract: %v\n%s", err, r.Body)
	}
}

func (h *Harness) record(side string, header map[string][]string, body string) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fmt.Fprintf(&h.Transcript, "%s %s: %s\n", side, name, value)
		}
	}
	fmt.Fprintf(&h.Transcript, "%s\n\n", strings.TrimSuffix(body, "\n"))
}

// The parts of a transcript that differ in each run.
var (
	placeholder = regexp.MustCompile(`FPT:((?:[^"\\]|\\.)*):[A-Za-z0-9+/]{16}`)
	cursor      = regexp.MustCompile(`cursor=[A-Za-z0-9_-]+`)
)

// CheckGolden compares the transcript with a file of testdata, after replacements: old, new, old, new ...
func (h *Harness) CheckGolden(name string, replacements ...string) {
	h.Helper()
	file := filepath.Join("testdata", name+".golden")
	got := strings.NewReplacer(replacements...).Replace(h.Transcript.String())
	got = placeholder.ReplaceAllString(got, "FPT:$1:AAAAAAAAAAAAAAAA")
	got = cursor.ReplaceAllString(got, "cursor=CURSOR")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			h.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		h.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		h.Errorf("transcript differs from %s (-want +got):\n%s", file, diff)
	}
}

// WantCalls compares the table calls since the last comparison.
func (h *Harness) WantCalls(want faulttable.Calls) {
	h.Helper()
	got := h.Table.Reset()
	got.Units = want.Units
	if got != want {
		h.Errorf("table calls = %+v, want %+v", got, want)
	}
}

// Attack sends a request that may be malicious. The response must not be a 5xx and must be in the contract; an error
// must not repeat a value of the request.
func (h *Harness) Attack(t testing.TB, r Request) events.APIGatewayProxyResponse {
	t.Helper()
	route, event := r.Event(t, h.API)
	response := h.AttackEvent(t, route, event)
	checkContract(t, route, response)
	return response
}

// AttackEvent sends an event that may differ from its route. The response is not in the contract then.
func (h *Harness) AttackEvent(t testing.TB, route gateway.Route, event events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	t.Helper()
	response := call(t, h.API, route, event)
	if response.StatusCode < 200 || response.StatusCode >= 500 {
		t.Fatalf("%s: status = %d, want 2xx to 4xx: %s", route.Name, response.StatusCode, response.Body)
	}
	if response.StatusCode >= 400 && route.Method != gateway.AnyMethod { // which names the path of the request
		privacytest.NoEcho(t, event, response.Body, string(docs.Contract))
	}
	return response
}

// JSONAt returns the JSON in a body at a path such as "address.street", or "" if the path is absent.
func JSONAt(t testing.TB, body, path string) string {
	t.Helper()
	value := json.RawMessage(body)
	for name := range strings.SplitSeq(path, ".") {
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(value, &fields); err != nil {
			t.Fatalf("cannot read %s of %s: %v", name, body, err)
		}
		value = fields[name]
	}
	return string(value)
}

// WantStatus compares the status of a response.
func WantStatus(t testing.TB, got events.APIGatewayProxyResponse, status int) {
	t.Helper()
	if got.StatusCode != status {
		t.Errorf("status = %d, want %d: %s", got.StatusCode, status, got.Body)
	}
}

// WantSent compares fields of a response with those of a request body that were sent and are not null.
func WantSent(t testing.TB, sent, shown string, names ...string) {
	t.Helper()
	for _, name := range names {
		want := JSONAt(t, sent, name)
		if got := JSONAt(t, shown, name); want != "" && want != "null" && Canonical(got) != Canonical(want) {
			t.Errorf("%s = %s, want %s as it was sent", name, got, want)
		}
	}
}

// Canonical removes the white space and the optional escapes of a JSON value.
func Canonical(value string) string {
	v := jsontext.Value(value)
	_ = v.Compact(jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(false), jsontext.EscapeForHTML(false))
	return string(v)
}

// WantUnchanged compares fields of an identity before and after a request that must not change them.
func WantUnchanged(t testing.TB, before, after string, names ...string) {
	t.Helper()
	for _, name := range names {
		if want, got := JSONAt(t, before, name), JSONAt(t, after, name); got != want {
			t.Errorf("%s = %s, want %s as before", name, got, want)
		}
	}
}

// MoveFirstMember returns a JSON object with its first member, which contains no comma, at the end, and other white space.
func MoveFirstMember(object string) string {
	first, rest, _ := strings.Cut(object[1:len(object)-1], ",")
	return "{ " + rest + " ,\n" + first + "}"
}
