package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

// withListShards runs a test with tenant t's list in shards.
func withListShards(shards store.ListShards, run func(*testing.T, *store.Store, *faulttable.Counter)) func(*testing.T, *store.Store, *faulttable.Counter) {
	return func(t *testing.T, s *store.Store, calls *faulttable.Counter) {
		s.ListSharding = store.ListSharding{"t": shards}
		run(t, s, calls)
	}
}

// testShardedListCalls: a page asks each shard once where identities are spread over them, and goes on asking one where
// all are in it.
func testShardedListCalls(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	s.ListSharding = store.ListSharding{"t": {8, 8}}
	for n := range 400 {
		mustCreate(t, s, minimalIdentity(fmt.Sprintf("i%d", n)), nil, identity.Idempotency{})
	}
	shards := make(map[string]int)
	for n := range 8 {
		q, err := calls.Query(ctx, table.Query{Index: "L", PK: fmt.Sprintf("T#t#L#%d", n)})
		if err != nil || len(q.Items) < 25 {
			t.Errorf("shard %d has %d of 400 entries, %v, want at least 25", n, len(q.Items), err)
		}
		for _, i := range q.Items {
			shards[strings.TrimPrefix(i.PK, "T#t#I#")] = n
		}
	}
	s.ListSharding = store.ListSharding{"t": {1, 8}} // who changes an identity leaves it where it is
	for id := range shards {
		mustUpdate(t, s, nextVersion(reload(t, s, []identity.Identity{minimalIdentity(id)})[0], "Eva"))
	}
	for id, n := range shards {
		q, err := calls.Query(ctx, table.Query{Index: "L", PK: fmt.Sprintf("T#t#L#%d", n)})
		if at := func(i table.Item) bool { return i.PK == "T#t#I#"+id }; err != nil || !slices.ContainsFunc(q.Items, at) {
			t.Errorf("%s is no longer in shard %d (%v), want it where it was created", id, n, err)
		}
	}
	calls.Reset()
	for _, limit := range []int{1, 21, 100} {
		got, err := s.Entries(ctx, identity.Index{Tenant: "t"}, nil, limit, true)
		if c := calls.Reset(); err != nil || len(got) != limit || c.Query != 8 || c.Units.Read != 4 {
			t.Errorf("%d of %d entries by %d queries of %g units, %v, want all by 8 queries of 4 units", len(got), limit, c.Query, c.Units.Read, err)
		}
	}
	for id, n := range shards {
		if n != 3 {
			mustSucceed(t, s.Delete(ctx, "t", id, time.Now(), nil))
			delete(shards, id)
		}
	}
	calls.Reset()
	got, err := s.Entries(ctx, identity.Index{Tenant: "t"}, nil, 1000, true)
	if c := calls.Reset(); err != nil || len(got) != len(shards) || c.Query != 8 {
		t.Errorf("%d of %d entries by %d queries, %v, want all by 8", len(got), len(shards), c.Query, err)
	}
	if got, err = s.Entries(ctx, identity.Index{Tenant: "t"}, nil, 25, true); err != nil || len(got) != 25 {
		t.Errorf("%d of %d entries, %v, want all", len(got), 25, err)
	}
	if c := calls.Reset(); c.Query < 9 {
		t.Errorf("queries = %d, want at least 9: the shard with all entries is read again", c.Query)
	}
}

// testListResharding: while the sharding of a list changes and some processes still have the previous setting, readers
// with either setting return all identities in order.
func testListResharding(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	settings := []store.ListShards{{1, 1}, {1, 4}, {4, 4}, {4, 64}, {64, 64}}
	var want []identity.IndexEntry
	for n, setting := range settings {
		before := settings[max(n-1, 0)]
		for k := range 40 {
			s.ListSharding = store.ListSharding{"t": setting}
			if k%2 == 0 {
				s.ListSharding["t"] = before
			}
			i := minimalIdentity(fmt.Sprintf("i%d-%d", n, k))
			mustCreate(t, s, i, nil, identity.Idempotency{})
			want = append(want, entryOf(i))
		}
		slices.SortFunc(want, identity.IndexEntry.Compare)
		for _, reader := range []store.ListShards{before, setting} {
			s.ListSharding = store.ListSharding{"t": reader}
			got := pageThrough(t, s, identity.Index{Tenant: "t"}, 7, false)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("list read with %+v differs (-want +got):\n%s", reader, diff)
			}
		}
	}
}

// testShardFailure: a list with an unreadable shard is an error, not a shorter list.
func testShardFailure(t *testing.T, _ *store.Store, calls *faulttable.Counter) {
	injected := faulttable.NewInjector(calls)
	s := store.New(injected, secret)
	s.ListSharding = store.ListSharding{"t": {4, 4}}
	for n := range 40 {
		mustCreate(t, s, minimalIdentity(fmt.Sprintf("i%d", n)), nil, identity.Idempotency{})
	}
	whole := readAllEntries(t, s, identity.Index{Tenant: "t"})
	for _, fault := range faulttable.FaultsFor(faulttable.Query) {
		for call := 1; call <= 4; call++ {
			injected.SetPlan(faulttable.FaultAt(call, fault))
			got, err := s.Entries(ctx, identity.Index{Tenant: "t"}, nil, 1000, false)
			if err == nil && cmp.Diff(whole, got) != "" {
				t.Errorf("%v at call %d: %d of %d entries, want an error or all", fault, call, len(got), len(whole))
			}
			if met := injected.Injected(); len(met) != 1 {
				t.Errorf("%v at call %d was met %d times, want once", fault, call, len(met))
			}
		}
	}
}
