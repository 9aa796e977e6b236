package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/apitest"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
)

// memoryTable returns the last identity written, so that a benchmark measures everything except the table. An identity
// follows the claim of its idempotency key, which expires.
type memoryTable struct {
	table.Table
	last atomic.Pointer[table.Item]
}

func (m *memoryTable) Write(_ context.Context, ops ...table.Op) (table.Units, error) {
	identity := slices.IndexFunc(ops, func(op table.Op) bool { return op.Item.Expires.IsZero() })
	m.last.Store(&ops[identity].Item)
	return table.Units{}, nil
}

func (m *memoryTable) Get(context.Context, bool, ...table.Key) (table.GetResult, error) {
	return table.GetResult{Items: []table.Item{*m.last.Load()}}, nil
}

// benchmarkedCalls returns the calls of sample events as Lambda runs them. Log lines are encoded and then discarded;
// slog.DiscardHandler would not encode them.
func benchmarkedCalls(t testing.TB) map[string]func() {
	t.Helper()
	previous := slog.Default()
	t.Cleanup(func() { slog.SetDefault(previous) })
	slog.SetDefault(slog.New(slog.NewJSONHandler(struct{ io.Writer }{io.Discard}, nil)))
	calls := make(map[string]func())
	for _, name := range []string{"conomy", "blnk"} {
		identities := &registry.Registry{
			Store: store.New(new(memoryTable), bytes.Repeat([]byte("s"), 32)), Now: time.Now, Random: rand.NewChaCha8([32]byte{}),
		}
		api := map[string]gateway.API{"conomy": &conomy.API{Identities: identities}, "blnk": &blnk.API{Identities: identities}}[name]
		for _, operation := range []string{"create-identity", "get-identity"} { // a get returns the last identity created
			var event events.APIGatewayProxyRequest
			sample, err := os.ReadFile("../../events/" + name + "-" + operation + ".json")
			if err == nil {
				err = json.Unmarshal(sample, &event)
			}
			if err != nil {
				t.Fatal(err)
			}
			handle := gateway.Handler(api, apitest.Route(t, api, operation))
			call := func() {
				if got, err := handle(context.Background(), event); err != nil || got.StatusCode >= 300 {
					t.Errorf("%s %s: status = %d, error %v, want success: %s", name, operation, got.StatusCode, err, got.Body)
				}
			}
			call()
			calls[name+" "+operation] = call
		}
	}
	return calls
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
	build, ok := debug.ReadBuildInfo()
	for name, call := range benchmarkedCalls(t) {
		most := 150.0
		if strings.HasSuffix(name, "get-identity") {
			most = 80
		}
		if ok && slices.Contains(build.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
			most *= 1.5 // the race detector makes pools drop items
		}
		if got := testing.AllocsPerRun(200, call); got > most {
			t.Errorf("%s: %.0f allocations, want at most %.0f", name, got, most)
		}
	}
}
