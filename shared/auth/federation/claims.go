package federation

import (
	"slices"
	"strings"
	"time"

	"cedula/shared/auth"
	"cedula/shared/strictjson"
)

// forbiddenClaims are claims of tokens that are not bearer access tokens: cnf binds a token to a key that nothing here
// verifies (RFC 7800, section 3.1), and only id tokens have the hashes (OpenID Connect Core 1.0, sections 3.1.3.6 and
// 3.3.2.11).
var forbiddenClaims = []string{"cnf", "at_hash", "c_hash"}

// parseClaims reads and checks the claims of a token with a valid signature (RFC 9068, section 4; RFC 8725, sections 3.8
// to 3.12).
func (i Issuer) parseClaims(body []byte, now time.Time) (auth.Claims, error) {
	var c rawClaims
	if strictjson.Decode(body, &c) != nil {
		return auth.Claims{}, auth.InvalidToken("claims")
	}
	if err := i.check(c); err != nil {
		return auth.Claims{}, err
	}
	client := c.stringClaim(i.ClientClaim)
	if len(i.ClientIDs) > 0 {
		client = i.ClientIDs[client]
	}
	if !auth.ValidClientID(client) {
		return auth.Claims{}, auth.InvalidToken("client")
	}
	life, ok := c.lifetime()
	if !ok {
		return auth.Claims{}, auth.InvalidToken("lifetime")
	}
	if err := life.Check(now); err != nil {
		return auth.Claims{}, err
	}
	return auth.Claims{Client: client, Scopes: i.scopes(c), Expires: time.Unix(life.Expiry, 0).UTC()}, nil
}

// check rejects a token that is not an access token of this issuer for us.
func (i Issuer) check(c rawClaims) error {
	if c.stringClaim("iss") != i.Issuer {
		return auth.InvalidToken("issuer")
	}
	if i.Audience != "" && !slices.Contains(c.audience(), i.Audience) {
		return auth.InvalidToken("audience")
	}
	for name, want := range i.RequiredClaims {
		if c.stringClaim(name) != want {
			return auth.InvalidToken("required claim")
		}
	}
	for _, name := range forbiddenClaims {
		if _, ok := c[name]; ok {
			return auth.InvalidToken("not a bearer's")
		}
	}
	return nil
}

// scopes returns the scopes that have the prefix, without it.
func (i Issuer) scopes(c rawClaims) auth.Scopes {
	var own []string
	for _, s := range append(c.arrayClaim(i.ScopeClaim), strings.Split(c.stringClaim(i.ScopeClaim), " ")...) {
		if rest, ok := strings.CutPrefix(s, i.ScopePrefix); ok {
			own = append(own, rest)
		}
	}
	return auth.NewScopes(own)
}

// rawClaims are the claims of a token by name, not decoded yet.
type rawClaims map[string]strictjson.Value

// stringClaim returns a claim that is a string, else "".
func (c rawClaims) stringClaim(name string) string {
	var s string
	if strictjson.Decode(c[name], &s) != nil {
		return ""
	}
	return s
}

// arrayClaim returns a claim that is an array of strings, else nil.
func (c rawClaims) arrayClaim(name string) []string {
	var list []string
	if strictjson.Decode(c[name], &list) != nil {
		return nil
	}
	return list
}

// audience returns the claim aud, which is an array or one string (RFC 7519, section 4.1.3).
func (c rawClaims) audience() []string { return append(c.arrayClaim("aud"), c.stringClaim("aud")) }

// lifetime returns false unless each of the times is absent or a number of seconds, which may have a fraction (RFC 7519,
// section 2). The fraction is cut off.
func (c rawClaims) lifetime() (l auth.Lifetime, ok bool) {
	const last = 1 << 40 // seconds since 1970: the year 36812
	for name, into := range map[string]*int64{"iat": &l.Issued, "nbf": &l.NotBefore, "exp": &l.Expiry} {
		raw, present := c[name]
		if !present {
			continue
		}
		var seconds float64
		if strictjson.Decode(raw, &seconds) != nil || raw.Kind() != '0' || seconds < 0 || seconds > last {
			return auth.Lifetime{}, false
		}
		*into = int64(seconds)
	}
	return l, true
}
