package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/auth"
)

func TestAuthenticateBearer(t *testing.T) {
	w := newFixture(t)
	w.updateStored(w.credentials.Keys["conomy"], func(c *auth.Client, _ *auth.Key) { c.UsagePlanKey = "plan" })
	got, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, w.token(t), w.credentials.Keys["conomy"])
	want := auth.Caller{
		Tenant: "acme", Client: w.client.ID, Key: w.credentials.Keys["conomy"][4:28], Scopes: auth.Scopes{"identity:read", "identity:write"},
		Expires: w.now.Add(time.Hour), UsagePlanKey: "plan",
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf(`err = %v, diff = %v; want diff == "" and no error`, err, diff)
	}
}

func TestAuthenticateKey(t *testing.T) {
	w := newFixture(t)
	got, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"])
	want := auth.Caller{Tenant: "acme", Client: w.client.ID, Key: w.credentials.Keys["blnk"][4:28], Scopes: auth.Scopes{"identity:read", "identity:write"}, UsagePlanKey: w.client.UsagePlanKey}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf(`err = %v, diff = %v; want diff == "" and no error`, err, diff)
	}
}

// TestCredentialProblemsAreDenied holds what each of the three ways in says to one thing wrong
// with a client that has a token, both keys and its secret. Each asks the store
// once, whatever is wrong.
func TestCredentialProblemsAreDenied(t *testing.T) {
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
		"stored for the other API":  {func(_ *auth.Client, k *auth.Key) { k.API = "other" }, auth.ErrMismatch},
		"key stored for another":    {func(_ *auth.Client, k *auth.Key) { k.Client = "0123456789abcdef" }, auth.ErrInvalid},
		"store answers another":     {func(c *auth.Client, _ *auth.Key) { c.ID = "0123456789abcdef" }, auth.ErrInvalid},
		"store answers another key": {func(_ *auth.Client, k *auth.Key) { k.ID = k.ID[:23] + "!" }, auth.ErrInvalid},
		"client without a tenant":   {func(c *auth.Client, _ *auth.Key) { c.Tenant = "" }, auth.ErrInvalid},
	} {
		for way, call := range authMethods {
			t.Run(fact+", "+way, func(t *testing.T) {
				w := newFixture(t)
				token := w.token(t)
				w.updateStored(w.credentials.Keys["conomy"], try.edit)
				w.updateStored(w.credentials.Keys["blnk"], try.edit)
				err := call(w, token)
				if !errors.Is(err, try.want) || auth.IsDenial(err) != (try.want != nil) {
					t.Errorf("got %v, want %v", err, try.want)
				}
				if w.store.callCount() != 1 {
					t.Errorf("%d store calls; want w.store.callCount() == 1", w.store.callCount())
				}
			})
		}
	}
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

var authMethods = map[string]func(w *fixture, token string) error{
	"bearer": func(w *fixture, token string) error {
		_, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.credentials.Keys["conomy"])
		return err
	},
	"key": func(w *fixture, _ string) error {
		_, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"])
		return err
	},
	"login": func(w *fixture, _ string) error {
		c, err := w.authenticator.Login(ctx, conomyAPI, w.credentials.Keys["conomy"], w.credentials.ClientID, w.credentials.ClientSecret)
		if err != nil && c.ID != "" {
			return errors.New("a client with an error")
		}
		return err
	},
}

func TestUnknownWrongAndRevokedCostTheSame(t *testing.T) {
	w := newFixture(t)
	unknownClient := withChecksum("cbk_" + "0123456789abcdef" + w.credentials.Keys["blnk"][20:61])
	unknownKey := withChecksum(withNextChar(w.credentials.Keys["blnk"], 25)[:61])
	_, other := w.createClient(t, "other")
	w.updateStored(other.Keys["blnk"], func(_ *auth.Client, k *auth.Key) { k.Revoked = w.now })
	for fact, key := range map[string]string{
		"unknown client": unknownClient, "unknown key": unknownKey, "wrong secret": withWrongSecret(w.credentials.Keys["blnk"]), "revoked": other.Keys["blnk"],
	} {
		before := w.store.callCount()
		_, first := w.authenticator.AuthenticateKey(ctx, blnkAPI, key)
		_, second := w.authenticator.AuthenticateKey(ctx, blnkAPI, key)
		if first == nil || second == nil || first.Error() != second.Error() {
			t.Errorf("%s: %v, then %v; want first != nil and second != nil and first.Error() == second.Error()", fact, first, second)
		}
		if n := w.store.callCount() - before; n != 1 {
			t.Errorf("%s: %d store calls in two; want n == 1", fact, n)
		}
	}
	if _, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, unknownKey); !errors.Is(err, auth.ErrInvalid) {
		t.Errorf("err = %v; want auth.ErrInvalid", err)
	}
	unknown := newGuesser(t).unknown()
	for fact, try := range map[string]struct{ key, id, secret string }{
		"wrong":                      {w.credentials.Keys["conomy"], w.credentials.ClientID, withNextChar(w.credentials.ClientSecret, 7)},
		"malformed":                  {w.credentials.Keys["conomy"], w.credentials.ClientID, w.credentials.ClientSecret[:32]},
		"unknown client":             {unknown.key, unknown.id, w.credentials.ClientSecret},
		"unknown client, malformed":  {unknown.key, unknown.id, "x"},
		"wrong key, malformed":       {withWrongSecret(w.credentials.Keys["conomy"]), w.credentials.ClientID, "x"},
		"malformed, as long as ever": {w.credentials.Keys["conomy"], w.credentials.ClientID, strings.Repeat("?", 10_000)},
	} {
		reads, writes := w.store.callCount(), w.store.writes
		err := login(w, try.key, try.id, try.secret)
		if err == nil || err.Error() != auth.ErrInvalid.Error() {
			t.Errorf("login, %s: %v; want an error and err.Error() == auth.ErrInvalid.Error()", fact, err)
		}
		if reads, writes = w.store.callCount()-reads, w.store.writes-writes; reads != 1 || writes != 1 {
			t.Errorf("login, %s: %d reads, %d writes; want reads == 1 and writes == 1", fact, reads, writes)
		}
		w.now = w.now.Add(10 * time.Second) // past the window
	}
}

func TestMismatchedCredentialsNeedNoStoreCall(t *testing.T) {
	w := newFixture(t)
	token := w.token(t)
	_, fellow := w.createClient(t, "acme")
	for fact, try := range map[string]struct {
		call func() error
		want error
	}{
		"token of one, key of another": {func() error {
			_, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, fellow.Keys["conomy"])
			return err
		}, auth.ErrMismatch},
		"token and Blnk's key": {func() error {
			_, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.credentials.Keys["blnk"])
			return err
		}, auth.ErrMismatch},
		"Conomy's key alone": {func() error {
			_, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["conomy"])
			return err
		}, auth.ErrMismatch},
		"key of an unknown API": {func() error {
			_, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, withChecksum("cxk"+w.credentials.Keys["blnk"][3:61]))
			return err
		}, auth.ErrMismatch},
		"prefix changed": {func() error {
			_, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, "cbk"+w.credentials.Keys["conomy"][3:])
			return err
		}, auth.ErrInvalid},
		"key without a token": {func() error {
			_, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, "", w.credentials.Keys["conomy"])
			return err
		}, auth.ErrMissing},
		"token without a key":   {func() error { _, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, ""); return err }, auth.ErrMissing},
		"nothing":               {func() error { _, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, ""); return err }, auth.ErrMissing},
		"bad token and bad key": {func() error { _, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, "x", "y"); return err }, auth.ErrInvalid},
		"key as a token": {func() error {
			_, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, w.credentials.Keys["conomy"], w.credentials.Keys["conomy"])
			return err
		}, auth.ErrInvalid},
		"login with another's key": {func() error {
			return login(w, fellow.Keys["conomy"], w.credentials.ClientID, w.credentials.ClientSecret)
		}, auth.ErrMismatch},
		"login with Blnk's key": {func() error {
			return login(w, w.credentials.Keys["blnk"], w.credentials.ClientID, w.credentials.ClientSecret)
		}, auth.ErrMismatch},
		"login without a secret":  {func() error { return login(w, w.credentials.Keys["conomy"], w.credentials.ClientID, "") }, auth.ErrMissing},
		"login without an id":     {func() error { return login(w, w.credentials.Keys["conomy"], "", w.credentials.ClientSecret) }, auth.ErrMissing},
		"login without a key":     {func() error { return login(w, "", w.credentials.ClientID, w.credentials.ClientSecret) }, auth.ErrMissing},
		"login with a strange id": {func() error { return login(w, w.credentials.Keys["conomy"], "ID", w.credentials.ClientSecret) }, auth.ErrInvalid},
		"nobody trusted": {func() error {
			g := auth.Authenticator{Store: w.store, Hasher: w.hasher}
			_, err := g.AuthenticateBearer(ctx, conomyAPI, token, w.credentials.Keys["conomy"])
			return err
		}, auth.ErrInvalid},
	} {
		t.Run(fact, func(t *testing.T) {
			wantError(t, try.call(), try.want)
			if w.store.callCount() != 0 {
				t.Error("the store was asked")
			}
		})
	}
}

func login(w *fixture, key, id, secret string) error {
	_, err := w.authenticator.Login(ctx, conomyAPI, key, id, secret)
	return err
}

func TestClockDefaultsToTimeNow(t *testing.T) {
	w := newFixture(t)
	w.authenticator.Now, w.issuer.Now = nil, nil
	caller, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, w.token(t), w.credentials.Keys["conomy"])
	if left := time.Until(caller.Expires); err != nil || left > time.Hour || left < 59*time.Minute {
		t.Errorf("left = %v, err = %v; want no error and left <= time.Hour and left >= 59 * time.Minute", left, err)
	}
}

func TestTokenOfAnotherTenantIsDenied(t *testing.T) {
	w := newFixture(t)
	token := w.token(t)
	w.updateStored(w.credentials.Keys["conomy"], func(c *auth.Client, _ *auth.Key) { c.Tenant = "moved" })
	_, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.credentials.Keys["conomy"])
	wantError(t, err, auth.ErrMismatch)
}

func TestScopesAreIntersectionOfClientKeyAndToken(t *testing.T) {
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
		w := newFixture(t)
		w.client.Scopes = auth.ParseScopes(try.token)
		token := w.token(t)
		w.updateStored(w.credentials.Keys["conomy"], func(c *auth.Client, k *auth.Key) {
			c.Scopes, k.Scopes = auth.ParseScopes(try.client), try.key
		})
		got, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.credentials.Keys["conomy"])
		if err != nil || got.Scopes.String() != try.want {
			t.Errorf("%s: %q, %v; want no error and got.Scopes.String() == try.want", fact, got.Scopes, err)
		}
	}
}

func TestCallerExpiresWithFirstCredential(t *testing.T) {
	w := newFixture(t)
	token := w.token(t)
	soon, sooner := w.now.Add(time.Minute), w.now.Add(time.Second)
	w.updateStored(w.credentials.Keys["conomy"], func(_ *auth.Client, k *auth.Key) { k.Expires, k.Revoked = soon, sooner })
	w.updateStored(w.credentials.Keys["blnk"], func(_ *auth.Client, k *auth.Key) { k.Expires = soon })
	bearer, err1 := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.credentials.Keys["conomy"])
	key, err2 := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"])
	if err1 != nil || err2 != nil || !bearer.Expires.Equal(sooner) || !key.Expires.Equal(soon) {
		t.Errorf("bearer.Expires = %+v, err1 = %v, key.Expires = %+v, err2 = %v; want err1 == nil and err2 == nil and bearer.Expires == sooner and key.Expires == soon", bearer.Expires, err1, key.Expires, err2)
	}
}

func TestBothActiveSecretsAreAccepted(t *testing.T) {
	w := newFixture(t)
	const next = "0123456789abcdefghjkmnpqrstvwxyz0123456789abcdefghjkmnpqrstvwxyz"
	end := w.now.Add(time.Hour)
	w.updateStored(w.credentials.Keys["conomy"], func(c *auth.Client, _ *auth.Key) {
		c.Secrets[0].Expires = end
		c.Secrets = append(c.Secrets, auth.Secret{Hash: w.hasher.Hash(next)})
	})
	try := func(secret string) error {
		return login(w, w.credentials.Keys["conomy"], w.credentials.ClientID, secret)
	}
	if err := errors.Join(try(w.credentials.ClientSecret), try(next)); err != nil {
		t.Errorf("while both live: %v", err)
	}
	wantError(t, try(withNextChar(next, 3)), auth.ErrInvalid)
	w.now = end
	wantError(t, try(w.credentials.ClientSecret), auth.ErrInvalid)
	if err := try(next); err != nil {
		t.Errorf("once the old one is gone: %v", err)
	}
	w.updateStored(w.credentials.Keys["conomy"], func(c *auth.Client, _ *auth.Key) { c.Secrets = nil })
	wantError(t, try(next), auth.ErrInvalid)
}

func TestStoreErrorIsNotADenial(t *testing.T) {
	w := newFixture(t)
	token := w.token(t)
	w.store.fail = errDown
	for way, call := range authMethods {
		for range 2 { // the second time too: an error is not remembered
			if err := call(w, token); !errors.Is(err, errDown) || auth.IsDenial(err) {
				t.Errorf("%s: %v; want errDown and not auth.IsDenial(err)", way, err)
			}
		}
	}
	if w.store.callCount() != 6 {
		t.Errorf("%d store calls; want w.store.callCount() == 6", w.store.callCount())
	}
}
