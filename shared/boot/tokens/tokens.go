// Package tokens wires what makes and reads bearer tokens. It stands apart
// from package boot so that only those functions link the client of AWS KMS.
// It knows nothing of requests and dialects.
package tokens

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"cedula/shared/auth"
	signing "cedula/shared/auth/kms"
	"cedula/shared/boot"
)

// Issuer signs tokens. It reads CEDULA_ISSUER, CEDULA_AUDIENCE and
// CEDULA_TOKEN_KEY.
func Issuer() *auth.Issuer {
	signer, _ := key()
	return &auth.Issuer{
		Signer: signer,
		Issuer: boot.Variable("CEDULA_ISSUER"), Audience: boot.Variable("CEDULA_AUDIENCE"),
	}
}

// Guard is boot.Guard, which besides trusts the tokens that Issuer makes. It
// reads the variables of both.
func Guard() *auth.Guard {
	g := boot.Guard()
	_, source := key()
	g.Tokens = auth.NewVerifier(boot.Variable("CEDULA_ISSUER"), boot.Variable("CEDULA_AUDIENCE"), source)
	return g
}

// key is the one that CEDULA_TOKEN_KEY names: the id, ARN or alias of a KMS
// key, or, for development, a private key as PEM text.
func key() (auth.Signer, auth.KeySource) {
	const name = "CEDULA_TOKEN_KEY"
	value := boot.Variable(name)
	if !strings.HasPrefix(value, "-----BEGIN") {
		k := remote(value)
		return k, k
	}
	k, err := auth.ParseKey([]byte(value))
	if err != nil {
		boot.Refuse(name, "is not a P-256 private key in PEM")
	}
	return k, auth.StaticKeys(k.Public())
}

func remote(id string) *signing.Key {
	client := kms.NewFromConfig(boot.AWS(), func(o *kms.Options) {
		o.BaseEndpoint = boot.Endpoint("AWS_ENDPOINT_URL_KMS")
	})
	k, err := signing.New(client, id)
	if err != nil {
		boot.Refuse("CEDULA_TOKEN_KEY", "names no key")
	}
	boot.Warm(k.Load)
	return k
}
