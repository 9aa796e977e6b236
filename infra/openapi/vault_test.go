package openapi_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"slices"
	"testing"

	"cedula/shared/identity"
)

// vault is an identity.Vault that holds the deployment's key itself: AES-256-GCM
// for the data keys and for the values.
type vault struct{ deployment cipher.AEAD }

var _ identity.Vault = vault{}

func newVault(t *testing.T) vault {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	aead, err := gcm(key)
	if err != nil {
		t.Fatal(err)
	}
	return vault{aead}
}

func gcm(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (v vault) NewKey(_ context.Context, tenant string) ([]byte, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	return v.deployment.Seal(nil, nil, key, []byte(tenant)), nil
}

func (v vault) unwrap(tenant string, wrapped []byte) (cipher.AEAD, error) {
	key, err := v.deployment.Open(nil, nil, wrapped, []byte(tenant))
	if err != nil {
		return nil, err
	}
	return gcm(key)
}

func (v vault) Seal(_ context.Context, tenant string, wrapped []byte, place, value string) ([]byte, error) {
	key, err := v.unwrap(tenant, wrapped)
	if err != nil {
		return nil, err
	}
	return key.Seal(nil, nil, []byte(value), []byte(place)), nil
}

func (v vault) Open(_ context.Context, tenant string, wrapped []byte, place string, box []byte) (string, error) {
	key, err := v.unwrap(tenant, wrapped)
	if err != nil {
		return "", err
	}
	value, err := key.Open(nil, nil, slices.Clone(box), []byte(place))
	return string(value), err
}
