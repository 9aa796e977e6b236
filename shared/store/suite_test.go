package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

var (
	ctx    = context.Background()
	now    = time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)
	secret = []byte("0123456789abcdef0123456789abcdef")
)

// runSuite tests a store on the tables that open creates.
func runSuite(t *testing.T, open func(*testing.T) table.Table) {
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *store.Store, *faulttable.Counter)
	}{
		{"an identity comes back as it was", testRoundTrip},
		{"a taken id names the id", testIDConflict},
		{"a taken claim names its fields", testClaimConflict},
		{"an equal request is replayed", testReplay},
		{"an idempotency key is forgotten after a day", testIdempotencyKeyExpiry},
		{"one of many equal requests takes effect", testConcurrentEqualRequests},
		{"a client and its keys come back", testClientRoundTrip},
		{"a client's id is taken once", testClientConflict},
		{"a client's further keys", testCreateKey},
		{"keys of a full client", testKeysAcrossPages},
		{"a key is revoked once", testRevokeKey},
		{"failed logins are read with the credentials", testLoginFailures},
		{"ids that no client has share few counters", testUnknownClientFailures},
		{"a count of a stale version is rejected", testStaleLoginFailures},
		{"an identity too large is refused", testTooLarge},
		{"a table that responds is healthy", testPing},
		{"an update writes the next version", testUpdate},
		{"an update of another version is refused", testUpdateVersionMismatch},
		{"an equal change is replayed", testUpdateReplay},
		{"many are read in the order of their ids", testGetMany},
		{"withdrawal accounts", testWithdrawalAccounts},
		{"links are read from both sides", testChildrenAndParents},
		{"a link needs its child as it was read", testStaleChild},
		{"every source is read to its end, both ways", testEntries},
		{"a deletion in one transaction", testDelete},
		{"a tokenized value finds its identity", testLookupOfTokenizedValue},
		{"a value tokenized again replaces the old one", testTokenizeAgain},
		{"claims move with a change", testClaimsMoveWithUpdate},
		{"a code and the counter of its address", testVerificationCode},
		{"a code is of one version", testVerificationCodeVersions},
		{"the pending index is read to its end, with its identities", testDueBatches},
		{"an expired identity is removed in one transaction", testExpire},
		{"an expired identity is removed with its parts", testExpireWithParts},
		{"every index is read from a sharded list", withListShards(store.ListShards{Write: 5, Read: 7}, testEntries)},
		{"a page asks each shard", testShardedListCalls},
		{"a list is complete while its sharding changes", testListResharding},
		{"a message comes back as it was, and is delivered", testDeliverMessage},
		{"a claimed message is its holder's", testMessageLease},
		{"a message goes by its time", testMessageExpiry},
		{"a list with an unreadable shard is an error", testShardFailure},
		{"a deletion of 7 parts cut short before a call", interruptedDelete(2, faulttable.TimeoutBefore)},
		{"a deletion of 7 parts cut short after a call", interruptedDelete(2, faulttable.TimeoutAfter)},
		{"a deletion of 151 parts cut short before a call", interruptedDelete(50, faulttable.TimeoutBefore)},
		{"a deletion of 151 parts cut short after a call", interruptedDelete(50, faulttable.TimeoutAfter)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			counted := faulttable.NewCounter(open(t))
			tt.run(t, store.New(counted, secret), counted)
		})
	}
}

func testRoundTrip(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	for _, want := range []identity.Identity{fullIdentity("p1"), {Tenant: "t", ID: "bare", Version: 1, CreatedAt: now, UpdatedAt: now, StoreState: store.State{SingleItem: true}}} {
		mustSucceed(t, errorOf(s.Create(ctx, want, nil, identity.Idempotency{}, identity.LinkChanges{})))
		calls.Reset()
		got, err := s.Get(ctx, "t", want.ID)
		wantEqual(t, want, got, err)
		wantCalls(t, calls, "a fetch", faulttable.Calls{Get: 1})
	}
	wantError(t, "another tenant", errorOf(s.Get(ctx, "other", "p1")), identity.ErrNotFound)
}

func testIDConflict(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	mustCreate(t, s, fullIdentity("p1"), nil, identity.Idempotency{})
	_, err := s.Create(ctx, fullIdentity("p1"), nil, identity.Idempotency{}, identity.LinkChanges{})
	wantConflict(t, err, identity.FieldID)
}

func testClaimConflict(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	mustCreate(t, s, fullIdentity("p1"), newClaims("a"), identity.Idempotency{})
	calls.Reset()
	_, err := s.Create(ctx, fullIdentity("p2"), newClaims("b", "a"), identity.Idempotency{}, identity.LinkChanges{})
	wantConflict(t, err, "a")
	wantCalls(t, calls, "a refused create", faulttable.Calls{Write: 1})
}

func testReplay(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	first := mustCreate(t, s, fullIdentity("p1"), newClaims("a"), newIdempotency("k", 1))
	calls.Reset()
	again := mustCreate(t, s, fullIdentity("p2"), newClaims("a"), newIdempotency("k", 1))
	wantEqual(t, identity.WriteResult{Identity: first.Identity, Replayed: true}, again, nil)
	wantCalls(t, calls, "a replay", faulttable.Calls{Write: 1})
	wantError(t, "the identity of the replayed request", errorOf(s.Get(ctx, "t", "p2")), identity.ErrNotFound)
	sameBytes := identity.Idempotency{Key: "k", Fingerprint: [32]byte{2}, ByteFingerprint: [32]byte{1}} // the claim is of v0.1.0
	again = mustCreate(t, s, fullIdentity("p2"), newClaims("a"), sameBytes)
	wantEqual(t, identity.WriteResult{Identity: first.Identity, Replayed: true}, again, nil)
	wantError(t, "neither the value nor the bytes", errorOf(s.Create(ctx, fullIdentity("p2"), nil, newIdempotency("k", 2), identity.LinkChanges{})), identity.ErrIdempotencyReused)
}

func testIdempotencyKeyExpiry(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	mustCreate(t, s, fullIdentity("p1"), nil, newIdempotency("k", 1))
	for _, tt := range []struct {
		id    string
		after time.Duration
		want  error
	}{{"p2", 24*time.Hour - time.Second, identity.ErrIdempotencyReused}, {"p3", 24 * time.Hour, nil}} {
		later := fullIdentity(tt.id)
		later.CreatedAt = now.Add(tt.after)
		wantError(t, fmt.Sprint("after ", tt.after), errorOf(s.Create(ctx, later, nil, newIdempotency("k", 2), identity.LinkChanges{})), tt.want)
	}
}

func testConcurrentEqualRequests(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	outcomes := runConcurrently(32, func(n int) (identity.WriteResult, error) {
		return s.Create(ctx, fullIdentity(fmt.Sprintf("p%d", n)), newClaims("a"), newIdempotency("k", 1), identity.LinkChanges{})
	})
	ids, made := make(map[string]bool), 0
	for _, o := range outcomes {
		if o.err != nil && !errors.Is(o.err, identity.ErrBusy) {
			t.Errorf("error = %v, want none or ErrBusy", o.err)
		}
		if o.err == nil {
			ids[o.created.ID] = true
		}
		if o.err == nil && !o.created.Replayed {
			made++
		}
	}
	if len(ids) != 1 || made != 1 {
		t.Errorf("%d identities, %d of them new, want one of each", len(ids), made)
	}
}

func testClientRoundTrip(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	c := auth.Client{
		ID: "c1", Tenant: "t", Name: "n", Scopes: auth.Scopes{"a", "b"}, Suspended: true, Strict: true,
		Secrets: []auth.Secret{{Hash: auth.Hash{1}}, {Hash: auth.Hash{2}, Expires: now}}, UsagePlanKey: "u", Created: now,
	}
	for _, k := range []auth.Key{
		{ID: "c1k1", Client: "c1", API: "conomy", Hash: auth.Hash{3}, Created: now},
		{ID: "c1k2", Client: "c1", API: "blnk", Hash: auth.Hash{4}, Scopes: auth.Scopes{}, Expires: now, Revoked: now, Created: now, Name: "k"},
	} {
		c.ID, k.Client, c.TestMode = "c"+k.ID, "c"+k.ID, k.Name == "k"
		mustSucceed(t, s.CreateClient(ctx, c, k))
		calls.Reset()
		gotClient, gotKey, err := s.Credentials(ctx, c.ID, k.ID)
		wantEqual(t, c, gotClient, err)
		wantEqual(t, k, gotKey, err)
		wantCalls(t, calls, "credentials", faulttable.Calls{Get: 1})
		gotClient, err = s.Client(ctx, c.ID)
		wantEqual(t, c, gotClient, err)
		_, _, err = s.Credentials(ctx, c.ID, "nokey")
		wantError(t, "unknown key", err, auth.ErrNotFound)
	}
}

func testClientConflict(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	c, k := auth.Client{ID: "c1", Tenant: "t"}, auth.Key{ID: "c1k1", Client: "c1"}
	mustSucceed(t, s.CreateClient(ctx, c, k))
	wantError(t, "a second client of the id", s.CreateClient(ctx, c, auth.Key{ID: "c1k2", Client: "c1"}), auth.ErrAlreadyExists)
	_, _, err := s.Credentials(ctx, "c1", "c1k2")
	wantError(t, "a key of the refused client", err, auth.ErrNotFound)
}

func testTooLarge(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	p := fullIdentity("p1")
	p.Metadata = identity.JSON(`"` + string(make([]byte, 0)) + fmt.Sprintf("%0*d", 420<<10, 0) + `"`)
	wantError(t, "an identity of 420 KB", errorOf(s.Create(ctx, p, newClaims("a"), identity.Idempotency{}, identity.LinkChanges{})), identity.ErrTooLarge)
	mustCreate(t, s, fullIdentity("p2"), newClaims("a"), identity.Idempotency{})
}

func testPing(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	wantError(t, "after the end", s.Ping(ended), identity.ErrUnavailable)
}

type createResult struct {
	created identity.WriteResult
	err     error
}
