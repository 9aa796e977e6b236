package auth

import (
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// rawClaims are a verified body's, by name, not yet decoded.
type rawClaims map[string]json.RawMessage

// forbiddenClaims are claims of tokens that are not to be taken from a bearer: cnf
// binds a token to a key that nobody proves here (RFC 7800, section 3.1), the
// hashes stand in id tokens only (OpenID Connect Core 1.0, sections 3.1.3.6 and
// 3.3.2.11).
var forbiddenClaims = []string{"cnf", "at_hash", "c_hash"}

// parseClaims holds a verified body against the rules (RFC 9068, section 4; RFC 8725,
// sections 3.8 to 3.12).
func (o *ExternalIssuer) parseClaims(body []byte, now time.Time) (Claims, error) {
	var m rawClaims
	if !decode(body, &m) {
		return Claims{}, invalidToken("claims")
	}
	if err := o.checkClaims(m); err != nil {
		return Claims{}, err
	}
	client, ok := o.clientID(m)
	if !ok {
		return Claims{}, invalidToken("client")
	}
	life, ok := m.lifetime()
	if !ok {
		return Claims{}, invalidToken("lifetime")
	}
	if err := life.check(now); err != nil {
		return Claims{}, err
	}
	return Claims{Client: client, Scopes: o.scopes(m), Expires: time.Unix(life.expiry, 0).UTC()}, nil
}

// checkClaims tells whether the token is of this issuer, for us, and of a kind to be
// taken.
func (o *ExternalIssuer) checkClaims(m rawClaims) error {
	if m.stringClaim("iss") != o.Issuer {
		return invalidToken("issuer")
	}
	if o.Audience != "" && !slices.Contains(m.audience(), o.Audience) {
		return invalidToken("audience")
	}
	for name, want := range o.RequiredClaims {
		if m.stringClaim(name) != want {
			return invalidToken("required claim")
		}
	}
	for _, name := range forbiddenClaims {
		if _, there := m[name]; there {
			return invalidToken("not a bearer's")
		}
	}
	return nil
}

// clientID is our id of the client that the token names.
func (o *ExternalIssuer) clientID(m rawClaims) (id string, ok bool) {
	id = m.stringClaim(o.ClientClaim)
	if len(o.ClientIDs) > 0 {
		id = o.ClientIDs[id]
	}
	return id, validAlphabet(id, clientChars)
}

// scopes cuts the prefix off those that have it and drops the others.
func (o *ExternalIssuer) scopes(m rawClaims) Scopes {
	var list []string
	if raw := m[o.ScopeClaim]; !decode(raw, &list) {
		list = strings.Split(m.stringClaim(o.ScopeClaim), " ")
	}
	var own []string
	for _, s := range list {
		if rest, ok := strings.CutPrefix(s, o.ScopePrefix); ok {
			own = append(own, rest)
		}
	}
	return normalizeScopes(own)
}

// stringClaim is a member that is a text; empty if it is none.
func (m rawClaims) stringClaim(name string) string {
	var s string
	if !decodeString(m[name], &s) {
		return ""
	}
	return s
}

func (m rawClaims) audience() audience {
	var a audience
	if raw := m["aud"]; len(raw) == 0 || json.Unmarshal(raw, &a) != nil {
		return nil
	}
	return a
}

// lifetime is false unless each time that is there is a whole number.
func (m rawClaims) lifetime() (l lifetime, ok bool) {
	for name, to := range map[string]*int64{"iat": &l.issued, "nbf": &l.notBefore, "exp": &l.expiry} {
		if raw, there := m[name]; there && (json.Unmarshal(raw, to) != nil || *to < 0) {
			return lifetime{}, false
		}
	}
	return l, true
}
