package auth_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"cedula/shared/auth"
)

// team is a client that may do everything, with its own Blnk key.
type team struct {
	*office
	keys auth.Keys
	own  string
}

func newTeam(t *testing.T) *team {
	t.Helper()
	o := newOffice(t)
	_, shown, err := auth.Register(ctx, o.Registry, o.Hasher, auth.NewClient{Name: "team", Scopes: auth.Scopes{auth.ScopeAll}}, o.now)
	if err != nil {
		t.Fatal(err)
	}
	return &team{o, auth.Keys{Store: o.Registry, Hasher: o.Hasher, Now: o.Now}, shown.BlnkKey}
}

func (m *team) caller(t *testing.T, text string) auth.Caller {
	t.Helper()
	c, err := m.guard.Key(ctx, text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// made is a key of an owner, made by whoever comes with a text.
func (m *team) made(t *testing.T, by, owner string, scopes ...string) (auth.Key, string) {
	t.Helper()
	k, text, err := m.keys.Create(ctx, m.caller(t, by), m.wanted(owner, scopes...))
	if err != nil {
		t.Fatal(err)
	}
	return k, text
}

func (m *team) wanted(owner string, scopes ...string) auth.NewKey {
	return auth.NewKey{Use: auth.UseBlnk, Name: "n", Owner: owner, Scopes: scopes, Expires: m.now.Add(time.Hour)}
}

// given is a key that the operator made.
func (m *team) given(t *testing.T, scopes ...string) (auth.Key, string) {
	t.Helper()
	k, text, err := m.CreateKey(ctx, m.own[4:20], auth.NewKey{Use: auth.UseBlnk, Scopes: scopes, Expires: m.now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return k, text
}

// TestOperatorsScopedKey: it is the operator's, neither shown nor ended here, and
// within its scopes and its life it makes keys of any owner.
func TestOperatorsScopedKey(t *testing.T) {
	m := newTeam(t)
	given, text := m.given(t, auth.ScopeKeyWrite, auth.ScopeIdentityRead)
	caller := m.caller(t, text)
	one, _ := m.made(t, text, "team-a", auth.ScopeIdentityRead)
	two, _ := m.made(t, text, "team-b", auth.ScopeIdentityRead)
	_, _, err := m.keys.Create(ctx, caller, m.wanted("team-b", auth.ScopeIdentityWrite))
	refused(t, err, auth.ErrEscalation)
	long := m.wanted("team-b")
	long.Expires = m.now.Add(time.Hour + time.Second)
	var invalid *auth.InvalidKey
	if _, _, err = m.keys.Create(ctx, caller, long); !errors.As(err, &invalid) {
		t.Errorf("a key that outlives it: %v", err)
	}
	for name, by := range map[string]auth.Caller{"itself": caller, "the client's own": m.caller(t, m.own)} {
		list, err := m.keys.List(ctx, by, blnkKeys)
		if err != nil || len(list) != 2 || list[0].Maker != given.ID {
			t.Errorf("%s lists %v, %v", name, list, err)
		}
		refused(t, m.keys.Revoke(ctx, by, blnkKeys, given.ID), auth.ErrUnknown)
	}
	for _, id := range []string{one.ID, two.ID} {
		if err := m.keys.Revoke(ctx, caller, blnkKeys, id); err != nil {
			t.Error(err)
		}
	}
}

// TestRotatedKeyStaysListed: what takes the place of a key that a key made is
// that key's work too.
func TestRotatedKeyStaysListed(t *testing.T) {
	m := newTeam(t)
	k, _ := m.made(t, m.own, "team-a", auth.ScopeKeyRead)
	rotated, text, _, err := m.RotateKey(ctx, k.ID, over(0))
	if err != nil || rotated.Maker != m.own[4:28] {
		t.Fatal(rotated.Maker, err)
	}
	if list, err := m.keys.List(ctx, m.caller(t, text), blnkKeys); err != nil || len(list) != 2 {
		t.Errorf("%d keys, %v", len(list), err)
	}
}

// TestRevokeWithMade: with a key goes what it made, and what that made.
func TestRevokeWithMade(t *testing.T) {
	m := newTeam(t)
	root, rootText := m.given(t, auth.ScopeAll)
	child, childText := m.made(t, rootText, "a", auth.ScopeKeyWrite)
	grandchild, _ := m.made(t, childText, "a", auth.ScopeKeyWrite)
	sibling, siblingText := m.made(t, rootText, "b", auth.ScopeKeyWrite)
	below, belowText := m.made(t, siblingText, "b")
	_, strangerText := m.made(t, m.own, "a", auth.ScopeKeyWrite)
	if _, err := m.RevokeKey(ctx, sibling.ID); err != nil { // what it made is found all the same
		t.Fatal(err)
	}
	m.now = m.now.Add(time.Minute)
	ended, err := m.RevokeWithMade(ctx, root.ID)
	if err != nil || len(ended) != 4 || ended[0].ID != root.ID {
		t.Fatalf("%v, %v", ended, err)
	}
	for _, k := range []auth.Key{child, grandchild, below} {
		if !slices.ContainsFunc(ended, func(e auth.Key) bool { return e.ID == k.ID && e.Revoked.Equal(m.now) }) {
			t.Errorf("%s is not among the ended", k.ID)
		}
	}
	for _, text := range []string{rootText, childText, siblingText, belowText} {
		refused(t, m.opens(text), auth.ErrExpired)
	}
	if m.opens(strangerText) != nil || m.opens(m.own) != nil {
		t.Error("a key was ended that it did not make")
	}
	again, err := m.RevokeWithMade(ctx, root.ID)
	if err != nil || len(again) != 1 || again[0].Revoked != ended[0].Revoked {
		t.Errorf("again: %v, %v", again, err)
	}
	for _, id := range []string{"", "x", root.ID[:16] + "00000000"} {
		if _, err := m.RevokeWithMade(ctx, id); !errors.Is(err, auth.ErrUnknown) {
			t.Errorf("%q: %v", id, err)
		}
	}
}
