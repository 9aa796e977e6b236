// Package encryption encrypts single values under data keys. A KeyWrapper, which holds the deployment's key, generates
// and unwraps these. The package implements identity.Cipher.
// It must not know more of identities, nor of AWS, nor where a ciphertext is stored.
//
// Neither its errors nor its types show a value or a key when they are printed.
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
	"cedula/shared/ttlcache"
)

// Errors of this package and of every KeyWrapper.
var (
	// ErrInvalidCiphertext means that a ciphertext or a wrapped key was modified, or belongs to another tenant, place or
	// key. These cases cannot be told apart.
	ErrInvalidCiphertext = errors.New("damaged, or of another tenant, place or key")
	// ErrUnavailable means that the key service does not respond now, or not before the context ends.
	ErrUnavailable = errors.New("key service is unavailable")
)

// KeyWrapper generates and unwraps data keys. It is safe for concurrent use. Its errors contain no key.
type KeyWrapper interface {
	// GenerateDataKey returns a new random data key of KeySize bytes for a tenant's values: plain, which the caller wipes,
	// and wrapped. It returns ErrUnavailable.
	GenerateDataKey(ctx context.Context, tenant string) (plain, wrapped []byte, err error)
	// Unwrap returns the plain key, which the caller wipes. It returns ErrInvalidCiphertext if GenerateDataKey did not
	// return the wrapped key for this tenant, and ErrUnavailable.
	Unwrap(ctx context.Context, tenant string, wrapped []byte) (plain []byte, err error)
}

// How long and how often a key is used before the KeyWrapper is called again.
const (
	keyTTL        = 5 * time.Minute
	maxKeyUses    = 1000 // calls of NewKey that return one data key
	maxCachedKeys = 1000 // unwrapped keys, and tenants with a current key, in memory
)

// maxWrappedKeyBytes is the longest wrapped key that KMS accepts.
const maxWrappedKeyBytes = 6144

// FieldCipher is an identity.Cipher that calls its KeyWrapper rarely, because each call may go over the network, costs
// money and counts against a quota.
//
// An unwrapped data key stays in memory for five minutes at most. Ciphertexts can therefore be decrypted for up to five
// minutes after the deployment's key was disabled.
//
// NewKey returns one data key of a tenant up to a thousand times within five minutes. This saves a call for each new
// identity with tokenized fields, and one for each of these that is decrypted soon after another. The price: an attacker
// who obtains one unwrapped data key can read up to a thousand identities of one tenant instead of one, though never
// another tenant's; and destroying a wrapped key does not make one identity unreadable while others hold the same key.
//
// Nonces are random, which is safe for 2^32 ciphertexts under one data key (NIST SP 800-38D, section 8.3). A thousand
// identities with seven tokenized fields reach that after 600,000 changes of every field of each.
type FieldCipher struct {
	wrapper       KeyWrapper
	unwrappedKeys *ttlcache.Cache[dataKey]   // by fingerprint
	currentKeys   *ttlcache.Cache[*keyLease] // by tenant
}

// keyLease is a wrapped data key and how often NewKey may still return it.
type keyLease struct {
	wrapped  []byte
	usesLeft atomic.Int64
}

// NewFieldCipher returns a FieldCipher on a KeyWrapper and a clock.
func NewFieldCipher(w KeyWrapper, now func() time.Time) *FieldCipher {
	return &FieldCipher{
		wrapper:       w,
		unwrappedKeys: ttlcache.New[dataKey](keyTTL, maxCachedKeys, now),
		currentKeys:   ttlcache.New[*keyLease](keyTTL, maxCachedKeys, now),
	}
}

// Format implements fmt.Formatter. It prints none of the contents, and reads nothing that other goroutines write.
func (c *FieldCipher) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[vault]") }

// NewKey implements identity.Cipher.
func (c *FieldCipher) NewKey(ctx context.Context, tenant string) ([]byte, error) {
	for {
		lease, err := c.currentKeys.Load(ctx, tenant, func(ctx context.Context) (*keyLease, error) {
			return c.newLease(ctx, tenant)
		})
		if err != nil {
			return nil, wrapErr("new key", err)
		}
		if lease.usesLeft.Add(-1) >= 0 {
			return bytes.Clone(lease.wrapped), nil
		}
		c.currentKeys.Delete(tenant)
	}
}

func (c *FieldCipher) newLease(ctx context.Context, tenant string) (*keyLease, error) {
	plain, wrapped, err := c.wrapper.GenerateDataKey(ctx, tenant)
	if err != nil {
		return nil, err
	}
	k, err := newDataKey(plain)
	if err != nil {
		return nil, err
	}
	c.unwrappedKeys.Put(fingerprint(tenant, wrapped), k)
	lease := &keyLease{wrapped: wrapped}
	lease.usesLeft.Store(maxKeyUses)
	return lease, nil
}

// Encrypt implements identity.Cipher. The ciphertext is 28 bytes longer than the value. It returns ErrInvalidCiphertext
// if wrapped is not a key of the tenant.
func (c *FieldCipher) Encrypt(ctx context.Context, tenant string, wrapped []byte, place, value string) ([]byte, error) {
	k, err := c.unwrap(ctx, tenant, wrapped)
	if err != nil {
		return nil, wrapErr("seal", err)
	}
	return k.encrypt([]byte(value), additionalData(tenant, wrapped, place)), nil
}

// Decrypt implements identity.Cipher. It returns ErrInvalidCiphertext.
func (c *FieldCipher) Decrypt(ctx context.Context, tenant string, wrapped []byte, place string, ciphertext []byte) (string, error) {
	k, err := c.unwrap(ctx, tenant, wrapped)
	if err != nil {
		return "", wrapErr("open", err)
	}
	value, err := k.decrypt(ciphertext, additionalData(tenant, wrapped, place))
	if err != nil {
		return "", wrapErr("open", err)
	}
	return string(value), nil
}

// unwrap returns a data key from memory, or has it unwrapped.
func (c *FieldCipher) unwrap(ctx context.Context, tenant string, wrapped []byte) (dataKey, error) {
	if len(wrapped) == 0 || len(wrapped) > maxWrappedKeyBytes {
		return nil, ErrInvalidCiphertext
	}
	return c.unwrappedKeys.Load(ctx, fingerprint(tenant, wrapped), func(ctx context.Context) (dataKey, error) {
		plain, err := c.wrapper.Unwrap(ctx, tenant, wrapped)
		if err != nil {
			return nil, err
		}
		return newDataKey(plain)
	})
}

// wrapErr names the operation, and adds the core's error for a key service that does not respond.
func wrapErr(operation string, err error) error {
	if errors.Is(err, ErrUnavailable) {
		return fmt.Errorf("encryption: %s: %w: %w", operation, identity.ErrUnavailable, err)
	}
	return fmt.Errorf("encryption: %s: %w", operation, err)
}
