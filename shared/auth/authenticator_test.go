package auth_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"cedula/shared/auth"
)

func TestCallerHasWhatItsCredentialsAllow(t *testing.T) {
	w := newFixture(t)
	settings := func(c *auth.Client, _ *auth.Key) {
		c.Strict, c.TestMode, c.Policy = true, true, auth.Policy{Onboarding: "email", PendingTTL: time.Hour}
	}
	w.updateStored(w.blnkKey, settings)
	want := auth.Caller{
		Tenant: "acme", Client: w.client.ID, Key: keyID(w.blnkKey), Scopes: auth.Scopes{"identity:read", "identity:write"}, Strict: true, TestMode: true,
		Policy: auth.Policy{Onboarding: "email", PendingTTL: time.Hour}, UsagePlanKey: w.client.UsagePlanKey,
	}
	wantEqual(t, w.caller(t, w.blnkKey), want)

	want.Key, want.Expires = keyID(w.conomyKey), w.now.Add(time.Hour)
	got, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, w.token(t), w.conomyKey)
	wantError(t, err, nil)
	wantEqual(t, got, want)
}

// authMethods are the ways to authenticate as the fixture's client.
var authMethods = map[string]func(w *fixture, token string) error{
	"bearer": func(w *fixture, token string) error { return w.authenticateBearer(token, w.conomyKey) },
	"key":    func(w *fixture, _ string) error { return w.authenticateKey(w.blnkKey) },
	"login": func(w *fixture, _ string) error {
		c, err := w.authenticator.Login(ctx, conomyAPI, w.conomyKey, w.client.ID, w.secret)
		if err != nil && c.ID != "" {
			return errors.New("a client with an error")
		}
		return err
	},
}

func TestCredentialProblemsAreDenied(t *testing.T) {
	for fact, tt := range map[string]struct {
		edit func(*auth.Client, *auth.Key)
		want error
	}{
		"good":                      {func(*auth.Client, *auth.Key) {}, nil},
		"key expires now":           {func(_ *auth.Client, k *auth.Key) { k.Expires = epoch }, auth.ErrExpired},
		"key expired":               {func(_ *auth.Client, k *auth.Key) { k.Expires = epoch.Add(-time.Hour) }, auth.ErrExpired},
		"key expires later":         {func(_ *auth.Client, k *auth.Key) { k.Expires = epoch.Add(time.Hour) }, nil},
		"key revoked":               {func(_ *auth.Client, k *auth.Key) { k.Revoked = epoch }, auth.ErrExpired},
		"key to be revoked":         {func(_ *auth.Client, k *auth.Key) { k.Revoked = epoch.Add(time.Hour) }, nil},
		"client suspended":          {func(c *auth.Client, _ *auth.Key) { c.Suspended = true }, auth.ErrSuspended},
		"suspended, key expired":    {func(c *auth.Client, k *auth.Key) { c.Suspended, k.Expires = true, epoch }, auth.ErrExpired},
		"hash of another":           {func(_ *auth.Client, k *auth.Key) { k.Hash[0] ^= 1 }, auth.ErrInvalid},
		"hash lost":                 {func(_ *auth.Client, k *auth.Key) { k.Hash = auth.Hash{} }, auth.ErrInvalid},
		"wrong hash and expired":    {func(_ *auth.Client, k *auth.Key) { k.Hash[0] ^= 1; k.Expires = epoch }, auth.ErrInvalid},
		"wrong hash and suspended":  {func(c *auth.Client, k *auth.Key) { k.Hash[0] ^= 1; c.Suspended = true }, auth.ErrInvalid},
		"stored for the other API":  {func(_ *auth.Client, k *auth.Key) { k.API = "other" }, auth.ErrMismatch},
		"key stored for another":    {func(_ *auth.Client, k *auth.Key) { k.Client = "0123456789abcdef" }, auth.ErrInvalid},
		"store returns another":     {func(c *auth.Client, _ *auth.Key) { c.ID = "0123456789abcdef" }, auth.ErrInvalid},
		"store returns another key": {func(_ *auth.Client, k *auth.Key) { k.ID = k.ID[:23] + "!" }, auth.ErrInvalid},
		"client without a tenant":   {func(c *auth.Client, _ *auth.Key) { c.Tenant = "" }, auth.ErrInvalid},
	} {
		for way, authenticate := range authMethods {
			t.Run(fact+", "+way, func(t *testing.T) {
				w := newFixture(t)
				token := w.token(t)
				w.updateStored(w.conomyKey, tt.edit)
				w.updateStored(w.blnkKey, tt.edit)
				err := authenticate(w, token)
				wantError(t, err, tt.want)
				if got, want := auth.IsDenial(err), tt.want != nil; got != want {
					t.Errorf("IsDenial = %v, want %v", got, want)
				}
				w.wantCalls(t, 1)
			})
		}
	}
}

func TestStoreErrorIsNotADenial(t *testing.T) {
	w := newFixture(t)
	token := w.token(t)
	w.store.err = errDown
	for way, authenticate := range authMethods {
		for range 2 { // an error is not cached
			if err := authenticate(w, token); !errors.Is(err, errDown) || auth.IsDenial(err) {
				t.Errorf("%s: error = %v, want %v", way, err, errDown)
			}
			w.wantCalls(t, 1)
		}
	}
}

func TestUnknownWrongAndRevokedKeysCostTheSame(t *testing.T) {
	w := newFixture(t)
	_, other := w.createClient(t, "other")
	w.updateStored(other.Keys["blnk"], func(_ *auth.Client, k *auth.Key) { k.Revoked = w.now })
	for fact, tt := range map[string]struct {
		key  string
		want error
	}{
		"unknown client": {withChecksum("cbk_0123456789abcdef" + w.blnkKey[20:61]), auth.ErrInvalid},
		"unknown key":    {withChecksum(withNextChar(w.blnkKey, 25)[:61]), auth.ErrInvalid},
		"wrong secret":   {withWrongSecret(w.blnkKey), auth.ErrInvalid},
		"revoked":        {other.Keys["blnk"], auth.ErrExpired},
	} {
		t.Run(fact, func(t *testing.T) {
			for range 2 {
				wantError(t, w.authenticateKey(tt.key), tt.want)
			}
			w.wantCalls(t, 1)
		})
	}
}

func TestMismatchedCredentialsNeedNoStoreCall(t *testing.T) {
	w := newFixture(t)
	token, id := w.token(t), w.client.ID
	_, fellow := w.createClient(t, "acme")
	trustsNobody := auth.Authenticator{Store: w.store, Hasher: w.hasher}
	_, untrusted := trustsNobody.AuthenticateBearer(ctx, conomyAPI, token, w.conomyKey)
	for fact, tt := range map[string]struct{ err, want error }{
		"token of one, key of another": {w.authenticateBearer(token, fellow.Keys["conomy"]), auth.ErrMismatch},
		"token and Blnk's key":         {w.authenticateBearer(token, w.blnkKey), auth.ErrMismatch},
		"Conomy's key alone":           {w.authenticateKey(w.conomyKey), auth.ErrMismatch},
		"key of an unknown API":        {w.authenticateKey(withChecksum("cxk" + w.blnkKey[3:61])), auth.ErrMismatch},
		"prefix changed":               {w.authenticateKey("cbk" + w.conomyKey[3:]), auth.ErrInvalid},
		"key without a token":          {w.authenticateBearer("", w.conomyKey), auth.ErrMissing},
		"token without a key":          {w.authenticateBearer(token, ""), auth.ErrMissing},
		"nothing":                      {w.authenticateKey(""), auth.ErrMissing},
		"bad token and bad key":        {w.authenticateBearer("x", "y"), auth.ErrInvalid},
		"key as a token":               {w.authenticateBearer(w.conomyKey, w.conomyKey), auth.ErrInvalid},
		"login with another's key":     {w.login(fellow.Keys["conomy"], id, w.secret), auth.ErrMismatch},
		"login with Blnk's key":        {w.login(w.blnkKey, id, w.secret), auth.ErrMismatch},
		"login without a secret":       {w.login(w.conomyKey, id, ""), auth.ErrMissing},
		"login without an id":          {w.login(w.conomyKey, "", w.secret), auth.ErrMissing},
		"login without a key":          {w.login("", id, w.secret), auth.ErrMissing},
		"login with a malformed id":    {w.login(w.conomyKey, "ID", w.secret), auth.ErrInvalid},
		"no issuer is trusted":         {untrusted, auth.ErrInvalid},
	} {
		t.Run(fact, func(t *testing.T) { wantError(t, tt.err, tt.want) })
	}
	w.wantCalls(t, 0)
}

func TestClockDefaultsToTimeNow(t *testing.T) {
	w := newFixture(t)
	w.authenticator.Now, w.issuer.Now = nil, nil
	caller, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, w.token(t), w.conomyKey)
	wantError(t, err, nil)
	if left := time.Until(caller.Expires); left > time.Hour || left < 59*time.Minute {
		t.Errorf("time until Expires = %v, want an hour", left)
	}
}

func TestTokenOfAnotherTenantIsDenied(t *testing.T) {
	w := newFixture(t)
	token := w.token(t)
	w.updateStored(w.conomyKey, func(c *auth.Client, _ *auth.Key) { c.Tenant = "moved" })
	wantError(t, w.authenticateBearer(token, w.conomyKey), auth.ErrMismatch)
}

func TestScopesAreIntersectionOfClientKeyAndToken(t *testing.T) {
	for fact, tt := range map[string]struct {
		client, token, want string
		key                 auth.Scopes
	}{
		"key without scopes of its own": {"a b", "a b", "a b", nil},
		"key that grants nothing":       {"a b", "a b", "", auth.Scopes{}},
		"key that narrows":              {"a b", "a b", "b", auth.Scopes{"b", "c"}},
		"token that narrows":            {"a b", "a", "a", nil},
		"client narrowed since":         {"a", "a b", "a", nil},
		"client with all scopes":        {"*", "*", "a", auth.Scopes{"a"}},
		"all with all scopes":           {"*", "*", "*", auth.Scopes{"*"}},
		"token without scopes":          {"a b", "", "", nil},
	} {
		t.Run(fact, func(t *testing.T) {
			w := newFixture(t)
			w.client.Scopes = auth.ParseScopes(tt.token)
			token := w.token(t)
			w.updateStored(w.conomyKey, func(c *auth.Client, k *auth.Key) { c.Scopes, k.Scopes = auth.ParseScopes(tt.client), tt.key })
			got, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.conomyKey)
			if err != nil || got.Scopes.String() != tt.want {
				t.Errorf("Scopes = %q, error = %v, want %q", got.Scopes, err, tt.want)
			}
		})
	}
}

func TestCallerExpiresWithFirstCredential(t *testing.T) {
	w := newFixture(t)
	token := w.token(t)
	soon, sooner := w.now.Add(time.Minute), w.now.Add(time.Second)
	w.updateStored(w.conomyKey, func(_ *auth.Client, k *auth.Key) { k.Expires, k.Revoked = soon, sooner })
	w.updateStored(w.blnkKey, func(_ *auth.Client, k *auth.Key) { k.Expires = soon })
	bearer, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.conomyKey)
	wantError(t, err, nil)
	wantEqual(t, []time.Time{bearer.Expires, w.caller(t, w.blnkKey).Expires}, []time.Time{sooner, soon})
}

func TestCachedKeysNeedNoStoreCall(t *testing.T) {
	w := newFixture(t)
	token := w.token(t)
	for range 5 {
		wantError(t, w.authenticateBearer(token, w.conomyKey), nil)
		wantError(t, w.authenticateKey(w.blnkKey), nil)
	}
	wantError(t, w.authenticateKey(withWrongSecret(w.blnkKey)), auth.ErrInvalid)
	w.wantCalls(t, 3)
}

func TestChangeIsSeenAfterTTL(t *testing.T) {
	for fact, tt := range map[string]struct {
		ttl, after time.Duration
		want       error
	}{
		"just before the default": {0, 30*time.Second - 1, nil},
		"at the default":          {0, 30 * time.Second, auth.ErrExpired},
		"no caching":              {-1, 0, auth.ErrExpired},
	} {
		t.Run(fact, func(t *testing.T) {
			w := newFixture(t)
			w.authenticator.CacheTTL = tt.ttl
			w.caller(t, w.blnkKey)
			w.updateStored(w.blnkKey, func(_ *auth.Client, k *auth.Key) { k.Revoked = w.now.Add(-time.Hour) })
			w.now = w.now.Add(tt.after)
			wantError(t, w.authenticateKey(w.blnkKey), tt.want)
		})
	}
}

func TestExpiryIsCheckedOnCachedKeys(t *testing.T) {
	w := newFixture(t)
	w.issuer.TTL, w.authenticator.CacheTTL = time.Second, time.Hour
	token, end := w.token(t), w.now.Add(time.Second)
	_, other := w.createClient(t, "other")
	w.updateStored(w.blnkKey, func(_ *auth.Client, k *auth.Key) { k.Expires = end })
	w.updateStored(other.Keys["blnk"], func(_ *auth.Client, k *auth.Key) { k.Revoked = end })
	for _, want := range []error{nil, auth.ErrExpired} {
		wantError(t, w.authenticateKey(w.blnkKey), want)
		wantError(t, w.authenticateKey(other.Keys["blnk"]), want)
		wantError(t, w.authenticateBearer(token, w.conomyKey), want)
		w.now = end
	}
	w.wantCalls(t, 3)
}

func TestCachedScopedKeyAllocatesNoMoreThanOthers(t *testing.T) {
	w := newFixture(t)
	_, text := w.createKey(t, w.blnkKey, "team-a", "identity:read", "identity:write")
	allocations := func(key string) float64 { return testing.AllocsPerRun(100, func() { w.caller(t, key) }) }
	if scoped, other := allocations(text), allocations(w.blnkKey); scoped > other {
		t.Errorf("allocations = %v with scopes of its own, %v without, want no more", scoped, other)
	}
}

func TestCallersShareNoMemory(t *testing.T) {
	w := newFixture(t)
	w.caller(t, w.blnkKey).Scopes[0] = "*"
	if w.caller(t, w.blnkKey).Scopes.Has("client:admin") {
		t.Error("a change to the scopes of one caller is seen by the next")
	}
}

func TestConcurrentMissesShareOneStoreCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newFixture(t)
		w.store.delay = time.Second
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if err := w.authenticateKey(w.blnkKey); err != nil {
					t.Errorf("AuthenticateKey: error = %v, want nil", err)
				}
			})
		}
		all.Wait()
		w.wantCalls(t, 1)
	})
}
