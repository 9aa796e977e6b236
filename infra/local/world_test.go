package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"cedula/infra/canary"
	"cedula/infra/clock"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/store"
	"cedula/shared/table/embedded"
	"cedula/shared/table/faults"
)

// world is both APIs in this process, on a table that counts its calls, with
// everything logged kept.
type world struct {
	*server
	data   *data
	calls  *faults.Counter
	limits *limiter
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{server: &server{log: &transcript{}}}
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(canary.Tee(w.log), nil)))
	t.Cleanup(func() { slog.SetDefault(before) })

	f, err := openFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	db, err := embedded.Open(f.in(tableFolder), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(db.Close(), f.Close()); err != nil {
			t.Error(err)
		}
	})
	secret := make([]byte, secretBytes)
	w.calls = faults.Count(db)
	w.data = &data{
		folder: f, table: db, store: store.New(w.calls, secret), hasher: auth.NewHasher(secret), cursors: blnk.NewCursors(secret),
		issuer: "http://conomy.example",
	}
	if w.data.clock, err = clock.Open(f.path); err != nil {
		t.Fatal(err)
	}
	if err := w.data.makeSigner(); err != nil {
		t.Fatal(err)
	}
	if err := w.data.makeDataKey(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.client = w.register(t, auth.ScopeAll)
	conomyAPI, blnkAPI := w.data.apis()
	w.limits = conomyAPI.limits
	w.conomy, w.blnk = w.serve(t, conomyAPI), w.serve(t, blnkAPI)
	return w
}

func (w *world) serve(t *testing.T, a api) string {
	t.Helper()
	s := httptest.NewServer(newGateway(a))
	t.Cleanup(s.Close)
	return s.URL
}

// register makes one more client, of a tenant of its own.
func (w *world) register(t *testing.T, scopes ...string) sandbox {
	t.Helper()
	_, shown, err := auth.Register(context.Background(), w.data.store, w.data.hasher,
		auth.NewClient{Name: "test", Scopes: auth.ParseScopes(join(scopes))}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return sandbox{shown.ClientID, shown.ClientSecret, shown.ConomyKey, shown.BlnkKey}
}

func join(scopes []string) string {
	all := ""
	for _, s := range scopes {
		all += s + " "
	}
	return all
}

// tokenOf gets another client's token.
func (w *world) tokenOf(t *testing.T, c sandbox) string {
	t.Helper()
	other := *w.server
	other.client = c
	return other.token(t)
}

func field(t testing.TB, a answer, name string) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal(a.body, &all); err != nil {
		t.Fatalf("%d %s", a.status, a.body)
	}
	s, _ := all[name].(string)
	return s
}
