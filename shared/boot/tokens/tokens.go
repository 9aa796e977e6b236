// Package tokens wires the issuer and the verifiers of bearer tokens. It is separate from package boot so
// that only those functions link the client of AWS KMS.
// It imports no API and knows nothing of requests.
package tokens

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"cedula/shared/auth"
	"cedula/shared/auth/federation"
	signing "cedula/shared/auth/kms"
	"cedula/shared/boot"
)

// NewIssuer returns the issuer of our tokens. Config.TokenKeys lists its keys, separated by
// commas; the first one signs. Each is the id, ARN or alias of a KMS key or, for development,
// a private key in PEM.
func NewIssuer(c boot.Config) (*auth.Issuer, error) {
	if err := c.Require("CEDULA_ISSUER", "CEDULA_AUDIENCE"); err != nil {
		return nil, err
	}
	keys, err := keySet(c)
	if err != nil {
		return nil, err
	}
	return &auth.Issuer{Signer: keys[0], Issuer: c.TokenIssuer, Audience: c.TokenAudience}, nil
}

const (
	keysVariable    = "CEDULA_TOKEN_KEY"
	issuersVariable = "CEDULA_ISSUERS"
)

// NewAuthenticator returns boot's Authenticator, which also accepts the tokens of NewIssuer and
// of the external issuers in Config.TokenIssuers: a JSON array of federation.Issuer, [] for none.
func NewAuthenticator(c boot.Config) (*auth.Authenticator, error) {
	a, err := boot.NewAuthenticator(c)
	if err != nil {
		return nil, err
	}
	if err := c.Require("CEDULA_ISSUER", "CEDULA_AUDIENCE", issuersVariable); err != nil {
		return nil, err
	}
	keys, err := keySet(c)
	if err != nil {
		return nil, err
	}
	a.Tokens = auth.NewVerifier(c.TokenIssuer, c.TokenAudience, keys)
	if err := federation.AddIssuers(a.Tokens, []byte(c.TokenIssuers)); err != nil {
		return nil, &boot.VariableError{Name: issuersVariable, Reason: "is wrong: " + err.Error()}
	}
	return a, nil
}

// NewIssuerMetadata returns what others need to verify our tokens.
func NewIssuerMetadata(c boot.Config) (auth.IssuerMetadata, error) {
	if err := c.Require("CEDULA_ISSUER"); err != nil {
		return auth.IssuerMetadata{}, err
	}
	keys, err := keySet(c)
	if err != nil {
		return auth.IssuerMetadata{}, err
	}
	return auth.IssuerMetadata{Issuer: c.TokenIssuer, Keys: keys}, nil
}

// keySet makes no call for any key but the first, which signs.
func keySet(c boot.Config) (auth.KeySet, error) {
	if err := c.Require(keysVariable); err != nil {
		return nil, err
	}
	var keys auth.KeySet
	for name := range strings.SplitSeq(c.TokenKeys, ",") {
		key, err := newKey(c, strings.TrimSpace(name))
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if first, ok := keys[0].(*signing.Key); ok {
		boot.Warm(c, func(ctx context.Context) error {
			_, _, err := first.PublicKey(ctx)
			return err
		})
	}
	return keys, nil
}

func newKey(c boot.Config, name string) (auth.Signer, error) {
	if strings.HasPrefix(name, "-----BEGIN") {
		key, err := auth.ParseLocalKey([]byte(name))
		if err != nil {
			return nil, invalidKey("is not a P-256 private key in PEM")
		}
		return key, nil
	}
	if name == "" {
		return nil, invalidKey("must be keys separated by commas, none of them empty")
	}
	cfg, err := boot.AWSConfig(c)
	if err != nil {
		return nil, err
	}
	client := kms.NewFromConfig(cfg, func(o *kms.Options) { o.BaseEndpoint = boot.Endpoint(c.KMSEndpoint) })
	return signing.New(client, name), nil
}

func invalidKey(reason string) error {
	return &boot.VariableError{Name: keysVariable, Reason: reason}
}
