package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cedula/shared/auth"
)

// keyParams are valid parameters of a Blnk key.
func (w *fixture) keyParams(owner string, scopes ...string) auth.KeyParams {
	return auth.KeyParams{
		API: blnkAPI, Name: "svc", Owner: owner, Scopes: scopes, RequestedScopes: []string{"a:b"}, Expires: w.now.Add(time.Hour),
	}
}

// createKey creates a key as the caller with the key by.
func (w *fixture) createKey(t testing.TB, by, owner string, scopes ...string) (auth.Key, string) {
	t.Helper()
	k, text, err := w.keyManager.Create(ctx, w.caller(t, by), w.keyParams(owner, scopes...))
	wantError(t, err, nil)
	return k, text
}

// createAdminKey creates a key of the client with the key by, as an operator does.
func (w *fixture) createAdminKey(t *testing.T, by string, scopes ...string) (auth.Key, string) {
	t.Helper()
	k, text, err := w.CreateKey(ctx, by[4:20], w.keyParams("", scopes...))
	wantError(t, err, nil)
	return k, text
}

// allScopesKey returns a key of a new client with all scopes.
func (w *fixture) allScopesKey(t testing.TB) string {
	t.Helper()
	_, shown := w.createClient(t, "rich", auth.ScopeAll)
	return shown.Keys["blnk"]
}

// wantList compares the ids of the keys that caller lists with one call of the store.
func (w *fixture) wantList(t *testing.T, caller auth.Caller, f auth.KeyFilter, want ...string) {
	t.Helper()
	w.store.calls = 0
	list, err := w.keyManager.List(ctx, caller, f)
	wantError(t, err, nil)
	w.wantCalls(t, 1)
	ids := []string{}
	for _, k := range list {
		ids = append(ids, k.ID)
	}
	if !slices.Equal(ids, want) {
		t.Errorf("List(%v) = %v, want %v", f, ids, want)
	}
}

// wantInvalidKey compares the text of an InvalidKeyError; empty: no error.
func wantInvalidKey(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		wantError(t, err, nil)
		return
	}
	var invalid *auth.InvalidKeyError
	if !errors.As(err, &invalid) || err.Error() != "auth: key: "+want {
		t.Errorf("error = %v, want an InvalidKeyError: %s", err, want)
	}
}

func TestCreatedKeyAuthenticates(t *testing.T) {
	w := newFixture(t)
	n := w.keyParams("team-a", "identity:read")
	n.Expires = n.Expires.Add(time.Millisecond).In(time.FixedZone("east", 3600))
	k, text, err := w.keyManager.Create(ctx, w.caller(t, w.blnkKey), n)
	wantError(t, err, nil)
	want := auth.Key{
		ID: keyID(text), Client: w.client.ID, API: blnkAPI.Name, Hash: w.hasher.Hash(text), Scopes: auth.Scopes{"identity:read"},
		Expires: w.now.Add(time.Hour), Created: w.now, Name: "svc", Owner: "team-a", RequestedScopes: []string{"a:b"}, CreatedBy: keyID(w.blnkKey),
	}
	wantEqual(t, k, want)
	wantEqual(t, w.store.keys[k.ID], want)
	if got := blnkAPI.DisplayPrefix(k.ID); got != text[:28] {
		t.Errorf("DisplayPrefix = %q, want %q", got, text[:28])
	}
	wantEqual(t, w.caller(t, text), auth.Caller{
		Tenant: "acme", Client: w.client.ID, Key: k.ID, Scopes: auth.Scopes{"identity:read"}, Expires: k.Expires, UsagePlanKey: w.client.UsagePlanKey,
	})
}

func TestKeyParamsAreValidated(t *testing.T) {
	const badName, badOwner = "name must have at most 128 bytes of printable text", "owner must have at most 128 bytes of printable text"
	const badEntry, past = " must have at most 64 bytes of printable text", "expires must be in the future"
	long := strings.Repeat("n", 129)
	for fact, tt := range map[string]struct {
		edit func(*auth.KeyParams)
		want string // the error's text; empty: valid
	}{
		"unchanged":            {func(*auth.KeyParams) {}, ""},
		"no scopes":            {func(n *auth.KeyParams) { n.Scopes = nil }, ""},
		"no end":               {func(n *auth.KeyParams) { n.Expires = time.Time{} }, ""},
		"128 bytes":            {func(n *auth.KeyParams) { n.Name, n.Owner = long[1:], long[1:] }, ""},
		"32 entries":           {func(n *auth.KeyParams) { n.RequestedScopes = make([]string, 32) }, ""},
		"64 bytes of an entry": {func(n *auth.KeyParams) { n.RequestedScopes = []string{long[:64]} }, ""},
		"the last second":      {func(n *auth.KeyParams) { n.Expires = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }, ""},
		"129 bytes of a name":  {func(n *auth.KeyParams) { n.Name = long }, badName},
		"line feed":            {func(n *auth.KeyParams) { n.Name = "a\nb" }, badName},
		"129 bytes of owner":   {func(n *auth.KeyParams) { n.Owner = long }, badOwner},
		"bidi control":         {func(n *auth.KeyParams) { n.Owner = "\u202e" }, badOwner},
		"33 entries":           {func(n *auth.KeyParams) { n.RequestedScopes = make([]string, 33) }, "scopes must have at most 32 entries"},
		"65 bytes of an entry": {func(n *auth.KeyParams) { n.RequestedScopes = []string{"", long[:65]} }, "scopes.1" + badEntry},
		"entry not UTF-8":      {func(n *auth.KeyParams) { n.RequestedScopes = []string{"\xff"} }, "scopes.0" + badEntry},
		"ends now":             {func(n *auth.KeyParams) { n.Expires = epoch }, past},
		"ends within a second": {func(n *auth.KeyParams) { n.Expires = epoch.Add(time.Second - 1) }, past},
		"ended":                {func(n *auth.KeyParams) { n.Expires = epoch.Add(-time.Hour) }, past},
		"year 10000":           {func(n *auth.KeyParams) { n.Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "expires must be before the year 10000"},
		"no API":               {func(n *auth.KeyParams) { n.API = auth.API{} }, "use must be an API"},
		"prefix not letters":   {func(n *auth.KeyParams) { n.API.KeyPrefix = "cb1" }, "use must be an API"},
	} {
		t.Run(fact, func(t *testing.T) {
			w := newFixture(t)
			caller, n := w.caller(t, w.blnkKey), w.keyParams("team-a", "identity:read")
			w.store.calls = 0
			tt.edit(&n)
			_, text, err := w.keyManager.Create(ctx, caller, n)
			wantInvalidKey(t, err, tt.want)
			if err != nil && (text != "" || w.store.calls != 0) {
				t.Errorf("key = %q after %d store calls, want none", text, w.store.calls)
			}
		})
	}
}

func TestKeyCannotOutliveItsCreator(t *testing.T) {
	const tooLong = "expires must not be later than that of the key that creates it"
	never, hour := time.Time{}, epoch.Add(time.Hour)
	for fact, tt := range map[string]struct {
		creator, revoked, requested time.Time
		want                        string
	}{
		"creator without end":   {never, never, never, ""},
		"as long":               {hour, never, hour, ""},
		"shorter":               {hour, never, epoch.Add(time.Minute), ""},
		"a second longer":       {hour, never, hour.Add(time.Second), tooLong},
		"without end":           {hour, never, never, tooLong},
		"until the revocation":  {hour, epoch.Add(time.Minute), epoch.Add(time.Minute), ""},
		"beyond the revocation": {hour, epoch.Add(time.Minute), hour, tooLong},
	} {
		for _, changedSince := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, changed since = %v", fact, changedSince), func(t *testing.T) {
				w := newUncachedFixture(t)
				before := w.caller(t, w.blnkKey)
				w.updateStored(w.blnkKey, func(_ *auth.Client, k *auth.Key) { k.Expires, k.Revoked = tt.creator, tt.revoked })
				caller, n := w.caller(t, w.blnkKey), w.keyParams("team-a", "identity:read")
				if changedSince {
					caller = before
				}
				n.Expires = tt.requested
				_, _, err := w.keyManager.Create(ctx, caller, n)
				wantInvalidKey(t, err, tt.want)
			})
		}
	}
}

// Each key creates the next.
func TestKeyCannotExceedScopesOfItsCreator(t *testing.T) {
	all := []string{"identity:read", "identity:search", "identity:write", "identity:delete", "key:write", "client:admin", "*"}
	some := rapid.SliceOfDistinct(rapid.SampledFrom(all), rapid.ID)
	rapid.Check(t, func(r *rapid.T) {
		w := newFixture(t)
		_, shown := w.createClient(t, "acme", some.Draw(r, "client")...)
		text := shown.Keys["blnk"]
		for range 4 {
			creator, requested := w.caller(t, text), some.Draw(r, "requested")
			_, next, err := w.keyManager.Create(ctx, creator, w.keyParams("", requested...))
			if slices.ContainsFunc(requested, func(s string) bool { return !creator.Scopes.Has(s) }) {
				wantError(t, err, auth.ErrEscalation)
				continue
			}
			wantError(t, err, nil)
			created := w.caller(t, next)
			for _, s := range append(all, "else") {
				if has := created.Scopes.Has(s); has != auth.Scopes(requested).Has(s) || has && !creator.Scopes.Has(s) {
					r.Fatalf("%v requested %v and got %v: Has(%s) = %v", creator.Scopes, requested, created.Scopes, s, has)
				}
			}
			text = next
		}
	})
}

func TestInactiveKeyCannotManageKeysEvenWhileCached(t *testing.T) {
	for fact, tt := range map[string]struct {
		end  func(*fixture, *auth.Client, *auth.Key)
		want error
	}{
		"revoked":   {func(w *fixture, _ *auth.Client, k *auth.Key) { k.Revoked = w.now }, auth.ErrExpired},
		"expired":   {func(w *fixture, _ *auth.Client, k *auth.Key) { k.Expires = w.now }, auth.ErrExpired},
		"deleted":   {func(_ *fixture, _ *auth.Client, k *auth.Key) { *k = auth.Key{} }, auth.ErrInvalid},
		"suspended": {func(_ *fixture, c *auth.Client, _ *auth.Key) { c.Suspended = true }, auth.ErrSuspended},
	} {
		t.Run(fact, func(t *testing.T) {
			w := newFixture(t)
			rich := w.allScopesKey(t)
			_, text := w.createKey(t, rich, "team-a", auth.ScopeKeyWrite, auth.ScopeKeyRead, auth.ScopeKeyDelete)
			sibling, _ := w.createKey(t, rich, "team-a")
			caller := w.caller(t, text)
			w.updateStored(text, func(c *auth.Client, k *auth.Key) { tt.end(w, c, k) })
			_, shown, createErr := w.keyManager.Create(ctx, caller, w.keyParams("team-a"))
			list, listErr := w.keyManager.List(ctx, caller, blnkKeys)
			for _, err := range []error{createErr, listErr, w.keyManager.Revoke(ctx, caller, blnkKeys, sibling.ID)} {
				wantError(t, err, tt.want)
			}
			if shown != "" || list != nil || !w.store.keys[sibling.ID].Revoked.IsZero() {
				t.Error("an inactive key created, listed or revoked a key")
			}
		})
	}
}

func TestListReturnsKeysThatKeysCreated(t *testing.T) {
	w := newFixture(t)
	rich := w.allScopesKey(t)
	a1, text := w.createKey(t, rich, "team-a", auth.ScopeAll)
	w.now = w.now.Add(time.Second)
	b, _ := w.createKey(t, rich, "team-b")
	w.now = w.now.Add(time.Second)
	a2, _ := w.createKey(t, rich, "team-a")
	w.createKey(t, w.blnkKey, "team-a")
	operator, scoped, conomy := w.caller(t, rich), w.caller(t, text), w.keyParams("team-a")
	conomy.API = conomyAPI
	_, _, err := w.keyManager.Create(ctx, operator, conomy)
	wantError(t, err, nil)
	wantError(t, w.keyManager.Revoke(ctx, operator, blnkKeys, a2.ID), nil)
	ofOwner := func(owner string) auth.KeyFilter { return auth.KeyFilter{API: blnkAPI.Name, Owner: owner} }

	w.wantList(t, operator, blnkKeys, a2.ID, b.ID, a1.ID)
	w.wantList(t, operator, ofOwner("team-a"), a2.ID, a1.ID)
	w.wantList(t, operator, ofOwner("team-b"), b.ID)
	w.wantList(t, operator, ofOwner("other"))
	w.wantList(t, scoped, blnkKeys, a2.ID, a1.ID) // its own owner's
	w.wantList(t, scoped, ofOwner("team-b"))

	ofB := w.keyParams("team-b")
	ofB.Expires = scoped.Expires
	_, _, err = w.keyManager.Create(ctx, scoped, ofB)
	wantError(t, err, auth.ErrEscalation)
	wantError(t, w.keyManager.Revoke(ctx, scoped, blnkKeys, b.ID), auth.ErrNotFound)
}

func TestRevoke(t *testing.T) {
	w := newFixture(t)
	rich := w.allScopesKey(t)
	k, text := w.createKey(t, rich, "team-a")
	foreign, _ := w.createKey(t, w.blnkKey, "team-a")
	caller, conomy := w.caller(t, rich), w.keyParams("team-a")
	conomy.API = conomyAPI
	other, _, err := w.keyManager.Create(ctx, caller, conomy)
	wantError(t, err, nil)
	w.store.calls = 0
	for fact, tt := range map[string]struct {
		filter auth.KeyFilter
		id     string
		calls  int
	}{
		"empty":             {blnkKeys, "", 0},
		"one short":         {blnkKeys, k.ID[:23], 0},
		"upper case":        {blnkKeys, strings.ToUpper(k.ID), 0},
		"unknown":           {blnkKeys, withNextChar(k.ID, 20), 1},
		"another client's":  {blnkKeys, foreign.ID, 1},
		"an operator's":     {blnkKeys, keyID(rich), 1},
		"for the other API": {blnkKeys, other.ID, 1},
		"another owner's":   {auth.KeyFilter{API: blnkAPI.Name, Owner: "team-b"}, k.ID, 1},
	} {
		t.Run(fact, func(t *testing.T) {
			wantError(t, w.keyManager.Revoke(ctx, caller, tt.filter, tt.id), auth.ErrNotFound)
			w.wantCalls(t, tt.calls)
		})
	}
	revokedAt := w.now
	for _, calls := range []int{2, 1} { // the second time only reads
		wantError(t, w.keyManager.Revoke(ctx, caller, blnkKeys, k.ID), nil)
		w.wantCalls(t, calls)
		wantEqual(t, w.store.keys[k.ID].Revoked, revokedAt)
		w.now = w.now.Add(time.Minute)
	}
	wantError(t, w.authenticateKey(text), auth.ErrExpired)
}

func TestKeyLimits(t *testing.T) {
	w := newFixture(t)
	rich := w.allScopesKey(t)
	caller := w.caller(t, rich)
	var last auth.Key
	for range auth.MaxActiveKeys {
		last, _ = w.createKey(t, rich, "team-a")
	}
	_, _, err := w.keyManager.Create(ctx, caller, w.keyParams("team-a"))
	wantError(t, err, auth.ErrTooManyKeys)
	wantError(t, w.keyManager.Revoke(ctx, caller, blnkKeys, last.ID), nil)
	w.createKey(t, rich, "team-a") // in its place
	w.now = w.now.Add(time.Hour)
	w.createKey(t, rich, "team-a") // all others have expired
	for n := len(w.store.keys); n < 2+auth.MaxStoredKeys; n++ {
		id := fmt.Sprintf("%s%08d", caller.Client, n)
		w.store.keys[id] = auth.Key{ID: id, Client: caller.Client, API: blnkAPI.Name, Scopes: auth.Scopes{}, Revoked: w.now, CreatedBy: keyID(rich)}
	}
	_, _, err = w.keyManager.Create(ctx, caller, w.keyParams("team-a"))
	wantError(t, err, auth.ErrTooManyKeys)
	if list, err := w.keyManager.List(ctx, caller, blnkKeys); err != nil || len(list) != auth.MaxStoredKeys-2 {
		t.Errorf("List returns %d keys and error %v, want %d", len(list), err, auth.MaxStoredKeys-2)
	}
}

func TestStoreErrorsOfKeyManagerAreReturned(t *testing.T) {
	w := newFixture(t)
	caller := w.caller(t, w.blnkKey)
	k, _ := w.createKey(t, w.blnkKey, "team-a")
	w.store.err = errDown
	_, text, createErr := w.keyManager.Create(ctx, caller, w.keyParams("team-a"))
	_, listErr := w.keyManager.List(ctx, caller, blnkKeys)
	for _, err := range []error{createErr, listErr, w.keyManager.Revoke(ctx, caller, blnkKeys, k.ID)} {
		if !errors.Is(err, errDown) || auth.IsDenial(err) || text != "" {
			t.Errorf("error = %v, key = %q, want %v and no key", err, text, errDown)
		}
	}
}

func TestCallerThatNoLongerExistsIsInvalid(t *testing.T) {
	w := newFixture(t)
	unknownKey := auth.Caller{Client: w.client.ID, Scopes: auth.Scopes{"*"}}
	for _, caller := range []auth.Caller{unknownKey, {Client: "0123456789abcdef", Key: keyID(w.blnkKey), Scopes: auth.Scopes{"*"}}} {
		_, _, err := w.keyManager.Create(ctx, caller, w.keyParams(""))
		wantError(t, err, auth.ErrInvalid)
	}
}

// An operator's key is neither listed nor revoked by keys, and creates keys of any owner within its scopes and its life.
func TestScopedKeyOfAnOperator(t *testing.T) {
	w := newFixture(t)
	rich := w.allScopesKey(t)
	given, text := w.createAdminKey(t, rich, auth.ScopeKeyWrite, auth.ScopeIdentityRead)
	caller := w.caller(t, text)
	one, _ := w.createKey(t, text, "team-a", auth.ScopeIdentityRead)
	w.now = w.now.Add(-time.Second)
	two, _ := w.createKey(t, text, "team-b", auth.ScopeIdentityRead)
	_, _, err := w.keyManager.Create(ctx, caller, w.keyParams("team-b", auth.ScopeIdentityWrite))
	wantError(t, err, auth.ErrEscalation)
	wantEqual(t, []string{one.CreatedBy, two.CreatedBy}, []string{given.ID, given.ID})
	for _, by := range []auth.Caller{caller, w.caller(t, rich)} {
		w.wantList(t, by, blnkKeys, one.ID, two.ID)
		wantError(t, w.keyManager.Revoke(ctx, by, blnkKeys, given.ID), auth.ErrNotFound)
	}
	for _, id := range []string{one.ID, two.ID} {
		wantError(t, w.keyManager.Revoke(ctx, caller, blnkKeys, id), nil)
	}
}

func TestRotatedKeyStaysListed(t *testing.T) {
	w := newFixture(t)
	rich := w.allScopesKey(t)
	old, _ := w.createKey(t, rich, "team-a", auth.ScopeKeyRead)
	w.now = w.now.Add(time.Second)
	rotated, text, _, err := w.RotateKey(ctx, old.ID, auth.Rotation{})
	wantError(t, err, nil)
	if rotated.CreatedBy != keyID(rich) {
		t.Errorf("CreatedBy = %q, want that of the old key %q", rotated.CreatedBy, keyID(rich))
	}
	w.wantList(t, w.caller(t, text), blnkKeys, rotated.ID, old.ID)
}

func TestRevokeWithDescendants(t *testing.T) {
	w := newUncachedFixture(t)
	rich := w.allScopesKey(t)
	root, rootText := w.createAdminKey(t, rich, auth.ScopeAll)
	child, childText := w.createKey(t, rootText, "a", auth.ScopeKeyWrite)
	grandchild, _ := w.createKey(t, childText, "a", auth.ScopeKeyWrite)
	sibling, siblingText := w.createKey(t, rootText, "b", auth.ScopeKeyWrite)
	below, belowText := w.createKey(t, siblingText, "b")
	_, strangerText := w.createKey(t, rich, "a", auth.ScopeKeyWrite)
	_, err := w.RevokeKey(ctx, sibling.ID) // keys that it created are found nevertheless
	wantError(t, err, nil)
	w.now = w.now.Add(time.Minute)

	revoked, err := w.RevokeWithDescendants(ctx, root.ID)
	wantError(t, err, nil)
	got := map[string]time.Time{}
	for _, k := range revoked {
		got[k.ID] = k.Revoked
	}
	wantEqual(t, got, map[string]time.Time{root.ID: w.now, child.ID: w.now, grandchild.ID: w.now, below.ID: w.now})
	if revoked[0].ID != root.ID {
		t.Errorf("first revoked key = %q, want the key itself", revoked[0].ID)
	}
	for _, text := range []string{rootText, childText, siblingText, belowText} {
		wantError(t, w.authenticateKey(text), auth.ErrExpired)
	}
	wantError(t, w.authenticateKey(strangerText), nil)
	wantError(t, w.authenticateKey(rich), nil)

	w.now = w.now.Add(time.Minute)
	again, err := w.RevokeWithDescendants(ctx, root.ID)
	wantError(t, err, nil)
	wantEqual(t, again, revoked[:1])
	for _, id := range []string{"", "x", root.ID[:16] + "00000000"} {
		_, err := w.RevokeWithDescendants(ctx, id)
		wantError(t, err, auth.ErrNotFound)
	}
}
