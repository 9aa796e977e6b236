package store_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
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

// reshardingSteps are those that a tenant goes through as its list is split further,
// each with what another process has that did not hear of it yet.
var reshardingSteps = []struct{ now, before store.ListShards }{
	{store.ListShards{1, 1}, store.ListShards{1, 1}},
	{store.ListShards{1, 4}, store.ListShards{1, 1}},
	{store.ListShards{4, 4}, store.ListShards{1, 4}},
	{store.ListShards{4, 64}, store.ListShards{4, 4}},
	{store.ListShards{64, 64}, store.ListShards{4, 64}},
}

// testListResharding: while identities come, change and go, and the list is split
// again and again, each reader meets all of them in order.
func testListResharding(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	random := rand.New(rand.NewPCG(1, 2))
	there := make(map[string]identity.Identity)
	change := func(n int) {
		id := fmt.Sprintf("i%d", random.IntN(400))
		i, known := there[id]
		switch {
		case !known:
			i = minimalIdentity(id)
			i.CreatedAt = now.Add(time.Duration(random.IntN(3)) * time.Second)
			there[id] = mustCreate(t, s, i, nil, identity.Idempotency{}).Identity
		case n%2 == 0:
			i = reload(t, s, []identity.Identity{i})[0]
			changed, err := s.Update(ctx, nextVersion(i, "Eva"), nil, identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{})
			if err != nil {
				t.Fatal(err)
			}
			there[id] = changed.Identity
		default:
			mustSucceed(t, s.Delete(ctx, "t", id, nil))
			delete(there, id)
		}
	}
	for _, setting := range reshardingSteps {
		for n := range 80 {
			s.ListSharding = store.ListSharding{"t": setting.now}
			if n%2 == 0 {
				s.ListSharding["t"] = setting.before
			}
			change(n)
		}
		var want []identity.IndexEntry
		for i := range maps.Values(there) {
			want = append(want, entryOf(i))
		}
		slices.SortFunc(want, identity.IndexEntry.Compare)
		for _, lists := range []store.ListShards{setting.before, setting.now} {
			s.ListSharding = store.ListSharding{"t": lists}
			wantListBothWays(t, s, want)
		}
	}
}

func wantListBothWays(t *testing.T, s *store.Store, want []identity.IndexEntry) {
	t.Helper()
	for _, descending := range []bool{false, true} {
		for _, limit := range []int{3, 20, len(want), 1000} {
			if got := pageThrough(t, s, identity.Index{Tenant: "t"}, limit, descending); cmp.Diff(want, got) != "" {
				t.Errorf("%+v by %d, descending %v\n%s; want cmp.Diff(want, got) == \"\"", s.ListSharding, limit, descending, cmp.Diff(want, got))
			}
		}
		slices.Reverse(want)
	}
}

// testShardedListCalls: a page asks each shard once where identities are spread over them,
// and goes on asking one where all are in it.
func testShardedListCalls(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	s.ListSharding = store.ListSharding{"t": {8, 8}}
	for n := range 400 {
		mustCreate(t, s, minimalIdentity(fmt.Sprintf("i%d", n)), nil, identity.Idempotency{})
	}
	shards := make(map[string]int)
	for n := range 8 {
		q, err := calls.Query(ctx, table.Query{Index: "L", PK: fmt.Sprintf("T#t#L#%d", n)})
		if err != nil || len(q.Items) < 25 {
			t.Errorf("shard %d has %d of 400: %v; want no error and len(q.Items) >= 25", n, len(q.Items), err)
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
			t.Errorf("%s left its shard %d: %v; want no error and slices.ContainsFunc(q.Items, at)", id, n, err)
		}
	}
	calls.Reset()
	for _, limit := range []int{1, 21, 100} {
		got, err := s.Entries(ctx, identity.Index{Tenant: "t"}, nil, limit, true)
		if c := calls.Reset(); err != nil || len(got) != limit || c.Query != 8 || c.Units.Read != 4 {
			t.Errorf("%d of %d by %d queries of %g units: %v; want no error and len(got) == limit and c.Query == 8 and c.Units.Read == 4", len(got), limit, c.Query, c.Units.Read, err)
		}
	}
	for id, n := range shards {
		if n != 3 {
			mustSucceed(t, s.Delete(ctx, "t", id, nil))
			delete(shards, id)
		}
	}
	calls.Reset()
	got, err := s.Entries(ctx, identity.Index{Tenant: "t"}, nil, 1000, true)
	if c := calls.Reset(); err != nil || len(got) != len(shards) || c.Query != 8 {
		t.Errorf("%d of %d by %d queries: %v; want no error and len(got) == len(shards) and c.Query == 8", len(got), len(shards), c.Query, err)
	}
	if got, err = s.Entries(ctx, identity.Index{Tenant: "t"}, nil, 25, true); err != nil || len(got) != 25 {
		t.Errorf("%d of %d: %v; want no error and len(got) == 25", len(got), 25, err)
	}
	if c := calls.Reset(); c.Query < 9 {
		t.Errorf("%d queries: the shard that has all was not asked again; want c.Query >= 9", c.Query)
	}
}

// testShardFailure: a list without one of its shards is no list.
func testShardFailure(t *testing.T, open func(*testing.T) table.Table) {
	injected := faulttable.NewInjector(open(t))
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
				t.Errorf(`%v at call %d: %d of %d entries and no error; want an error or cmp.Diff(whole, got) == ""`, fault, call, len(got), len(whole))
			}
			if met := injected.Injected(); len(met) != 1 {
				t.Errorf("%v at call %d was met %d times; want len(met) == 1", fault, call, len(met))
			}
		}
	}
}
