package auth

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// ExternalIssuer is an issuer besides our own whose access tokens are taken: a Cognito
// user pool, say, or any other that publishes its keys (OpenID Connect
// Discovery 1.0, section 3). Its tokens name one of our clients and never a
// tenant: that is the client's.
type ExternalIssuer struct {
	Issuer string // the claim iss, to the letter
	Keys   KeySource

	Algorithms []string // what its tokens may be signed with: ES256, RS256
	// TokenTypes are what the header's typ may be, to the letter, "" for none at
	// all. Empty: at+jwt (RFC 9068, section 2.1).
	TokenTypes []string

	// Audience is what the claim aud must hold. Empty: aud is not looked at,
	// and Clients says whose tokens are taken.
	Audience string
	// RequiredClaims are claims that must have this text and no other, such as
	// token_use to tell an access token from an id token.
	RequiredClaims map[string]string

	ClientClaim string // names the client; empty: client_id
	// ClientIDs are the issuer's names of clients with our ids of them; others
	// are refused. Empty: the claim holds our id.
	ClientIDs map[string]string

	ScopeClaim  string // a text or a list; empty: scope
	ScopePrefix string // cut off; scopes without it grant nothing
}

// ignoredHeaderParams are header parameters that some issuers send and that name no key:
// thumbprints of certificates, which nobody looks at.
var ignoredHeaderParams = []string{"x5t", "x5t#S256"}

// AddIssuer adds an issuer. Its error begins with the name of the field at fault.
// It must not be called once the Verifier is in use.
func (v *Verifier) AddIssuer(o ExternalIssuer) error {
	o.TokenTypes = slices.Clone(o.TokenTypes)
	if len(o.TokenTypes) == 0 {
		o.TokenTypes = accessTokenTypes
	}
	o.ClientClaim, o.ScopeClaim = cmp.Or(o.ClientClaim, "client_id"), cmp.Or(o.ScopeClaim, "scope")
	_, twice := v.external[o.Issuer]
	if twice || o.Issuer == v.issuer {
		return errors.New("issuer is trusted already")
	}
	if err := o.check(); err != nil {
		return err
	}
	read := func(body []byte, now time.Time) (Claims, error) { return o.parseClaims(body, now) }
	v.external[o.Issuer] = trustedIssuer{headerPolicy{o.Algorithms, o.TokenTypes, ignoredHeaderParams}, o.Keys, read}
	return nil
}

func (o *ExternalIssuer) check() error {
	unknown := func(alg string) bool { return alg != ES256 && alg != RS256 }
	switch {
	case o.Issuer == "":
		return errors.New("issuer is missing")
	case o.Keys == nil:
		return errors.New("keys is missing")
	case len(o.Algorithms) == 0, slices.ContainsFunc(o.Algorithms, unknown):
		return errors.New("algorithms must be ES256, RS256 or both")
	case o.Audience == "" && len(o.ClientIDs) == 0:
		return errors.New("audience is missing, and so is clients: the issuer's tokens for anybody would do")
	case o.Audience == "" && len(o.RequiredClaims) == 0 && slices.ContainsFunc(o.TokenTypes, notAccessTokenType):
		return errors.New("require is missing: without it, audience or typ at+jwt an id token would do")
	}
	for theirs, ours := range o.ClientIDs {
		if theirs == "" || !validAlphabet(ours, clientChars) {
			return errors.New("clients must name clients by their ids")
		}
	}
	return nil
}

func notAccessTokenType(typ string) bool { return !slices.Contains(accessTokenTypes, typ) }
