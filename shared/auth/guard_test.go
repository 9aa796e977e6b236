package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/auth"
)

func TestBearerPasses(t *testing.T) {
	w := newWorld(t)
	w.change(w.shown.ConomyKey, func(c *auth.Client, _ *auth.Key) { c.UsagePlanKey = "plan" })
	got, err := w.guard.Bearer(ctx, w.token(t), w.shown.ConomyKey)
	want := auth.Caller{
		Tenant: "acme", Client: w.client.ID, Key: w.shown.ConomyKey[4:28], Scopes: auth.Scopes{"identity:read", "identity:write"},
		Expires: w.now.Add(time.Hour), UsagePlanKey: "plan",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestKeyPasses(t *testing.T) {
	w := newWorld(t)
	got, err := w.guard.Key(ctx, w.shown.BlnkKey)
	want := auth.Caller{Tenant: "acme", Client: w.client.ID, Key: w.shown.BlnkKey[4:28], Scopes: auth.Scopes{"identity:read", "identity:write"}, UsagePlanKey: w.client.UsagePlanKey}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

// TestRefusals holds what each of the three ways in says to one thing wrong
// with a client that has a token, both keys and its secret. Each asks the store
// once, whatever is wrong.
func TestRefusals(t *testing.T) {
	type edit = func(*auth.Client, *auth.Key)
	hour := time.Hour
	for fact, try := range map[string]struct {
		edit edit
		want error
	}{
		"good":                      {func(*auth.Client, *auth.Key) {}, nil},
		"key expires now":           {func(_ *auth.Client, k *auth.Key) { k.Expires = epoch }, auth.ErrExpired},
		"key expired":               {func(_ *auth.Client, k *auth.Key) { k.Expires = epoch.Add(-hour) }, auth.ErrExpired},
		"key expires later":         {func(_ *auth.Client, k *auth.Key) { k.Expires = epoch.Add(hour) }, nil},
		"key revoked":               {func(_ *auth.Client, k *auth.Key) { k.Revoked = epoch }, auth.ErrExpired},
		"key to be revoked":         {func(_ *auth.Client, k *auth.Key) { k.Revoked = epoch.Add(hour) }, nil},
		"client suspended":          {func(c *auth.Client, _ *auth.Key) { c.Suspended = true }, auth.ErrSuspended},
		"suspended, key expired":    {func(c *auth.Client, k *auth.Key) { c.Suspended, k.Expires = true, epoch }, auth.ErrExpired},
		"hash of another":           {func(_ *auth.Client, k *auth.Key) { k.Hash[0] ^= 1 }, auth.ErrInvalid},
		"hash lost":                 {func(_ *auth.Client, k *auth.Key) { k.Hash = auth.Hash{} }, auth.ErrInvalid},
		"wrong hash and expired":    {func(_ *auth.Client, k *auth.Key) { k.Hash[0] ^= 1; k.Expires = epoch }, auth.ErrInvalid},
		"wrong hash and suspended":  {func(c *auth.Client, k *auth.Key) { k.Hash[0] ^= 1; c.Suspended = true }, auth.ErrInvalid},
		"stored for the other API":  {func(_ *auth.Client, k *auth.Key) { k.Use = "other" }, auth.ErrMismatch},
		"key stored for another":    {func(_ *auth.Client, k *auth.Key) { k.Client = "0123456789abcdef" }, auth.ErrInvalid},
		"store answers another":     {func(c *auth.Client, _ *auth.Key) { c.ID = "0123456789abcdef" }, auth.ErrInvalid},
		"store answers another key": {func(_ *auth.Client, k *auth.Key) { k.ID = k.ID[:23] + "!" }, auth.ErrInvalid},
		"client without a tenant":   {func(c *auth.Client, _ *auth.Key) { c.Tenant = "" }, auth.ErrInvalid},
	} {
		for way, call := range waysIn {
			t.Run(fact+", "+way, func(t *testing.T) {
				w := newWorld(t)
				token := w.token(t)
				w.change(w.shown.ConomyKey, try.edit)
				w.change(w.shown.BlnkKey, try.edit)
				err := call(w, token)
				if !errors.Is(err, try.want) || auth.IsRefusal(err) != (try.want != nil) {
					t.Errorf("got %v, want %v", err, try.want)
				}
				if w.store.count() != 1 {
					t.Errorf("%d store calls", w.store.count())
				}
			})
		}
	}
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var waysIn = map[string]func(w *world, token string) error{
	"bearer": func(w *world, token string) error {
		_, err := w.guard.Bearer(ctx, token, w.shown.ConomyKey)
		return err
	},
	"key": func(w *world, _ string) error {
		_, err := w.guard.Key(ctx, w.shown.BlnkKey)
		return err
	},
	"login": func(w *world, _ string) error {
		c, err := w.guard.Login(ctx, w.shown.ConomyKey, w.shown.ClientID, w.shown.ClientSecret)
		if err != nil && c.ID != "" {
			return errors.New("a client with an error")
		}
		return err
	},
}

func TestUnknownWrongAndRevokedCostTheSame(t *testing.T) {
	w := newWorld(t)
	unknownClient := sealed("cbk_" + "0123456789abcdef" + w.shown.BlnkKey[20:61])
	unknownKey := sealed(bump(w.shown.BlnkKey, 25)[:61])
	_, other := w.register(t, "other")
	w.change(other.BlnkKey, func(_ *auth.Client, k *auth.Key) { k.Revoked = w.now })
	for fact, key := range map[string]string{
		"unknown client": unknownClient, "unknown key": unknownKey, "wrong secret": wrong(w.shown.BlnkKey), "revoked": other.BlnkKey,
	} {
		before := w.store.count()
		_, first := w.guard.Key(ctx, key)
		_, second := w.guard.Key(ctx, key)
		if first == nil || second == nil || first.Error() != second.Error() {
			t.Errorf("%s: %v, then %v", fact, first, second)
		}
		if n := w.store.count() - before; n != 1 {
			t.Errorf("%s: %d store calls in two", fact, n)
		}
	}
	if _, err := w.guard.Key(ctx, unknownKey); !errors.Is(err, auth.ErrInvalid) {
		t.Error(err)
	}
	unknown := newGuesser(t).unknown()
	for fact, try := range map[string]struct{ key, id, secret string }{
		"wrong":                      {w.shown.ConomyKey, w.shown.ClientID, bump(w.shown.ClientSecret, 7)},
		"malformed":                  {w.shown.ConomyKey, w.shown.ClientID, w.shown.ClientSecret[:32]},
		"unknown client":             {unknown.key, unknown.id, w.shown.ClientSecret},
		"unknown client, malformed":  {unknown.key, unknown.id, "x"},
		"wrong key, malformed":       {wrong(w.shown.ConomyKey), w.shown.ClientID, "x"},
		"malformed, as long as ever": {w.shown.ConomyKey, w.shown.ClientID, strings.Repeat("?", 10_000)},
	} {
		reads, writes := w.store.count(), w.store.writes
		err := login(w, try.key, try.id, try.secret)
		if err == nil || err.Error() != auth.ErrInvalid.Error() {
			t.Errorf("login, %s: %v", fact, err)
		}
		if reads, writes = w.store.count()-reads, w.store.writes-writes; reads != 1 || writes != 1 {
			t.Errorf("login, %s: %d reads, %d writes", fact, reads, writes)
		}
		w.now = w.now.Add(10 * time.Second) // past the window
	}
}

func TestForeignCombinationsAskNobody(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	_, fellow := w.register(t, "acme")
	for fact, try := range map[string]struct {
		call func() error
		want error
	}{
		"token of one, key of another": {func() error { _, err := w.guard.Bearer(ctx, token, fellow.ConomyKey); return err }, auth.ErrMismatch},
		"token and Blnk's key":         {func() error { _, err := w.guard.Bearer(ctx, token, w.shown.BlnkKey); return err }, auth.ErrMismatch},
		"Conomy's key alone":           {func() error { _, err := w.guard.Key(ctx, w.shown.ConomyKey); return err }, auth.ErrMismatch},
		"prefix changed":               {func() error { _, err := w.guard.Key(ctx, "cbk"+w.shown.ConomyKey[3:]); return err }, auth.ErrInvalid},
		"key without a token":          {func() error { _, err := w.guard.Bearer(ctx, "", w.shown.ConomyKey); return err }, auth.ErrMissing},
		"token without a key":          {func() error { _, err := w.guard.Bearer(ctx, token, ""); return err }, auth.ErrMissing},
		"nothing":                      {func() error { _, err := w.guard.Key(ctx, ""); return err }, auth.ErrMissing},
		"bad token and bad key":        {func() error { _, err := w.guard.Bearer(ctx, "x", "y"); return err }, auth.ErrInvalid},
		"key as a token":               {func() error { _, err := w.guard.Bearer(ctx, w.shown.ConomyKey, w.shown.ConomyKey); return err }, auth.ErrInvalid},
		"login with another's key":     {func() error { return login(w, fellow.ConomyKey, w.shown.ClientID, w.shown.ClientSecret) }, auth.ErrMismatch},
		"login with Blnk's key":        {func() error { return login(w, w.shown.BlnkKey, w.shown.ClientID, w.shown.ClientSecret) }, auth.ErrMismatch},
		"login without a secret":       {func() error { return login(w, w.shown.ConomyKey, w.shown.ClientID, "") }, auth.ErrMissing},
		"login without an id":          {func() error { return login(w, w.shown.ConomyKey, "", w.shown.ClientSecret) }, auth.ErrMissing},
		"login without a key":          {func() error { return login(w, "", w.shown.ClientID, w.shown.ClientSecret) }, auth.ErrMissing},
		"login with a strange id":      {func() error { return login(w, w.shown.ConomyKey, "ID", w.shown.ClientSecret) }, auth.ErrInvalid},
		"nobody trusted": {func() error {
			g := auth.Guard{Store: w.store, Hasher: w.hasher}
			_, err := g.Bearer(ctx, token, w.shown.ConomyKey)
			return err
		}, auth.ErrInvalid},
	} {
		t.Run(fact, func(t *testing.T) {
			refused(t, try.call(), try.want)
			if w.store.count() != 0 {
				t.Error("the store was asked")
			}
		})
	}
}

func login(w *world, key, id, secret string) error {
	_, err := w.guard.Login(ctx, key, id, secret)
	return err
}

func TestGuardHasAClockOfItsOwn(t *testing.T) {
	w := newWorld(t)
	w.guard.Now, w.issuer.Now = nil, nil
	caller, err := w.guard.Bearer(ctx, w.token(t), w.shown.ConomyKey)
	if left := time.Until(caller.Expires); err != nil || left > time.Hour || left < 59*time.Minute {
		t.Error(left, err)
	}
}

func TestTokenOfAnotherTenant(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	w.change(w.shown.ConomyKey, func(c *auth.Client, _ *auth.Key) { c.Tenant = "moved" })
	_, err := w.guard.Bearer(ctx, token, w.shown.ConomyKey)
	refused(t, err, auth.ErrMismatch)
}

func TestScopesAreWhatAllThreeGrant(t *testing.T) {
	for fact, try := range map[string]struct {
		client, token, want string
		key                 auth.Scopes
	}{
		"key that says nothing":      {"a b", "a b", "a b", nil},
		"key that grants nothing":    {"a b", "a b", "", auth.Scopes{}},
		"key that narrows":           {"a b", "a b", "b", auth.Scopes{"b", "c"}},
		"token that narrows":         {"a b", "a", "a", nil},
		"token older than the cut":   {"a", "a b", "a", nil},
		"token and key disjoint":     {"a b", "a", "", auth.Scopes{"b"}},
		"client that may everything": {"*", "*", "a", auth.Scopes{"a"}},
		"key that may everything":    {"a b", "a b", "a b", auth.Scopes{"*"}},
		"everything thrice":          {"*", "*", "*", auth.Scopes{"*"}},
		"token that says nothing":    {"a b", "", "", nil},
	} {
		w := newWorld(t)
		w.client.Scopes = auth.ParseScopes(try.token)
		token := w.token(t)
		w.change(w.shown.ConomyKey, func(c *auth.Client, k *auth.Key) {
			c.Scopes, k.Scopes = auth.ParseScopes(try.client), try.key
		})
		got, err := w.guard.Bearer(ctx, token, w.shown.ConomyKey)
		if err != nil || got.Scopes.String() != try.want {
			t.Errorf("%s: %q, %v", fact, got.Scopes, err)
		}
	}
}

func TestCallerExpiresWithTheFirst(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	soon, sooner := w.now.Add(time.Minute), w.now.Add(time.Second)
	w.change(w.shown.ConomyKey, func(_ *auth.Client, k *auth.Key) { k.Expires, k.Revoked = soon, sooner })
	w.change(w.shown.BlnkKey, func(_ *auth.Client, k *auth.Key) { k.Expires = soon })
	bearer, err1 := w.guard.Bearer(ctx, token, w.shown.ConomyKey)
	key, err2 := w.guard.Key(ctx, w.shown.BlnkKey)
	if err1 != nil || err2 != nil || !bearer.Expires.Equal(sooner) || !key.Expires.Equal(soon) {
		t.Error(bearer.Expires, err1, key.Expires, err2)
	}
}

func TestTwoLiveSecrets(t *testing.T) {
	w := newWorld(t)
	const next = "0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjkmnpqrstvwxyz"
	end := w.now.Add(time.Hour)
	w.change(w.shown.ConomyKey, func(c *auth.Client, _ *auth.Key) {
		c.Secrets[0].Expires = end
		c.Secrets = append(c.Secrets, auth.Secret{Hash: w.hasher.Hash(next)})
	})
	try := func(secret string) error { return login(w, w.shown.ConomyKey, w.shown.ClientID, secret) }
	if err := errors.Join(try(w.shown.ClientSecret), try(next)); err != nil {
		t.Errorf("while both live: %v", err)
	}
	refused(t, try(bump(next, 3)), auth.ErrInvalid)
	w.now = end
	refused(t, try(w.shown.ClientSecret), auth.ErrInvalid)
	if err := try(next); err != nil {
		t.Errorf("once the old one is gone: %v", err)
	}
	w.change(w.shown.ConomyKey, func(c *auth.Client, _ *auth.Key) { c.Secrets = nil })
	refused(t, try(next), auth.ErrInvalid)
}

func TestStoreThatCannotTellDecidesNothing(t *testing.T) {
	w := newWorld(t)
	token := w.token(t)
	w.store.fail = errDown
	for way, call := range waysIn {
		for range 2 { // the second time too: an error is not remembered
			if err := call(w, token); !errors.Is(err, errDown) || auth.IsRefusal(err) {
				t.Errorf("%s: %v", way, err)
			}
		}
	}
	if w.store.count() != 6 {
		t.Errorf("%d store calls", w.store.count())
	}
}
