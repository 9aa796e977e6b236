package conomy_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
)

// memoryTable is a table that remembers the last item written and answers with it,
// so that what is measured is everything but the table.
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

// newBenchmarkCalls are the creation and the fetch of the seed's identity, as Lambda runs
// them, log line included.
func newBenchmarkCalls(t testing.TB) (create, fetch func()) {
	t.Helper()
	lines := slog.Default()
	t.Cleanup(func() { slog.SetDefault(lines) })
	// The lines are made, unlike those of slog.DiscardHandler.
	slog.SetDefault(slog.New(slog.NewJSONHandler(struct{ io.Writer }{io.Discard}, nil)))
	api := &conomy.API{Identities: &registry.Registry{
		Store: store.New(new(memoryTable), bytes.Repeat([]byte("s"), 32)), Now: time.Now, Random: rand.NewChaCha8([32]byte{}),
	}}
	call := func(q request, status int) func() {
		r := routeOf(t, api, q.operation)
		handle, event := gateway.Handler(api, r), q.event(r)
		return func() {
			if got, err := handle(context.Background(), event); err != nil || got.StatusCode != status {
				t.Errorf("status = %d, error %v, want %d: %s", got.StatusCode, err, status, got.Body)
			}
		}
	}
	create = call(request{operation: "create-identity", body: readFile(t, "testdata/seed.json"), caller: trustedCaller}.withHeader("Idempotency-Key", "k"), 200)
	fetch = call(getRequest("679d26c44a21df7584b38e11"), 200)
	create() // fetch answers with what it made
	return create, fetch
}

func BenchmarkCreate(b *testing.B) {
	create, _ := newBenchmarkCalls(b)
	b.ReportAllocs()
	for b.Loop() {
		create()
	}
}

func BenchmarkGet(b *testing.B) {
	_, fetch := newBenchmarkCalls(b)
	b.ReportAllocs()
	for b.Loop() {
		fetch()
	}
}

func TestAllocations(t *testing.T) {
	create, fetch := newBenchmarkCalls(t)
	slack := 1.0
	if raceEnabled() {
		slack = 1.25 // under it pools forget on purpose, and their users allocate again
	}
	for _, tt := range []struct {
		name string
		call func()
		most float64
	}{{"create", create, 150}, {"fetch", fetch, 80}} {
		if got := testing.AllocsPerRun(200, tt.call); got > tt.most*slack {
			t.Errorf("%s: %.0f allocations, want at most %.0f", tt.name, got, tt.most*slack)
		}
	}
}

func raceEnabled() bool {
	build, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
