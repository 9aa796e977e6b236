// Package vaults wires the core that tokenizes. It stands apart from package boot
// so that only those functions link the client of AWS KMS.
// It knows nothing of requests and dialects.
package vaults

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"cedula/shared/boot"
	"cedula/shared/identity"
	"cedula/shared/vault"
	wrapping "cedula/shared/vault/kms"
)

const (
	variable    = "CEDULA_VAULT_KEY"
	localPrefix = "local:" // no name of a KMS key begins so
)

// Identities is boot.Identities with a vault. Besides the variables of that one
// it reads CEDULA_VAULT_KEY: the id, ARN or alias of a symmetric KMS key or, for
// development, "local:" and 32 random bytes in base64.
func Identities() *identity.Service {
	s := boot.Identities()
	s.Vault = vault.New(wrapper(), time.Now)
	return s
}

func wrapper() vault.Wrapper {
	value := boot.Variable(variable)
	if key, found := strings.CutPrefix(value, localPrefix); found {
		return local(key)
	}
	return remote(value)
}

func local(text string) *vault.Local {
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		boot.Refuse(variable, `has no base64 after "local:"`)
	}
	w, err := vault.NewLocal(key)
	if err != nil {
		boot.Refuse(variable, "is a local key of another length than 32 bytes")
	}
	return w
}

// remote does not warm the connection, as is done for the table: a function that
// changes identities needs KMS only where a field is tokenized, which most are
// not, and every cold start would pay for it.
func remote(id string) *wrapping.Wrapper {
	client := kms.NewFromConfig(boot.AWS(), func(o *kms.Options) {
		o.BaseEndpoint = boot.Endpoint("AWS_ENDPOINT_URL_KMS")
	})
	w, err := wrapping.New(client, id)
	if err != nil {
		boot.Refuse(variable, "names no key")
	}
	return w
}
