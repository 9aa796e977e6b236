package store_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
)

// mustSucceed ends the test if a step of its set-up fails.
func mustSucceed(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// errorOf is the error of a call whose result does not matter.
func errorOf[T any](_ T, err error) error { return err }

func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: error = %v, want %v", what, got, want)
	}
}

// wantEqual compares what a call returned.
func wantEqual[T any](t *testing.T, want, got T, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("error = %v, want none", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// wantCalls compares the calls of the table since the last reset, and resets them.
func wantCalls(t *testing.T, calls *faulttable.Counter, what string, want faulttable.Calls) {
	t.Helper()
	got := calls.Reset()
	got.Units = table.Units{}
	if got != want {
		t.Errorf("%s: calls = %+v, want %+v", what, got, want)
	}
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
				AccessControl: &identity.AccessControl{Scopes: []identity.AccessScope{{Resource: "IDENTITY", Reference: "r", Permissions: []string{"a"}, Created: now}}},
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

// minimalIdentity is an identity with little in it, so that tests are quick.
func minimalIdentity(id string) identity.Identity {
	return identity.Identity{
		Tenant: "t", ID: id, Status: identity.Active, Version: 1, CreatedAt: now, UpdatedAt: now,
		StoreState: store.State{SingleItem: true},
		Profile:    identity.Profile{Kind: identity.Individual, FirstName: "Ana"},
	}
}

// nextVersion is the version of an identity after this one.
func nextVersion(i identity.Identity, name string) identity.Identity {
	i.Version++
	i.FirstName = name
	i.UpdatedAt = i.UpdatedAt.Add(1000)
	return i
}

func entryOf(i identity.Identity) identity.IndexEntry {
	return identity.IndexEntry{ID: i.ID, CreationNumber: i.CreationNumber()}
}

func mustUpdate(t *testing.T, s *store.Store, i identity.Identity) identity.Identity {
	t.Helper()
	got, err := s.Update(ctx, i, nil, identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{})
	if err != nil {
		t.Fatal(err)
	}
	return got.Identity
}

// addChildren makes children of an identity and returns its next version.
func addChildren(t *testing.T, s *store.Store, parent identity.Identity, children ...identity.Identity) identity.Identity {
	t.Helper()
	for some := range slices.Chunk(children, 30) {
		some = reload(t, s, some)
		parent = nextVersion(reload(t, s, []identity.Identity{parent})[0], parent.FirstName)
		parent.MayHaveChildren = true
		mustSucceed(t, errorOf(s.Update(ctx, parent, nil, identity.Idempotency{}, identity.LinkChanges{Add: some}, identity.SideWrites{})))
	}
	return parent
}

// reload reads identities again: to become a child is a change too.
func reload(t *testing.T, s *store.Store, list []identity.Identity) []identity.Identity {
	t.Helper()
	fresh := make([]identity.Identity, len(list))
	for n, i := range list {
		var err error
		if fresh[n], err = s.Get(ctx, i.Tenant, i.ID); err != nil {
			t.Fatal(err)
		}
	}
	return fresh
}

// addAccount writes an account beside the newest version of its identity.
func addAccount(s *store.Store, tenant, id string, b identity.BankAccount) error {
	i, err := s.Get(ctx, tenant, id)
	if err != nil {
		return err
	}
	i.Version++
	_, err = s.AddWithdrawalAccount(ctx, i, b, identity.Idempotency{})
	return err
}

func readAllEntries(t *testing.T, s *store.Store, src identity.Index) []identity.IndexEntry {
	t.Helper()
	list, err := s.Entries(ctx, src, nil, 1000, false)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func openPebble(t *testing.T) table.Table {
	t.Helper()
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// wantNoEntries checks that sources are empty.
func wantNoEntries(t *testing.T, s *store.Store, sources ...identity.Index) {
	t.Helper()
	for _, src := range sources {
		if got := readAllEntries(t, s, src); len(got) > 0 {
			t.Errorf("entries of %+v = %v, want none", src, got)
		}
	}
}
