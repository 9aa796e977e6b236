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
	return &auth.Issuer{
		Signer: keySet()[0],
		Issuer: boot.RequiredEnv("CEDULA_ISSUER"), Audience: boot.RequiredEnv("CEDULA_AUDIENCE"),
	}
}

// Authenticator is boot.Guard, which besides trusts the tokens that Issuer makes and
// those of outside issuers. It reads the variables of both and CEDULA_ISSUERS.
func Authenticator() *auth.Authenticator {
	g := boot.Authenticator()
	g.Tokens = auth.NewVerifier(boot.RequiredEnv("CEDULA_ISSUER"), boot.RequiredEnv("CEDULA_AUDIENCE"), keySet())
	addExternalIssuers(g.Tokens)
	return g
}

// IssuerMetadata is what others verify our tokens with. It reads CEDULA_ISSUER and
// CEDULA_TOKEN_KEY.
func IssuerMetadata() auth.IssuerMetadata {
	return auth.IssuerMetadata{Issuer: boot.RequiredEnv("CEDULA_ISSUER"), Keys: keySet()}
}

const keyVariable = "CEDULA_TOKEN_KEY"

// keySet is the keys that CEDULA_TOKEN_KEY names, separated by commas, of which
// the first signs: the id, ARN or alias of a KMS key each, or, for development,
// a private key as PEM text. Only the first is fetched before it is needed.
func keySet() auth.KeySet {
	var keys auth.KeySet
	for i, name := range strings.Split(boot.RequiredEnv(keyVariable), ",") {
		name = strings.TrimSpace(name)
		if strings.HasPrefix(name, "-----BEGIN") {
			keys = append(keys, localKey(name))
			continue
		}
		k := kmsKey(name)
		if i == 0 {
			boot.Warm(k.Load)
		}
		keys = append(keys, k)
	}
	return keys
}

func localKey(pem string) *auth.LocalKey {
	k, err := auth.ParseLocalKey([]byte(pem))
	if err != nil {
		boot.FatalEnv(keyVariable, "is not a P-256 private key in PEM")
	}
	return k
}

func kmsKey(id string) *signing.Key {
	client := kms.NewFromConfig(boot.AWSConfig(), func(o *kms.Options) {
		o.BaseEndpoint = boot.Endpoint("AWS_ENDPOINT_URL_KMS")
	})
	k, err := signing.New(client, id)
	if err != nil {
		boot.FatalEnv(keyVariable, "names no key where one is due")
	}
	return k
}
