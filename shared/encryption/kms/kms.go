// Package kms has data keys made and unwrapped by AWS KMS, under a key that never
// leaves it. It knows nothing of values, of what a data key is used for and of
// how the KMS client was configured.
package kms

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"cedula/shared/encryption"
)

// callTimeout bounds one call with all its attempts: it is half of a function's
// time, and enough for a second attempt where the first got no answer.
const callTimeout = 5 * time.Second

// encryptionContextKey is the name under which a data key is bound to its tenant. KMS
// writes this encryption context into CloudTrail in plain text, with every call:
// so it is the tenant's id alone, nothing of a person.
const encryptionContextKey = "cedula:tenant"

// API is what a Wrapper asks of KMS. *kms.Client has it.
type API interface {
	GenerateDataKey(context.Context, *kms.GenerateDataKeyInput, ...func(*kms.Options)) (*kms.GenerateDataKeyOutput, error)
	Decrypt(context.Context, *kms.DecryptInput, ...func(*kms.Options)) (*kms.DecryptOutput, error)
}

// KeyWrapper is one symmetric KMS key, and a vault.Wrapper. KMS may rotate the
// key's material at will, for it keeps what was; an alias must not be moved to
// another key, which could unwrap nothing of what the first has wrapped.
type KeyWrapper struct {
	client API
	keyID  string
}

var _ encryption.KeyWrapper = (*KeyWrapper)(nil)

// New names a key by id, ARN or alias. It calls nobody.
func New(client API, keyID string) (*KeyWrapper, error) {
	if client == nil || keyID == "" {
		return nil, errors.New("kms: a client and a key id are needed")
	}
	return &KeyWrapper{client, keyID}, nil
}

// GenerateDataKey implements vault.Wrapper.
func (w *KeyWrapper) GenerateDataKey(ctx context.Context, tenant string) (plain, wrapped []byte, err error) {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := w.client.GenerateDataKey(bounded, &kms.GenerateDataKeyInput{
		KeyId: &w.keyID, KeySpec: types.DataKeySpecAes256,
		EncryptionContext: map[string]string{encryptionContextKey: tenant},
	})
	if err != nil {
		return nil, nil, wrapErr(ctx, "generate data key", err)
	}
	return out.Plaintext, out.CiphertextBlob, nil
}

// Unwrap implements vault.Wrapper. The key is named, though the wrapped one tells
// KMS which it is: otherwise anyone's key that KMS lets this caller use would do.
func (w *KeyWrapper) Unwrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error) {
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out, err := w.client.Decrypt(bounded, &kms.DecryptInput{
		KeyId: &w.keyID, CiphertextBlob: wrapped,
		EncryptionContext: map[string]string{encryptionContextKey: tenant},
	})
	if err != nil {
		return nil, wrapErr(ctx, "decrypt", err)
	}
	return out.Plaintext, nil
}
