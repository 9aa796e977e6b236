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
	"cedula/shared/table/faults"
)

var (
	ctx    = context.Background()
	now    = time.Date(2026, 3, 4, 5, 6, 7, 123456000, time.UTC)
	secret = []byte("0123456789abcdef0123456789abcdef")
)

// suite is what the store promises, on whatever table it stands.
func suite(t *testing.T, open func(*testing.T) table.Table) {
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *store.Store, *faults.Counter)
	}{
		{"an identity comes back as it was", roundTrip},
		{"a taken id names the id", takenID},
		{"a taken claim names its fields", takenClaim},
		{"nothing is left of a refused create", nothingLeft},
		{"tenants do not share claims", tenantsApart},
		{"an equal request is replayed", replayed},
		{"another request under the key is refused", reused},
		{"an idempotency key is forgotten after a day", forgotten},
		{"one of many wins a claim", oneWinner},
		{"one of many equal requests takes effect", oneEffect},
		{"a client and its keys come back", clientRoundTrip},
		{"a client's id is taken once", clientTaken},
		{"a client's further keys", furtherKeys},
		{"keys of a full client", manyKeys},
		{"a key is revoked once", revokedOnce},
		{"many revoke one key", revokedByMany},
		{"failed logins are read with the credentials", failuresRead},
		{"ids that no client has share few counters", failuresOfNobody},
		{"one of many counts of a version is written", failuresRaced},
		{"an identity too large is refused", tooLarge},
		{"a table that answers is pinged", pinged},
		{"an update writes the next version", updated},
		{"an update of another version is refused", updateRefused},
		{"an equal change is replayed", updateReplayed},
		{"one of many writers of a version wins", oneVersionEach},
		{"many are read in the order of their ids", many},
		{"withdrawal accounts", withdrawals},
		{"links are read from both sides", bothSides},
		{"a link needs its child as it was read", childChanged},
		{"every source is read to its end, both ways", sources},
		{"a deletion in one transaction", deleted},
		{"a deletion in portions", deletedInPortions},
		{"a tokenized value finds its identity", foundWhenSealed},
		{"a value tokenized anew replaces the old one", sealedAnew},
		{"claims move with a change", movedClaims},
		{"a code and the counter of its address", codes},
		{"a code is of one version", codesRaced},
		{"the queue is read to its end, with what stands in it", pendingQueue},
		{"one that has lapsed goes in one transaction", expired},
		{"one that has lapsed goes with its parts", expiredWithParts},
		{"every source is read likewise from a list in shards", split(store.Shards{Write: 5, Read: 7}, sources)},
		{"a list is split further while it is in use", listSplitFurther},
		{"a page asks each shard", listCalls},
		{"a message comes back as it was, and is delivered", messageDelivered},
		{"a claimed message is its holder's", messageHeld},
		{"a claim that ended is another's", messageLeaseEnded},
		{"a message goes by its time", messageExpired},
		{"one of many claims of a message is made", messageRaced},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			counted := faults.Count(open(t))
			tt.run(t, store.New(counted, secret), counted)
		})
	}
	t.Run("what is kept of answers can be forgotten", func(t *testing.T) {
		t.Parallel()
		forgets(t, open)
	})
	t.Run("a list without one of its shards is none", func(t *testing.T) {
		t.Parallel()
		shardFails(t, open)
	})
	for _, links := range []int{2, 50} {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("a deletion of %d parts cut short, late %v", 3*links+1, late), func(t *testing.T) {
				t.Parallel()
				deletionCutShort(t, links, late, open(t))
			})
		}
	}
}

func roundTrip(t *testing.T, s *store.Store, calls *faults.Counter) {
	for _, want := range []identity.Identity{person("p1"), {Tenant: "t", ID: "bare", Version: 1, CreatedAt: now, UpdatedAt: now, Held: identity.Held{Alone: true}}} {
		if _, err := s.Create(ctx, want, nil, identity.Idempotency{}, identity.Links{}); err != nil {
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

func takenID(t *testing.T, s *store.Store, _ *faults.Counter) {
	create(t, s, person("p1"), nil, identity.Idempotency{})
	_, err := s.Create(ctx, person("p1"), nil, identity.Idempotency{}, identity.Links{})
	wantTaken(t, err, identity.FieldID)
}

func takenClaim(t *testing.T, s *store.Store, calls *faults.Counter) {
	create(t, s, person("p1"), claims("a"), identity.Idempotency{})
	calls.Reset()
	_, err := s.Create(ctx, person("p2"), claims("b", "a"), identity.Idempotency{}, identity.Links{})
	wantTaken(t, err, "a")
	if c := calls.Reset(); c.Total() != 1 {
		t.Errorf("a refused create took %+v", c)
	}
}

func nothingLeft(t *testing.T, s *store.Store, _ *faults.Counter) {
	create(t, s, person("p1"), claims("a"), identity.Idempotency{})
	if _, err := s.Create(ctx, person("p2"), claims("b", "a"), once("k", 1), identity.Links{}); err == nil {
		t.Fatal("created")
	}
	if _, err := s.Get(ctx, "t", "p2"); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("the refused identity: %v", err)
	}
	create(t, s, person("p3"), claims("b"), once("k", 2))
}

func tenantsApart(t *testing.T, s *store.Store, _ *faults.Counter) {
	other := person("p1")
	other.Tenant = "other"
	create(t, s, person("p1"), claims("a"), once("k", 1))
	if got := create(t, s, other, claims("a"), once("k", 2)); got.Replayed {
		t.Error("another tenant's request was replayed")
	}
}

func replayed(t *testing.T, s *store.Store, calls *faults.Counter) {
	first := create(t, s, person("p1"), claims("a"), once("k", 1))
	calls.Reset()
	again := create(t, s, person("p2"), claims("a"), once("k", 1))
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

func reused(t *testing.T, s *store.Store, _ *faults.Counter) {
	create(t, s, person("p1"), nil, once("k", 1))
	if _, err := s.Create(ctx, person("p2"), nil, once("k", 2), identity.Links{}); !errors.Is(err, identity.ErrIdempotencyReused) {
		t.Error(err)
	}
}

func forgotten(t *testing.T, s *store.Store, _ *faults.Counter) {
	create(t, s, person("p1"), nil, once("k", 1))
	for _, tt := range []struct {
		id      string
		after   time.Duration
		created bool
	}{{"p2", 24*time.Hour - time.Second, false}, {"p3", 24 * time.Hour, true}} {
		later := person(tt.id)
		later.CreatedAt = now.Add(tt.after)
		_, err := s.Create(ctx, later, nil, once("k", 2), identity.Links{})
		if (err == nil) != tt.created {
			t.Errorf("after %v: %v", tt.after, err)
		}
	}
}

func oneWinner(t *testing.T, s *store.Store, _ *faults.Counter) {
	outcomes := atOnce(32, func(n int) (identity.Changed, error) {
		return s.Create(ctx, person(fmt.Sprintf("p%d", n)), claims("a"), identity.Idempotency{}, identity.Links{})
	})
	winners := 0
	for n, o := range outcomes {
		if o.err == nil {
			winners++
			continue
		}
		var taken *identity.Taken
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

func oneEffect(t *testing.T, s *store.Store, _ *faults.Counter) {
	outcomes := atOnce(32, func(n int) (identity.Changed, error) {
		return s.Create(ctx, person(fmt.Sprintf("p%d", n)), claims("a"), once("k", 1), identity.Links{})
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

func clientRoundTrip(t *testing.T, s *store.Store, calls *faults.Counter) {
	c := auth.Client{
		ID: "c1", Tenant: "t", Name: "n", Scopes: auth.Scopes{"a", "b"}, Suspended: true, Strict: true,
		Secrets: []auth.Secret{{Hash: auth.Hash{1}}, {Hash: auth.Hash{2}, Expires: now}}, UsagePlanKey: "u", Created: now,
	}
	for _, k := range []auth.Key{
		{ID: "c1k1", Client: "c1", Use: auth.UseConomy, Hash: auth.Hash{3}, Created: now},
		{ID: "c1k2", Client: "c1", Use: auth.UseBlnk, Hash: auth.Hash{4}, Scopes: auth.Scopes{}, Expires: now, Revoked: now, Created: now, Name: "k"},
	} {
		c.ID, k.Client = "c"+k.ID, "c"+k.ID
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
		if _, _, err := s.Credentials(ctx, c.ID, "nokey"); !errors.Is(err, auth.ErrUnknown) {
			t.Errorf("unknown key: %v", err)
		}
	}
}

func clientTaken(t *testing.T, s *store.Store, _ *faults.Counter) {
	c, k := auth.Client{ID: "c1", Tenant: "t"}, auth.Key{ID: "c1k1", Client: "c1"}
	if err := s.CreateClient(ctx, c, k); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateClient(ctx, c, auth.Key{ID: "c1k2", Client: "c1"}); !errors.Is(err, auth.ErrExists) {
		t.Error(err)
	}
	if _, _, err := s.Credentials(ctx, "c1", "c1k2"); !errors.Is(err, auth.ErrUnknown) {
		t.Errorf("a key of the refused client: %v", err)
	}
}

func tooLarge(t *testing.T, s *store.Store, _ *faults.Counter) {
	p := person("p1")
	p.Metadata = identity.JSON(`"` + string(make([]byte, 0)) + fmt.Sprintf("%0*d", 420<<10, 0) + `"`)
	if _, err := s.Create(ctx, p, claims("a"), identity.Idempotency{}, identity.Links{}); !errors.Is(err, identity.ErrTooLarge) {
		t.Error(err)
	}
	create(t, s, person("p2"), claims("a"), identity.Idempotency{})
}

func pinged(t *testing.T, s *store.Store, _ *faults.Counter) {
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Ping(ended); !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("after the end: %v", err)
	}
}

type outcome struct {
	created identity.Changed
	err     error
}

func atOnce(n int, do func(int) (identity.Changed, error)) []outcome {
	outcomes := make([]outcome, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { outcomes[i].created, outcomes[i].err = do(i) })
	}
	all.Wait()
	return outcomes
}

func create(t *testing.T, s *store.Store, i identity.Identity, c []identity.Claim, o identity.Idempotency) identity.Changed {
	t.Helper()
	created, err := s.Create(ctx, i, c, o, identity.Links{})
	if err != nil {
		t.Fatal(err)
	}
	return created
}

func claims(values ...string) []identity.Claim {
	var list []identity.Claim
	for _, v := range values {
		list = append(list, identity.Claim{Kind: "k", Values: []string{v}, Fields: []identity.Field{identity.Field(v)}})
	}
	return list
}

func once(key string, fingerprint byte) identity.Idempotency {
	return identity.Idempotency{Key: key, Fingerprint: [32]byte{fingerprint}}
}

func wantTaken(t *testing.T, err error, fields ...identity.Field) {
	t.Helper()
	var taken *identity.Taken
	if !errors.As(err, &taken) || !cmp.Equal(taken.Fields, fields) {
		t.Errorf("got %v, want %v taken", err, fields)
	}
}

// person is an identity with every field set.
func person(id string) identity.Identity {
	return identity.Identity{
		Tenant: "t", ID: id, Status: identity.Screening, ExpiresAt: now.Truncate(time.Second).Add(time.Hour),
		Steps: identity.ContactAndScreening, Reminded: true, Test: true,
		Proofs: []identity.Proof{
			{Channel: identity.ByEmail, Proven: now.Truncate(time.Second), Waived: true, Change: "new@example.com"},
			{Channel: identity.ByPhone, Sent: now.Truncate(time.Second)},
		},
		Review: &identity.Review{Outcome: identity.Clear, Reason: "r", Reviewer: "v", At: now.Truncate(time.Second)},
		Hold:   &identity.Hold{Reason: "h", Since: now.Truncate(time.Second)},
		KYC:    identity.JSON(`{"level":1}`), WatchList: identity.JSON(`[]`),
		Parent: true, Held: identity.Held{Claims: []string{"c"}, Once: "o", Codes: []identity.Channel{identity.ByEmail}, Alone: true},
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
