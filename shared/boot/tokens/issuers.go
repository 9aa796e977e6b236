package tokens

import (
	"fmt"

	"cedula/shared/auth"
	"cedula/shared/auth/jwks"
	"cedula/shared/boot"
	"cedula/shared/strictjson"
)

// issuersVariable holds the outside issuers that are trusted, as a JSON list;
// [] trusts none. A Cognito user pool, whose access tokens have no audience:
//
//	[{
//	  "issuer": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI",
//	  "keys": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_AbCdEfGhI/.well-known/jwks.json",
//	  "algorithms": ["RS256"],
//	  "types": [""],
//	  "require": {"token_use": "access"},
//	  "clients": {"4k1example23456789": "0123456789abcdef"},
//	  "scopePrefix": "https://registry/"
//	}]
//
// Each member:
//
//	issuer       the claim iss, to the letter
//	keys         the https URL of the issuer's JWK set (its jwks_uri)
//	algorithms   what its tokens may be signed with: RS256, ES256
//	types        what the header's typ may be, "" for none at all; absent: at+jwt
//	audience     what the claim aud must hold; absent: clients says whose tokens are taken
//	require      claims that must have a text, such as one that tells an id token apart
//	clientClaim  the claim that names the client; absent: client_id
//	clients      the issuer's name of each client and our id of it; absent: the claim is our id
//	scopeClaim   the claim that holds the scopes; absent: scope
//	scopePrefix  cut off each scope; scopes without it grant nothing
//
// A client's token of such an issuer is taken with an x-api-key of that client
// as our own is, and may do what the client and the token both may.
const issuersVariable = "CEDULA_ISSUERS"

type externalIssuer struct {
	Issuer      string            `json:"issuer"`
	Keys        string            `json:"keys"`
	Algorithms  []string          `json:"algorithms"`
	Types       []string          `json:"types"`
	Audience    string            `json:"audience"`
	Require     map[string]string `json:"require"`
	ClientClaim string            `json:"clientClaim"`
	Clients     map[string]string `json:"clients"`
	ScopeClaim  string            `json:"scopeClaim"`
	ScopePrefix string            `json:"scopePrefix"`
}

// addExternalIssuers makes v accept the tokens of the issuers that the variable lists.
func addExternalIssuers(v *auth.Verifier, value string) error {
	if value == "" {
		return boot.NotSet(issuersVariable)
	}
	var list []externalIssuer
	if err := strictjson.DecodeDisallowUnknown([]byte(value), &list); err != nil {
		return &boot.VariableError{Name: issuersVariable, Reason: "is wrong: " + err.Error()}
	}
	for i := range list {
		if err := list[i].addTo(v); err != nil {
			return &boot.VariableError{Name: issuersVariable, Reason: fmt.Sprintf("is wrong: %d.%v", i, err)}
		}
	}
	return nil
}

func (o *externalIssuer) addTo(v *auth.Verifier) error {
	keys, err := jwks.New(jwks.Options{URL: o.Keys})
	if err != nil {
		return fmt.Errorf("keys %w", err)
	}
	return v.AddIssuer(auth.ExternalIssuer{
		Issuer: o.Issuer, Keys: keys, Algorithms: o.Algorithms, TokenTypes: o.Types, Audience: o.Audience, RequiredClaims: o.Require,
		ClientClaim: o.ClientClaim, ClientIDs: o.Clients, ScopeClaim: o.ScopeClaim, ScopePrefix: o.ScopePrefix,
	})
}
