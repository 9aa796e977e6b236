package identity_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"cedula/shared/identity"
)

// TestSameMailbox compares addresses. RFC 5321, section 2.4, leaves the local part to its host; RFC 5890, section 2.3.2.1,
// makes U-labels and A-labels equivalent.
func TestSameMailbox(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		want       bool
	}{
		{"case", "Ana@Example.COM", "ana@example.com", true},
		{"U-label and A-label", "x@bücher.example", "x@xn--bcher-kva.example", true},
		{"A-label in capitals", "x@bücher.example", "X@XN--BCHER-KVA.example", true},
		{"U-label in capitals", "x@BÜCHER.example", "x@bücher.example", true},
		{"U-label composed and decomposed", "x@bücher.example", "x@bu\u0308cher.example", true},
		{"local part composed and decomposed", "josé@example.com", "jose\u0301@example.com", true},
		{"full-width host", "x@ｅｘａｍｐｌｅ.com", "x@example.com", true},
		{"ideographic full stop", "x@例子。广告", "x@例子.广告", true},
		{"Kelvin sign is canonically K", "\u212aike@example.com", "kike@example.com", true},
		{"dotted capital I is not i", "m\u0130ke@example.com", "mike@example.com", false},
		{"dotless i is not i", "m\u0131ke@example.com", "mike@example.com", false},
		{"long s is not s", "ro\u017fa@example.com", "rosa@example.com", false},
		{"full-width letter of the local part", "\uff41na@example.com", "ana@example.com", false},
		{"capital outside ASCII in the local part", "Élan@example.com", "élan@example.com", false},
		{"sharp s is not ss", "x@faß.example", "x@fass.example", false},
		{"tag", "ana+a@example.com", "ana@example.com", false},
		{"another host", "ana@example.com", "ana@example.org", false},
		{"not an address", "Ana", "ana", true},
	} {
		if got := identity.NormalizeEmail(tt.a) == identity.NormalizeEmail(tt.b); got != tt.want {
			t.Errorf("%s: %q and %q are one mailbox: %v, want %v", tt.name, tt.a, tt.b, got, tt.want)
		}
	}
}

// TestEmailForms checks that an address is found under the keys of v0.1.0, which lower-cased it, and that an ordinary address
// has one form.
func TestEmailForms(t *testing.T) {
	for address, want := range map[string][]string{
		"":                        nil,
		"Ana@Example.com":         {"ana@example.com"},
		"plain":                   {"plain"},
		"x@Bücher.example":        {"x@xn--bcher-kva.example", "x@bücher.example"},
		"x@XN--bcher-kva.example": {"x@xn--bcher-kva.example", "x@bücher.example"},
		"Élan@example.com":        {"Élan@example.com", "élan@example.com"},
		"x@xn--zzzzzzzz.example":  {"x@xn--zzzzzzzz.example"},
		"m\u0130ke@example.com":   {"m\u0130ke@example.com", "mike@example.com"},
		"Ж":                       {"Ж", "ж"},
	} {
		if got := identity.EmailForms(address); !slices.Equal(got, want) {
			t.Errorf("EmailForms(%q) = %q, want %q", address, got, want)
		}
	}
}

// TestSpellingsOfAMailboxAreEqual draws an address and spellings of it.
func TestSpellingsOfAMailboxAreEqual(t *testing.T) {
	label := rapid.StringMatching(`[a-zäöüéñ例]{1,8}`)
	rapid.Check(t, func(r *rapid.T) {
		address := rapid.StringMatching(`[a-z0-9é+.]{1,12}`).Draw(r, "local") + "@" + label.Draw(r, "host") + "." + label.Draw(r, "top")
		local, host, _ := strings.Cut(address, "@")
		ascii, err := idna.Lookup.ToASCII(host)
		if err != nil {
			r.Skip("not a host")
		}
		spellings := []string{
			address, norm.NFD.String(address), local + "@" + ascii, local + "@" + strings.ToUpper(host), local + "@" + strings.ToUpper(ascii),
			strings.Map(func(c rune) rune {
				if c >= 'a' && c <= 'z' {
					return c - 'a' + 'A'
				}
				return c
			}, local) + "@" + host,
		}
		a, b := rapid.SampledFrom(spellings).Draw(r, "a"), rapid.SampledFrom(spellings).Draw(r, "b")
		if x, y := identity.NormalizeEmail(a), identity.NormalizeEmail(b); x != y {
			r.Errorf("NormalizeEmail(%q) = %q, of %q %q, want them equal", a, x, b, y)
		}
		if x := identity.NormalizeEmail(a); identity.NormalizeEmail(x) != x || identity.EmailForms(a)[0] != x {
			r.Errorf("NormalizeEmail(%q) = %q, want itself normalized, and the first form", a, x)
		}
	})
}

func TestDeliverable(t *testing.T) {
	for _, tt := range []struct {
		channel       identity.Channel
		address, want string // an empty want: the error
	}{
		{identity.ChannelEmail, "Ana@Example.com", "Ana@Example.com"},
		{identity.ChannelEmail, "q@bücher.example", "q@xn--bcher-kva.example"},
		{identity.ChannelEmail, "pelé@example.com", ""},
		{identity.ChannelEmail, "plain", ""},
		{identity.ChannelPhone, "+56912345678", "+56912345678"},
		{identity.ChannelPhone, "912345678", ""},
	} {
		got, err := tt.channel.Deliverable(tt.address)
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("Deliverable(%q) = %q, %v, want %q", tt.address, got, err, tt.want)
		}
	}
}
