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
	"cedula/shared/table/faults"
)

// split runs a test with tenant t's list in shards.
func split(shards store.Shards, run func(*testing.T, *store.Store, *faults.Counter)) func(*testing.T, *store.Store, *faults.Counter) {
	return func(t *testing.T, s *store.Store, calls *faults.Counter) {
		s.Lists = store.Lists{"t": shards}
		run(t, s, calls)
	}
}

// settings are those that a tenant goes through as its list is split further,
// each with what another process has that did not hear of it yet.
var settings = []struct{ now, before store.Shards }{
	{store.Shards{1, 1}, store.Shards{1, 1}},
	{store.Shards{1, 4}, store.Shards{1, 1}},
	{store.Shards{4, 4}, store.Shards{1, 4}},
	{store.Shards{4, 64}, store.Shards{4, 4}},
	{store.Shards{64, 64}, store.Shards{4, 64}},
}

// listSplitFurther: while identities come, change and go, and the list is split
// again and again, each reader meets all of them in order.
func listSplitFurther(t *testing.T, s *store.Store, _ *faults.Counter) {
	random := rand.New(rand.NewPCG(1, 2))
	there := make(map[string]identity.Identity)
	change := func(n int) {
		id := fmt.Sprintf("i%d", random.IntN(400))
		i, known := there[id]
		switch {
		case !known:
			i = bare(id)
			i.CreatedAt = now.Add(time.Duration(random.IntN(3)) * time.Second)
			there[id] = create(t, s, i, nil, identity.Idempotency{}).Identity
		case n%2 == 0:
			i = newest(t, s, []identity.Identity{i})[0]
			changed, err := s.Update(ctx, next(i, "Eva"), nil, identity.Idempotency{}, identity.Links{}, identity.Aside{})
			if err != nil {
				t.Fatal(err)
			}
			there[id] = changed.Identity
		default:
			if err := s.Delete(ctx, "t", id, nil); err != nil {
				t.Fatal(err)
			}
			delete(there, id)
		}
	}
	for _, setting := range settings {
		for n := range 80 {
			s.Lists = store.Lists{"t": setting.now}
			if n%2 == 0 {
				s.Lists["t"] = setting.before
			}
			change(n)
		}
		var want []identity.Entry
		for i := range maps.Values(there) {
			want = append(want, entry(i))
		}
		slices.SortFunc(want, inOrder)
		for _, lists := range []store.Shards{setting.before, setting.now} {
			s.Lists = store.Lists{"t": lists}
			readBothWays(t, s, want)
		}
	}
}

func readBothWays(t *testing.T, s *store.Store, want []identity.Entry) {
	t.Helper()
	for _, descending := range []bool{false, true} {
		for _, limit := range []int{3, 20, len(want), 1000} {
			if got := walk(t, s, identity.Source{Tenant: "t"}, limit, descending); cmp.Diff(want, got) != "" {
				t.Errorf("%+v by %d, descending %v\n%s", s.Lists, limit, descending, cmp.Diff(want, got))
			}
		}
		slices.Reverse(want)
	}
}

// listCalls: a page asks each shard once where identities are spread over them,
// and goes on asking one where all are in it.
func listCalls(t *testing.T, s *store.Store, calls *faults.Counter) {
	s.Lists = store.Lists{"t": {8, 8}}
	for n := range 400 {
		create(t, s, bare(fmt.Sprintf("i%d", n)), nil, identity.Idempotency{})
	}
	shards := make(map[string]int)
	for n := range 8 {
		q, err := calls.Query(ctx, table.Query{Index: "L", PK: fmt.Sprintf("T#t#L#%d", n)})
		if err != nil || len(q.Items) < 25 {
			t.Errorf("shard %d has %d of 400: %v", n, len(q.Items), err)
		}
		for _, i := range q.Items {
			shards[strings.TrimPrefix(i.PK, "T#t#I#")] = n
		}
	}
	s.Lists = store.Lists{"t": {1, 8}} // who changes an identity leaves it where it is
	for id := range shards {
		if _, err := s.Update(ctx, next(newest(t, s, []identity.Identity{bare(id)})[0], "Eva"), nil, identity.Idempotency{}, identity.Links{}, identity.Aside{}); err != nil {
			t.Fatal(err)
		}
	}
	for id, n := range shards {
		q, err := calls.Query(ctx, table.Query{Index: "L", PK: fmt.Sprintf("T#t#L#%d", n)})
		if at := func(i table.Item) bool { return i.PK == "T#t#I#"+id }; err != nil || !slices.ContainsFunc(q.Items, at) {
			t.Errorf("%s left its shard %d: %v", id, n, err)
		}
	}
	calls.Reset()
	for _, limit := range []int{1, 21, 100} {
		got, err := s.Entries(ctx, identity.Source{Tenant: "t"}, nil, limit, true)
		if c := calls.Reset(); err != nil || len(got) != limit || c.Query != 8 || c.Units.Read != 4 {
			t.Errorf("%d of %d by %d queries of %g units: %v", len(got), limit, c.Query, c.Units.Read, err)
		}
	}
	for id, n := range shards {
		if n != 3 {
			if err := s.Delete(ctx, "t", id, nil); err != nil {
				t.Fatal(err)
			}
			delete(shards, id)
		}
	}
	calls.Reset()
	got, err := s.Entries(ctx, identity.Source{Tenant: "t"}, nil, 1000, true)
	if c := calls.Reset(); err != nil || len(got) != len(shards) || c.Query != 8 {
		t.Errorf("%d of %d by %d queries: %v", len(got), len(shards), c.Query, err)
	}
	if got, err = s.Entries(ctx, identity.Source{Tenant: "t"}, nil, 25, true); err != nil || len(got) != 25 {
		t.Errorf("%d of %d: %v", len(got), 25, err)
	}
	if c := calls.Reset(); c.Query < 9 {
		t.Errorf("%d queries: the shard that has all was not asked again", c.Query)
	}
}

// shardFails: a list without one of its shards is no list.
func shardFails(t *testing.T, open func(*testing.T) table.Table) {
	injected := faults.Inject(open(t))
	s := store.New(injected, secret)
	s.Lists = store.Lists{"t": {4, 4}}
	for n := range 40 {
		create(t, s, bare(fmt.Sprintf("i%d", n)), nil, identity.Idempotency{})
	}
	whole := entriesOf(t, s, identity.Source{Tenant: "t"})
	for _, fault := range faults.Of(faults.Query) {
		for call := 1; call <= 4; call++ {
			injected.Plan(faults.At(call, fault))
			got, err := s.Entries(ctx, identity.Source{Tenant: "t"}, nil, 1000, false)
			if err == nil && cmp.Diff(whole, got) != "" {
				t.Errorf("%v at call %d: %d of %d entries and no error", fault, call, len(got), len(whole))
			}
			if met := injected.Met(); len(met) != 1 {
				t.Errorf("%v at call %d was met %d times", fault, call, len(met))
			}
		}
	}
}
