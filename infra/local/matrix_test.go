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
	"cedula/shared/table/faults"
)

// matrix is every way to call every route: who calls, about whose object, with
// the caches cold and warm.
type matrix struct {
	*world
	foreign sandbox // a client of another tenant
	serial  int
	cells   int
	wrong   int
}

// principal is somebody who calls, and what to expect of every route that is
// not open: the status of a refusal, or 0 for who may pass.
type principal struct {
	name    string
	headers map[string][]string // by dialect, names and values in turn
	refused map[string]int      // by dialect
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{world: newWorld(t)}
	m.foreign = m.register(t, auth.ScopeAll)
	return m
}

// bearer are a client's headers in both dialects.
func (m *matrix) bearer(t *testing.T, c sandbox) map[string][]string {
	return map[string][]string{
		"conomy": {"Authorization", "Bearer " + m.tokenOf(t, c), "X-Api-Key", c.ConomyKey}, "blnk": {"X-Blnk-Key", c.BlnkKey},
	}
}

func everywhere(status int) map[string]int { return map[string]int{"conomy": status, "blnk": status} }

// with is a client of the first one's tenant, changed somehow after its token
// was made.
func (m *matrix) with(t *testing.T, change func(*auth.Client), scopes ...string) map[string][]string {
	t.Helper()
	c := m.register(t, scopes...)
	headers := m.bearer(t, c)
	if _, err := m.data.store.ChangeClient(t.Context(), c.ClientID, func(k *auth.Client) error {
		k.Tenant = m.client.ClientID
		if change != nil {
			change(k)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return headers
}

// ended is a client whose keys are changed after its token was made.
func (m *matrix) ended(t *testing.T, change func(*auth.Key)) map[string][]string {
	t.Helper()
	c := m.register(t, auth.ScopeAll)
	headers := m.bearer(t, c)
	for _, key := range []string{c.ConomyKey, c.BlnkKey} {
		if _, err := m.data.store.ChangeKey(t.Context(), c.ClientID, key[4:28], func(k *auth.Key) error { change(k); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return headers
}

func (m *matrix) principals(t *testing.T) []principal {
	t.Helper()
	own := m.bearer(t, m.client)
	foreign := m.bearer(t, m.foreign)
	past := func(k *auth.Key) { k.Expires = time.Now().Add(-time.Minute) }
	revoked := func(k *auth.Key) { k.Revoked = time.Now().Add(-time.Minute) }
	conomy := func(pairs ...string) map[string][]string {
		return map[string][]string{"conomy": pairs, "blnk": {"X-Blnk-Key", m.client.ConomyKey}}
	}
	unknown := forget(t, m.world)
	return []principal{
		{"the client itself", own, everywhere(0)},
		{"nobody", map[string][]string{}, everywhere(401)},
		{"its key alone, or the other API's", conomy("X-Api-Key", m.client.ConomyKey), everywhere(401)},
		{"its token alone, or the other API's key", conomy("Authorization", own["conomy"][1]), everywhere(401)},
		{"its token with another's key", map[string][]string{"conomy": {"Authorization", own["conomy"][1], "X-Api-Key", m.foreign.ConomyKey}}, map[string]int{"conomy": 403, "blnk": 401}},
		{"another's token with its key", map[string][]string{"conomy": {"Authorization", foreign["conomy"][1], "X-Api-Key", m.client.ConomyKey}}, map[string]int{"conomy": 403, "blnk": 401}},
		{"garbage", map[string][]string{"conomy": {"Authorization", "Bearer garbage", "X-Api-Key", "garbage"}, "blnk": {"X-Blnk-Key", "garbage"}}, everywhere(401)},
		{"an unsigned token, a key with a typing error", map[string][]string{
			"conomy": {"Authorization", "Bearer " + unsigned(strings.TrimPrefix(own["conomy"][1], "Bearer ")), "X-Api-Key", m.client.ConomyKey},
			"blnk":   {"X-Blnk-Key", lastChanged(m.client.BlnkKey)},
		}, everywhere(401)},
		{"a client that is gone", map[string][]string{"conomy": {"Authorization", "Bearer " + unknown.token, "X-Api-Key", unknown.key}, "blnk": {"X-Blnk-Key", unknown.blnkKey}}, everywhere(401)},
		{"an expired key", m.ended(t, past), everywhere(401)},
		{"a revoked key", m.ended(t, revoked), everywhere(401)},
		{"a suspended client", m.with(t, func(c *auth.Client) { c.Suspended = true }, auth.ScopeAll), map[string]int{"conomy": 403, "blnk": 401}},
		{"a client without any scope", m.with(t, nil), everywhere(403)},
	}
}

// sample is the request of an operation's sample event.
func sample(t *testing.T, dialect string, r gateway.Route) events.APIGatewayProxyRequest {
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

// objects are ids by whose they are. Each is made anew for each cell.
var objects = []string{"own", "foreign", "absent", "deleted"}

func (m *matrix) object(t *testing.T, kind string) string {
	t.Helper()
	m.serial++
	id := fmt.Sprintf("idt_%08d-0000-4000-8000-000000000000", m.serial)
	owner := m.client.ClientID
	if kind == "foreign" {
		owner = m.foreign.ClientID
	}
	if kind == "absent" {
		return id
	}
	s := &identity.Service{Store: m.data.store, Now: time.Now}
	if _, err := s.Create(context.Background(), identity.Draft{
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
	calls  faults.Calls
}

var unique = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

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
	m.calls.Reset()
	answer := httptest.NewRecorder()
	g.ServeHTTP(answer, request)
	return outcome{answer.Code, unique.ReplaceAllString(answer.Body.String(), "ID"), m.calls.Reset()}
}

// fail counts a wrong answer.
func (m *matrix) fail(t *testing.T, format string, args ...any) {
	t.Helper()
	m.wrong++
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
			e := sample(t, dialect, r)
			lacking := principal{"a client that lacks the route's scope", m.with(t, nil, slices.DeleteFunc(slices.Clone(auth.AllScopes), func(s string) bool {
				return auth.Scopes{s}.Has(r.Scope)
			})...), everywhere(403)}
			for _, p := range append(slices.Clone(people), lacking) {
				m.row(t, dialect, cold, r, e, p)
			}
		}
	}
	t.Logf("%d cells, %d wrong", m.cells, m.wrong)
	if m.cells < 600 {
		t.Errorf("%d cells are fewer than 600", m.cells)
	}
}

// row is one principal on one route.
func (m *matrix) row(t *testing.T, dialect string, cold func() *restGateway, r gateway.Route, e events.APIGatewayProxyRequest, p principal) {
	t.Helper()
	name := dialect + " " + r.Method + " " + r.Path + " by " + p.name
	kinds := objects
	if !strings.Contains(r.Path, "{id}") {
		kinds = objects[:1]
	}
	answers := map[string][2]outcome{}
	for _, kind := range kinds {
		g := cold()
		first := m.send(g, r, e, m.object(t, kind), p.headers[dialect])
		second := m.send(g, r, e, m.object(t, kind), p.headers[dialect])
		answers[kind] = [2]outcome{first, second}
		m.cells += 2
		want := p.refused[dialect]
		for _, got := range answers[kind] {
			switch {
			case want != 0 && (got.status != want || got.calls.Write > 0):
				m.fail(t, "%s, %s object: got %d %s %+v, want %d", name, kind, got.status, got.body, got.calls, want)
			case want == 0 && (got.status == 401 || got.status == 403 || got.status >= 500 && got.status != 501):
				m.fail(t, "%s, %s object: got %d %s", name, kind, got.status, got.body)
			case strings.Contains(got.body, "Juana") && kind != "own":
				m.fail(t, "%s, %s object: shows it: %s", name, kind, got.body)
			}
		}
		if want != 0 && (first.status != second.status || first.body != second.body) {
			m.fail(t, "%s, %s object: cold %d %s, warm %d %s", name, kind, first.status, first.body, second.status, second.body)
		}
		if want != 0 && second.calls.Total() > 0 && second.status == 403 {
			m.fail(t, "%s: a refusal asks the table: %+v", name, second.calls)
		}
	}
	for _, kind := range kinds[1:] {
		if got, absent := answers[kind], answers["absent"]; got != absent {
			m.fail(t, "%s: %s object %+v\nabsent object %+v", name, kind, got, absent)
		}
	}
	if p.refused[dialect] != 0 && len(kinds) > 1 && answers["own"] != answers["absent"] {
		m.fail(t, "%s: own object %+v\nabsent object %+v", name, answers["own"], answers["absent"])
	}
}
