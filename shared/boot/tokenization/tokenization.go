// Package tokenization wires the registry that can tokenize. It is separate from package boot so
// that only functions which tokenize link the client of AWS KMS.
// It imports no API and knows nothing of requests.
package tokenization

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"cedula/shared/boot"
	"cedula/shared/encryption"
	wrapping "cedula/shared/encryption/kms"
	"cedula/shared/registry"
)

// NewRegistry returns boot's registry with a cipher for tokenized fields.
func NewRegistry(c boot.Config) (*registry.Registry, error) {
	r, err := boot.NewRegistry(c)
	if err != nil {
		return nil, err
	}
	r.Cipher, err = NewCipher(c)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// NewCipher returns the cipher for tokenized fields. Config.EncryptionKey is the id, ARN or
// alias of a symmetric KMS key or, for development, "local:" and 32 random bytes in base64.
func NewCipher(c boot.Config) (*encryption.FieldCipher, error) {
	w, err := keyWrapper(c)
	if err != nil {
		return nil, err
	}
	return encryption.NewFieldCipher(w, time.Now), nil
}

const (
	variable    = "CEDULA_VAULT_KEY"
	localPrefix = "local:" // no name of a KMS key begins with it
)

func keyWrapper(c boot.Config) (encryption.KeyWrapper, error) {
	if err := c.Require(variable); err != nil {
		return nil, err
	}
	if key, ok := strings.CutPrefix(c.EncryptionKey, localPrefix); ok {
		return localWrapper(key)
	}
	return kmsWrapper(c)
}

func localWrapper(encoded string) (encryption.KeyWrapper, error) {
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil {
		return nil, invalid(`has no base64 after "local:"`)
	}
	w, err := encryption.NewLocalKeyWrapper(key)
	if err != nil {
		return nil, invalid("is a local key of another length than 32 bytes")
	}
	return w, nil
}

// kmsWrapper does not warm the connection to KMS: most changes of an identity tokenize no
// field, and every cold start would pay for it.
func kmsWrapper(c boot.Config) (encryption.KeyWrapper, error) {
	cfg, err := boot.AWSConfig(c)
	if err != nil {
		return nil, err
	}
	client := kms.NewFromConfig(cfg, func(o *kms.Options) { o.BaseEndpoint = boot.Endpoint(c.KMSEndpoint) })
	return wrapping.New(client, c.EncryptionKey), nil
}

func invalid(reason string) error {
	return &boot.VariableError{Name: variable, Reason: reason}
}
