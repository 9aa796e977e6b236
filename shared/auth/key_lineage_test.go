package auth_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"cedula/shared/auth"
)

// lineageFixture is a client that may do everything, with its own Blnk key.
type lineageFixture struct {
	*adminFixture
	keyManager auth.KeyManager
	ownKey     string
}

func newLineageFixture(t *testing.T) *lineageFixture {
	t.Helper()
	o := newAdminFixture(t)
	_, shown, err := o.CreateClient(ctx, auth.ClientParams{Name: "team", Scopes: auth.Scopes{auth.ScopeAll}})
	if err != nil {
		t.Fatal(err)
	}
	return &lineageFixture{o, auth.KeyManager{Store: o.AdminStore, Hasher: o.Hasher, Now: o.Now}, shown.Keys["blnk"]}
}

func (m *lineageFixture) caller(t *testing.T, text string) auth.Caller {
	t.Helper()
	c, err := m.authenticator.AuthenticateKey(ctx, blnkAPI, text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// createChildKey is a key of an owner, made by whoever comes with a text.
func (m *lineageFixture) createChildKey(t *testing.T, by, owner string, scopes ...string) (auth.Key, string) {
	t.Helper()
	k, text, err := m.keyManager.Create(ctx, m.caller(t, by), m.keyParams(owner, scopes...))
	if err != nil {
		t.Fatal(err)
	}
	return k, text
}

func (m *lineageFixture) keyParams(owner string, scopes ...string) auth.KeyParams {
	return auth.KeyParams{API: blnkAPI, Name: "n", Owner: owner, Scopes: scopes, Expires: m.now.Add(time.Hour)}
}

// createAdminKey is a key that the operator made.
func (m *lineageFixture) createAdminKey(t *testing.T, scopes ...string) (auth.Key, string) {
	t.Helper()
	k, text, err := m.CreateKey(ctx, m.ownKey[4:20], auth.KeyParams{API: blnkAPI, Scopes: scopes, Expires: m.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return k, text
}

// TestScopedKeyCreatedByAdmin: it is the operator's, neither shown nor ended here, and
// within its scopes and its life it makes keys of any owner.
func TestScopedKeyCreatedByAdmin(t *testing.T) {
	m := newLineageFixture(t)
	given, text := m.createAdminKey(t, auth.ScopeKeyWrite, auth.ScopeIdentityRead)
	caller := m.caller(t, text)
	one, _ := m.createChildKey(t, text, "team-a", auth.ScopeIdentityRead)
	two, _ := m.createChildKey(t, text, "team-b", auth.ScopeIdentityRead)
	_, _, err := m.keyManager.Create(ctx, caller, m.keyParams("team-b", auth.ScopeIdentityWrite))
	wantError(t, err, auth.ErrEscalation)
	long := m.keyParams("team-b")
	long.Expires = m.now.Add(time.Hour + time.Second)
	var invalid *auth.InvalidKeyError
	if _, _, err = m.keyManager.Create(ctx, caller, long); !errors.As(err, &invalid) {
		t.Errorf("a key that outlives it: %v; want a *auth.InvalidKeyError", err)
	}
	for name, by := range map[string]auth.Caller{"itself": caller, "the client's own": m.caller(t, m.ownKey)} {
		list, err := m.keyManager.List(ctx, by, blnkKeys)
		if err != nil || len(list) != 2 || list[0].CreatedBy != given.ID {
			t.Errorf("%s lists %v, %v; want no error and len(list) == 2 and list[0].CreatedBy == given.ID", name, list, err)
		}
		wantError(t, m.keyManager.Revoke(ctx, by, blnkKeys, given.ID), auth.ErrNotFound)
	}
	for _, id := range []string{one.ID, two.ID} {
		if err := m.keyManager.Revoke(ctx, caller, blnkKeys, id); err != nil {
			t.Error(err)
		}
	}
}

// TestRotatedKeyStaysListed: what takes the place of a key that a key made is
// that key's work too.
func TestRotatedKeyStaysListed(t *testing.T) {
	m := newLineageFixture(t)
	k, _ := m.createChildKey(t, m.ownKey, "team-a", auth.ScopeKeyRead)
	rotated, text, _, err := m.RotateKey(ctx, k.ID, withOverlap(0))
	if err != nil || rotated.CreatedBy != m.ownKey[4:28] {
		t.Fatalf("rotated.CreatedBy = %v, err = %v; want no error and rotated.CreatedBy == m.ownKey[4:28]", rotated.CreatedBy, err)
	}
	if list, err := m.keyManager.List(ctx, m.caller(t, text), blnkKeys); err != nil || len(list) != 2 {
		t.Errorf("%d keys, %v; want no error and len(list) == 2", len(list), err)
	}
}

// TestRevokeWithDescendants: with a key goes what it made, and what that made.
func TestRevokeWithDescendants(t *testing.T) {
	m := newLineageFixture(t)
	root, rootText := m.createAdminKey(t, auth.ScopeAll)
	child, childText := m.createChildKey(t, rootText, "a", auth.ScopeKeyWrite)
	grandchild, _ := m.createChildKey(t, childText, "a", auth.ScopeKeyWrite)
	sibling, siblingText := m.createChildKey(t, rootText, "b", auth.ScopeKeyWrite)
	below, belowText := m.createChildKey(t, siblingText, "b")
	_, strangerText := m.createChildKey(t, m.ownKey, "a", auth.ScopeKeyWrite)
	if _, err := m.RevokeKey(ctx, sibling.ID); err != nil { // what it made is found all the same
		t.Fatal(err)
	}
	m.now = m.now.Add(time.Minute)
	ended, err := m.RevokeWithDescendants(ctx, root.ID)
	if err != nil || len(ended) != 4 || ended[0].ID != root.ID {
		t.Fatalf("%v, %v; want no error and len(ended) == 4 and ended[0].ID == root.ID", ended, err)
	}
	for _, k := range []auth.Key{child, grandchild, below} {
		if !slices.ContainsFunc(ended, func(e auth.Key) bool { return e.ID == k.ID && e.Revoked.Equal(m.now) }) {
			t.Errorf("%s is not among the ended; want slices.ContainsFunc(ended, func(e auth.Key) bool { return e.ID == k.ID && e.Revoked.Equal(m.now) })", k.ID)
		}
	}
	for _, text := range []string{rootText, childText, siblingText, belowText} {
		wantError(t, m.authenticateKey(text), auth.ErrExpired)
	}
	if m.authenticateKey(strangerText) != nil || m.authenticateKey(m.ownKey) != nil {
		t.Error("a key was ended that it did not make")
	}
	again, err := m.RevokeWithDescendants(ctx, root.ID)
	if err != nil || len(again) != 1 || again[0].Revoked != ended[0].Revoked {
		t.Errorf("again: %v, %v; want no error and len(again) == 1 and again[0].Revoked == ended[0].Revoked", again, err)
	}
	for _, id := range []string{"", "x", root.ID[:16] + "00000000"} {
		if _, err := m.RevokeWithDescendants(ctx, id); !errors.Is(err, auth.ErrNotFound) {
			t.Errorf("%q: %v; want auth.ErrNotFound", id, err)
		}
	}
}
