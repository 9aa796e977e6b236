package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// What a client may have of keys, and what may be said of one.
const (
	MaxActiveKeys      = 100  // neither expired nor revoked
	MaxStoredKeys      = 1000 // those included that ended and are still kept
	MaxRequestedScopes = 32   // entries of Granted

	KeyRetention = 30 * 24 * time.Hour // how long a store keeps a key that ended, so that it can be listed

	maxRequestedScopeBytes = 64 // of one entry
)

// KeyManager lets a client make, list and revoke keys beside those that an operator
// gave it. These are not listed and cannot be revoked here, whether they have
// scopes of their own or not.
//
// A caller whose own key was made here sees and makes the keys of its own owner
// only; one with an operator's key, all.
// Every call reads the caller's client and key anew, whatever a Guard still
// remembers: a revoked key makes no others in the meantime, nor does one of a
// suspended client. It returns ErrExpired for a key that ended, ErrSuspended,
// and ErrInvalid when the client or the key is not there.
type KeyManager struct {
	Store  Store
	Hasher Hasher
	Now    func() time.Time // nil: time.Now
}

// Format shows nothing of what the store may hold.
func (k KeyManager) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[keys]") }

// KeyParams is what a caller says about a key to be made.
type KeyParams struct {
	API             API
	Name            string    // at most 128 bytes, printable
	Owner           string    // whom the key is for: a label, like Name
	Scopes          Scopes    // none: a key that may do nothing
	RequestedScopes []string  // the scopes as the caller spelt them, to be shown again
	Expires         time.Time // to the second; zero: never

	createdBy string // whose place the key takes, as a rotation has it
}

// KeyFilter says which keys are meant: those for one API.
type KeyFilter struct {
	API   string // name of the API
	Owner string // empty: whoever owns them
}

// InvalidKeyError says what is wrong with a NewKey. Its text holds no value.
type InvalidKeyError struct {
	Field  string // "name", "owner", "scopes", "scopes.1", "expires", "use" or a dialect's own
	Reason string // the end of a sentence: "must lie in the future"
}

// Error is the field and the reason.
func (e *InvalidKeyError) Error() string { return "auth: key: " + e.Field + " " + e.Reason }

// Create makes a key of the caller's client and returns its text, which nobody
// can be shown again. It returns an *InvalidKeyError; ErrEscalation for a scope that
// the caller lacks or an owner that its key may not serve; ErrTooManyKeys; or
// what the store returned. The limits hold but for requests at the same instant.
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
	made, text := newKey(caller.Client, n.API, k.Hasher)
	made.Name, made.Owner, made.Scopes, made.RequestedScopes = n.Name, n.Owner, NewScopes(n.Scopes), n.RequestedScopes
	made.CreatedBy = own.ID
	made.Expires, made.Created = n.Expires, now
	if err := k.Store.CreateKey(ctx, made); err != nil {
		return Key{}, "", fmt.Errorf("auth: create key: %w", err)
	}
	return made, text, nil
}

// List returns keys that were made here, the newest first, ended ones too: at
// most MaxStoredKeys.
func (k *KeyManager) List(ctx context.Context, caller Caller, f KeyFilter) ([]Key, error) {
	all, own, err := k.readKeys(ctx, caller, k.now())
	if err != nil {
		return nil, err
	}
	list := slices.DeleteFunc(all, func(key Key) bool { return !f.matches(key, own) })
	slices.SortFunc(list, func(a, b Key) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID)) })
	return list[:min(len(list), MaxStoredKeys)], nil
}

// Revoke ends a key that List shows; it returns ErrNotFound for any other id. To
// revoke it again changes nothing. What other processes know of the key is
// refused within 60 s: 30 s of a Guard's memory and 30 s of the gateway's.
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
	switch {
	case at < 0:
		return ErrNotFound
	case deadlinePassed(all[at].Revoked, now):
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
	switch {
	case err != nil, at < 0:
		return nil, Key{}, fmt.Errorf("%w: the caller's key is gone", ErrInvalid)
	case all[at].inactive(now):
		return nil, Key{}, ErrExpired
	case client.Suspended:
		return nil, Key{}, ErrSuspended
	}
	return all, all[at], nil
}

func (k *KeyManager) now() time.Time { return currentTime(k.Now).UTC().Truncate(time.Microsecond) }

// check judges what is asked for by itself and by what the caller holds.
func (n KeyParams) check(caller Caller, now time.Time) error {
	if err := n.Validate(now); err != nil {
		return err
	}
	if slices.ContainsFunc(n.Scopes, func(s string) bool { return !caller.Scopes.Has(s) }) {
		return ErrEscalation
	}
	return checkExpiry(n.Expires, caller.Expires)
}

// Validate returns an *InvalidKeyError that names the first field which breaks its rules, whoever asks.
func (n KeyParams) Validate(now time.Time) error {
	for _, label := range []struct{ field, text string }{{"name", n.Name}, {"owner", n.Owner}} {
		if !validLabel(label.text) {
			return &InvalidKeyError{label.field, "must have at most 128 bytes of printable text"}
		}
	}
	if err := checkRequestedScopes(n.RequestedScopes); err != nil {
		return err
	}
	switch {
	case !n.API.valid():
		return &InvalidKeyError{"use", "must be an API"}
	case deadlinePassed(n.Expires, now):
		return &InvalidKeyError{"expires", "must lie in the future"}
	case n.Expires.Year() > 9999:
		return &InvalidKeyError{"expires", "must lie before the year 10000"}
	}
	return nil
}

func checkRequestedScopes(granted []string) error {
	if len(granted) > MaxRequestedScopes {
		return &InvalidKeyError{"scopes", fmt.Sprintf("must have at most %d entries", MaxRequestedScopes)}
	}
	for i, s := range granted {
		if len(s) > maxRequestedScopeBytes || !utf8.ValidString(s) || strings.ContainsFunc(s, unprintable) {
			return &InvalidKeyError{fmt.Sprintf("scopes.%d", i), fmt.Sprintf("must have at most %d bytes of printable text", maxRequestedScopeBytes)}
		}
	}
	return nil
}

// checkAllowed judges what is asked for by the key that asks and by the keys there are.
func (n KeyParams) checkAllowed(own Key, all []Key, now time.Time) error {
	live := 0
	for _, key := range all {
		if key.createdByKey() && !key.inactive(now) {
			live++
		}
	}
	switch {
	case !own.canManage(n.Owner):
		return ErrEscalation
	case live >= MaxActiveKeys, len(all) >= MaxStoredKeys:
		return ErrTooManyKeys
	}
	return checkExpiry(n.Expires, own.ValidUntil())
}

// checkExpiry returns an *InvalidKeyError for a key that would live longer than its
// maker; zero is for ever.
func checkExpiry(expires, maker time.Time) error {
	if !maker.IsZero() && (expires.IsZero() || expires.After(maker)) {
		return &InvalidKeyError{"expires", "must not be later than that of the key that makes it"}
	}
	return nil
}

// matches tells whether the filter means key, and own may see it.
func (f KeyFilter) matches(key, own Key) bool {
	return key.createdByKey() && key.API == f.API && (f.Owner == "" || key.Owner == f.Owner) && own.canManage(key.Owner)
}

// canManage tells whether keys of that owner are this key's business.
func (k Key) canManage(owner string) bool { return !k.createdByKey() || k.Owner == owner }

func (k Key) inactive(now time.Time) bool {
	return deadlinePassed(k.Expires, now) || deadlinePassed(k.Revoked, now)
}
