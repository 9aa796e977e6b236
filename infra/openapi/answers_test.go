package openapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/openapi"
	"cedula/shared/auth"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/reference"
	"cedula/shared/store"
	"cedula/shared/table/embedded"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// world is the dialect over a real store; each answer is held to the contract,
// and which statuses an operation gave is kept.
type world struct {
	*testing.T
	contract *openapi.Contract
	api      *conomy.API
	caller   map[string]any
	met      map[string]bool // "GET /identities 200"
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db, err := embedded.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	secret := bytes.Repeat([]byte("s"), 32)
	s, hasher := store.New(db, secret), auth.NewHasher(secret)
	key, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		T: t, contract: load(t), met: make(map[string]bool),
		caller: callerWith(auth.ScopeAll, "lenient"),
		api: &conomy.API{
			Identities: &identity.Service{Store: s, Now: time.Now, Random: rand.Reader},
			Logins:     &auth.Guard{Store: s, Hasher: hasher},
			Tokens:     &auth.Issuer{Signer: key, Issuer: "i", Audience: "a", TTL: time.Hour, Now: time.Now},
			Reference:  reference.Files{},
		},
	}
}

func callerWith(scopes, mode string) map[string]any {
	return map[string]any{"tenant": "acme", "client": "client-1", "scopes": scopes, "mode": mode, "expires": "0"}
}

const trace = "5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab"

// send makes one request: path parameters are taken from the path; headers are
// names and values in turn. It fails unless the answer has the status and is in
// the contract.
func (w *world) send(status int, method, target, body string, headers ...string) string {
	w.Helper()
	path, query, _ := strings.Cut(target, "?")
	route, params := w.route(method, path)
	values, err := url.ParseQuery(query)
	if err != nil {
		w.Fatal(err)
	}
	e := events.APIGatewayProxyRequest{
		Resource: route.Path, Path: path, HTTPMethod: method, Body: body, PathParameters: params,
		MultiValueQueryStringParameters: values, MultiValueHeaders: map[string][]string{},
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: trace, Authorizer: w.caller},
	}
	for i := 0; i < len(headers); i += 2 {
		e.MultiValueHeaders[headers[i]] = append(e.MultiValueHeaders[headers[i]], headers[i+1])
	}
	answer, err := gateway.Handler(w.api, route)(context.Background(), e)
	if err != nil || answer.IsBase64Encoded {
		w.Fatalf("the handler returned %v, base64 %v", err, answer.IsBase64Encoded)
	}
	if answer.StatusCode != status {
		w.Errorf("%s %s %.200s: got %d %.500s, want %d", method, target, body, answer.StatusCode, answer.Body, status)
	}
	err = w.contract.Check(method, route.Path, openapi.Answer{
		Status: answer.StatusCode, Header: http.Header(answer.MultiValueHeaders), Body: []byte(answer.Body),
	})
	if err != nil {
		w.Errorf("%s %s %.200s: %v\n%.500s", method, target, body, err, answer.Body)
	}
	w.met[fmt.Sprintf("%s %s %d", method, route.Path, answer.StatusCode)] = true
	return answer.Body
}

func (w *world) route(method, path string) (gateway.Route, map[string]string) {
	w.Helper()
	segments := strings.Split(path, "/")
	routes := w.api.Routes()
	slices.SortStableFunc(routes, func(a, b gateway.Route) int { return strings.Count(a.Path, "{") - strings.Count(b.Path, "{") })
	for _, r := range routes {
		if params, ok := fit(strings.Split(r.Path, "/"), segments); ok && r.Method == method {
			return r, params
		}
	}
	w.Fatalf("no route %s %s", method, path)
	return gateway.Route{}, nil
}

func fit(pattern, segments []string) (map[string]string, bool) {
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

// member is a string in a body.
func member(t *testing.T, body, name string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(body), &all); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	s, _ := all[name].(string)
	return s
}

// person is the body of a create; each number makes another one.
func person(n int, more string) string {
	return fmt.Sprintf(`{"name":"N","email":"n%d@example.com","phone":"+5691234%04d","documentType":"RUT","documentNumber":"%d","idv":"iv"%s}`, n, n, 10_000_000+n, more)
}

func (w *world) create(n int, more string) string {
	w.Helper()
	return member(w.T, w.send(200, "POST", "/identities", person(n, more)), "id")
}
