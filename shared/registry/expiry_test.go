package registry_test

import (
	"errors"
	"testing"
	"time"

	"cedula/shared/identity"
	"cedula/shared/registry"
)

const week = identity.DefaultPendingTTL

// TestExpiredIdentityIsNotFound: every call finds a pending identity until it expires, and none finds it afterwards.
func TestExpiredIdentityIsNotFound(t *testing.T) {
	w := newTestRegistry(t)
	id := w.createPending(t, ana, identity.OnboardingContact).ID
	parent := w.createWithID(t, "parent")
	w.mustUpdate(t, childrenUpdate("parent", registry.ReplaceChildren, id))
	errs := map[string]func() error{
		"Get":      func() error { _, err := w.Get(ctx, "acme", id); return err },
		"Update":   func() error { _, err := w.Update(ctx, setFirstName(id, "x")); return err },
		"Parents":  func() error { _, err := w.ListParents(ctx, "acme", id); return err },
		"Accounts": func() error { _, err := w.ListWithdrawalAccounts(ctx, "acme", id); return err },
		"SendCode": func() error {
			_, err := w.StartVerification(ctx, changeByID(id), identity.ChannelEmail, nil, false)
			return err
		},
		"AddParent": func() error {
			_, err := w.Update(ctx, childrenUpdate("parent", registry.ReplaceChildren, id))
			if unknown := new(identity.DanglingReference); errors.As(err, &unknown) {
				return identity.ErrNotFound
			}
			return err
		},
	}
	counts := map[string]func() (int, error){
		"listed by email": func() (int, error) {
			page, err := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10, Filter: registry.Filter{Email: ana.Email}})
			return len(page.Identities), err
		},
		"listed": func() (int, error) {
			page, err := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10})
			return len(page.Identities) - 1, err
		},
		"found": func() (int, error) {
			page, err := w.Search(ctx, registry.Query{Tenant: "acme", Limit: 10})
			return len(page.Identities) - 1, err
		},
		"children": func() (int, error) {
			got, err := w.GetWithChildren(ctx, "acme", parent.ID)
			return len(got.Children), err
		},
	}
	check := func(t *testing.T, wantErr error, wantCount int) {
		t.Helper()
		for name, call := range errs {
			if err := call(); !errors.Is(err, wantErr) {
				t.Errorf("%s: error = %v, want %v", name, err, wantErr)
			}
		}
		for name, call := range counts {
			if got, err := call(); err != nil || got != wantCount {
				t.Errorf("%s: got %d, %v, want %d", name, got, err, wantCount)
			}
		}
	}
	i, err := w.Get(ctx, "acme", id)
	if err != nil {
		t.Fatal(err)
	}
	w.now = i.ExpiresAt.Add(-time.Microsecond)
	check(t, nil, 1)
	w.now = i.ExpiresAt
	check(t, identity.ErrNotFound, 0)
	if err := w.Delete(ctx, "acme", id, nil); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("Delete: error = %v, want ErrNotFound", err)
	}
}

// TestExpiredHolderIsEvicted: an expired identity does not keep its id, its claim or its address from another.
func TestExpiredHolderIsEvicted(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(ana)
	d.Trusted, d.ID, d.Claims = false, "own-id", []identity.Claim{ana.UniquenessClaim()}
	w.mustCreate(t, d)
	_, err := w.Create(ctx, d)
	wantConflict(t, err, identity.FieldID)
	w.now = w.now.Add(week)
	if again := w.mustCreate(t, d); again.Version != 1 || !again.CreatedAt.Equal(w.now.Truncate(time.Microsecond)) {
		t.Errorf("created again: version %d at %v, want version 1 at %v", again.Version, again.CreatedAt, w.now)
	}
	p := ana
	p.Email = "b@example.com"
	second := w.createPending(t, p, identity.OnboardingContact)
	w.setEmail(t, second.ID, "c@example.com")
	w.now = w.now.Add(week - time.Hour)
	third := w.createPending(t, p, identity.OnboardingContact) // the second has another email
	w.now = w.now.Add(time.Hour)
	if got := w.setEmail(t, third.ID, "c@example.com"); got.Email != "c@example.com" {
		t.Errorf("Email = %q, want that of the expired identity", got.Email)
	}
}

func TestCreateOfAnExpiredIdentityIsNotReplayed(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(ana)
	d.Trusted, d.Policy.PendingTTL, d.Idempotency = false, time.Hour, identity.Idempotency{Key: "k"}
	w.mustCreate(t, d)
	w.now = w.now.Add(time.Hour)
	if _, err := w.Create(ctx, d); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("Create: error = %v, want ErrNotFound", err)
	}
}

func TestExpiredParentListsNoChildren(t *testing.T) {
	w := newTestRegistry(t)
	w.createWithID(t, "child")
	d := draft(ana)
	d.Trusted, d.Children = false, []string{"child"}
	parent := w.mustCreate(t, d)
	for _, want := range []int{1, 0} {
		page, err := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10, Filter: registry.Filter{ParentID: parent.ID}})
		if err != nil || len(page.Identities) != want {
			t.Errorf("List of the children: %d, %v, want %d", len(page.Identities), err, want)
		}
		w.now = w.now.Add(week)
	}
}
