package registry_test

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/store"
)

func TestCreateSetsServerFields(t *testing.T) {
	w := newTestRegistry(t)
	profile := identity.Profile{Kind: identity.Individual, FirstName: "Ana", Email: "ana@example.com"}
	got := w.mustCreate(t, draft(profile))
	at := noon.Truncate(time.Microsecond)
	want := identity.Identity{
		Tenant: "acme", ID: got.ID, Profile: profile, Status: identity.Active, StoreState: store.State{SingleItem: true},
		Version: 1, CreatedAt: at, UpdatedAt: at,
	}
	if diff := cmp.Diff(identity.WriteResult{Identity: want}, got); diff != "" {
		t.Errorf("Create(), -want +got:\n%s", diff)
	}
	if len(got.ID) != 16 {
		t.Errorf("ID = %q, want a generated one of 16 characters", got.ID)
	}
	if diff := cmp.Diff(want, w.mustGet(t, got.ID)); diff != "" {
		t.Errorf("Get(), -want +got:\n%s", diff)
	}
}

func TestCreateUsesTheClientsID(t *testing.T) {
	w := newTestRegistry(t)
	if got := w.createWithID(t, "own-1"); got.ID != "own-1" {
		t.Errorf("ID = %q, want own-1", got.ID)
	}
	d := draft(identity.Profile{})
	d.ID = "own-1"
	_, err := w.Create(ctx, d)
	wantConflict(t, "the id again", err, identity.FieldID)
	d.Tenant = "other"
	w.mustCreate(t, d)
}

func TestInvalidDraftDoesNotReachTheStore(t *testing.T) {
	w := newTestRegistry(t)
	for _, id := range []string{" ", "a b", "a#b", strings.Repeat("x", 65), "é", "a\x00"} {
		d := draft(identity.Profile{})
		d.ID = id
		_, err := w.Create(ctx, d)
		wantText[*identity.Invalid](t, id, err, "id must have at most 64 letters, digits, '-' and '_'")
	}
	_, err := w.Create(ctx, draft(identity.Profile{FirstName: "a\n"}))
	wantText[*identity.Invalid](t, "a line feed", err, "firstName must not contain control characters")
	d := draft(identity.Profile{})
	d.Idempotency.Key = "clé"
	_, err = w.Create(ctx, d)
	wantText[*identity.Invalid](t, "a key outside ASCII", err, "idempotencyKey must be printable ASCII")
	if got := w.store.creates.Load(); got != 0 {
		t.Errorf("%d creates reached the store, want none", got)
	}
}

func TestBankAccountGetsAnID(t *testing.T) {
	w := newTestRegistry(t)
	sent := &identity.BankAccount{ID: "chosen", AccountNumber: "1", CreatedAt: noon.AddDate(-1, 0, 0)}
	before := *sent
	got := w.mustCreate(t, draft(identity.Profile{Bank: sent}))
	at := noon.Truncate(time.Microsecond)
	if want := (identity.BankAccount{ID: got.Bank.ID, AccountNumber: "1", CreatedAt: at, UpdatedAt: at}); *got.Bank != want {
		t.Errorf("Bank = %+v, want %+v", *got.Bank, want)
	}
	if len(got.Bank.ID) != 16 || got.Bank.ID == got.ID {
		t.Errorf("Bank.ID = %q of identity %s, want a generated one of its own", got.Bank.ID, got.ID)
	}
	if *sent != before {
		t.Errorf("the draft's account = %+v afterwards, want it unchanged", *sent)
	}
}

func TestClaims(t *testing.T) {
	claim := func(kind string, values ...string) identity.Claim {
		return identity.Claim{Kind: kind, Values: values, Fields: []identity.Field{identity.FieldEmail, identity.FieldPhone}}
	}
	w := newTestRegistry(t)
	d := draft(identity.Profile{})
	d.Claims = []identity.Claim{claim("user", "1", "a")}
	w.mustCreate(t, d)
	for _, tt := range []struct {
		name, tenant string
		claims       []identity.Claim
		taken        bool
	}{
		{"equal", "acme", []identity.Claim{claim("user", "1", "a")}, true},
		{"another value", "acme", []identity.Claim{claim("user", "1", "b")}, false},
		{"values joined", "acme", []identity.Claim{claim("user", "1a")}, false},
		{"values in another order", "acme", []identity.Claim{claim("user", "a", "1")}, false},
		{"another kind", "acme", []identity.Claim{claim("organization", "1", "a")}, false},
		{"another tenant", "other", []identity.Claim{claim("user", "1", "a")}, false},
		{"one of two", "acme", []identity.Claim{claim("user", "2", "a"), claim("user", "1", "a")}, true},
		{"none", "acme", nil, false},
	} {
		d.Tenant, d.Claims = tt.tenant, tt.claims
		_, err := w.Create(ctx, d)
		if !tt.taken {
			wantIs(t, tt.name, err, nil)
			continue
		}
		wantConflict(t, tt.name, err, identity.FieldEmail, identity.FieldPhone)
	}
}

func TestCreateIsIdempotent(t *testing.T) {
	w := newTestRegistry(t)
	first := draft(identity.Profile{FirstName: "Ana", Bank: &identity.BankAccount{Bank: "B"}})
	first.Trusted, first.Claims = false, []identity.Claim{{Kind: "user", Values: []string{"1"}, Fields: []identity.Field{"email"}}}
	first.Idempotency = identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
	want := w.mustCreate(t, first)
	if want.Replayed {
		t.Error("Replayed = true for the first request, want false")
	}
	w.now = noon.Add(time.Hour)
	want.Replayed = true
	if diff := cmp.Diff(want, w.mustCreate(t, first)); diff != "" {
		t.Errorf("the same request, -want +got:\n%s", diff)
	}

	other := first
	other.Idempotency.Fingerprint = [32]byte{2}
	_, err := w.Create(ctx, other)
	wantIs(t, "another request under the key", err, identity.ErrIdempotencyReused)
	other = first
	other.Idempotency.Key = "l"
	_, err = w.Create(ctx, other)
	wantConflict(t, "the same request under another key", err, "email")
	other = first
	other.Tenant = "other"
	if w.mustCreate(t, other).Replayed {
		t.Error("Replayed = true for another tenant's request, want false")
	}
}

func TestIdempotencyKeyOutlivesDeletion(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(identity.Profile{})
	d.ID, d.Idempotency = "x", identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
	w.now = time.Now()
	w.mustCreate(t, d)
	w.mustDelete(t, "x")
	for _, request := range []byte{1, 2} {
		d.Idempotency.Fingerprint = [32]byte{request}
		_, err := w.Create(ctx, d)
		wantIs(t, "a request under the key", err, identity.ErrNotFound)
	}
	_, err := w.Get(ctx, "acme", "x")
	wantIs(t, "Get of the deleted identity", err, identity.ErrNotFound)
	d.Idempotency.Key = "other"
	if w.mustCreate(t, d).Replayed {
		t.Error("Replayed = true under another key, want false")
	}
	w.now = w.now.Add(24 * time.Hour)
	d.ID, d.Idempotency.Key = "y", "k"
	if w.mustCreate(t, d).Replayed {
		t.Error("Replayed = true a day later, want false")
	}
}

func TestCreateIsReplayedAfterItsChildIsDeleted(t *testing.T) {
	w := newTestRegistry(t)
	w.createWithID(t, "child")
	parent := draft(identity.Profile{})
	parent.ID, parent.Children = "parent", []string{"child"}
	parent.Idempotency = identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
	w.mustCreate(t, parent)
	w.mustDelete(t, "child")
	if again := w.mustCreate(t, parent); !again.Replayed || again.ID != "parent" {
		t.Errorf("the same request: Replayed = %v, ID = %q, want the first response", again.Replayed, again.ID)
	}
	parent.Idempotency.Fingerprint = [32]byte{2}
	_, err := w.Create(ctx, parent)
	wantIs(t, "another request under the key", err, identity.ErrIdempotencyReused)
	parent.Idempotency = identity.Idempotency{}
	_, err = w.Create(ctx, parent)
	wantErrorAs[*identity.DanglingReference](t, "without a key", err)
}

func TestGetOfAnUnknownIdentity(t *testing.T) {
	w := newTestRegistry(t)
	id := w.mustCreate(t, draft(identity.Profile{})).ID
	for _, tt := range []struct {
		name, tenant, id string
		reads            int64
	}{
		{"absent", "acme", "0000000000000000", 1},
		{"another tenant's", "other", id, 1},
		{"longer by one", "acme", id + "0", 1},
		{"empty", "acme", "", 0},
		{"not an id", "acme", id + "#", 0},
		{"too long", "acme", strings.Repeat("a", 65), 0},
	} {
		before := w.store.gets.Load()
		got, err := w.Get(ctx, tt.tenant, tt.id)
		wantIs(t, tt.name, err, identity.ErrNotFound)
		if diff := cmp.Diff(identity.Identity{}, got); diff != "" {
			t.Errorf("%s: Get() returns an identity:\n%s", tt.name, diff)
		}
		if reads := w.store.gets.Load() - before; reads != tt.reads {
			t.Errorf("%s: %d reads of the store, want %d", tt.name, reads, tt.reads)
		}
	}
}

func TestCreateFailsWithoutRandomness(t *testing.T) {
	w := newTestRegistry(t)
	w.Random = strings.NewReader("12345678") // enough for one id
	_, err := w.Create(ctx, draft(identity.Profile{Bank: &identity.BankAccount{}}))
	wantIs(t, "the id of a bank account", err, io.EOF)
	_, err = w.Create(ctx, draft(identity.Profile{}))
	wantIs(t, "the id of an identity", err, io.EOF)
	if got := w.store.creates.Load(); got != 0 {
		t.Errorf("%d creates reached the store, want none", got)
	}
}

var statuses = slices.Sorted(maps.Keys(identity.Transitions))

func TestInitialStatus(t *testing.T) {
	const instant, contact, screening = identity.OnboardingInstant, identity.OnboardingContact, identity.OnboardingContactAndScreening
	w := newTestRegistry(t)
	for _, tt := range []struct {
		name           string
		requested      identity.Status
		trusted        bool
		policy         identity.Onboarding
		byDefault      identity.Onboarding
		want           identity.Status
		wantOnboarding identity.Onboarding
	}{
		{"untrusted requests nothing", "", false, "", "", identity.Pending, contact},
		{"untrusted requests active", identity.Active, false, "", "", identity.Pending, contact},
		{"untrusted requests blocked", identity.Blocked, false, "", "", identity.Pending, contact},
		{"untrusted requests an unknown status", "GOLD", false, "", "", identity.Pending, contact},
		{"trusted requests nothing", "", true, "", "", identity.Active, ""},
		{"trusted requests an unknown status", "GOLD", true, "", "", identity.Pending, contact},
		{"trusted requests an unknown status, instant", "GOLD", true, instant, "", identity.Pending, contact},
		{"trusted requests in lower case", "blocked", true, "", "", identity.Pending, contact},
		{"trusted requests pending", identity.Pending, true, "", "", identity.Pending, contact},
		{"trusted requests pending email", identity.PendingEmailValidation, true, "", "", identity.PendingEmailValidation, contact},
		{"trusted requests pending phone", identity.PendingPhoneValidation, true, "", "", identity.PendingPhoneValidation, contact},
		{"trusted requests screening", identity.Screening, true, "", "", identity.Screening, contact},
		{"trusted requests active", identity.Active, true, "", "", identity.Active, ""},
		{"trusted requests inactive", identity.Inactive, true, "", "", identity.Inactive, ""},
		{"trusted requests rejected", identity.Rejected, true, "", "", identity.Rejected, ""},
		{"trusted requests blocked", identity.Blocked, true, "", "", identity.Blocked, ""},

		{"instant", "", false, instant, "", identity.Active, ""},
		{"instant by default", "", false, "", instant, identity.Active, ""},
		{"instant by default, but the policy says contact", "", false, contact, instant, identity.Pending, contact},
		{"screening", "", false, screening, "", identity.Pending, screening},
		{"trusted, with a policy, requests nothing", "", true, screening, "", identity.Pending, screening},
		{"trusted, with a policy, requests active", identity.Active, true, contact, "", identity.Active, contact},
		{"trusted, instant, requests pending", identity.Pending, true, instant, "", identity.Pending, contact},
	} {
		d := draft(identity.Profile{})
		d.Status, d.Trusted, d.Policy.Onboarding, d.DefaultOnboarding = tt.requested, tt.trusted, tt.policy, tt.byDefault
		got := w.mustCreate(t, d)
		if got.Status != tt.want || got.Onboarding != tt.wantOnboarding {
			t.Errorf("%s: status %s, onboarding %q, want %s, %q", tt.name, got.Status, got.Onboarding, tt.want, tt.wantOnboarding)
		}
		expires := time.Time{}
		if tt.want.Pending() {
			expires = noon.Add(7 * 24 * time.Hour).Truncate(time.Second)
		}
		if !got.ExpiresAt.Equal(expires) {
			t.Errorf("%s: ExpiresAt = %v, want %v", tt.name, got.ExpiresAt, expires)
		}
	}
}
