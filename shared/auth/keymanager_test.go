package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cedula/shared/auth"
)

// keyManager manages keys in the world's store.
func (w *fixture) keyManager() *auth.KeyManager {
	return &auth.KeyManager{Store: w.store, Hasher: w.hasher, Now: func() time.Time { return w.now }}
}

// caller is who comes with a Blnk key.
func (w *fixture) caller(t testing.TB, text string) auth.Caller {
	t.Helper()
	c, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// keyParams is a key that nothing is wrong with.
func (w *fixture) keyParams(scopes ...string) auth.KeyParams {
	return auth.KeyParams{
		API: blnkAPI, Name: "svc", Owner: "team-a", Scopes: scopes, RequestedScopes: []string{"a:b"}, Expires: w.now.Add(time.Hour),
	}
}

// createKey is a new key by whoever comes with a text.
func (w *fixture) createKey(t testing.TB, by string, n auth.KeyParams) (auth.Key, string) {
	t.Helper()
	k, text, err := w.keyManager().Create(ctx, w.caller(t, by), n)
	if err != nil {
		t.Fatal(err)
	}
	return k, text
}

// allScopesKey registers a client that may do everything.
func (w *fixture) allScopesKey(t testing.TB) string {
	t.Helper()
	_, shown := w.createClient(t, "rich", auth.ScopeAll)
	return shown.Keys["blnk"]
}

var blnkKeys = auth.KeyFilter{API: blnkAPI.Name}

func TestCreatedKeyAuthenticates(t *testing.T) {
	w := newFixture(t)
	n := w.keyParams("identity:read")
	n.Expires = n.Expires.Add(time.Millisecond).In(time.FixedZone("east", 3600))
	k, text := w.createKey(t, w.credentials.Keys["blnk"], n)
	want := auth.Key{
		ID: text[4:28], Client: w.client.ID, API: blnkAPI.Name, Hash: w.hasher.Hash(text), Scopes: auth.Scopes{"identity:read"},
		Expires: w.now.Add(time.Hour), Created: w.now, Name: "svc", Owner: "team-a", RequestedScopes: []string{"a:b"},
		CreatedBy: w.credentials.Keys["blnk"][4:28],
	}
	if diff := cmp.Diff(want, k) + cmp.Diff(want, w.store.keys[k.ID]); diff != "" || !k.Hash.Equal(want.Hash) {
		t.Errorf(`diff = %v; want diff == "" and k.Hash == want.Hash`, diff)
	}
	if shown := blnkAPI.DisplayPrefix(k.ID); !strings.HasPrefix(text, shown+"_") || len(shown) != 28 {
		t.Errorf("DisplayPrefix = %q, want the prefix and the id of %q", shown, k.ID)
	}
	caller := auth.Caller{Tenant: "acme", Client: w.client.ID, Key: k.ID, Scopes: auth.Scopes{"identity:read"}, Expires: k.Expires, UsagePlanKey: w.client.UsagePlanKey}
	if diff := cmp.Diff(caller, w.caller(t, text)); diff != "" {
		t.Errorf("diff = %v, want %v", diff, "")
	}
}

func TestCreateRejectsInvalidParams(t *testing.T) {
	long := strings.Repeat("n", 129)
	for fact, try := range map[string]struct {
		edit func(*auth.KeyParams, time.Time)
		want string // the error's text; empty: made
	}{
		"as it should be":      {func(*auth.KeyParams, time.Time) {}, ""},
		"no scopes":            {func(n *auth.KeyParams, _ time.Time) { n.Scopes = nil }, ""},
		"no end":               {func(n *auth.KeyParams, _ time.Time) { n.Expires = time.Time{} }, ""},
		"128 bytes":            {func(n *auth.KeyParams, _ time.Time) { n.Name, n.Owner = long[1:], long[1:] }, ""},
		"32 entries":           {func(n *auth.KeyParams, _ time.Time) { n.RequestedScopes = make([]string, 32) }, ""},
		"the last second":      {func(n *auth.KeyParams, _ time.Time) { n.Expires = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }, ""},
		"129 bytes of a name":  {func(n *auth.KeyParams, _ time.Time) { n.Name = long }, "name must have at most 128 bytes of printable text"},
		"line feed":            {func(n *auth.KeyParams, _ time.Time) { n.Name = "a\nb" }, "name must have at most 128 bytes of printable text"},
		"129 bytes of owner":   {func(n *auth.KeyParams, _ time.Time) { n.Owner = long }, "owner must have at most 128 bytes of printable text"},
		"bidi control":         {func(n *auth.KeyParams, _ time.Time) { n.Owner = "\u202e" }, "owner must have at most 128 bytes of printable text"},
		"33 entries":           {func(n *auth.KeyParams, _ time.Time) { n.RequestedScopes = make([]string, 33) }, "scopes must have at most 32 entries"},
		"65 bytes of an entry": {func(n *auth.KeyParams, _ time.Time) { n.RequestedScopes = []string{"", long[:65]} }, "scopes.1 must have at most 64 bytes of printable text"},
		"entry not UTF-8":      {func(n *auth.KeyParams, _ time.Time) { n.RequestedScopes = []string{"\xff"} }, "scopes.0 must have at most 64 bytes of printable text"},
		"ends now":             {func(n *auth.KeyParams, now time.Time) { n.Expires = now }, "expires must lie in the future"},
		"ends within a second": {func(n *auth.KeyParams, now time.Time) { n.Expires = now.Add(time.Second - 1) }, "expires must lie in the future"},
		"ended":                {func(n *auth.KeyParams, now time.Time) { n.Expires = now.Add(-time.Hour) }, "expires must lie in the future"},
		"year 10000":           {func(n *auth.KeyParams, _ time.Time) { n.Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "expires must lie before the year 10000"},
		"no API":               {func(n *auth.KeyParams, _ time.Time) { n.API = auth.API{} }, "use must be an API"},
	} {
		w := newFixture(t)
		caller, n := w.caller(t, w.credentials.Keys["blnk"]), w.keyParams("identity:read")
		try.edit(&n, w.now)
		before := w.store.callCount()
		_, text, err := w.keyManager().Create(ctx, caller, n)
		var invalid *auth.InvalidKeyError
		switch {
		case try.want == "" && err != nil:
			t.Errorf("%s: %v", fact, err)
		case try.want != "" && (!errors.As(err, &invalid) || err.Error() != "auth: key: "+try.want || text != ""):
			t.Errorf("%s: got %v", fact, err)
		case try.want != "" && w.store.callCount() != before:
			t.Errorf("%s: the store was asked", fact)
		}
	}
}

func TestKeyCannotOutliveItsCreator(t *testing.T) {
	for fact, try := range map[string]struct {
		maker, revoked, wanted time.Duration // from now on; zero: never
		refused                bool
	}{
		"maker without end":         {0, 0, 0, false},
		"as long":                   {time.Hour, 0, time.Hour, false},
		"shorter":                   {time.Hour, 0, time.Minute, false},
		"a second longer":           {time.Hour, 0, time.Hour + time.Second, true},
		"without end":               {time.Hour, 0, 0, true},
		"until the maker's revoked": {time.Hour, time.Minute, time.Minute, false},
		"longer than not revoked":   {time.Hour, time.Minute, time.Hour, true},
	} {
		for _, how := range []string{"by what the gateway says", "by what the store says"} {
			w := newFixture(t)
			after := func(d time.Duration) time.Time {
				if d == 0 {
					return time.Time{}
				}
				return w.now.Add(d)
			}
			limit := func() {
				w.updateStored(w.credentials.Keys["blnk"], func(_ *auth.Client, k *auth.Key) { k.Expires, k.Revoked = after(try.maker), after(try.revoked) })
			}
			if how == "by what the gateway says" {
				limit()
			}
			caller, n := w.caller(t, w.credentials.Keys["blnk"]), w.keyParams("identity:read")
			if how != "by what the gateway says" {
				limit()
			}
			n.Expires = after(try.wanted)
			_, _, err := w.keyManager().Create(ctx, caller, n)
			var invalid *auth.InvalidKeyError
			if errors.As(err, &invalid) != try.refused || err != nil != try.refused {
				t.Errorf("%s, %s: %v; want errors.As(err, &invalid) == try.refused and err != nil == try.refused", fact, how, err)
			}
		}
	}
}

// TestKeyCannotExceedScopesOfItsCreator makes chains of keys, each by the one before.
func TestKeyCannotExceedScopesOfItsCreator(t *testing.T) {
	all := []string{"identity:read", "identity:search", "identity:write", "identity:delete", "key:write", "client:admin", "*"}
	some := rapid.SliceOfDistinct(rapid.SampledFrom(all), rapid.ID)
	rapid.Check(t, func(r *rapid.T) {
		w := &fixture{store: newMemoryStore(), now: epoch, hasher: auth.NewHasher([]byte(strings.Repeat("s", 32)))}
		w.admin = &auth.Admin{AdminStore: w.store, Hasher: w.hasher, APIs: apis}
		w.authenticator = &auth.Authenticator{Store: w.store, Hasher: w.hasher, Now: func() time.Time { return w.now }}
		_, shown := w.createClient(t, "acme", some.Draw(r, "client")...)
		text := shown.Keys["blnk"]
		for range 4 {
			maker, asked := w.caller(t, text), some.Draw(r, "asked")
			_, next, err := w.keyManager().Create(ctx, maker, w.keyParams(asked...))
			held := !slices.ContainsFunc(asked, func(s string) bool { return !maker.Scopes.Has(s) })
			if held != (err == nil) || err != nil && !errors.Is(err, auth.ErrEscalation) {
				r.Fatalf("%v of %v: %v; want held == (err == nil) and (no error or auth.ErrEscalation)", asked, maker.Scopes, err)
			}
			if err != nil {
				continue
			}
			made := w.caller(t, next)
			for _, s := range append(all, "else") {
				if made.Scopes.Has(s) != auth.Scopes(asked).Has(s) || made.Scopes.Has(s) && !maker.Scopes.Has(s) {
					r.Fatalf("%v asked for %v and got %v, wrong about %s; want made.Scopes.Has(s) == auth.Scopes(asked).Has(s) and (not made.Scopes.Has(s) or maker.Scopes.Has(s))", maker.Scopes, asked, made.Scopes, s)
				}
			}
			text = next
		}
	})
}

func TestInactiveKeysAreDenied(t *testing.T) {
	w := newFixture(t)
	expiring, first := w.createKey(t, w.credentials.Keys["blnk"], w.keyParams("identity:read"))
	revoked, second := w.createKey(t, w.credentials.Keys["blnk"], w.keyParams("identity:read"))
	maker := w.caller(t, w.credentials.Keys["blnk"])
	for _, text := range []string{first, second} { // both are remembered
		w.caller(t, text)
	}
	if err := w.keyManager().Revoke(ctx, maker, blnkKeys, revoked.ID); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(auth.DefaultCacheTTL)
	_, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, second)
	wantError(t, err, auth.ErrExpired)
	w.caller(t, first)
	w.now = expiring.Expires
	_, err = w.authenticator.AuthenticateKey(ctx, blnkAPI, first)
	wantError(t, err, auth.ErrExpired)
}

// TestInactiveKeyCannotManageKeys: not even while the Guard and the gateway still
// think that it is good.
func TestInactiveKeyCannotManageKeys(t *testing.T) {
	for fact, end := range map[string]struct {
		do   func(*fixture, auth.Key)
		want error
	}{
		"revoked":   {func(w *fixture, k auth.Key) { _ = w.store.RevokeKey(ctx, k.Client, k.ID, w.now) }, auth.ErrExpired},
		"expired":   {func(w *fixture, k auth.Key) { w.now = k.Expires }, auth.ErrExpired},
		"forgotten": {func(w *fixture, k auth.Key) { delete(w.store.keys, k.ID) }, auth.ErrInvalid},
		"suspended": {func(w *fixture, k auth.Key) {
			c := w.store.clients[k.Client]
			c.Suspended = true
			w.store.clients[k.Client] = c
		}, auth.ErrSuspended},
	} {
		w := newFixture(t)
		rich := w.allScopesKey(t)
		k, text := w.createKey(t, rich, w.keyParams(auth.ScopeKeyWrite, auth.ScopeKeyRead, auth.ScopeKeyDelete))
		sibling, _ := w.createKey(t, rich, w.keyParams())
		caller := w.caller(t, text)
		end.do(w, k)
		caller.Expires = time.Time{}
		_, shown, err := w.keyManager().Create(ctx, caller, w.keyParams())
		wantError(t, err, end.want)
		list, err := w.keyManager().List(ctx, caller, blnkKeys)
		wantError(t, err, end.want)
		wantError(t, w.keyManager().Revoke(ctx, caller, blnkKeys, sibling.ID), end.want)
		if shown != "" || list != nil || !w.store.keys[sibling.ID].Revoked.IsZero() {
			t.Errorf(`%s: it did something; want shown == "" and list == nil and w.store.keys[sibling.ID].Revoked.IsZero()`, fact)
		}
	}
	w := newFixture(t)
	_, _, err := w.keyManager().Create(ctx, auth.Caller{Client: w.client.ID, Scopes: auth.Scopes{"*"}}, w.keyParams())
	wantError(t, err, auth.ErrInvalid) // a caller that came with no key
}

// TestScopedKeysManageOnlyTheirOwner: of the keys of other owners they know nothing.
func TestScopedKeysManageOnlyTheirOwner(t *testing.T) {
	w := newFixture(t)
	rich := w.allScopesKey(t)
	_, text := w.createKey(t, rich, w.keyParams(auth.ScopeAll))
	n := w.keyParams()
	n.Owner = "team-b"
	theirs, _ := w.createKey(t, rich, n)
	scoped := w.caller(t, text)
	_, _, err := w.keyManager().Create(ctx, scoped, n)
	wantError(t, err, auth.ErrEscalation)
	wantError(t, w.keyManager().Revoke(ctx, scoped, blnkKeys, theirs.ID), auth.ErrNotFound)
	for owner, count := range map[string]int{"": 1, "team-a": 1, "team-b": 0} {
		if list, err := w.keyManager().List(ctx, scoped, auth.KeyFilter{API: blnkAPI.Name, Owner: owner}); err != nil || len(list) != count {
			t.Errorf("%q: %d keys, %v; want no error and len(list) == count", owner, len(list), err)
		}
	}
}

func TestListReturnsCreatedKeys(t *testing.T) {
	w := newFixture(t)
	rich := w.allScopesKey(t)
	var want []string
	for _, owner := range []string{"team-a", "team-b", "team-a"} {
		w.now = w.now.Add(time.Second)
		n := w.keyParams()
		n.Owner = owner
		k, _ := w.createKey(t, rich, n)
		want = append([]string{k.ID}, want...)
	}
	other := w.keyParams()
	other.API = conomyAPI
	w.createKey(t, rich, other)
	w.createKey(t, w.credentials.Keys["blnk"], w.keyParams())
	caller := w.caller(t, rich)
	if err := w.keyManager().Revoke(ctx, caller, blnkKeys, want[0]); err != nil {
		t.Fatal(err)
	}
	for filter, ids := range map[auth.KeyFilter][]string{
		blnkKeys:                                 want,
		{API: blnkAPI.Name, Owner: "team-a"}:     {want[0], want[2]},
		{API: blnkAPI.Name, Owner: "team-b"}:     {want[1]},
		{API: blnkAPI.Name, Owner: "nobody"}:     nil,
		{API: conomyAPI.Name, Owner: "nobody's"}: nil,
	} {
		before := w.store.callCount()
		list, err := w.keyManager().List(ctx, caller, filter)
		var got []string
		for _, k := range list {
			got = append(got, k.ID)
		}
		if diff := cmp.Diff(ids, got); diff != "" || err != nil || w.store.callCount() != before+1 {
			t.Errorf(`%v: %v %s, %d calls; want diff == "" and no error and w.store.callCount() == before + 1`, filter, err, diff, w.store.callCount()-before)
		}
	}
}

func TestRevoke(t *testing.T) {
	w := newFixture(t)
	rich := w.allScopesKey(t)
	k, _ := w.createKey(t, rich, w.keyParams())
	foreign, _ := w.createKey(t, w.credentials.Keys["blnk"], w.keyParams())
	conomy := w.keyParams()
	conomy.API = conomyAPI
	other, _ := w.createKey(t, rich, conomy)
	caller := w.caller(t, rich)
	theirs := auth.KeyFilter{API: blnkAPI.Name, Owner: "team-b"}
	for fact, try := range map[string]struct {
		filter auth.KeyFilter
		id     string
		calls  int
	}{
		"empty":             {blnkKeys, "", 0},
		"one short":         {blnkKeys, k.ID[:23], 0},
		"upper case":        {blnkKeys, strings.ToUpper(k.ID), 0},
		"unknown":           {blnkKeys, withNextChar(k.ID, 20), 1},
		"another client's":  {blnkKeys, foreign.ID, 1},
		"the client's own":  {blnkKeys, rich[4:28], 1},
		"for the other API": {blnkKeys, other.ID, 1},
		"another owner's":   {theirs, k.ID, 1},
	} {
		before := w.store.callCount()
		wantError(t, w.keyManager().Revoke(ctx, caller, try.filter, try.id), auth.ErrNotFound)
		if n := w.store.callCount() - before; n != try.calls {
			t.Errorf("%s: %d store calls; want n == try.calls", fact, n)
		}
	}
	at := w.now
	for calls := range 2 { // the second time changes nothing, and only reads
		before := w.store.callCount()
		if err := w.keyManager().Revoke(ctx, caller, blnkKeys, k.ID); err != nil {
			t.Fatal(err)
		}
		if n := w.store.callCount() - before; n != 2-calls || !w.store.keys[k.ID].Revoked.Equal(at) {
			t.Errorf("%d store calls, revoked at %v; want n == 2 - calls and w.store.keys[k.ID].Revoked == at", n, w.store.keys[k.ID].Revoked)
		}
		w.now = w.now.Add(time.Minute)
	}
}

func TestKeyLimits(t *testing.T) {
	w := newFixture(t)
	rich := w.allScopesKey(t)
	caller := w.caller(t, rich)
	var last auth.Key
	for range auth.MaxActiveKeys {
		last, _ = w.createKey(t, rich, w.keyParams())
	}
	_, _, err := w.keyManager().Create(ctx, caller, w.keyParams())
	wantError(t, err, auth.ErrTooManyKeys)
	if err := w.keyManager().Revoke(ctx, caller, blnkKeys, last.ID); err != nil {
		t.Fatal(err)
	}
	w.createKey(t, rich, w.keyParams()) // in its place
	w.now = w.now.Add(time.Hour)
	w.createKey(t, rich, w.keyParams()) // all others have expired
	for n := len(w.store.keys); n < 2+auth.MaxStoredKeys; n++ {
		id := fmt.Sprintf("%s%08d", caller.Client, n)
		w.store.keys[id] = auth.Key{ID: id, Client: caller.Client, API: blnkAPI.Name, Scopes: auth.Scopes{}, Revoked: w.now, CreatedBy: rich[4:28]}
	}
	_, _, err = w.keyManager().Create(ctx, caller, w.keyParams())
	wantError(t, err, auth.ErrTooManyKeys)
	if list, err := w.keyManager().List(ctx, caller, blnkKeys); err != nil || len(list) != auth.MaxStoredKeys-2 {
		t.Errorf("%d keys, %v; want no error and len(list) == auth.MaxStoredKeys - 2", len(list), err)
	}
}

func TestStoreErrorsAreReturned(t *testing.T) {
	w := newFixture(t)
	caller := w.caller(t, w.credentials.Keys["blnk"])
	k, _ := w.createKey(t, w.credentials.Keys["blnk"], w.keyParams())
	w.store.fail = errDown
	_, text, createErr := w.keyManager().Create(ctx, caller, w.keyParams())
	_, listErr := w.keyManager().List(ctx, caller, blnkKeys)
	for _, err := range []error{createErr, listErr, w.keyManager().Revoke(ctx, caller, blnkKeys, k.ID)} {
		if !errors.Is(err, errDown) || auth.IsDenial(err) || text != "" {
			t.Errorf(`err = %v; want errDown and not auth.IsDenial(err) and text == ""`, err)
		}
	}
	delete(w.store.clients, w.client.ID)
	w.store.fail = nil
	_, _, err := w.keyManager().Create(ctx, caller, w.keyParams())
	wantError(t, err, auth.ErrInvalid)
}
