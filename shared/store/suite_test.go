package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

// runSuite is what the store promises, on whatever table it stands.
func runSuite(t *testing.T, open func(*testing.T) table.Table) {
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *store.Store, *faulttable.Counter)
	}{
		{"an identity comes back as it was", testRoundTrip},
		{"a taken id names the id", testIDConflict},
		{"a taken claim names its fields", testClaimConflict},
		{"nothing is left of a refused create", testRejectedCreateWritesNothing},
		{"tenants do not share claims", testTenantIsolation},
		{"an equal request is replayed", testReplay},
		{"another request under the key is refused", testIdempotencyKeyReuse},
		{"an idempotency key is forgotten after a day", testIdempotencyKeyExpiry},
		{"one of many wins a claim", testConcurrentClaims},
		{"one of many equal requests takes effect", testConcurrentEqualRequests},
		{"a client and its keys come back", testClientRoundTrip},
		{"a client's id is taken once", testClientConflict},
		{"a client's further keys", testCreateKey},
		{"keys of a full client", testKeysAcrossPages},
		{"a key is revoked once", testRevokeKey},
		{"many revoke one key", testConcurrentRevocation},
		{"failed logins are read with the credentials", testLoginFailures},
		{"ids that no client has share few counters", testUnknownClientFailures},
		{"one of many counts of a version is written", testConcurrentLoginFailures},
		{"an identity too large is refused", testTooLarge},
		{"a table that answers is pinged", testPing},
		{"an update writes the next version", testUpdate},
		{"an update of another version is refused", testUpdateVersionMismatch},
		{"an equal change is replayed", testUpdateReplay},
		{"one of many writers of a version wins", testConcurrentUpdates},
		{"many are read in the order of their ids", testGetMany},
		{"withdrawal accounts", testWithdrawalAccounts},
		{"links are read from both sides", testChildrenAndParents},
		{"a link needs its child as it was read", testStaleChild},
		{"every source is read to its end, both ways", testEntries},
		{"a deletion in one transaction", testDelete},
		{"a deletion in portions", testDeleteInBatches},
		{"a tokenized value finds its identity", testLookupOfTokenizedValue},
		{"a value tokenized anew replaces the old one", testTokenizeAgain},
		{"claims move with a change", testClaimsMoveWithUpdate},
		{"a code and the counter of its address", testVerificationCode},
		{"a code is of one version", testVerificationCodeVersions},
		{"the queue is read to its end, with what stands in it", testDueBatches},
		{"one that has lapsed goes in one transaction", testExpire},
		{"one that has lapsed goes with its parts", testExpireWithParts},
		{"every source is read likewise from a list in shards", withListShards(store.ListShards{Write: 5, Read: 7}, testEntries)},
		{"a list is split further while it is in use", testListResharding},
		{"a page asks each shard", testShardedListCalls},
		{"a message comes back as it was, and is delivered", testDeliverMessage},
		{"a claimed message is its holder's", testMessageLease},
		{"a claim that ended is another's", testExpiredLease},
		{"a message goes by its time", testMessageExpiry},
		{"one of many claims of a message is made", testConcurrentLeases},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			counted := faulttable.NewCounter(open(t))
			tt.run(t, store.New(counted, secret), counted)
		})
	}
	t.Run("what is kept of answers can be forgotten", func(t *testing.T) {
		t.Parallel()
		testRewriteReplays(t, open)
	})
	t.Run("a list without one of its shards is none", func(t *testing.T) {
		t.Parallel()
		testShardFailure(t, open)
	})
	for _, links := range []int{2, 50} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("a deletion of %d parts cut short, late %v", 3*links+1, late), func(t *testing.T) {
				t.Parallel()
				testInterruptedDelete(t, links, late, open(t))
			})
		}
	}
}

func testRoundTrip(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	for _, want := range []identity.Identity{fullIdentity("p1"), {Tenant: "t", ID: "bare", Version: 1, CreatedAt: now, UpdatedAt: now, StoreState: store.State{SingleItem: true}}} {
		if _, err := s.Create(ctx, want, nil, identity.Idempotency{}, identity.LinkChanges{}); err != nil {
			t.Fatal(err)
		}
		calls.Reset()
		got, err := s.Get(ctx, "t", want.ID)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v\n%s", err, diff)
		}
		if c := calls.Reset(); c.Total() != 1 {
			t.Errorf("a fetch took %+v", c)
		}
	}
	if _, err := s.Get(ctx, "other", "p1"); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("another tenant got %v", err)
	}
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
	if c := calls.Reset(); c.Total() != 1 {
		t.Errorf("a refused create took %+v", c)
	}
}

func testRejectedCreateWritesNothing(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	mustCreate(t, s, fullIdentity("p1"), newClaims("a"), identity.Idempotency{})
	if _, err := s.Create(ctx, fullIdentity("p2"), newClaims("b", "a"), newIdempotency("k", 1), identity.LinkChanges{}); err == nil {
		t.Fatal("created")
	}
	if _, err := s.Get(ctx, "t", "p2"); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("the refused identity: %v", err)
	}
	mustCreate(t, s, fullIdentity("p3"), newClaims("b"), newIdempotency("k", 2))
}

func testTenantIsolation(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	other := fullIdentity("p1")
	other.Tenant = "other"
	mustCreate(t, s, fullIdentity("p1"), newClaims("a"), newIdempotency("k", 1))
	if got := mustCreate(t, s, other, newClaims("a"), newIdempotency("k", 2)); got.Replayed {
		t.Error("another tenant's request was replayed")
	}
}

func testReplay(t *testing.T, s *store.Store, calls *faulttable.Counter) {
	first := mustCreate(t, s, fullIdentity("p1"), newClaims("a"), newIdempotency("k", 1))
	calls.Reset()
	again := mustCreate(t, s, fullIdentity("p2"), newClaims("a"), newIdempotency("k", 1))
	if !again.Replayed || again.ID != "p1" || cmp.Diff(first.Identity, again.Identity) != "" {
		t.Errorf("replay: %v %s", again.Replayed, cmp.Diff(first.Identity, again.Identity))
	}
	if c := calls.Reset(); c.Total() != 1 {
		t.Errorf("a replay took %+v", c)
	}
	if _, err := s.Get(ctx, "t", "p2"); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("the replay made something: %v", err)
	}
}

func testIdempotencyKeyReuse(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	mustCreate(t, s, fullIdentity("p1"), nil, newIdempotency("k", 1))
	if _, err := s.Create(ctx, fullIdentity("p2"), nil, newIdempotency("k", 2), identity.LinkChanges{}); !errors.Is(err, identity.ErrIdempotencyReused) {
		t.Error(err)
	}
}

func testIdempotencyKeyExpiry(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	mustCreate(t, s, fullIdentity("p1"), nil, newIdempotency("k", 1))
	for _, tt := range []struct {
		id      string
		after   time.Duration
		created bool
	}{{"p2", 24*time.Hour - time.Second, false}, {"p3", 24 * time.Hour, true}} {
		later := fullIdentity(tt.id)
		later.CreatedAt = now.Add(tt.after)
		_, err := s.Create(ctx, later, nil, newIdempotency("k", 2), identity.LinkChanges{})
		if (err == nil) != tt.created {
			t.Errorf("after %v: %v", tt.after, err)
		}
	}
}

func testConcurrentClaims(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	outcomes := runConcurrently(32, func(n int) (identity.WriteResult, error) {
		return s.Create(ctx, fullIdentity(fmt.Sprintf("p%d", n)), newClaims("a"), identity.Idempotency{}, identity.LinkChanges{})
	})
	winners := 0
	for n, o := range outcomes {
		if o.err == nil {
			winners++
			continue
		}
		var taken *identity.Conflict
		if !errors.As(o.err, &taken) && !errors.Is(o.err, identity.ErrBusy) {
			t.Error(o.err)
		}
		if _, err := s.Get(ctx, "t", fmt.Sprintf("p%d", n)); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("a loser's identity: %v", err)
		}
	}
	if winners != 1 {
		t.Errorf("%d winners", winners)
	}
}

func testConcurrentEqualRequests(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	outcomes := runConcurrently(32, func(n int) (identity.WriteResult, error) {
		return s.Create(ctx, fullIdentity(fmt.Sprintf("p%d", n)), newClaims("a"), newIdempotency("k", 1), identity.LinkChanges{})
	})
	ids, made := make(map[string]bool), 0
	for _, o := range outcomes {
		if o.err != nil && !errors.Is(o.err, identity.ErrBusy) {
			t.Error(o.err)
		}
		if o.err == nil {
			ids[o.created.ID] = true
		}
		if o.err == nil && !o.created.Replayed {
			made++
		}
	}
	if len(ids) != 1 || made != 1 {
		t.Errorf("%d identities, %d of them new", len(ids), made)
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
		if err := s.CreateClient(ctx, c, k); err != nil {
			t.Fatal(err)
		}
		calls.Reset()
		gotClient, gotKey, err := s.Credentials(ctx, c.ID, k.ID)
		if err != nil || !cmp.Equal(gotClient, c) || !cmp.Equal(gotKey, k) {
			t.Errorf("%v\n%s%s", err, cmp.Diff(c, gotClient), cmp.Diff(k, gotKey))
		}
		if n := calls.Reset(); n.Total() != 1 {
			t.Errorf("credentials took %+v", n)
		}
		if _, _, err := s.Credentials(ctx, c.ID, "nokey"); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("unknown key: %v", err)
		}
	}
}

func testClientConflict(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	c, k := auth.Client{ID: "c1", Tenant: "t"}, auth.Key{ID: "c1k1", Client: "c1"}
	if err := s.CreateClient(ctx, c, k); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateClient(ctx, c, auth.Key{ID: "c1k2", Client: "c1"}); !errors.Is(err, auth.ErrAlreadyExists) {
		t.Error(err)
	}
	if _, _, err := s.Credentials(ctx, "c1", "c1k2"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("a key of the refused client: %v", err)
	}
}

func testTooLarge(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	p := fullIdentity("p1")
	p.Metadata = identity.JSON(`"` + string(make([]byte, 0)) + fmt.Sprintf("%0*d", 420<<10, 0) + `"`)
	if _, err := s.Create(ctx, p, newClaims("a"), identity.Idempotency{}, identity.LinkChanges{}); !errors.Is(err, identity.ErrTooLarge) {
		t.Error(err)
	}
	mustCreate(t, s, fullIdentity("p2"), newClaims("a"), identity.Idempotency{})
}

func testPing(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Ping(ended); !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("after the end: %v", err)
	}
}

type createResult struct {
	created identity.WriteResult
	err     error
}

func runConcurrently(n int, do func(int) (identity.WriteResult, error)) []createResult {
	outcomes := make([]createResult, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { outcomes[i].created, outcomes[i].err = do(i) })
	}
	all.Wait()
	return outcomes
}

func mustCreate(t *testing.T, s *store.Store, i identity.Identity, c []identity.Claim, o identity.Idempotency) identity.WriteResult {
	t.Helper()
	created, err := s.Create(ctx, i, c, o, identity.LinkChanges{})
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func newClaims(values ...string) []identity.Claim {
	var list []identity.Claim
	for _, v := range values {
		list = append(list, identity.Claim{Kind: "k", Values: []string{v}, Fields: []identity.Field{identity.Field(v)}})
	}
	return list
}

func newIdempotency(key string, fingerprint byte) identity.Idempotency {
	return identity.Idempotency{Key: key, Fingerprint: [32]byte{fingerprint}}
}

func wantConflict(t *testing.T, err error, fields ...identity.Field) {
	t.Helper()
	var taken *identity.Conflict
	if !errors.As(err, &taken) || !cmp.Equal(taken.Fields, fields) {
		t.Errorf("got %v, want %v taken", err, fields)
	}
}

// fullIdentity is an identity with every field set.
func fullIdentity(id string) identity.Identity {
	return identity.Identity{
		Tenant: "t", ID: id, Status: identity.Screening, ExpiresAt: now.Truncate(time.Second).Add(time.Hour),
		Onboarding: identity.OnboardingContactAndScreening, Reminded: true, TestMode: true,
		Verifications: []identity.Verification{
			{Channel: identity.ChannelEmail, VerifiedAt: now.Truncate(time.Second), Waived: true, PendingAddress: "new@example.com"},
			{Channel: identity.ChannelPhone, CodeSentAt: now.Truncate(time.Second)},
		},
		Review: &identity.Review{Outcome: identity.OutcomeClear, Reason: "r", Reviewer: "v", DecidedAt: now.Truncate(time.Second)},
		Hold:   &identity.Hold{Reason: "h", Since: now.Truncate(time.Second)},
		KYC:    identity.JSON(`{"level":1}`), WatchList: identity.JSON(`[]`),
		MayHaveChildren: true, HasClaims: true, StoreState: store.State{ClaimKeys: []string{"c"}, IdempotencyKey: "o", CodeChannels: []identity.Channel{identity.ChannelEmail}, SingleItem: true},
		Version: 3, CreatedAt: now, UpdatedAt: now.Add(time.Minute),
		Profile: identity.Profile{
			Kind: identity.Individual, FirstName: "A", LastName: "B", OtherNames: "C", OrganizationName: "D", Nickname: "E",
			Email: "a@example.com", Phone: "+56912345678", DocumentType: "RUT", DocumentNumber: "1-9", IDV: "i",
			Gender: "x", BirthDate: identity.Date{Year: 1990, Month: 1, Day: 15}, Nationality: "CL", Category: "c", Country: "CHL",
			Address: identity.Address{Street: "s", StreetNumber: "1", Unit: "u", State: "st", City: "ci", District: "d", PostalCode: "p", Country: "CHL"},
			Security: identity.SecurityOptions{
				TwoFactor: true, SignTransactions: true, SignAccountOperations: true,
				AccessControl: &identity.AccessControl{Scopes: []identity.AccessScope{{Resource: "IDENTITY", Reference: "r", Permissions: []string{"a"}}}},
			},
			ExternalID: "ext",
			Bank: &identity.BankAccount{
				ID: "b", AccountNumber: "1", Nickname: "n", Bank: "b", Currency: "CLP", AccountType: "t",
				Holder: "h", HolderDocument: "hd", Country: "CHL", ExternalID: "x", CreatedAt: now, UpdatedAt: now,
			},
			Rules: identity.JSON(`{"a":1}`), ExtendedData: identity.JSON(`["x"]`), Metadata: identity.JSON(`{"big":9007199254740993}`),
		},
	}
}
