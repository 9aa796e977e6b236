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

// Authenticator authenticates clients. It is safe for concurrent use and must not be copied. It calls the Store at most
// once per key and TTL. Expiry, hashes and suspension are checked in every call, by what the Store said up to a TTL ago.
type Authenticator struct {
	Store    Store
	Hasher   Hasher
	Tokens   *Verifier        // for AuthenticateBearer; nil: all tokens are invalid
	Now      func() time.Time // nil: time.Now
	CacheTTL time.Duration    // zero: DefaultCacheTTL; negative: no caching

	initCache sync.Once
	cache     *ttlcache.Cache[record] // by the SHA-256 of a key, so that no key stays in memory
}

// Format hides the cache, which holds hashes.
func (g *Authenticator) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[guard]") }

func (g *Authenticator) now() time.Time { return currentTime(g.Now) }

// AuthenticateBearer authenticates a token and a key of api that belong to the same client. The token comes without its
// scheme. The Store is called only if the token is valid and both name the same client. It returns ErrMissing,
// ErrInvalid, ErrExpired, ErrMismatch or ErrSuspended.
func (g *Authenticator) AuthenticateBearer(ctx context.Context, api API, token, apiKey string) (Caller, error) {
	if token == "" || apiKey == "" {
		return Caller{}, ErrMissing
	}
	if g.Tokens == nil {
		return Caller{}, fmt.Errorf("%w: no issuer is trusted", ErrInvalid)
	}
	claims, err := g.Tokens.Verify(ctx, token, g.now())
	if err != nil {
		return Caller{}, err
	}
	name, err := parseKey(apiKey, api)
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
	name, err := parseKey(apiKey, api)
	if err != nil {
		return Caller{}, err
	}
	return g.authenticate(ctx, name, apiKey)
}

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
	verified := r.key.Hash.Equal(g.Hasher.Hash(text))
	if err := r.authorize(name, verified, g.now()); err != nil {
		return Caller{}, err
	}
	return r.caller(), nil
}

// readCredentials returns the zero record for an unknown key, so that it is cached like others.
func (g *Authenticator) readCredentials(ctx context.Context, name parsedKey) (record, error) {
	c, k, err := g.Store.Credentials(ctx, name.client, name.id)
	if errors.Is(err, ErrNotFound) {
		return record{}, nil
	}
	if err != nil {
		return record{}, fmt.Errorf("auth: read credentials: %w", err)
	}
	return record{client: c, key: k, scopes: effectiveScopes(c, k)}, nil
}

// effectiveScopes returns the client's scopes as far as the key allows them.
func effectiveScopes(c Client, k Key) Scopes {
	if k.Scopes == nil {
		return c.Scopes
	}
	return c.Scopes.Intersect(k.Scopes)
}

// record is what the Store has for the id in a key.
type record struct {
	client Client
	key    Key
	scopes Scopes
}

// authorize decides once all comparisons are made; verified is their result. An unknown key takes the same path as a
// wrong one.
func (r record) authorize(name parsedKey, verified bool, now time.Time) error {
	if !verified || !r.belongsTo(name) || r.client.Tenant == "" {
		return ErrInvalid
	}
	if r.key.API != name.api.Name {
		return errKeyAPI
	}
	if r.key.inactive(now) {
		return ErrExpired
	}
	if r.client.Suspended {
		return ErrSuspended
	}
	return nil
}

func (r record) belongsTo(name parsedKey) bool {
	return r.client.ID == name.client && r.key.Client == name.client && r.key.ID == name.id
}

func (r record) caller() Caller {
	return Caller{
		Tenant: r.client.Tenant, Client: r.client.ID, Key: r.key.ID, Scopes: slices.Clone(r.scopes), Expires: r.key.ValidUntil(),
		Strict: r.client.Strict, TestMode: r.client.TestMode, Policy: r.client.Policy, UsagePlanKey: r.client.UsagePlanKey,
	}
}
