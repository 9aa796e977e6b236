package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
)

// readPendingQueue reads the whole queue up to a time.
func readPendingQueue(t *testing.T, s *store.Store, from, until time.Time) (ids []string, remains []identity.Orphan) {
	t.Helper()
	for shard := range identity.PendingIndexShards {
		var at *identity.PendingCursor
		var last time.Time
		for {
			d, err := s.DueBatch(ctx, shard, from, until, at)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range d.Identities {
				if ids = append(ids, i.Tenant+"/"+i.ID); i.ExpiresAt.Before(last) {
					t.Errorf("%s is behind an identity that expires later, want the order of the deadlines", i.ID)
				}
				last = i.ExpiresAt
			}
			remains = append(remains, d.Orphans...)
			if at = d.Next; at == nil {
				break
			}
		}
	}
	slices.Sort(ids)
	return ids, remains
}

// pendingIdentity returns an identity that expires that long after now.
func pendingIdentity(tenant, id string, after time.Duration) identity.Identity {
	i := minimalIdentity(id)
	i.Tenant, i.Status, i.ExpiresAt = tenant, identity.Pending, now.Truncate(time.Second).Add(after)
	return i
}

func testDueBatches(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	const many = 7000 // more than a page of a hundred in every shard
	var want []string
	turns := make(chan struct{}, 64)
	outcomes := runConcurrently(many, func(n int) (identity.WriteResult, error) {
		turns <- struct{}{}
		defer func() { <-turns }()
		i := pendingIdentity(fmt.Sprintf("t%d", n%3), fmt.Sprintf("i%d", n), time.Duration(n%50)*time.Second)
		return s.Create(ctx, i, nil, identity.Idempotency{}, identity.LinkChanges{})
	})
	for _, o := range outcomes {
		if o.err != nil {
			t.Fatal(o.err)
		}
		if o.created.ExpiresAt.Sub(now.Truncate(time.Second)) <= 29*time.Second {
			want = append(want, o.created.Tenant+"/"+o.created.ID)
		}
	}
	slices.Sort(want)
	calls.Reset()
	got, remains := readPendingQueue(t, s, time.Time{}, now.Truncate(time.Second).Add(29*time.Second))
	if !slices.Equal(got, want) || remains != nil {
		t.Errorf("due: %d identities, want %d; %d orphans, want none", len(got), len(want), len(remains))
	}
	if c := calls.Reset(); c.Total() > len(want)/100*2+identity.PendingIndexShards*4 {
		t.Errorf("calls for %d identities = %+v, want two for a hundred and four for each shard at most", len(want), c)
	}
	got, _ = readPendingQueue(t, s, now.Truncate(time.Second).Add(10*time.Second), now.Truncate(time.Second).Add(10*time.Second))
	if len(got) != many/50 {
		t.Errorf("identities due at one second = %d, want a fiftieth of all", len(got))
	}
}

func testExpire(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	for n, key := range []identity.Idempotency{{}, newIdempotency("k", 1)} {
		i := mustCreate(t, s, pendingIdentity("t", "p1", time.Hour), newClaims("a"), key).Identity
		aside := codeSideWrites(s, "p1", "123456")
		moved, err := s.Update(ctx, nextVersion(i, "x"), nil, identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{Code: aside.Code})
		if err != nil {
			t.Fatal(err)
		}
		calls.Reset()
		wantError(t, "as it was before", s.Expire(ctx, i, now), identity.ErrVersionMismatch)
		calls.Reset()
		mustSucceed(t, s.Expire(ctx, moved.Identity, now))
		wantCalls(t, calls, "an expiry", faulttable.Calls{Write: 1})
		if code, _, err := s.VerificationCode(ctx, "t", "p1", identity.ChannelEmail, ""); err != nil || code.Version != 0 {
			t.Errorf("code of an expired identity = %+v, %v, want none", code, err)
		}
		wantError(t, "again", s.Expire(ctx, moved.Identity, now), identity.ErrVersionMismatch)
		ids, remains := readPendingQueue(t, s, time.Time{}, now.Add(2*time.Hour))
		if diff := cmp.Diff([]string(nil), ids); diff != "" || remains != nil {
			t.Errorf("queue = %v, orphans %v, want none", ids, remains)
		}
		mustCreate(t, s, minimalIdentity("p1"), newClaims("a"), newIdempotency(fmt.Sprint("again ", n), 2)) // all that it held is free
		mustSucceed(t, s.Delete(ctx, "t", "p1", time.Now(), nil))
	}
}

func testExpireWithParts(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	for _, parts := range []int{1, 100} {
		i := mustCreate(t, s, pendingIdentity("t", "p1", time.Hour), newClaims("a"), identity.Idempotency{}).Identity
		for n := range parts {
			i.Version++
			state := i.StoreState.(store.State)
			state.SingleItem = false
			i.StoreState = state
			mustSucceed(t, errorOf(s.AddWithdrawalAccount(ctx, i, identity.BankAccount{ID: fmt.Sprint(n)}, identity.Idempotency{})))
		}
		stale := i
		stale.Version--
		wantError(t, "as it was before", s.Expire(ctx, stale, now), identity.ErrVersionMismatch)
		mustSucceed(t, s.Expire(ctx, i, now))
		mustCreate(t, s, minimalIdentity("p1"), newClaims("a"), identity.Idempotency{})
		if list, err := s.ListWithdrawalAccounts(ctx, "t", "p1"); err != nil || len(list) != 0 {
			t.Errorf("accounts of an expired identity = %d, %v, want none", len(list), err)
		}
		mustSucceed(t, s.Delete(ctx, "t", "p1", time.Now(), nil))
	}
}
