// Package federation makes a Verifier accept the access tokens of external issuers, such as a Cognito user pool, with the
// keys that they publish. It must not import an API, and knows nothing of the environment.
package federation

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"cedula/shared/auth"
	"cedula/shared/strictjson"
)

// Issuer is an external issuer whose access tokens are accepted. A token of it names one of our clients and never a
// tenant, is accepted with a key of that client, and allows what the client and the token both allow.
//
// The names are those of a JSON document. A Cognito user pool, whose access tokens have no audience:
//
//	{
//	  "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI",
//	  "keys": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI/.well-known/jwks.json",
//	  "algorithms": ["RS256"],
//	  "types": [""],
//	  "require": {"token_use": "access"},
//	  "clients": {"4k1example23456789": "0123456789abcdef"},
//	  "scopePrefix": "https://registry/"
//	}
type Issuer struct {
	Issuer     string   `json:"issuer"`     // the exact claim iss
	KeysURL    string   `json:"keys"`       // the https URL of its JWK set (its jwks_uri)
	Algorithms []string `json:"algorithms"` // that it signs with: ES256, RS256
	// TokenTypes are the accepted values of the header's typ; "" accepts its absence. Empty: at+jwt (RFC 9068, section 2.1).
	TokenTypes []string `json:"types"`

	// Audience must be in the claim aud. Empty: aud is not checked, and ClientIDs says whose tokens are accepted.
	Audience string `json:"audience"`
	// RequiredClaims are claims that must be these strings, such as token_use, which tells an access token from an id token.
	RequiredClaims map[string]string `json:"require"`

	ClientClaim string `json:"clientClaim"` // names the client; empty: client_id
	// ClientIDs maps the issuer's names of clients to our ids. Other clients are rejected. Empty: the claim is our id.
	ClientIDs map[string]string `json:"clients"`

	ScopeClaim  string `json:"scopeClaim"`  // a string or an array; empty: scope
	ScopePrefix string `json:"scopePrefix"` // removed from each scope; scopes without it grant nothing
}

// AddIssuers makes v accept the tokens of the issuers in a JSON array. It must not be called once v is in use. Its errors
// begin with the path of the invalid field, such as 0.keys.
func AddIssuers(v *auth.Verifier, list []byte) error {
	var issuers []Issuer
	if err := strictjson.DecodeDisallowUnknown(list, &issuers); err != nil {
		return err
	}
	for n, i := range issuers {
		keys, err := NewKeySource(KeySourceOptions{URL: i.KeysURL})
		if err != nil {
			return fmt.Errorf("%d.keys %w", n, err)
		}
		if err := i.AddTo(v, keys); err != nil {
			return fmt.Errorf("%d.%w", n, err)
		}
	}
	return nil
}

// ignoredParams are header parameters that some issuers send and nothing here depends on: thumbprints of certificates.
var ignoredParams = []string{"x5t", "x5t#S256"}

// AddTo makes v accept the issuer's tokens, verified with keys. It must not be called once v is in use. Its errors begin
// with the name of the invalid field.
func (i Issuer) AddTo(v *auth.Verifier, keys auth.KeySource) error {
	i.TokenTypes = slices.Clone(i.TokenTypes)
	if len(i.TokenTypes) == 0 {
		i.TokenTypes = auth.AccessTokenTypes
	}
	i.ClientClaim = cmp.Or(i.ClientClaim, "client_id")
	i.ScopeClaim = cmp.Or(i.ScopeClaim, "scope")
	if err := i.validate(); err != nil {
		return err
	}
	return v.AddIssuer(auth.TrustedIssuer{
		Issuer: i.Issuer, Keys: keys, Algorithms: i.Algorithms, TokenTypes: i.TokenTypes, IgnoredParams: ignoredParams,
		ParseClaims: i.parseClaims,
	})
}

func (i Issuer) validate() error {
	if i.Issuer == "" {
		return errors.New("issuer is missing")
	}
	unknown := func(alg string) bool { return alg != auth.ES256 && alg != auth.RS256 }
	if len(i.Algorithms) == 0 || slices.ContainsFunc(i.Algorithms, unknown) {
		return errors.New("algorithms must be ES256, RS256 or both")
	}
	if i.Audience == "" && len(i.ClientIDs) == 0 {
		return errors.New("audience or clients is required: otherwise any token of the issuer would be accepted")
	}
	notAccess := func(typ string) bool { return !slices.Contains(auth.AccessTokenTypes, typ) }
	if i.Audience == "" && len(i.RequiredClaims) == 0 && slices.ContainsFunc(i.TokenTypes, notAccess) {
		return errors.New("require, audience or type at+jwt is needed: otherwise an id token would be accepted")
	}
	for theirs, ours := range i.ClientIDs {
		if theirs == "" || !auth.ValidClientID(ours) {
			return errors.New("clients must name clients by their ids")
		}
	}
	return nil
}
