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
		Signer: ring()[0],
		Issuer: boot.Variable("CEDULA_ISSUER"), Audience: boot.Variable("CEDULA_AUDIENCE"),
	}
}

// Guard is boot.Guard, which besides trusts the tokens that Issuer makes and
// those of outside issuers. It reads the variables of both and CEDULA_ISSUERS.
func Guard() *auth.Guard {
	g := boot.Guard()
	g.Tokens = auth.NewVerifier(boot.Variable("CEDULA_ISSUER"), boot.Variable("CEDULA_AUDIENCE"), ring())
	trustOthers(g.Tokens)
	return g
}

// Published is what others verify our tokens with. It reads CEDULA_ISSUER and
// CEDULA_TOKEN_KEY.
func Published() auth.Published {
	return auth.Published{Issuer: boot.Variable("CEDULA_ISSUER"), Keys: ring()}
}

const keyVariable = "CEDULA_TOKEN_KEY"

// ring is the keys that CEDULA_TOKEN_KEY names, separated by commas, of which
// the first signs: the id, ARN or alias of a KMS key each, or, for development,
// a private key as PEM text. Only the first is fetched before it is needed.
func ring() auth.Ring {
	var keys auth.Ring
	for i, name := range strings.Split(boot.Variable(keyVariable), ",") {
		name = strings.TrimSpace(name)
		if strings.HasPrefix(name, "-----BEGIN") {
			keys = append(keys, local(name))
			continue
		}
		k := remote(name)
		if i == 0 {
			boot.Warm(k.Load)
		}
		keys = append(keys, k)
	}
	return keys
}

func local(pem string) *auth.LocalKey {
	k, err := auth.ParseKey([]byte(pem))
	if err != nil {
		boot.Refuse(keyVariable, "is not a P-256 private key in PEM")
	}
	return k
}

func remote(id string) *signing.Key {
	client := kms.NewFromConfig(boot.AWS(), func(o *kms.Options) {
		o.BaseEndpoint = boot.Endpoint("AWS_ENDPOINT_URL_KMS")
	})
	k, err := signing.New(client, id)
	if err != nil {
		boot.Refuse(keyVariable, "names no key where one is due")
	}
	return k
}
