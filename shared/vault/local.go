package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
)

// Local is a Wrapper that holds the deployment's key itself: for development,
// where there is no key service.
type Local struct{ key dataKey }

var _ Wrapper = (*Local)(nil)

// NewLocal makes a Wrapper from a key of KeySize random bytes, which it copies.
func NewLocal(key []byte) (*Local, error) {
	k, err := expand(bytes.Clone(key))
	if err != nil {
		return nil, errors.New("vault: a local key must have 32 bytes")
	}
	return &Local{k}, nil
}

// New implements Wrapper. It never fails.
func (l *Local) New(_ context.Context, tenant string) (plain, wrapped []byte, err error) {
	plain = make([]byte, KeySize)
	_, _ = rand.Read(plain) // ends the process rather than fail
	return plain, l.key.seal(plain, list(formatDataKey, []byte(tenant))), nil
}

// Unwrap implements Wrapper. Its only error is ErrDamaged.
func (l *Local) Unwrap(_ context.Context, tenant string, wrapped []byte) ([]byte, error) {
	return l.key.open(wrapped, list(formatDataKey, []byte(tenant)))
}
