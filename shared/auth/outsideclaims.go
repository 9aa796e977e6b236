package auth

import (
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// members are a verified body's, by name, not yet decoded.
type members map[string]json.RawMessage

// unwanted are claims of tokens that are not to be taken from a bearer: cnf
// binds a token to a key that nobody proves here (RFC 7800, section 3.1), the
// hashes stand in id tokens only (OpenID Connect Core 1.0, sections 3.1.3.6 and
// 3.3.2.11).
var unwanted = []string{"cnf", "at_hash", "c_hash"}

// claims holds a verified body against the rules (RFC 9068, section 4; RFC 8725,
// sections 3.8 to 3.12).
func (o *Outside) claims(body []byte, now time.Time) (Claims, error) {
	var m members
	if !decode(body, &m) {
		return Claims{}, untrusted("claims")
	}
	if err := o.meant(m); err != nil {
		return Claims{}, err
	}
	client, ok := o.client(m)
	if !ok {
		return Claims{}, untrusted("client")
	}
	life, ok := m.lifetime()
	if !ok {
		return Claims{}, untrusted("lifetime")
	}
	if err := life.check(now); err != nil {
		return Claims{}, err
	}
	return Claims{Client: client, Scopes: o.scopes(m), Expires: time.Unix(life.expiry, 0).UTC()}, nil
}

// meant tells whether the token is of this issuer, for us, and of a kind to be
// taken.
func (o *Outside) meant(m members) error {
	if m.text("iss") != o.Issuer {
		return untrusted("issuer")
	}
	if o.Audience != "" && !slices.Contains(m.audience(), o.Audience) {
		return untrusted("audience")
	}
	for name, want := range o.Require {
		if m.text(name) != want {
			return untrusted("required claim")
		}
	}
	for _, name := range unwanted {
		if _, there := m[name]; there {
			return untrusted("not a bearer's")
		}
	}
	return nil
}

// client is our id of the client that the token names.
func (o *Outside) client(m members) (id string, ok bool) {
	id = m.text(o.ClientClaim)
	if len(o.Clients) > 0 {
		id = o.Clients[id]
	}
	return id, spelled(id, clientChars)
}

// scopes cuts the prefix off those that have it and drops the others.
func (o *Outside) scopes(m members) Scopes {
	var list []string
	if raw := m[o.ScopeClaim]; !decode(raw, &list) {
		list = strings.Split(m.text(o.ScopeClaim), " ")
	}
	var own []string
	for _, s := range list {
		if rest, ok := strings.CutPrefix(s, o.ScopePrefix); ok {
			own = append(own, rest)
		}
	}
	return newScopes(own)
}

// text is a member that is a text; empty if it is none.
func (m members) text(name string) string {
	var s string
	if !text(m[name], &s) {
		return ""
	}
	return s
}

func (m members) audience() audience {
	var a audience
	if raw := m["aud"]; len(raw) == 0 || json.Unmarshal(raw, &a) != nil {
		return nil
	}
	return a
}

// lifetime is false unless each time that is there is a whole number.
func (m members) lifetime() (l lifetime, ok bool) {
	for name, to := range map[string]*int64{"iat": &l.issued, "nbf": &l.notBefore, "exp": &l.expiry} {
		if raw, there := m[name]; there && (json.Unmarshal(raw, to) != nil || *to < 0) {
			return lifetime{}, false
		}
	}
	return l, true
}
