package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"cedula/shared/ttlcache"
)

const (
	// DefaultCacheTTL and API Gateway's own cache of 30 seconds make a revocation take effect within 60 seconds.
	DefaultCacheTTL = 30 * time.Second

	maxCachedKeys = 4096 // unknown keys included
)

// Authenticator decides who may pass. It is safe for concurrent use; copy it never.
// Each key costs at most one Store call per TTL. Times, hashes and suspension
// are judged anew on every call; what the table says of them may be TTL old.
type Authenticator struct {
	Store    Store
	Hasher   Hasher
	Tokens   *Verifier        // for Bearer only
	Now      func() time.Time // nil: time.Now
	CacheTTL time.Duration    // zero: DefaultCacheTTL; negative: no caching

	initCache sync.Once
	cache     *ttlcache.Cache[record] // by the SHA-256 of a key, so that no key stays in memory
}

// Format shows nothing: the cache holds hashes.
func (g *Authenticator) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[guard]") }

// AuthenticateBearer authenticates a token and a key of api that belong to the same client. The token comes without its
// scheme. The Store is asked only if the token is valid and both name the same client. It returns ErrMissing,
// ErrInvalid, ErrExpired, ErrMismatch or ErrSuspended.
func (g *Authenticator) AuthenticateBearer(ctx context.Context, api API, token, apiKey string) (Caller, error) {
	if token == "" || apiKey == "" {
		return Caller{}, ErrMissing
	}
	claims, err := g.verifyToken(ctx, token)
	if err != nil {
		return Caller{}, err
	}
	name, err := parseKeyForAPI(apiKey, api)
	if err != nil {
		return Caller{}, err
	}
	if name.client != claims.Client {
		return Caller{}, fmt.Errorf("%w: token and key", ErrMismatch)
	}
	caller, err := g.authenticate(ctx, name, apiKey)
	if err != nil {
		return Caller{}, err
	}
	if claims.Tenant != "" && caller.Tenant != claims.Tenant {
		return Caller{}, fmt.Errorf("%w: tenant", ErrMismatch)
	}
	caller.Scopes = caller.Scopes.Intersect(claims.Scopes)
	caller.Expires = earliest(caller.Expires, claims.Expires)
	return caller, nil
}

// AuthenticateKey authenticates a key of api. It returns ErrMissing, ErrInvalid, ErrExpired, ErrMismatch or ErrSuspended.
func (g *Authenticator) AuthenticateKey(ctx context.Context, api API, apiKey string) (Caller, error) {
	if apiKey == "" {
		return Caller{}, ErrMissing
	}
	name, err := parseKeyForAPI(apiKey, api)
	if err != nil {
		return Caller{}, err
	}
	return g.authenticate(ctx, name, apiKey)
}

// authenticate judges a key by what the Store says, or said within TTL.
func (g *Authenticator) authenticate(ctx context.Context, name parsedKey, text string) (Caller, error) {
	g.initCache.Do(func() {
		g.cache = ttlcache.New[record](cmp.Or(g.CacheTTL, DefaultCacheTTL), maxCachedKeys, g.now)
	})
	fingerprint := sha256.Sum256([]byte(text))
	r, err := g.cache.Load(ctx, string(fingerprint[:]), func(ctx context.Context) (record, error) {
		return g.readCredentials(ctx, name)
	})
	if err != nil {
		return Caller{}, err
	}
	right := r.key.Hash.Equal(g.Hasher.Hash(text))
	if err := r.authorize(name, right, g.now()); err != nil {
		return Caller{}, err
	}
	return r.caller(), nil
}

// readCredentials asks the Store. That nothing is there is an answer too: the zero record.
func (g *Authenticator) readCredentials(ctx context.Context, name parsedKey) (record, error) {
	c, k, err := g.Store.Credentials(ctx, name.client, name.id)
	switch {
	case errors.Is(err, ErrNotFound):
		return record{}, nil
	case err != nil:
		return record{}, fmt.Errorf("auth: read credentials: %w", err)
	}
	return record{client: c, key: k, scopes: effectiveScopes(c, k)}, nil
}

func (g *Authenticator) verifyToken(ctx context.Context, token string) (Claims, error) {
	if g.Tokens == nil {
		return Claims{}, fmt.Errorf("%w: no issuer is trusted", ErrInvalid)
	}
	return g.Tokens.Verify(ctx, token, g.now())
}

func (g *Authenticator) now() time.Time { return currentTime(g.Now) }

// record is what the Store holds under a key's id; zero for an unknown one.
type record struct {
	client Client
	key    Key
	scopes Scopes // what both grant
}

// effectiveScopes is worked out once per read, so that a key with scopes of its own
// costs no more than one without.
func effectiveScopes(c Client, k Key) Scopes {
	if k.Scopes == nil {
		return c.Scopes
	}
	return c.Scopes.Intersect(k.Scopes)
}

// authorize answers once every comparison is made; proven is their outcome. An
// unknown key takes the same way as a wrong one.
func (r record) authorize(name parsedKey, proven bool, now time.Time) error {
	asked := r.client.ID == name.client && r.key.Client == name.client && r.key.ID == name.id
	switch {
	case !proven, !asked, r.client.Tenant == "":
		return ErrInvalid
	case r.key.API != name.api.Name:
		return fmt.Errorf("%w: use of the key", ErrMismatch)
	case r.key.inactive(now):
		return ErrExpired
	case r.client.Suspended:
		return ErrSuspended
	}
	return nil
}

func (r record) caller() Caller {
	return Caller{
		Tenant: r.client.Tenant, Client: r.client.ID, Key: r.key.ID, Scopes: slices.Clone(r.scopes), Strict: r.client.Strict,
		TestMode: r.client.TestMode, Policy: r.client.Policy,
		Expires: r.key.ValidUntil(), UsagePlanKey: r.client.UsagePlanKey,
	}
}
