package openapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/openapi"
	"cedula/infra/privacytest"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table/pebble"
)

func TestMain(m *testing.M) { os.Exit(privacytest.Run(m)) }

// testEnv is a dialect over a real store; each answer is held to the contract,
// and which statuses an operation gave is kept.
type testEnv struct {
	*testing.T
	contract     *openapi.Contract
	dialect      gateway.API
	store        *store.Store
	hasher       auth.Hasher
	caller       map[string]any
	seenStatuses map[string]bool // "GET /identities 200"
}

func newTestEnv(t *testing.T, f apidocs.Files) *testEnv {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	secret := bytes.Repeat([]byte("s"), 32)
	return &testEnv{
		T: t, contract: load(t, f), store: store.New(db, secret), hasher: auth.NewHasher(secret),
		caller: callerWith(auth.ScopeAll, "lenient"), seenStatuses: make(map[string]bool),
	}
}

func callerWith(scopes, mode string) map[string]any {
	return map[string]any{"tenant": "acme", "client": "client-1", "scopes": scopes, "mode": mode, "expires": "0"}
}

const traceID = "5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab"

// send makes one request: path parameters are taken from the path; headers are
// names and values in turn. It fails unless the answer has the status and is in
// the contract.
func (w *testEnv) send(status int, method, target, body string, headers ...string) string {
	w.Helper()
	e, ok := w.event(method, target, body)
	if !ok {
		return "{}"
	}
	for i := 0; i < len(headers); i += 2 {
		e.MultiValueHeaders[headers[i]] = append(e.MultiValueHeaders[headers[i]], w.entityTag(e.PathParameters["id"], headers[i], headers[i+1]))
	}
	return w.handle(status, e)
}

// entityTag writes a version in a condition as the entity tag of the path's identity.
func (w *testEnv) entityTag(id, header, value string) string {
	i, err := w.store.Get(context.Background(), "acme", id)
	if !strings.HasPrefix(header, "If-") || err != nil {
		return value
	}
	_, made, _ := strings.Cut(i.ETag(), "-")
	return `"` + strings.Trim(value, `"`) + "-" + made + `"`
}

// event is a request as API Gateway hands it to the function of its route. It
// is an error if the dialect has no such route.
func (w *testEnv) event(method, target, body string) (events.APIGatewayProxyRequest, bool) {
	w.Helper()
	path, query, _ := strings.Cut(target, "?")
	route, params, ok := w.route(method, path)
	if !ok {
		w.Errorf("no route %s %s", method, path)
		return events.APIGatewayProxyRequest{}, false
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		w.Fatal(err)
	}
	return events.APIGatewayProxyRequest{
		Resource: route.Path, Path: path, HTTPMethod: method, Body: body, PathParameters: params,
		MultiValueQueryStringParameters: values, MultiValueHeaders: map[string][]string{},
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: traceID, Authorizer: w.caller},
	}, true
}

// handle lets the dialect answer an event.
func (w *testEnv) handle(status int, e events.APIGatewayProxyRequest) string {
	w.Helper()
	route, _, _ := w.route(e.HTTPMethod, e.Path)
	answer, err := gateway.Handler(w.dialect, route)(context.Background(), e)
	if err != nil || answer.IsBase64Encoded {
		w.Fatalf("the handler returned %v, base64 %v", err, answer.IsBase64Encoded)
	}
	if answer.StatusCode != status {
		w.Errorf("%s %s %.200s: got %d %.500s, want %d", e.HTTPMethod, e.Path, e.Body, answer.StatusCode, answer.Body, status)
	}
	err = w.contract.Check(e.HTTPMethod, route.Path, openapi.Response{
		Status: answer.StatusCode, Header: http.Header(answer.MultiValueHeaders), Body: []byte(answer.Body),
	})
	if err != nil {
		w.Errorf("%s %s %.200s: %v\n%.500s", e.HTTPMethod, e.Path, e.Body, err, answer.Body)
	}
	w.seenStatuses[fmt.Sprintf("%s %s %d", e.HTTPMethod, route.Path, answer.StatusCode)] = true
	return answer.Body
}

// route finds the route of a path, the one with the fewest parameters first.
func (w *testEnv) route(method, path string) (gateway.Route, map[string]string, bool) {
	segments := strings.Split(path, "/")
	routes := w.dialect.Routes()
	slices.SortStableFunc(routes, func(a, b gateway.Route) int { return strings.Count(a.Path, "{") - strings.Count(b.Path, "{") })
	for _, r := range routes {
		if params, ok := matchPath(strings.Split(r.Path, "/"), segments); ok && r.Method == method {
			return r, params, true
		}
	}
	return gateway.Route{}, nil, false
}

// pathParameter is a part of a path that a request fills in.
var pathParameter = regexp.MustCompile(`\{[^}]*\}`)

func matchPath(pattern, segments []string) (map[string]string, bool) {
	params := map[string]string{}
	for i, p := range pattern {
		switch {
		case len(pattern) != len(segments):
			return nil, false
		case strings.HasPrefix(p, "{"):
			params[strings.Trim(p, "{}")] = segments[i]
		case p != segments[i]:
			return nil, false
		}
	}
	return params, true
}

// checkCommonErrors asks every operation for what all of them may answer.
func (w *testEnv) checkCommonErrors() {
	known := w.caller
	for _, r := range w.dialect.Routes() {
		if r.Method == gateway.AnyMethod {
			continue
		}
		path := pathParameter.ReplaceAllString(r.Path, "x")
		if e, ok := w.event(r.Method, path, "!"); ok {
			e.IsBase64Encoded = true
			w.handle(400, e)
		}
		w.send(413, r.Method, path, strings.Repeat(" ", gateway.MaxBodyBytes+1))
		if !r.Public {
			w.caller = nil
			w.send(401, r.Method, path, "{}")
			w.caller = callerWith("nothing", "lenient")
			w.send(403, r.Method, path, "{}")
			w.caller = known
		}
	}
}

// failingStore is a store that fails.
type failingStore struct {
	identity.Store
	err error
}

func (b failingStore) Get(context.Context, string, string) (identity.Identity, error) {
	return identity.Identity{}, b.err
}

func (b failingStore) Create(context.Context, identity.Identity, []identity.Claim, identity.Idempotency, identity.LinkChanges) (identity.WriteResult, error) {
	return identity.WriteResult{}, b.err
}

func (b failingStore) Delete(context.Context, string, string, func(*identity.Identity) error) error {
	return b.err
}

func (b failingStore) Entries(context.Context, identity.Index, *identity.IndexEntry, int, bool) ([]identity.IndexEntry, error) {
	return nil, b.err
}

// validRequest is a right request: method, path and body.
type validRequest [3]string

// checkStoreFailures lets the store of a service fail under requests to all operations
// that have one. Those that only read cannot be in each other's way.
func (w *testEnv) checkStoreFailures(service **registry.Registry, reads, changes []validRequest) {
	sound := *service
	for status, err := range map[int]error{500: errors.New("odd"), 503: identity.ErrUnavailable, 409: identity.ErrBusy} {
		*service = &registry.Registry{Store: failingStore{sound.Store, err}, Now: time.Now, Random: sound.Random}
		all := changes
		if status != 409 {
			all = slices.Concat(reads, changes)
		}
		for _, a := range all {
			w.send(status, a[0], a[1], a[2])
		}
	}
	*service = sound
}

// unreachableReason are the declared statuses that no request here brings about.
func unreachableReason(status string) string {
	switch status {
	case "429":
		return "API Gateway's own: TestGatewayResponsesMatchContract"
	case "431":
		return "said before there is a request: the URL is too long"
	case "500", "503":
		return "API Gateway's own where the operation asks no store: TestGatewayResponsesMatchContract"
	}
	return ""
}

// checkDeclaredStatusesSeen finds statuses that the contract declares and nothing produced.
func (w *testEnv) checkDeclaredStatusesSeen() {
	all := w.contract.Operations()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for _, status := range all[name] {
			if !w.seenStatuses[name+" "+status] && unreachableReason(status) == "" {
				w.Errorf("%s declares %s, and nothing answers so", name, status)
			}
		}
	}
	w.Logf("%d statuses met", len(w.seenStatuses))
}

// stringField is a string in a body.
func stringField(t *testing.T, body, name string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	s, _ := all[name].(string)
	return s
}
