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

// keys manages keys in the world's store.
func (w *world) keys() *auth.Keys {
	return &auth.Keys{Store: w.store, Hasher: w.hasher, Now: func() time.Time { return w.now }}
}

// caller is who comes with a Blnk key.
func (w *world) caller(t testing.TB, text string) auth.Caller {
	t.Helper()
	c, err := w.guard.Key(ctx, text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wanted is a key that nothing is wrong with.
func (w *world) wanted(scopes ...string) auth.NewKey {
	return auth.NewKey{
		Use: auth.UseBlnk, Name: "svc", Owner: "team-a", Scopes: scopes, Granted: []string{"a:b"}, Expires: w.now.Add(time.Hour),
	}
}

// made is a new key by whoever comes with a text.
func (w *world) made(t testing.TB, by string, n auth.NewKey) (auth.Key, string) {
	t.Helper()
	k, text, err := w.keys().Create(ctx, w.caller(t, by), n)
	if err != nil {
		t.Fatal(err)
	}
	return k, text
}

// rich registers a client that may do everything.
func (w *world) rich(t testing.TB) string {
	t.Helper()
	_, shown := w.register(t, "rich", auth.ScopeAll)
	return shown.BlnkKey
}

var blnkKeys = auth.KeyFilter{Use: auth.UseBlnk}

func TestCreatedKeyOpens(t *testing.T) {
	w := newWorld(t)
	n := w.wanted("identity:read")
	n.Expires = n.Expires.Add(time.Millisecond).In(time.FixedZone("east", 3600))
	k, text := w.made(t, w.shown.BlnkKey, n)
	want := auth.Key{
		ID: text[4:28], Client: w.client.ID, Use: auth.UseBlnk, Hash: w.hasher.Hash(text), Scopes: auth.Scopes{"identity:read"},
		Expires: w.now.Add(time.Hour), Created: w.now, Name: "svc", Owner: "team-a", Granted: []string{"a:b"},
		Maker: w.shown.BlnkKey[4:28],
	}
	if diff := cmp.Diff(want, k) + cmp.Diff(want, w.store.keys[k.ID]); diff != "" || !k.Hash.Equal(want.Hash) {
		t.Error(diff)
	}
	if !strings.HasPrefix(text, k.Shown()+"_") || len(k.Shown()) != 28 {
		t.Errorf("%s is shown of the key", k.Shown())
	}
	caller := auth.Caller{Tenant: "acme", Client: w.client.ID, Key: k.ID, Scopes: auth.Scopes{"identity:read"}, Expires: k.Expires, UsagePlanKey: w.client.UsagePlanKey}
	if diff := cmp.Diff(caller, w.caller(t, text)); diff != "" {
		t.Error(diff)
	}
}

func TestCreateRefuses(t *testing.T) {
	long := strings.Repeat("n", 129)
	for fact, try := range map[string]struct {
		edit func(*auth.NewKey, time.Time)
		want string // the error's text; empty: made
	}{
		"as it should be":      {func(*auth.NewKey, time.Time) {}, ""},
		"no scopes":            {func(n *auth.NewKey, _ time.Time) { n.Scopes = nil }, ""},
		"no end":               {func(n *auth.NewKey, _ time.Time) { n.Expires = time.Time{} }, ""},
		"128 bytes":            {func(n *auth.NewKey, _ time.Time) { n.Name, n.Owner = long[1:], long[1:] }, ""},
		"32 entries":           {func(n *auth.NewKey, _ time.Time) { n.Granted = make([]string, 32) }, ""},
		"the last second":      {func(n *auth.NewKey, _ time.Time) { n.Expires = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC) }, ""},
		"129 bytes of a name":  {func(n *auth.NewKey, _ time.Time) { n.Name = long }, "name must have at most 128 bytes of printable text"},
		"line feed":            {func(n *auth.NewKey, _ time.Time) { n.Name = "a\nb" }, "name must have at most 128 bytes of printable text"},
		"129 bytes of owner":   {func(n *auth.NewKey, _ time.Time) { n.Owner = long }, "owner must have at most 128 bytes of printable text"},
		"bidi control":         {func(n *auth.NewKey, _ time.Time) { n.Owner = "\u202e" }, "owner must have at most 128 bytes of printable text"},
		"33 entries":           {func(n *auth.NewKey, _ time.Time) { n.Granted = make([]string, 33) }, "scopes must have at most 32 entries"},
		"65 bytes of an entry": {func(n *auth.NewKey, _ time.Time) { n.Granted = []string{"", long[:65]} }, "scopes.1 must have at most 64 bytes of printable text"},
		"entry not UTF-8":      {func(n *auth.NewKey, _ time.Time) { n.Granted = []string{"\xff"} }, "scopes.0 must have at most 64 bytes of printable text"},
		"ends now":             {func(n *auth.NewKey, now time.Time) { n.Expires = now }, "expires must lie in the future"},
		"ends within a second": {func(n *auth.NewKey, now time.Time) { n.Expires = now.Add(time.Second - 1) }, "expires must lie in the future"},
		"ended":                {func(n *auth.NewKey, now time.Time) { n.Expires = now.Add(-time.Hour) }, "expires must lie in the future"},
		"year 10000":           {func(n *auth.NewKey, _ time.Time) { n.Expires = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "expires must lie before the year 10000"},
		"no API":               {func(n *auth.NewKey, _ time.Time) { n.Use = "" }, "use must be an API"},
	} {
		w := newWorld(t)
		caller, n := w.caller(t, w.shown.BlnkKey), w.wanted("identity:read")
		try.edit(&n, w.now)
		before := w.store.count()
		_, text, err := w.keys().Create(ctx, caller, n)
		var invalid *auth.InvalidKey
		switch {
		case try.want == "" && err != nil:
			t.Errorf("%s: %v", fact, err)
		case try.want != "" && (!errors.As(err, &invalid) || err.Error() != "auth: key: "+try.want || text != ""):
			t.Errorf("%s: got %v", fact, err)
		case try.want != "" && w.store.count() != before:
			t.Errorf("%s: the store was asked", fact)
		}
	}
}

func TestNoKeyOutlivesItsMaker(t *testing.T) {
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
			w := newWorld(t)
			after := func(d time.Duration) time.Time {
				if d == 0 {
					return time.Time{}
				}
				return w.now.Add(d)
			}
			limit := func() {
				w.change(w.shown.BlnkKey, func(_ *auth.Client, k *auth.Key) { k.Expires, k.Revoked = after(try.maker), after(try.revoked) })
			}
			if how == "by what the gateway says" {
				limit()
			}
			caller, n := w.caller(t, w.shown.BlnkKey), w.wanted("identity:read")
			if how != "by what the gateway says" {
				limit()
			}
			n.Expires = after(try.wanted)
			_, _, err := w.keys().Create(ctx, caller, n)
			var invalid *auth.InvalidKey
			if errors.As(err, &invalid) != try.refused || err != nil != try.refused {
				t.Errorf("%s, %s: %v", fact, how, err)
			}
		}
	}
}

// TestNoKeyDoesMoreThanItsMaker makes chains of keys, each by the one before.
func TestNoKeyDoesMoreThanItsMaker(t *testing.T) {
	all := []string{"identity:read", "identity:search", "identity:write", "identity:delete", "key:write", "client:admin", "*"}
	some := rapid.SliceOfDistinct(rapid.SampledFrom(all), rapid.ID)
	rapid.Check(t, func(r *rapid.T) {
		w := &world{store: newMemory(), now: epoch, hasher: auth.NewHasher([]byte(strings.Repeat("s", 32)))}
		w.guard = &auth.Guard{Store: w.store, Hasher: w.hasher, Now: func() time.Time { return w.now }}
		_, shown := w.register(t, "acme", some.Draw(r, "client")...)
		text := shown.BlnkKey
		for range 4 {
			maker, asked := w.caller(t, text), some.Draw(r, "asked")
			_, next, err := w.keys().Create(ctx, maker, w.wanted(asked...))
			held := !slices.ContainsFunc(asked, func(s string) bool { return !maker.Scopes.Has(s) })
			if held != (err == nil) || err != nil && !errors.Is(err, auth.ErrEscalation) {
				r.Fatalf("%v of %v: %v", asked, maker.Scopes, err)
			}
			if err != nil {
				continue
			}
			made := w.caller(t, next)
			for _, s := range append(all, "else") {
				if made.Scopes.Has(s) != auth.Scopes(asked).Has(s) || made.Scopes.Has(s) && !maker.Scopes.Has(s) {
					r.Fatalf("%v asked for %v and got %v, wrong about %s", maker.Scopes, asked, made.Scopes, s)
				}
			}
			text = next
		}
	})
}

func TestEndedKeysAreRefused(t *testing.T) {
	w := newWorld(t)
	expiring, first := w.made(t, w.shown.BlnkKey, w.wanted("identity:read"))
	revoked, second := w.made(t, w.shown.BlnkKey, w.wanted("identity:read"))
	maker := w.caller(t, w.shown.BlnkKey)
	for _, text := range []string{first, second} { // both are remembered
		w.caller(t, text)
	}
	if err := w.keys().Revoke(ctx, maker, blnkKeys, revoked.ID); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(auth.DefaultTTL)
	_, err := w.guard.Key(ctx, second)
	refused(t, err, auth.ErrExpired)
	w.caller(t, first)
	w.now = expiring.Expires
	_, err = w.guard.Key(ctx, first)
	refused(t, err, auth.ErrExpired)
}

// TestEndedKeyManagesNothing: not even while the Guard and the gateway still
// think that it is good.
func TestEndedKeyManagesNothing(t *testing.T) {
	for fact, end := range map[string]struct {
		do   func(*world, auth.Key)
		want error
	}{
		"revoked":   {func(w *world, k auth.Key) { _ = w.store.RevokeKey(ctx, k.Client, k.ID, w.now) }, auth.ErrExpired},
		"expired":   {func(w *world, k auth.Key) { w.now = k.Expires }, auth.ErrExpired},
		"forgotten": {func(w *world, k auth.Key) { delete(w.store.keys, k.ID) }, auth.ErrInvalid},
		"suspended": {func(w *world, k auth.Key) {
			c := w.store.clients[k.Client]
			c.Suspended = true
			w.store.clients[k.Client] = c
		}, auth.ErrSuspended},
	} {
		w := newWorld(t)
		rich := w.rich(t)
		k, text := w.made(t, rich, w.wanted(auth.ScopeKeyWrite, auth.ScopeKeyRead, auth.ScopeKeyDelete))
		sibling, _ := w.made(t, rich, w.wanted())
		caller := w.caller(t, text)
		end.do(w, k)
		caller.Expires = time.Time{}
		_, shown, err := w.keys().Create(ctx, caller, w.wanted())
		refused(t, err, end.want)
		list, err := w.keys().List(ctx, caller, blnkKeys)
		refused(t, err, end.want)
		refused(t, w.keys().Revoke(ctx, caller, blnkKeys, sibling.ID), end.want)
		if shown != "" || list != nil || !w.store.keys[sibling.ID].Revoked.IsZero() {
			t.Errorf("%s: it did something", fact)
		}
	}
	w := newWorld(t)
	_, _, err := w.keys().Create(ctx, auth.Caller{Client: w.client.ID, Scopes: auth.Scopes{"*"}}, w.wanted())
	refused(t, err, auth.ErrInvalid) // a caller that came with no key
}

// TestScopedKeysKeepToTheirOwner: of the keys of other owners they know nothing.
func TestScopedKeysKeepToTheirOwner(t *testing.T) {
	w := newWorld(t)
	rich := w.rich(t)
	_, text := w.made(t, rich, w.wanted(auth.ScopeAll))
	n := w.wanted()
	n.Owner = "team-b"
	theirs, _ := w.made(t, rich, n)
	scoped := w.caller(t, text)
	_, _, err := w.keys().Create(ctx, scoped, n)
	refused(t, err, auth.ErrEscalation)
	refused(t, w.keys().Revoke(ctx, scoped, blnkKeys, theirs.ID), auth.ErrUnknown)
	for owner, count := range map[string]int{"": 1, "team-a": 1, "team-b": 0} {
		if list, err := w.keys().List(ctx, scoped, auth.KeyFilter{Use: auth.UseBlnk, Owner: owner}); err != nil || len(list) != count {
			t.Errorf("%q: %d keys, %v", owner, len(list), err)
		}
	}
}

func TestListShowsWhatWasMade(t *testing.T) {
	w := newWorld(t)
	rich := w.rich(t)
	var want []string
	for _, owner := range []string{"team-a", "team-b", "team-a"} {
		w.now = w.now.Add(time.Second)
		n := w.wanted()
		n.Owner = owner
		k, _ := w.made(t, rich, n)
		want = append([]string{k.ID}, want...)
	}
	other := w.wanted()
	other.Use = auth.UseConomy
	w.made(t, rich, other)
	w.made(t, w.shown.BlnkKey, w.wanted())
	caller := w.caller(t, rich)
	if err := w.keys().Revoke(ctx, caller, blnkKeys, want[0]); err != nil {
		t.Fatal(err)
	}
	for filter, ids := range map[auth.KeyFilter][]string{
		blnkKeys:                                 want,
		{Use: auth.UseBlnk, Owner: "team-a"}:     {want[0], want[2]},
		{Use: auth.UseBlnk, Owner: "team-b"}:     {want[1]},
		{Use: auth.UseBlnk, Owner: "nobody"}:     nil,
		{Use: auth.UseConomy, Owner: "nobody's"}: nil,
	} {
		before := w.store.count()
		list, err := w.keys().List(ctx, caller, filter)
		var got []string
		for _, k := range list {
			got = append(got, k.ID)
		}
		if diff := cmp.Diff(ids, got); diff != "" || err != nil || w.store.count() != before+1 {
			t.Errorf("%v: %v %s, %d calls", filter, err, diff, w.store.count()-before)
		}
	}
}

func TestRevoke(t *testing.T) {
	w := newWorld(t)
	rich := w.rich(t)
	k, _ := w.made(t, rich, w.wanted())
	foreign, _ := w.made(t, w.shown.BlnkKey, w.wanted())
	conomy := w.wanted()
	conomy.Use = auth.UseConomy
	other, _ := w.made(t, rich, conomy)
	caller := w.caller(t, rich)
	theirs := auth.KeyFilter{Use: auth.UseBlnk, Owner: "team-b"}
	for fact, try := range map[string]struct {
		filter auth.KeyFilter
		id     string
		calls  int
	}{
		"empty":             {blnkKeys, "", 0},
		"one short":         {blnkKeys, k.ID[:23], 0},
		"upper case":        {blnkKeys, strings.ToUpper(k.ID), 0},
		"unknown":           {blnkKeys, bump(k.ID, 20), 1},
		"another client's":  {blnkKeys, foreign.ID, 1},
		"the client's own":  {blnkKeys, rich[4:28], 1},
		"for the other API": {blnkKeys, other.ID, 1},
		"another owner's":   {theirs, k.ID, 1},
	} {
		before := w.store.count()
		refused(t, w.keys().Revoke(ctx, caller, try.filter, try.id), auth.ErrUnknown)
		if n := w.store.count() - before; n != try.calls {
			t.Errorf("%s: %d store calls", fact, n)
		}
	}
	at := w.now
	for calls := range 2 { // the second time changes nothing, and only reads
		before := w.store.count()
		if err := w.keys().Revoke(ctx, caller, blnkKeys, k.ID); err != nil {
			t.Fatal(err)
		}
		if n := w.store.count() - before; n != 2-calls || !w.store.keys[k.ID].Revoked.Equal(at) {
			t.Errorf("%d store calls, revoked at %v", n, w.store.keys[k.ID].Revoked)
		}
		w.now = w.now.Add(time.Minute)
	}
}

func TestLimits(t *testing.T) {
	w := newWorld(t)
	rich := w.rich(t)
	caller := w.caller(t, rich)
	var last auth.Key
	for range auth.MaxLiveKeys {
		last, _ = w.made(t, rich, w.wanted())
	}
	_, _, err := w.keys().Create(ctx, caller, w.wanted())
	refused(t, err, auth.ErrTooManyKeys)
	if err := w.keys().Revoke(ctx, caller, blnkKeys, last.ID); err != nil {
		t.Fatal(err)
	}
	w.made(t, rich, w.wanted()) // in its place
	w.now = w.now.Add(time.Hour)
	w.made(t, rich, w.wanted()) // all others have expired
	for n := len(w.store.keys); n < 2+auth.MaxKeptKeys; n++ {
		id := fmt.Sprintf("%s%08d", caller.Client, n)
		w.store.keys[id] = auth.Key{ID: id, Client: caller.Client, Use: auth.UseBlnk, Scopes: auth.Scopes{}, Revoked: w.now, Maker: rich[4:28]}
	}
	_, _, err = w.keys().Create(ctx, caller, w.wanted())
	refused(t, err, auth.ErrTooManyKeys)
	if list, err := w.keys().List(ctx, caller, blnkKeys); err != nil || len(list) != auth.MaxKeptKeys-2 {
		t.Errorf("%d keys, %v", len(list), err)
	}
}

func TestKeysTellWhenTheStoreFails(t *testing.T) {
	w := newWorld(t)
	caller := w.caller(t, w.shown.BlnkKey)
	k, _ := w.made(t, w.shown.BlnkKey, w.wanted())
	w.store.fail = errDown
	_, text, createErr := w.keys().Create(ctx, caller, w.wanted())
	_, listErr := w.keys().List(ctx, caller, blnkKeys)
	for _, err := range []error{createErr, listErr, w.keys().Revoke(ctx, caller, blnkKeys, k.ID)} {
		if !errors.Is(err, errDown) || auth.IsRefusal(err) || text != "" {
			t.Error(err)
		}
	}
	delete(w.store.clients, w.client.ID)
	w.store.fail = nil
	_, _, err := w.keys().Create(ctx, caller, w.wanted())
	refused(t, err, auth.ErrInvalid)
}
