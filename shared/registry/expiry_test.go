package registry_test

import (
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
	w.createWithID(t, "child")
	w.addChildren(t, "parent", id)
	w.addChildren(t, id, "child")
	errs := map[string]func() error{
		"Get":                    func() error { _, err := w.Get(ctx, "acme", id); return err },
		"Update":                 func() error { _, err := w.Update(ctx, setFirstName(id, "x")); return err },
		"ListParents":            func() error { _, err := w.ListParents(ctx, "acme", id); return err },
		"ListWithdrawalAccounts": func() error { _, err := w.ListWithdrawalAccounts(ctx, "acme", id); return err },
		"StartVerification": func() error {
			_, err := w.StartVerification(ctx, change(id, nil), identity.ChannelEmail, nil, false)
			return err
		},
	}
	counts := map[string]func() (int, error){
		"listed by email": func() (int, error) {
			page, err := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10, Filter: registry.Filter{Email: ana.Email}})
			return len(page.Identities), err
		},
		"listed by parent": func() (int, error) {
			page, err := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10, Filter: registry.Filter{ParentID: id}})
			return len(page.Identities), err
		},
		"listed, besides two others": func() (int, error) {
			page, err := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10})
			return len(page.Identities) - 2, err
		},
		"found, besides two others": func() (int, error) {
			page, err := w.Search(ctx, registry.Query{Tenant: "acme", Limit: 10})
			return len(page.Identities) - 2, err
		},
		"children": func() (int, error) {
			got, err := w.GetWithChildren(ctx, "acme", parent.ID)
			return len(got.Children), err
		},
	}
	check := func(wantErr error, wantCount int) {
		t.Helper()
		for name, call := range errs {
			wantIs(t, name, call(), wantErr)
		}
		for name, call := range counts {
			if got, err := call(); err != nil || got != wantCount {
				t.Errorf("%s: %d, %v, want %d", name, got, err, wantCount)
			}
		}
	}
	expires := w.mustGet(t, id).ExpiresAt
	w.now = expires.Add(-time.Microsecond)
	check(nil, 1)
	w.now = expires
	check(identity.ErrNotFound, 0)
	_, err := w.Update(ctx, childrenUpdate("parent", registry.ReplaceChildren, id))
	wantErrorAs[*identity.DanglingReference](t, "an expired child", err)
	wantIs(t, "Delete", w.Delete(ctx, "acme", id, nil), identity.ErrNotFound)
}

// TestExpiredHolderIsEvicted: an expired identity does not keep its id, its claim or its address from another.
func TestExpiredHolderIsEvicted(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(ana)
	d.Trusted, d.ID, d.Claims = false, "own-id", []identity.Claim{ana.UniquenessClaim()}
	w.mustCreate(t, d)
	_, err := w.Create(ctx, d)
	wantConflict(t, "the id of a pending identity", err, identity.FieldID)
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
	_, err := w.Create(ctx, d)
	wantIs(t, "Create", err, identity.ErrNotFound)
}
