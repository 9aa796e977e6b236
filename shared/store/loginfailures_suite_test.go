package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

func readCredentials(t *testing.T, s *store.Store, calls *faulttable.Counter, client, key string, want error) auth.FailureWindow {
	t.Helper()
	calls.Reset()
	c, k, f, err := s.CredentialsWithFailures(ctx, client, key)
	if !errors.Is(err, want) || err == nil && (c.ID != client || k.ID != key) {
		t.Errorf("%v, want %v; client %q, key %q", err, want, c.ID, k.ID)
	}
	wantCalls(t, calls, "an attempt", faulttable.Calls{Get: 1})
	return f
}

func testLoginFailures(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	for _, id := range []string{"c1", "c2"} {
		mustSucceed(t, s.CreateClient(ctx, auth.Client{ID: id, Tenant: "t"}, auth.Key{ID: id + "k", Client: id}))
	}
	f := readCredentials(t, s, calls, "c1", "c1k", nil)
	wantEqual(t, auth.FailureWindow{CounterID: "c1"}, f, nil)
	f.Expires = now.Add(10 * time.Second).Truncate(time.Millisecond)
	for n := range 3 {
		f.Count = n + 1
		calls.Reset()
		mustSucceed(t, errorOf(s.RecordFailure(ctx, f)))
		wantCalls(t, calls, "a count", faulttable.Calls{Write: 1})
		f.Version++
		got := readCredentials(t, s, calls, "c1", "c1k", nil)
		got.Expires = got.Expires.UTC()
		wantEqual(t, f, got, nil)
	}
	if other := readCredentials(t, s, calls, "c2", "c2k", nil); other.Count != 0 || other.CounterID != "c2" {
		t.Errorf("failures of another client = %+v, want none under c2", other)
	}
	// Guesses without a key of the client are counted for an unknown client.
	if f := readCredentials(t, s, calls, "c1", "c1x", auth.ErrNotFound); f.CounterID == "c1" || f.Count != 0 {
		t.Errorf("failures with an unknown key = %+v, want none, not under c1", f)
	}
}

func testUnknownClientFailures(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	counters := map[string]bool{}
	for n := range 1000 {
		id := fmt.Sprintf("n%d", n)
		f := readCredentials(t, s, calls, id, id+"k", auth.ErrNotFound)
		counters[f.CounterID] = true
		if again := readCredentials(t, s, calls, id, id+"x", auth.ErrNotFound); again.CounterID != f.CounterID {
			t.Fatalf("counters of %s = %s and %s, want one", id, f.CounterID, again.CounterID)
		}
	}
	if len(counters) > 256 || len(counters) < 128 {
		t.Errorf("counters = %d, want 128 to 256", len(counters))
	}
	f := readCredentials(t, s, calls, "n1", "n1k", auth.ErrNotFound)
	f.Count, f.Expires = 5, now
	mustSucceed(t, errorOf(s.RecordFailure(ctx, f)))
	if got := readCredentials(t, s, calls, "n1", "n1k", auth.ErrNotFound); got.Count != 5 || got.Version != 1 {
		t.Errorf("failures = %+v, want 5 in version 1", got)
	}
	// Once there is a client of that id, failures counted for unknown clients are not its own.
	mustSucceed(t, s.CreateClient(ctx, auth.Client{ID: "n1", Tenant: "t"}, auth.Key{ID: "n1k", Client: "n1"}))
	if got := readCredentials(t, s, calls, "n1", "n1k", nil); got.Count != 0 {
		t.Errorf("failures of a new client = %+v, want none", got)
	}
}

func testStaleLoginFailures(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	stored := auth.FailureWindow{CounterID: "c1", Count: 3, Expires: now.Truncate(time.Millisecond)}
	mustSucceed(t, errorOf(s.RecordFailure(ctx, stored)))
	stored.Version = 1
	deleted := auth.FailureWindow{CounterID: "c2"}
	for _, want := range []auth.FailureWindow{stored, deleted} {
		stale := auth.FailureWindow{CounterID: want.CounterID, Count: 9, Expires: now, Version: 7}
		got, err := s.RecordFailure(ctx, stale)
		wantError(t, "a count of version 7", err, auth.ErrVersionMismatch)
		got.Expires = got.Expires.UTC()
		wantEqual(t, want, got, nil)
	}
	stale := auth.FailureWindow{CounterID: "c1", Count: 1, Expires: now}
	wantError(t, "a first count of a counter that exists", errorOf(s.RecordFailure(ctx, stale)), auth.ErrVersionMismatch)
}

// TestLoginFailuresExpire: a counter's item expires with its window, and is not in the partition of the credentials.
func TestLoginFailuresExpire(t *testing.T) {
	s := &recordingTable{Table: openPebble(t)}
	until := time.UnixMilli(1772600767123)
	mustSucceed(t, errorOf(store.New(s, secret).RecordFailure(ctx, auth.FailureWindow{CounterID: "c1", Count: 1, Expires: until})))
	want := table.Item{
		Key: table.Key{PK: "L#c1", SK: "#"}, Version: 1, Expires: time.Unix(1772600768, 0), Body: []byte(`{"n":1,"u":1772600767123}`),
	}
	wantEqual(t, want, s.ops[0].Item, nil)
}
