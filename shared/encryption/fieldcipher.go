// Package encryption encrypts single values under data keys, and has these made and
// unwrapped by whoever holds the deployment's key. It implements identity.Vault.
// It knows nothing of identities beyond that, of AWS and of where a box is kept.
//
// No error of it, and nothing that it prints, shows a value or a key.
package encryption

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"cedula/shared/identity"
)

// ErrInvalidCiphertext says that a box or a wrapped key is not as it was made, or was made
// for another tenant, place or key. Which of these nobody can tell.
var ErrInvalidCiphertext = errors.New("damaged, or of another tenant, place or key")

// KeyWrapper makes data keys and unwraps them. It is safe for concurrent use. Its
// errors hold no key; one that says the key service does not answer now, or not
// before the context ends, wraps identity.ErrUnavailable.
type KeyWrapper interface {
	// GenerateDataKey returns a new random data key of KeySize bytes for a tenant's values:
	// plain, which the caller wipes, and wrapped.
	GenerateDataKey(ctx context.Context, tenant string) (plain, wrapped []byte, err error)
	// Unwrap returns the plain key, which the caller wipes. ErrDamaged if New
	// did not return the wrapped one for this tenant.
	Unwrap(ctx context.Context, tenant string, wrapped []byte) (plain []byte, err error)
}

// How long and how often a key is used before the Wrapper is asked again.
const (
	keyTTL        = 5 * time.Minute
	maxKeyUses    = 1000 // calls of NewKey that return one data key
	maxCachedKeys = 1000 // unwrapped ones, and fresh ones, in memory at once
)

// maxWrappedKeyBytes is the most bytes that a wrapped key can have: as many as KMS reads.
const maxWrappedKeyBytes = 6144

// FieldCipher is an identity.Vault that asks its Wrapper seldom, for that is a call
// over the network that is paid and limited in number.
//
// An unwrapped data key stays in memory for five minutes at most. So boxes can
// be opened for five minutes after the deployment's key was disabled.
//
// NewKey returns one data key of a tenant up to a thousand times within five
// minutes. This saves a call for each new identity with tokenized fields, and
// one for each of them that is opened soon after another. What it costs: who
// gets hold of one unwrapped data key reads up to a thousand identities of one
// tenant instead of one, though never another tenant's; and to destroy a wrapped
// key does not make one identity unreadable while others hold the same.
//
// Nonces are random, which is safe for 2^32 boxes under one data key (NIST SP
// 800-38D, section 8.3). A thousand identities with seven tokenized fields reach
// that after 600,000 changes of every field of each.
//
// Concurrent calls for one key that is not in memory each ask the Wrapper: a
// function serves one request at a time, so they would hardly ever share.
type FieldCipher struct {
	wrapper       KeyWrapper
	unwrappedKeys *ttlCache[keyFingerprint, dataKey]
	currentKeys   *ttlCache[string, *keyLease] // by tenant
}

// keyLease is a wrapped data key and how often NewKey may still return it.
type keyLease struct {
	wrapped  []byte
	usesLeft atomic.Int64
}

var _ identity.Cipher = (*FieldCipher)(nil)

// NewFieldCipher makes a vault with a clock. If that goes back, keys are forgotten.
func NewFieldCipher(w KeyWrapper, now func() time.Time) *FieldCipher {
	return &FieldCipher{w, newTTLCache[keyFingerprint, dataKey](now), newTTLCache[string, *keyLease](now)}
}

// Format shows nothing of what is inside, and reads nothing that others write.
func (v *FieldCipher) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[vault]") }

// NewKey implements identity.Vault. It returns the errors of Wrapper.New.
func (v *FieldCipher) NewKey(ctx context.Context, tenant string) ([]byte, error) {
	l, asked, ok := v.currentKeys.get(tenant)
	if ok && l.usesLeft.Add(-1) >= 0 {
		return bytes.Clone(l.wrapped), nil
	}
	plain, wrapped, err := v.wrapper.GenerateDataKey(ctx, tenant)
	if err != nil {
		return nil, fmt.Errorf("encryption: new key: %w", err)
	}
	k, err := newDataKey(plain)
	if err != nil {
		return nil, fmt.Errorf("encryption: new key: %w", err)
	}
	l = &keyLease{wrapped: bytes.Clone(wrapped)}
	l.usesLeft.Store(maxKeyUses - 1)
	v.unwrappedKeys.put(fingerprintOf(tenant, wrapped), k, asked)
	v.currentKeys.put(tenant, l, asked)
	return wrapped, nil
}

// Encrypt implements identity.Vault. A box is 28 bytes longer than its value. It
// returns ErrDamaged and the errors of Wrapper.Unwrap.
func (v *FieldCipher) Encrypt(ctx context.Context, tenant string, wrapped []byte, place, value string) ([]byte, error) {
	k, err := v.loadDataKey(ctx, tenant, wrapped)
	if err != nil {
		return nil, fmt.Errorf("encryption: seal: %w", err)
	}
	return k.seal([]byte(value), additionalData(tenant, wrapped, place)), nil
}

// Decrypt implements identity.Vault. It returns ErrDamaged and the errors of
// Wrapper.Unwrap.
func (v *FieldCipher) Decrypt(ctx context.Context, tenant string, wrapped []byte, place string, box []byte) (string, error) {
	k, err := v.loadDataKey(ctx, tenant, wrapped)
	if err != nil {
		return "", fmt.Errorf("encryption: open: %w", err)
	}
	value, err := k.open(box, additionalData(tenant, wrapped, place))
	if err != nil {
		return "", fmt.Errorf("encryption: open: %w", err)
	}
	return string(value), nil
}

// loadDataKey returns a data key from memory, or has it unwrapped.
func (v *FieldCipher) loadDataKey(ctx context.Context, tenant string, wrapped []byte) (dataKey, error) {
	if len(wrapped) == 0 || len(wrapped) > maxWrappedKeyBytes {
		return dataKey{}, ErrInvalidCiphertext
	}
	id := fingerprintOf(tenant, wrapped)
	k, asked, ok := v.unwrappedKeys.get(id)
	if ok {
		return k, nil
	}
	plain, err := v.wrapper.Unwrap(ctx, tenant, wrapped)
	if err != nil {
		return dataKey{}, err
	}
	if k, err = newDataKey(plain); err != nil {
		return dataKey{}, err
	}
	v.unwrappedKeys.put(id, k, asked)
	return k, nil
}
