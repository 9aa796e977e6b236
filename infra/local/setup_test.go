package main

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"testing"

	"cedula/infra/local/timetravel"
	"cedula/infra/privacytest"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
)

// fixture is both APIs in this process, on a table that counts its calls, with
// everything logged kept.
type fixture struct {
	*server
	registry   *localRegistry
	tableCalls *faulttable.Counter
	limiter    *limiter
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	w := &fixture{server: &server{log: &transcript{}}}
	t.Cleanup(privacytest.SetLog(w.log))

	f, err := openDataDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	db, err := pebble.Open(f.join(tableDir), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(db.Close(), f.Close()); err != nil {
			t.Error(err)
		}
	})
	secret := make([]byte, secretBytes)
	w.tableCalls = faulttable.NewCounter(db)
	w.registry = &localRegistry{
		dir: f, table: db, store: store.New(w.tableCalls, secret), hasher: auth.NewHasher(secret), cursors: blnk.NewCursorCodec(secret),
		issuer: "http://conomy.example",
	}
	if w.registry.clock, err = timetravel.Open(f.path); err != nil {
		t.Fatal(err)
	}
	if err := w.registry.createSigner(); err != nil {
		t.Fatal(err)
	}
	if err := w.registry.createDataKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.credentials = w.createClient(t, auth.ScopeAll)
	conomyAPI, blnkAPI := w.registry.apis()
	w.limiter = conomyAPI.limiter
	w.conomy, w.blnk = w.serve(t, conomyAPI), w.serve(t, blnkAPI)
	return w
}

func (w *fixture) serve(t *testing.T, a api) string {
	t.Helper()
	s := httptest.NewServer(newGateway(a))
	t.Cleanup(s.Close)
	return s.URL
}

// createClient makes one more client, of a tenant of its own.
func (w *fixture) createClient(t *testing.T, scopes ...string) sandboxCredentials {
	t.Helper()
	admin := &auth.Admin{AdminStore: w.registry.store, Hasher: w.registry.hasher, APIs: apis}
	_, shown, err := admin.CreateClient(t.Context(), auth.ClientParams{Name: "test", Scopes: auth.ParseScopes(joinScopes(scopes)), TestMode: true})
	if err != nil {
		t.Fatal(err)
	}
	return newSandboxCredentials(shown)
}

func joinScopes(scopes []string) string {
	all := ""
	for _, s := range scopes {
		all += s + " "
	}
	return all
}

// tokenFor gets another client's token.
func (w *fixture) tokenFor(t *testing.T, c sandboxCredentials) string {
	t.Helper()
	other := *w.server
	other.credentials = c
	return other.token(t)
}

func jsonField(t testing.TB, a httpResponse, name string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(a.body, &all); err != nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	s, _ := all[name].(string)
	return s
}
