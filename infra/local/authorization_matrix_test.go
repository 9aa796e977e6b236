package main

import (
	"context"
	"encoding/json"
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

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/table/faulttable"
)

// matrix is every way to call every route: who calls, about whose object, with
// the caches cold and warm.
type matrix struct {
	*fixture
	otherClient sandboxCredentials // a client of another tenant
	nextID      int
	cells       int
	failures    int
}

// principal is somebody who calls, and what to expect of every route that is
// not open: the status of a refusal, or 0 for who may pass.
type principal struct {
	name    string
	headers map[string][]string // by dialect, names and values in turn
	denied  map[string]int      // by dialect
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{fixture: newFixture(t)}
	m.otherClient = m.createClient(t, auth.ScopeAll)
	return m
}

// headersFor are a client's headers in both dialects.
func (m *matrix) headersFor(t *testing.T, c sandboxCredentials) map[string][]string {
	return map[string][]string{
		"conomy": {"Authorization", "Bearer " + m.tokenFor(t, c), "X-Api-Key", c.ConomyKey}, "blnk": {"X-Blnk-Key", c.BlnkKey},
	}
}

func bothAPIs(status int) map[string]int { return map[string]int{"conomy": status, "blnk": status} }

// clientWith is a client of the first one's tenant, changed somehow after its token
// was made.
func (m *matrix) clientWith(t *testing.T, change func(*auth.Client), scopes ...string) map[string][]string {
	t.Helper()
	c := m.createClient(t, scopes...)
	headers := m.headersFor(t, c)
	if _, err := m.registry.store.UpdateClient(t.Context(), c.ClientID, func(k *auth.Client) error {
		k.Tenant = m.credentials.ClientID
		if change != nil {
			change(k)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return headers
}

// clientWithKeys is a client whose keys are changed after its token was made.
func (m *matrix) clientWithKeys(t *testing.T, change func(*auth.Key)) map[string][]string {
	t.Helper()
	c := m.createClient(t, auth.ScopeAll)
	headers := m.headersFor(t, c)
	for _, key := range []string{c.ConomyKey, c.BlnkKey} {
		if _, err := m.registry.store.UpdateKey(t.Context(), c.ClientID, key[4:28], func(k *auth.Key) error { change(k); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return headers
}

func (m *matrix) principals(t *testing.T) []principal {
	t.Helper()
	own := m.headersFor(t, m.credentials)
	foreign := m.headersFor(t, m.otherClient)
	past := func(k *auth.Key) { k.Expires = time.Now().Add(-time.Minute) }
	revoked := func(k *auth.Key) { k.Revoked = time.Now().Add(-time.Minute) }
	conomy := func(pairs ...string) map[string][]string {
		return map[string][]string{"conomy": pairs, "blnk": {"X-Blnk-Key", m.credentials.ConomyKey}}
	}
	unknown := newDeletedClient(t, m.fixture)
	return []principal{
		{"the client itself", own, bothAPIs(0)},
		{"nobody", map[string][]string{}, bothAPIs(401)},
		{"its key alone, or the other API's", conomy("X-Api-Key", m.credentials.ConomyKey), bothAPIs(401)},
		{"its token alone, or the other API's key", conomy("Authorization", own["conomy"][1]), bothAPIs(401)},
		{"its token with another's key", map[string][]string{"conomy": {"Authorization", own["conomy"][1], "X-Api-Key", m.otherClient.ConomyKey}}, map[string]int{"conomy": 403, "blnk": 401}},
		{"another's token with its key", map[string][]string{"conomy": {"Authorization", foreign["conomy"][1], "X-Api-Key", m.credentials.ConomyKey}}, map[string]int{"conomy": 403, "blnk": 401}},
		{"garbage", map[string][]string{"conomy": {"Authorization", "Bearer garbage", "X-Api-Key", "garbage"}, "blnk": {"X-Blnk-Key", "garbage"}}, bothAPIs(401)},
		{"an unsigned token, a key with a typing error", map[string][]string{
			"conomy": {"Authorization", "Bearer " + unsignedToken(strings.TrimPrefix(own["conomy"][1], "Bearer ")), "X-Api-Key", m.credentials.ConomyKey},
			"blnk":   {"X-Blnk-Key", changeLastChar(m.credentials.BlnkKey)},
		}, bothAPIs(401)},
		{"a client that is gone", map[string][]string{"conomy": {"Authorization", "Bearer " + unknown.token, "X-Api-Key", unknown.key}, "blnk": {"X-Blnk-Key", unknown.blnkKey}}, bothAPIs(401)},
		{"an expired key", m.clientWithKeys(t, past), bothAPIs(401)},
		{"a revoked key", m.clientWithKeys(t, revoked), bothAPIs(401)},
		{"a suspended client", m.clientWith(t, func(c *auth.Client) { c.Suspended = true }, auth.ScopeAll), map[string]int{"conomy": 403, "blnk": 401}},
		{"a client without any scope", m.clientWith(t, nil), bothAPIs(403)},
	}
}

// sampleEvent is the request of an operation's sample event.
func sampleEvent(t *testing.T, dialect string, r gateway.Route) events.APIGatewayProxyRequest {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "events", dialect+"-"+r.Name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var e events.APIGatewayProxyRequest
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

// objectKinds are ids by whose they are. Each is made anew for each cell.
var objectKinds = []string{"own", "foreign", "absent", "deleted"}

func (m *matrix) createObject(t *testing.T, kind string) string {
	t.Helper()
	m.nextID++
	id := fmt.Sprintf("idt_%08d-0000-4000-8000-000000000000", m.nextID)
	owner := m.credentials.ClientID
	if kind == "foreign" {
		owner = m.otherClient.ClientID
	}
	if kind == "absent" {
		return id
	}
	s := &registry.Registry{Store: m.registry.store, Now: time.Now}
	if _, err := s.Create(context.Background(), registry.Draft{
		Tenant: owner, ID: id, Status: identity.Active, Trusted: true, Profile: identity.Profile{FirstName: "Juana", Email: "juana@example.com"},
	}); err != nil {
		t.Fatal(err)
	}
	if kind == "deleted" {
		if err := s.Delete(context.Background(), owner, id, nil); err != nil {
			t.Fatal(err)
		}
	}
	return id
}

// outcome is what a call came to, without what differs between any two.
type outcome struct {
	status int
	body   string
	calls  faulttable.Calls
}

var uuidPattern = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

func (m *matrix) send(g *restGateway, r gateway.Route, e events.APIGatewayProxyRequest, id string, headers []string) outcome {
	path := r.Path
	for name, value := range e.PathParameters {
		if name != "id" {
			path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(value))
		}
	}
	path = strings.ReplaceAll(path, "{id}", id)
	if len(e.MultiValueQueryStringParameters) > 0 {
		path += "?" + url.Values(e.MultiValueQueryStringParameters).Encode()
	}
	request := httptest.NewRequest(r.Method, path, strings.NewReader(e.Body))
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	m.tableCalls.Reset()
	answer := httptest.NewRecorder()
	g.ServeHTTP(answer, request)
	return outcome{answer.Code, uuidPattern.ReplaceAllString(answer.Body.String(), "ID"), m.tableCalls.Reset()}
}

// reportFailure counts a wrong answer.
func (m *matrix) reportFailure(t *testing.T, format string, args ...any) {
	t.Helper()
	m.failures++
	t.Errorf(format, args...)
}

// TestAuthorizationMatrix calls every route in every way. Nobody gets in who
// should not, whatever the caches hold; who is refused learns nothing about an
// object; and an object that is another's answers like one that never was or is
// no more, at the same cost.
func TestAuthorizationMatrix(t *testing.T) {
	m := newMatrix(t)
	people := m.principals(t)
	for _, dialect := range []string{"conomy", "blnk"} {
		cold := func() *restGateway { return newGateway(m.api(dialect)) }
		for _, r := range m.api(dialect).dialect.Routes() {
			if r.Public || r.Method == gateway.AnyMethod {
				continue
			}
			e := sampleEvent(t, dialect, r)
			lacking := principal{"a client that lacks the route's scope", m.clientWith(t, nil, slices.DeleteFunc(slices.Clone(auth.AllScopes), func(s string) bool {
				return auth.Scopes{s}.Has(r.Scope)
			})...), bothAPIs(403)}
			for _, p := range append(slices.Clone(people), lacking) {
				m.checkRow(t, dialect, cold, r, e, p)
			}
		}
	}
	t.Logf("%d cells, %d wrong", m.cells, m.failures)
	if m.cells < 600 {
		t.Errorf("%d cells are fewer than 600", m.cells)
	}
}

// checkRow is one principal on one route.
func (m *matrix) checkRow(t *testing.T, dialect string, cold func() *restGateway, r gateway.Route, e events.APIGatewayProxyRequest, p principal) {
	t.Helper()
	name := dialect + " " + r.Method + " " + r.Path + " by " + p.name
	kinds := objectKinds
	if !strings.Contains(r.Path, "{id}") {
		kinds = objectKinds[:1]
	}
	answers := map[string][2]outcome{}
	for _, kind := range kinds {
		g := cold()
		first := m.send(g, r, e, m.createObject(t, kind), p.headers[dialect])
		second := m.send(g, r, e, m.createObject(t, kind), p.headers[dialect])
		answers[kind] = [2]outcome{first, second}
		m.cells += 2
		want := p.denied[dialect]
		for _, got := range answers[kind] {
			switch {
			case want != 0 && (got.status != want || got.calls.Write > 0):
				m.reportFailure(t, "%s, %s object: got %d %s %+v, want %d", name, kind, got.status, got.body, got.calls, want)
			case want == 0 && (got.status == 401 || got.status == 403 || got.status >= 500 && got.status != 501):
				m.reportFailure(t, "%s, %s object: got %d %s", name, kind, got.status, got.body)
			case strings.Contains(got.body, "Juana") && kind != "own":
				m.reportFailure(t, "%s, %s object: shows it: %s", name, kind, got.body)
			}
		}
		if want != 0 && (first.status != second.status || first.body != second.body) {
			m.reportFailure(t, "%s, %s object: cold %d %s, warm %d %s", name, kind, first.status, first.body, second.status, second.body)
		}
		if want != 0 && second.calls.Total() > 0 && second.status == 403 {
			m.reportFailure(t, "%s: a refusal asks the table: %+v", name, second.calls)
		}
	}
	for _, kind := range kinds[1:] {
		if got, absent := answers[kind], answers["absent"]; got != absent {
			m.reportFailure(t, "%s: %s object %+v\nabsent object %+v", name, kind, got, absent)
		}
	}
	if p.denied[dialect] != 0 && len(kinds) > 1 && answers["own"] != answers["absent"] {
		m.reportFailure(t, "%s: own object %+v\nabsent object %+v", name, answers["own"], answers["absent"])
	}
}
