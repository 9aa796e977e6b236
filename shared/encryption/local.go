package encryption

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
)

// LocalKeyWrapper is a KeyWrapper that holds the deployment's key itself. It is for development without a key service.
type LocalKeyWrapper struct{ key dataKey }

// NewLocalKeyWrapper returns a KeyWrapper on a key of KeySize random bytes, which it copies.
func NewLocalKeyWrapper(key []byte) (*LocalKeyWrapper, error) {
	k, err := newDataKey(bytes.Clone(key))
	if err != nil {
		return nil, errors.New("encryption: a local key must have 32 bytes")
	}
	return &LocalKeyWrapper{k}, nil
}

// GenerateDataKey implements KeyWrapper. It never returns an error.
func (l *LocalKeyWrapper) GenerateDataKey(_ context.Context, tenant string) (plain, wrapped []byte, err error) {
	plain = make([]byte, KeySize)
	_, _ = rand.Read(plain) // never returns an error
	return plain, l.key.encrypt(plain, lengthPrefixed(formatDataKey, []byte(tenant))), nil
}

// Unwrap implements KeyWrapper. Its only error is ErrInvalidCiphertext.
func (l *LocalKeyWrapper) Unwrap(_ context.Context, tenant string, wrapped []byte) ([]byte, error) {
	return l.key.decrypt(wrapped, lengthPrefixed(formatDataKey, []byte(tenant)))
}
