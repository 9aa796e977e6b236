// Package tokenization wires the core that tokenizes. It stands apart from package boot
// so that only those functions link the client of AWS KMS.
// It knows nothing of requests and dialects.
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

const (
	keyVariable = "CEDULA_VAULT_KEY"
	localPrefix = "local:" // no name of a KMS key begins so
)

// Identities is boot.Identities with a vault. Besides the variables of that one
// it reads CEDULA_VAULT_KEY: the id, ARN or alias of a symmetric KMS key or, for
// development, "local:" and 32 random bytes in base64.
func Identities() *registry.Registry {
	s := boot.Identities()
	s.Cipher = encryption.NewFieldCipher(keyWrapper(), time.Now)
	return s
}

func keyWrapper() encryption.KeyWrapper {
	value := boot.RequiredEnv(keyVariable)
	if key, found := strings.CutPrefix(value, localPrefix); found {
		return localWrapper(key)
	}
	return kmsWrapper(value)
}

func localWrapper(text string) *encryption.LocalKeyWrapper {
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		boot.FatalEnv(keyVariable, `has no base64 after "local:"`)
	}
	w, err := encryption.NewLocalKeyWrapper(key)
	if err != nil {
		boot.FatalEnv(keyVariable, "is a local key of another length than 32 bytes")
	}
	return w
}

// kmsWrapper does not warm the connection, as is done for the table: a function that
// changes identities needs KMS only where a field is tokenized, which most are
// not, and every cold start would pay for it.
func kmsWrapper(id string) *wrapping.KeyWrapper {
	client := kms.NewFromConfig(boot.AWSConfig(), func(o *kms.Options) {
		o.BaseEndpoint = boot.Endpoint("AWS_ENDPOINT_URL_KMS")
	})
	w, err := wrapping.New(client, id)
	if err != nil {
		boot.FatalEnv(keyVariable, "names no key")
	}
	return w
}
