package store_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/auth"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faults"
)

func attempt(t *testing.T, s *store.Store, calls *faults.Counter, client, key string, want error) auth.Failures {
	t.Helper()
	calls.Reset()
	c, k, f, err := s.Attempt(ctx, client, key)
	if !errors.Is(err, want) || err == nil && (c.ID != client || k.ID != key) {
		t.Errorf("%v, want %v; client %q, key %q", err, want, c.ID, k.ID)
	}
	if got := calls.Reset(); got.Total() != 1 || got.Get != 1 {
		t.Errorf("an attempt took %+v", got)
	}
	return f
}

func failuresRead(t *testing.T, s *store.Store, calls *faults.Counter) {
	for _, id := range []string{"c1", "c2"} {
		if err := s.CreateClient(ctx, auth.Client{ID: id, Tenant: "t"}, auth.Key{ID: id + "k", Client: id}); err != nil {
			t.Fatal(err)
		}
	}
	f := attempt(t, s, calls, "c1", "c1k", nil)
	if diff := cmp.Diff(auth.Failures{Counter: "c1"}, f); diff != "" {
		t.Error(diff)
	}
	f.Until = now.Add(10 * time.Second).Truncate(time.Millisecond)
	for n := range 3 {
		f.Count = n + 1
		calls.Reset()
		if _, err := s.Count(ctx, f); err != nil {
			t.Fatal(err)
		}
		if got := calls.Reset(); got.Total() != 1 || got.Write != 1 {
			t.Errorf("a count took %+v", got)
		}
		f.Version++
		got := attempt(t, s, calls, "c1", "c1k", nil)
		got.Until = got.Until.UTC()
		if diff := cmp.Diff(f, got); diff != "" {
			t.Error(diff)
		}
	}
	if other := attempt(t, s, calls, "c2", "c2k", nil); other.Count != 0 || other.Counter != "c2" {
		t.Errorf("another client's: %+v", other)
	}
	// A guesser who does not know a key of the client is nobody.
	if f := attempt(t, s, calls, "c1", "c1x", auth.ErrUnknown); f.Counter == "c1" || f.Count != 0 {
		t.Errorf("with an unknown key: %+v", f)
	}
}

func failuresOfNobody(t *testing.T, s *store.Store, calls *faults.Counter) {
	counters := map[string]bool{}
	for n := range 1000 {
		id := fmt.Sprintf("n%d", n)
		f := attempt(t, s, calls, id, id+"k", auth.ErrUnknown)
		counters[f.Counter] = true
		if again := attempt(t, s, calls, id, id+"x", auth.ErrUnknown); again.Counter != f.Counter {
			t.Fatalf("%s is counted twice: %s and %s", id, f.Counter, again.Counter)
		}
	}
	if len(counters) > 256 || len(counters) < 128 {
		t.Errorf("%d counters", len(counters))
	}
	f := attempt(t, s, calls, "n1", "n1k", auth.ErrUnknown)
	f.Count, f.Until = 5, now
	if _, err := s.Count(ctx, f); err != nil {
		t.Fatal(err)
	}
	if got := attempt(t, s, calls, "n1", "n1k", auth.ErrUnknown); got.Count != 5 || got.Version != 1 {
		t.Errorf("%+v", got)
	}
	// Once there is a client of that id, what was counted for nobody is not its own.
	if err := s.CreateClient(ctx, auth.Client{ID: "n1", Tenant: "t"}, auth.Key{ID: "n1k", Client: "n1"}); err != nil {
		t.Fatal(err)
	}
	if got := attempt(t, s, calls, "n1", "n1k", nil); got.Count != 0 {
		t.Errorf("a new client begins with %+v", got)
	}
}

func failuresRaced(t *testing.T, s *store.Store, _ *faults.Counter) {
	for version := range int64(2) {
		var won atomic.Int64
		var all sync.WaitGroup
		for n := range 16 {
			all.Go(func() {
				mine := auth.Failures{Counter: "c1", Count: n + 1, Until: now, Version: version}
				there, err := s.Count(ctx, mine)
				switch {
				case err == nil:
					won.Add(1)
				case !errors.Is(err, auth.ErrExists):
					t.Error(err)
				case there.Version != version+1 || there.Count == 0 || there.Counter != "c1":
					t.Errorf("the loser sees %+v", there)
				}
			})
		}
		all.Wait()
		if won.Load() != 1 {
			t.Errorf("%d counts were written", won.Load())
		}
	}
	// A counter that went by its time is as none.
	if there, err := s.Count(ctx, auth.Failures{Counter: "c2", Count: 3, Until: now, Version: 7}); !errors.Is(err, auth.ErrExists) || there.Count != 0 || there.Version != 0 {
		t.Errorf("%+v, %v", there, err)
	}
}

// TestFailuresExpire: a counter's item may go once its failures are forgotten,
// and stands apart from credentials.
func TestFailuresExpire(t *testing.T) {
	s := &spy{Table: openEmbedded(t)}
	until := time.UnixMilli(1772600767123)
	if _, err := store.New(s, secret).Count(ctx, auth.Failures{Counter: "c1", Count: 1, Until: until}); err != nil {
		t.Fatal(err)
	}
	want := table.Item{
		Key: table.Key{PK: "L#c1", SK: "#"}, Version: 1, Expires: time.Unix(1772600768, 0), Body: []byte(`{"n":1,"u":1772600767123}`),
	}
	if diff := cmp.Diff(want, s.ops[0].Item); diff != "" {
		t.Error(diff)
	}
}
