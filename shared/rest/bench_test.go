package rest_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"cedula/infra/apitest"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
)

// memoryTable returns the last item written, so that a benchmark measures everything but the table.
type memoryTable struct {
	table.Table
	last atomic.Pointer[table.Item]
}

func (m *memoryTable) Write(_ context.Context, ops ...table.Op) (table.Units, error) {
	m.last.Store(&ops[0].Item)
	return table.Units{}, nil
}

func (m *memoryTable) Get(context.Context, bool, ...table.Key) (table.GetResult, error) {
	return table.GetResult{Items: []table.Item{*m.last.Load()}}, nil
}

// benchmarkedCalls returns a create and a get of each API as Lambda runs them. Log lines are encoded, unlike those of
// slog.DiscardHandler, and then discarded.
func benchmarkedCalls(t testing.TB) map[string]func() {
	t.Helper()
	previous := slog.Default()
	t.Cleanup(func() { slog.SetDefault(previous) })
	slog.SetDefault(slog.New(slog.NewJSONHandler(struct{ io.Writer }{io.Discard}, nil)))
	newRegistry := func() *registry.Registry {
		s := store.New(new(memoryTable), bytes.Repeat([]byte("s"), 32))
		return &registry.Registry{Store: s, Now: time.Now, Random: rand.NewChaCha8([32]byte{})}
	}
	seed, err := os.ReadFile("../conomy/testdata/seed.json")
	if err != nil {
		t.Fatal(err)
	}
	calls := make(map[string]func())
	for _, b := range []struct {
		name string
		api  gateway.API
		body string
	}{
		{"conomy", &conomy.API{Identities: newRegistry()}, string(seed)},
		{"blnk", &blnk.API{Identities: newRegistry()}, blnkBody},
	} {
		caller := apitest.Caller("acme", auth.ScopeAll)
		create := apitest.NewRequest("create-identity", "", b.body).WithCaller(caller).WithHeader("Idempotency-Key", "k")
		calls[b.name+"/create"] = newCall(t, b.api, create)
		calls[b.name+"/create"]() // the identity that a get returns
		calls[b.name+"/get"] = newCall(t, b.api, apitest.NewRequest("get-identity", "679d26c44a21df7584b38e11", "").WithCaller(caller))
	}
	return calls
}

// blnkBody has every field of the Blnk API.
const blnkBody = `{
	"identity_id": "idt_11111111-1111-4111-8111-111111111111", "identity_type": "individual", "organization_name": "Acme", "category": "customer",
	"first_name": "Alice", "last_name": "Ñandú", "other_names": "Bo Cy", "gender": "female", "email_address": "alice@example.com", "phone_number": "555 1234",
	"nationality": "Canadian", "street": "1 Main St", "country": "Canada", "state": "Ontario", "post_code": "01234", "city": "Ottawa", "dob": "1990-01-15",
	"meta_data": {"z": 9007199254740993, "a": 1.10, "m": {"b": [1, 2.50, {"c": "é<"}]}, "e": 1E5, "neg": -0.0, "n": null}
}`

func newCall(t testing.TB, api gateway.API, r apitest.Request) func() {
	t.Helper()
	route, event := r.Event(t, api)
	handle := gateway.Handler(api, route)
	return func() {
		if got, err := handle(context.Background(), event); err != nil || got.StatusCode >= 300 {
			t.Errorf("%s: status = %d, error %v, want a success: %s", route.Name, got.StatusCode, err, got.Body)
		}
	}
}

func BenchmarkCalls(b *testing.B) {
	for name, call := range benchmarkedCalls(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				call()
			}
		})
	}
}

func TestAllocations(t *testing.T) {
	most := map[string]float64{"conomy/create": 150, "conomy/get": 80, "blnk/create": 150, "blnk/get": 80}
	build, ok := debug.ReadBuildInfo()
	for name, call := range benchmarkedCalls(t) {
		if ok && slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
			most[name] *= 1.25 // the race detector makes pools drop items
		}
		if got := testing.AllocsPerRun(200, call); got > most[name] {
			t.Errorf("%s: %.0f allocations, want at most %.0f", name, got, most[name])
		}
	}
}
