package registry_test

import (
	"errors"
	"io"
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
		t.Errorf("diff = %v, want %v", diff, "")
	}
	if len(got.ID) != 16 {
		t.Errorf("id %q was not minted; want len(got.ID) == 16", got.ID)
	}
	found, err := w.Get(ctx, "acme", got.ID)
	if diff := cmp.Diff(want, found); diff != "" || err != nil {
		t.Errorf(`err = %v, diff = %v; want diff == "" and no error`, err, diff)
	}
}

func TestCreateUsesTheClientsID(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(identity.Profile{FirstName: "Ana"})
	d.ID = "own-1"
	if got := w.mustCreate(t, d); got.ID != "own-1" {
		t.Errorf(`got %s; want got.ID == "own-1"`, got.ID)
	}
	_, err := w.Create(ctx, d)
	wantConflict(t, err, identity.FieldID)
	d.Tenant = "other"
	w.mustCreate(t, d)
}

func TestCreateRejectsInvalidIDs(t *testing.T) {
	w := newTestRegistry(t)
	for _, id := range []string{" ", "a b", "a#b", strings.Repeat("x", 65), "é", "a\x00"} {
		d := draft(identity.Profile{})
		d.ID = id
		_, err := w.Create(ctx, d)
		wantField(t, err, identity.FieldID, "must have at most 64 letters, digits, '-' and '_'")
	}
	if w.store.creates != 0 {
		t.Errorf("%d creates reached the store, want 0", w.store.creates)
	}
}

func TestBankAccountGetsAnID(t *testing.T) {
	w := newTestRegistry(t)
	sent := &identity.BankAccount{ID: "chosen", AccountNumber: "1", CreatedAt: noon.AddDate(-1, 0, 0)}
	before := *sent
	got := w.mustCreate(t, draft(identity.Profile{Bank: sent}))
	at := noon.Truncate(time.Microsecond)
	want := &identity.BankAccount{ID: got.Bank.ID, AccountNumber: "1", CreatedAt: at, UpdatedAt: at}
	if diff := cmp.Diff(want, got.Bank); diff != "" || len(got.Bank.ID) != 16 || got.Bank.ID == got.ID {
		t.Errorf("id %s\n%s; want diff == \"\" and len(got.Bank.ID) == 16 and got.Bank.ID != got.ID", got.Bank.ID, diff)
	}
	if diff := cmp.Diff(&before, sent); diff != "" {
		t.Errorf("the draft's own account changed\n%s; want diff == \"\"", diff)
	}
}

func TestClaims(t *testing.T) {
	claim := func(kind string, values ...string) []identity.Claim {
		return []identity.Claim{{Kind: kind, Values: values, Fields: []identity.Field{identity.FieldEmail, identity.FieldPhone}}}
	}
	tests := []struct {
		name   string
		tenant string
		claims []identity.Claim
		taken  bool
	}{
		{"equal", "acme", claim("user", "1", "a"), true},
		{"other value", "acme", claim("user", "1", "b"), false},
		{"values joined", "acme", claim("user", "1a"), false},
		{"values the other way round", "acme", claim("user", "a", "1"), false},
		{"other kind", "acme", claim("organization", "1", "a"), false},
		{"other tenant", "other", claim("user", "1", "a"), false},
		{"one of two", "acme", append(claim("user", "2", "a"), claim("user", "1", "a")...), true},
		{"none", "acme", nil, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newTestRegistry(t)
			d := draft(identity.Profile{})
			d.Claims = claim("user", "1", "a")
			w.mustCreate(t, d)
			d.Tenant, d.Claims, d.ID = tt.tenant, tt.claims, "second"
			_, err := w.Create(ctx, d)
			if !tt.taken {
				if err != nil {
					t.Errorf("error = %v, want none", err)
				}
				return
			}
			wantConflict(t, err, identity.FieldEmail, identity.FieldPhone)
			if _, err := w.Get(ctx, tt.tenant, "second"); !errors.Is(err, identity.ErrNotFound) {
				t.Errorf("a refused identity can be read: %v; want identity.ErrNotFound", err)
			}
		})
	}
}

func TestIdempotentCreate(t *testing.T) {
	w := newTestRegistry(t)
	first := draft(identity.Profile{FirstName: "Ana", Bank: &identity.BankAccount{Bank: "B"}})
	first.Trusted, first.Claims = false, []identity.Claim{{Kind: "user", Values: []string{"1"}, Fields: []identity.Field{"email"}}}
	first.Idempotency = identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
	answered := w.mustCreate(t, first)
	if answered.Replayed {
		t.Error("the first request is marked as replayed")
	}

	w.now = noon.Add(time.Hour)
	again := w.mustCreate(t, first)
	if !again.Replayed {
		t.Error("the second request is not marked as replayed")
	}
	if diff := cmp.Diff(answered.Identity, again.Identity); diff != "" {
		t.Errorf("diff = %v, want %v", diff, "")
	}

	other := first
	other.Idempotency.Fingerprint = [32]byte{2}
	if _, err := w.Create(ctx, other); !errors.Is(err, identity.ErrIdempotencyReused) {
		t.Errorf("another request under the key: %v; want identity.ErrIdempotencyReused", err)
	}
	other = first
	other.Idempotency.Key = "l"
	_, err := w.Create(ctx, other)
	wantConflict(t, err, "email")
	other = first
	other.Tenant = "other"
	if w.mustCreate(t, other).Replayed {
		t.Error("another tenant's request was replayed")
	}
}

func TestGet(t *testing.T) {
	w := newTestRegistry(t)
	id := w.mustCreate(t, draft(identity.Profile{})).ID
	tests := []struct {
		name, tenant, id string
		asked            int
	}{
		{"absent", "acme", "0000000000000000", 1},
		{"another tenant's", "other", id, 1},
		{"longer by one", "acme", id + "0", 1},
		{"no id", "acme", "", 0},
		{"no possible id", "acme", id + "#", 0},
		{"too long", "acme", strings.Repeat("a", 65), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before := w.store.gets
			got, err := w.Get(ctx, tt.tenant, tt.id)
			if !errors.Is(err, identity.ErrNotFound) {
				t.Errorf("got %v, %v; want identity.ErrNotFound", got, err)
			}
			if diff := cmp.Diff(identity.Identity{}, got); diff != "" {
				t.Errorf("diff = %v, want %v", diff, "")
			}
			if asked := w.store.gets - before; asked != tt.asked {
				t.Errorf("the store was asked %d times, want %d", asked, tt.asked)
			}
		})
	}
}

func TestCreateFailsWithoutRandomness(t *testing.T) {
	w := newTestRegistry(t)
	w.Random = strings.NewReader("12345678") // enough for one id
	if _, err := w.Create(ctx, draft(identity.Profile{Bank: &identity.BankAccount{}})); !errors.Is(err, io.EOF) {
		t.Errorf("bank account: got %v; want io.EOF", err)
	}
	if _, err := w.Create(ctx, draft(identity.Profile{})); !errors.Is(err, io.EOF) {
		t.Errorf("identity: got %v; want io.EOF", err)
	}
	if w.store.creates != 0 {
		t.Errorf("%d creates reached the store, want 0", w.store.creates)
	}
}

func wantConflict(t *testing.T, err error, fields ...identity.Field) {
	t.Helper()
	var taken *identity.Conflict
	if !errors.As(err, &taken) {
		t.Fatalf("got %v, want taken %v", err, fields)
	}
	if diff := cmp.Diff(fields, taken.Fields); diff != "" {
		t.Errorf("diff = %v, want %v", diff, "")
	}
}
