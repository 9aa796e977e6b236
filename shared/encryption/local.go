package encryption

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
)

// LocalKeyWrapper is a Wrapper that holds the deployment's key itself: for development,
// where there is no key service.
type LocalKeyWrapper struct{ key dataKey }

var _ KeyWrapper = (*LocalKeyWrapper)(nil)

// NewLocalKeyWrapper makes a Wrapper from a key of KeySize random bytes, which it copies.
func NewLocalKeyWrapper(key []byte) (*LocalKeyWrapper, error) {
	k, err := newDataKey(bytes.Clone(key))
	if err != nil {
		return nil, errors.New("encryption: a local key must have 32 bytes")
	}
	return &LocalKeyWrapper{k}, nil
}

// GenerateDataKey implements Wrapper. It never fails.
func (l *LocalKeyWrapper) GenerateDataKey(_ context.Context, tenant string) (plain, wrapped []byte, err error) {
	plain = make([]byte, KeySize)
	_, _ = rand.Read(plain) // ends the process rather than fail
	return plain, l.key.seal(plain, lengthPrefixed(formatDataKey, []byte(tenant))), nil
}

// Unwrap implements Wrapper. Its only error is ErrDamaged.
func (l *LocalKeyWrapper) Unwrap(_ context.Context, tenant string, wrapped []byte) ([]byte, error) {
	return l.key.open(wrapped, lengthPrefixed(formatDataKey, []byte(tenant)))
}
