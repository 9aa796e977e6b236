package local

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/local/admin"
	"cedula/infra/local/apigateway"
	"cedula/infra/local/datadir"
	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/table/faulttable"
)

// matrix is every way to call every route: who calls, about whose object, with cold and warm caches.
type matrix struct {
	*fixture
	other         datadir.Credentials // of another tenant
	nextID, cells int
}

// principal is a caller, and the status of every route that is not public.
type principal struct {
	name    string
	headers map[string][]string // by API, names and values in turn
	denied  map[string]int      // by API; 0: allowed
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{fixture: newFixture(t)}
	m.other = m.createClient(t, auth.ClientParams{Scopes: auth.Scopes{auth.ScopeAll}})
	return m
}

// api returns an API whose caches are empty.
func (m *matrix) api(name string) apigateway.API {
	conomyAPI, blnkAPI := m.apis(testIssuer)
	return map[string]apigateway.API{"conomy": conomyAPI, "blnk": blnkAPI}[name]
}

// privateRoutes returns the routes that need credentials.
func (m *matrix) privateRoutes(api string) []gateway.Route {
	return slices.DeleteFunc(m.api(api).Operations.Routes(), func(r gateway.Route) bool { return r.Public || r.Method == gateway.AnyMethod })
}

// headersFor returns a client's headers in both APIs.
func (m *matrix) headersFor(t *testing.T, c datadir.Credentials) map[string][]string {
	t.Helper()
	s := m.as(c)
	return map[string][]string{"conomy": s.conomyHeaders(t), "blnk": s.blnkHeaders()}
}

// changedClient creates a client of the sandbox's tenant, and changes it and its keys after its login. It returns the
// headers.
func (m *matrix) changedClient(t *testing.T, scopes []string, suspended bool, change func(*auth.Key)) map[string][]string {
	t.Helper()
	c := m.createClient(t, auth.ClientParams{Tenant: datadir.SandboxTenant, Scopes: scopes})
	headers := m.headersFor(t, c)
	_, err := m.admin().Suspend(t.Context(), admin.Suspension{ID: c.ClientID, Lift: !suspended})
	for _, key := range []string{c.ConomyKey, c.BlnkKey} {
		_, changeErr := m.store.UpdateKey(t.Context(), c.ClientID, key[4:28], func(k *auth.Key) error {
			change(k)
			return nil
		})
		err = errors.Join(err, changeErr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return headers
}

// deletedClient returns valid headers of a client that the table does not have.
func (m *matrix) deletedClient(t *testing.T) map[string][]string {
	t.Helper()
	elsewhere := newFixture(t)
	elsewhere.data.Signer = m.data.Signer
	conomyAPI, _ := elsewhere.apis(testIssuer)
	elsewhere.conomy = elsewhere.serve(t, conomyAPI)
	return (&matrix{fixture: elsewhere}).headersFor(t, elsewhere.credentials)
}

func unchanged(*auth.Key) {}

func (m *matrix) principals(t *testing.T) []principal {
	t.Helper()
	both := func(status int) map[string]int { return map[string]int{"conomy": status, "blnk": status} }
	mismatch := map[string]int{"conomy": 403, "blnk": 401}
	own, c := m.headersFor(t, m.credentials), m.credentials
	token := strings.TrimPrefix(own["conomy"][1], "Bearer ")
	otherToken := strings.TrimPrefix(m.headersFor(t, m.other)["conomy"][1], "Bearer ")
	with := func(conomy []string, blnkKey string) map[string][]string {
		return map[string][]string{"conomy": conomy, "blnk": {"X-Blnk-Key", blnkKey}}
	}
	misspelledKey := c.BlnkKey[:len(c.BlnkKey)-1] + map[bool]string{true: "1", false: "0"}[strings.HasSuffix(c.BlnkKey, "0")]
	all, past := []string{auth.ScopeAll}, time.Now().Add(-time.Minute)
	return []principal{
		{"the client itself", own, both(0)},
		{"no credentials", nil, both(401)},
		{"its key alone, or the other API's", with([]string{"X-Api-Key", c.ConomyKey}, c.ConomyKey), both(401)},
		{"its token alone, or the key as a token", map[string][]string{"conomy": own["conomy"][:2], "blnk": {"Authorization", "Bearer " + c.BlnkKey}}, both(401)},
		{"its token with another's key", with(conomyHeaders(token, m.other.ConomyKey), c.ConomyKey), mismatch},
		{"another's token with its key", with(conomyHeaders(otherToken, c.ConomyKey), c.ConomyKey), mismatch},
		{"its token with the other API's key", with(conomyHeaders(token, c.BlnkKey), c.ConomyKey), mismatch},
		{"garbage", with(conomyHeaders("garbage", "garbage"), "garbage"), both(401)},
		{"an unsigned token, a key with a typing error", with(conomyHeaders(unsignedToken(token), c.ConomyKey), misspelledKey), both(401)},
		{"a deleted client", m.deletedClient(t), both(401)},
		{"an expired key", m.changedClient(t, all, false, func(k *auth.Key) { k.Expires = past }), both(401)},
		{"a revoked key", m.changedClient(t, all, false, func(k *auth.Key) { k.Revoked = past }), both(401)},
		{"a suspended client", m.changedClient(t, all, true, unchanged), mismatch},
		{"a client without any scope", m.changedClient(t, nil, false, unchanged), both(403)},
	}
}

// unsignedToken keeps a token's claims under the header {"alg":"none","typ":"at+jwt"}.
func unsignedToken(token string) string {
	return "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0." + strings.Split(token, ".")[1] + "."
}

// objectKinds say whose object a request is about, on a route that names one. Each cell gets a new object.
var objectKinds = []string{"absent", "own", "foreign", "deleted"}

func (m *matrix) createObject(t *testing.T, kind string) string {
	t.Helper()
	m.nextID++
	id := fmt.Sprintf("idt_%08d-0000-4000-8000-000000000000", m.nextID)
	if kind == "absent" {
		return id
	}
	owner := datadir.SandboxTenant
	if kind == "foreign" {
		owner = m.other.ClientID
	}
	_, err := m.registry.Create(t.Context(), registry.Draft{
		Tenant: owner, ID: id, Status: identity.Active, Trusted: true, Profile: identity.Profile{FirstName: "Juana", Email: "juana@example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if kind == "deleted" {
		if err := m.registry.Delete(t.Context(), owner, id, nil); err != nil {
			t.Fatal(err)
		}
	}
	return id
}

// outcome is a response and its cost, without what differs between any two.
type outcome struct {
	status int
	body   string
	calls  faulttable.Calls
}

var uuidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// send sends the route's sample event about an object.
func (m *matrix) send(t *testing.T, g *apigateway.Gateway, api string, r gateway.Route, id string, headers []string) outcome {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "events", api+"-"+r.Name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	e := events.APIGatewayProxyRequest{}
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	path := strings.ReplaceAll(r.Path, "{id}", id)
	for name, value := range e.PathParameters {
		path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
	}
	path += "?" + url.Values(e.MultiValueQueryStringParameters).Encode()
	request := httptest.NewRequest(r.Method, path, strings.NewReader(e.Body))
	setHeaders(request, headers)
	m.tableCalls.Reset()
	response := httptest.NewRecorder()
	g.ServeHTTP(response, request)
	return outcome{response.Code, uuidPattern.ReplaceAllString(response.Body.String(), "ID"), m.tableCalls.Reset()}
}

// TestAuthorizationMatrix calls every route in every way. Only permitted callers are accepted, whatever the caches hold. A
// rejected caller learns nothing about the object. A request for another tenant's object returns the same response, at the
// same cost, as one for an object that does not exist or has been deleted.
func TestAuthorizationMatrix(t *testing.T) {
	m := newMatrix(t)
	people := m.principals(t)
	for _, api := range []string{"conomy", "blnk"} {
		for _, r := range m.privateRoutes(api) {
			others := slices.DeleteFunc(slices.Clone(auth.AllScopes), func(s string) bool { return auth.Scopes{s}.Has(r.Scope) })
			lacking := principal{"a client that lacks the route's scope", m.changedClient(t, others, false, unchanged), map[string]int{api: 403}}
			for _, p := range append(slices.Clone(people), lacking) {
				m.checkRow(t, api, r, p)
			}
		}
	}
	t.Logf("%d cells", m.cells)
	if m.cells < 600 {
		t.Errorf("cells = %d, want at least 600", m.cells)
	}
}

// checkRow checks one principal on one route.
func (m *matrix) checkRow(t *testing.T, api string, r gateway.Route, p principal) {
	t.Helper()
	want := p.denied[api]
	kinds := objectKinds
	if !strings.Contains(r.Path, "{id}") {
		kinds = []string{"own"}
	}
	outcomes := map[string][2]outcome{}
	for _, kind := range kinds {
		name := fmt.Sprintf("%s %s %s by %s, %s object", api, r.Method, r.Path, p.name, kind)
		g := apigateway.New(m.api(api))
		cold := m.send(t, g, api, r, m.createObject(t, kind), p.headers[api])
		warm := m.send(t, g, api, r, m.createObject(t, kind), p.headers[api])
		outcomes[kind] = [2]outcome{cold, warm}
		m.cells += 2
		for _, got := range outcomes[kind] {
			if want != 0 && (got.status != want || got.calls.Write > 0) {
				t.Errorf("%s: got %d %s %+v, want %d and no write", name, got.status, got.body, got.calls, want)
			}
			if want == 0 && (got.status == 401 || got.status == 403 || got.status >= 500 && got.status != 501) {
				t.Errorf("%s: got %d %s, want to be allowed", name, got.status, got.body)
			}
			if kind != "own" && strings.Contains(got.body, "Juana") {
				t.Errorf("%s: the response shows it: %s", name, got.body)
			}
		}
		if want != 0 && (cold.status != warm.status || cold.body != warm.body) {
			t.Errorf("%s: cold %d %s, warm %d %s, want the same", name, cold.status, cold.body, warm.status, warm.body)
		}
		if want == 403 && warm.calls.Total() > 0 {
			t.Errorf("%s: a rejection with a warm cache takes %+v, want no call", name, warm.calls)
		}
		mustEqual := len(kinds) > 1 && (kind != "own" || want != 0)
		if absent := outcomes["absent"]; mustEqual && outcomes[kind] != absent {
			t.Errorf("%s: %+v, want what an absent one gives: %+v", name, outcomes[kind], absent)
		}
	}
}

// TestExpiredKeyIsRejectedDespiteCaches calls every route with a key that was valid when it was last used. Whatever cache
// still holds it, the response is that of an expired key which no cache holds.
func TestExpiredKeyIsRejectedDespiteCaches(t *testing.T) {
	m := newMatrix(t)
	end := time.Now().Add(-5 * time.Second)
	headers := m.changedClient(t, []string{auth.ScopeAll}, false, func(k *auth.Key) { k.Expires = end })
	for _, name := range []string{"conomy", "blnk"} {
		for _, r := range m.privateRoutes(name) {
			send := func(g *apigateway.Gateway) outcome { return m.send(t, g, name, r, "idt_absent", headers[name]) }
			api := m.api(name)
			warm := apigateway.New(api)
			m.clock = func() time.Time { return end.Add(-5 * time.Second) }
			send(warm)
			m.clock = time.Now
			want := send(apigateway.New(m.api(name)))
			if want.status != 401 || name == "blnk" && !strings.Contains(want.body, "AUTH_EXPIRED_API_KEY") {
				t.Fatalf("%s %s %s: an expired key gives %d %s, want 401", name, r.Method, r.Path, want.status, want.body)
			}
			want.calls = faulttable.Calls{}
			for cache, g := range map[string]*apigateway.Gateway{"the gateway": warm, "the authorizer": apigateway.New(api)} {
				for range 2 {
					if got := send(g); got != want {
						t.Errorf("%s %s %s, cached by %s: got %+v, want %+v", name, r.Method, r.Path, cache, got, want)
					}
				}
			}
		}
	}
}
