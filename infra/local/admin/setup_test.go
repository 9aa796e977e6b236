package admin_test

import (
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"cedula/infra/local/admin"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/jobs"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table/pebble"
)

// fixture is a registry, the core that fills it, and the table of both.
type fixture struct {
	*admin.Registry
	core *registry.Registry
	db   *pebble.DB
}

// onEachRegistry runs a test on a registry in this process and on one behind a socket.
func onEachRegistry(t *testing.T, test func(t *testing.T, f fixture)) {
	t.Helper()
	t.Run("service", func(t *testing.T) { test(t, newService(t)) })
	t.Run("remote", func(t *testing.T) {
		f := newService(t)
		f.Registry = serve(t, newFolder(t), admin.Handler(f.Registry))
		test(t, f)
	})
}

// newService returns a registry on an empty table, whose clock for expiry is two hours ahead.
func newService(t *testing.T) fixture {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	secret := make([]byte, 32)
	s := store.New(db, secret)
	const offset = 2 * time.Hour
	later := &registry.Registry{Store: s, Now: time.Now, Random: rand.Reader, ClockOffset: func(string) time.Duration { return offset }}
	a := &auth.Admin{AdminStore: s, Hasher: auth.NewHasher(secret), APIs: []auth.API{conomy.AuthAPI, blnk.AuthAPI}, Now: time.Now}
	service := admin.New(a, func() (*jobs.Reaper, error) {
		return &jobs.Reaper{Registry: later, PendingIndex: s, MaxClockOffset: offset}, nil
	})
	return fixture{service, &registry.Registry{Store: s, Now: time.Now, Random: rand.Reader}, db}
}

// newFolder returns a folder whose name is short enough for a socket; t.TempDir's holds the test's name.
func newFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "c") //nolint:usetesting // see above
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// serve serves h on the folder's socket, with the timeouts of a server of short requests, and returns its Registry.
func serve(t *testing.T, folder string, h http.Handler) *admin.Registry {
	t.Helper()
	l, err := admin.Listen(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(h)
	_ = server.Listener.Close()
	server.Listener = l
	server.Config.ReadTimeout = 200 * time.Millisecond
	server.Config.WriteTimeout = 200 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	r, err := admin.Dial(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (f fixture) mustCreateClient(t *testing.T) admin.NewClient {
	t.Helper()
	made, err := f.CreateClient(t.Context(), auth.ClientParams{
		Name: "shop", Tenant: "shop", Scopes: auth.Scopes{"identity:read"}, Strict: true,
		Limits: auth.Limits{Rate: 2.5, Burst: 5, Quota: 9}, Policy: auth.Policy{Onboarding: "contact", PendingTTL: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// mustCreateKey creates a key that expires, or never does.
func (f fixture) mustCreateKey(t *testing.T, client string, expires time.Time) admin.NewKey {
	t.Helper()
	made, err := f.CreateKey(t.Context(), admin.KeyParams{Client: client, KeyParams: auth.KeyParams{API: blnk.AuthAPI, Name: "till", Expires: expires}})
	if err != nil {
		t.Fatal(err)
	}
	return made
}
