package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"
)

// Limits of the keys of a client.
const (
	MaxActiveKeys      = 100  // that keys created and that are neither expired nor revoked
	MaxStoredKeys      = 1000 // all, with those that are inactive and still stored
	MaxRequestedScopes = 32   // entries of RequestedScopes

	KeyRetention = 30 * 24 * time.Hour // how long an inactive key is stored, so that it can be listed

	maxRequestedScopeBytes = 64 // of one entry
)

// KeyManager lets a client create, list and revoke keys besides those that an operator gave it, which are neither listed
// nor revoked here. A caller whose own key was created here works with the keys of that key's owner only; a caller with
// an operator's key works with all.
//
// Every call reads the caller's client and key again, whatever an Authenticator still has in its cache: a revoked key and
// a suspended client create no more keys. It returns ErrExpired, ErrSuspended, and ErrInvalid if the client or the key no
// longer exists.
type KeyManager struct {
	Store  Store
	Hasher Hasher
	Now    func() time.Time // nil: time.Now
}

// Format hides the store and the hasher.
func (k KeyManager) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[keys]") }

// KeyParams describe a new key.
type KeyParams struct {
	API             API
	Name            string    // at most 128 bytes, printable
	Owner           string    // a label, like Name: whom the key is for
	Scopes          Scopes    // none: a key that allows nothing
	RequestedScopes []string  // the scopes in the words of the request
	Expires         time.Time // in whole seconds; zero: never

	createdBy string // the id of the key that creates it, or created the one that a rotation replaces
}

// KeyFilter selects the keys of one API.
type KeyFilter struct {
	API   string // name of the API
	Owner string // empty: any
}

// matches reports whether the filter selects key and own may see it.
func (f KeyFilter) matches(key, own Key) bool {
	if !key.createdByKey() || key.API != f.API {
		return false
	}
	return (f.Owner == "" || key.Owner == f.Owner) && own.canManage(key.Owner)
}

// Create creates a key of the caller's client and returns its text, which cannot be shown again. It returns an
// *InvalidKeyError; ErrEscalation for a scope that the caller lacks or an owner that its key may not manage;
// ErrTooManyKeys; or the error of the Store. Concurrent calls may exceed the limits by a few keys.
func (k *KeyManager) Create(ctx context.Context, caller Caller, n KeyParams) (Key, string, error) {
	now := k.now()
	n.Expires = n.Expires.UTC().Truncate(time.Second) // a gateway counts in seconds
	if err := n.check(caller, now); err != nil {
		return Key{}, "", err
	}
	all, own, err := k.readKeys(ctx, caller, now)
	if err != nil {
		return Key{}, "", err
	}
	if err := n.checkAllowed(own, all, now); err != nil {
		return Key{}, "", err
	}
	n.createdBy = own.ID
	n.Scopes = NewScopes(n.Scopes) // not nil
	return n.create(ctx, k.Store, caller.Client, k.Hasher, now)
}

// create creates a key with these parameters.
func (n KeyParams) create(ctx context.Context, s Store, client string, h Hasher, now time.Time) (Key, string, error) {
	k, text := newKey(client, n.API, h)
	if n.Scopes != nil {
		k.Scopes = NewScopes(n.Scopes)
	}
	k.Name = n.Name
	k.Owner = n.Owner
	k.CreatedBy = n.createdBy
	k.RequestedScopes = n.RequestedScopes
	k.Expires = n.Expires
	k.Created = now
	if err := s.CreateKey(ctx, k); err != nil {
		return Key{}, "", fmt.Errorf("auth: create key: %w", err)
	}
	return k, text, nil
}

// List returns at most MaxStoredKeys of the keys that keys created, also inactive ones, the newest first.
func (k *KeyManager) List(ctx context.Context, caller Caller, f KeyFilter) ([]Key, error) {
	all, own, err := k.readKeys(ctx, caller, k.now())
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(all, func(key Key) bool { return !f.matches(key, own) })
	slices.SortFunc(list, func(a, b Key) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID)) })
	return list[:min(len(list), MaxStoredKeys)], nil
}

// Revoke revokes a key that List returns; it returns ErrNotFound for any other. Revoking it again changes nothing. Other
// processes reject the key after RevocationDelay.
func (k *KeyManager) Revoke(ctx context.Context, caller Caller, f KeyFilter, id string) error {
	if !validAlphabet(id, keyIDChars) {
		return ErrNotFound
	}
	now := k.now()
	all, own, err := k.readKeys(ctx, caller, now)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(key Key) bool { return key.ID == id && f.matches(key, own) })
	if at < 0 {
		return ErrNotFound
	}
	if deadlinePassed(all[at].Revoked, now) {
		return nil
	}
	if err := k.Store.RevokeKey(ctx, caller.Client, id, now); err != nil {
		return fmt.Errorf("auth: revoke key: %w", err)
	}
	return nil
}

// readKeys returns all keys of the caller's client and, of these, the caller's own.
func (k *KeyManager) readKeys(ctx context.Context, caller Caller, now time.Time) (all []Key, own Key, err error) {
	client, all, err := k.Store.Keys(ctx, caller.Client)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, Key{}, fmt.Errorf("auth: read keys: %w", err)
	}
	at := slices.IndexFunc(all, func(key Key) bool { return key.ID == caller.Key })
	if err != nil || at < 0 {
		return nil, Key{}, fmt.Errorf("%w: the caller's key is gone", ErrInvalid)
	}
	if all[at].inactive(now) {
		return nil, Key{}, ErrExpired
	}
	if client.Suspended {
		return nil, Key{}, ErrSuspended
	}
	return all, all[at], nil
}

func (k *KeyManager) now() time.Time { return currentTime(k.Now).UTC().Truncate(time.Microsecond) }

// check checks the parameters on their own and against the caller's scopes.
func (n KeyParams) check(caller Caller, now time.Time) error {
	if err := n.Validate(now); err != nil {
		return err
	}
	if slices.ContainsFunc(n.Scopes, func(s string) bool { return !caller.Scopes.Has(s) }) {
		return ErrEscalation
	}
	return checkExpiry(n.Expires, caller.Expires)
}

// Validate returns an *InvalidKeyError that names the first invalid field.
func (n KeyParams) Validate(now time.Time) error {
	if !validLabel(n.Name) {
		return &InvalidKeyError{"name", "must have at most 128 bytes of printable text"}
	}
	if !validLabel(n.Owner) {
		return &InvalidKeyError{"owner", "must have at most 128 bytes of printable text"}
	}
	if len(n.RequestedScopes) > MaxRequestedScopes {
		return &InvalidKeyError{"scopes", fmt.Sprintf("must have at most %d entries", MaxRequestedScopes)}
	}
	for i, s := range n.RequestedScopes {
		if len(s) > maxRequestedScopeBytes || !printable(s) {
			return &InvalidKeyError{fmt.Sprintf("scopes.%d", i), fmt.Sprintf("must have at most %d bytes of printable text", maxRequestedScopeBytes)}
		}
	}
	if !n.API.valid() {
		return &InvalidKeyError{"use", "must be an API"}
	}
	if deadlinePassed(n.Expires, now) {
		return &InvalidKeyError{"expires", "must be in the future"}
	}
	if n.Expires.Year() > 9999 {
		return &InvalidKeyError{"expires", "must be before the year 10000"}
	}
	return nil
}

// checkAllowed checks the parameters against the key that asks and the keys there are.
func (n KeyParams) checkAllowed(own Key, all []Key, now time.Time) error {
	active := 0
	for _, key := range all {
		if key.createdByKey() && !key.inactive(now) {
			active++
		}
	}
	if !own.canManage(n.Owner) {
		return ErrEscalation
	}
	if active >= MaxActiveKeys || len(all) >= MaxStoredKeys {
		return ErrTooManyKeys
	}
	return checkExpiry(n.Expires, own.ValidUntil())
}

// checkExpiry returns an *InvalidKeyError for a key that would outlive its creator; zero is never.
func checkExpiry(expires, creator time.Time) error {
	if !creator.IsZero() && (expires.IsZero() || expires.After(creator)) {
		return &InvalidKeyError{"expires", "must not be later than that of the key that creates it"}
	}
	return nil
}
