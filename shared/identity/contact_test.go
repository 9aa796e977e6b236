package identity_test

import (
	"strings"
	"testing"

	"cedula/shared/identity"
)

func TestCheckEmail(t *testing.T) {
	local64, label63 := strings.Repeat("l", 64), strings.Repeat("d", 63)
	host := func(length int) string { // a host of that many bytes, in labels of 63 and less
		h := strings.Repeat(label63+".", 4)
		return h[:length-2] + ".x"
	}
	tests := []struct {
		in string
		ok bool
	}{
		{"juan.perez-3@example.com", true},
		{"a@b.c", true},
		{"o'brien+tag=x@sub.example.co.uk", true},
		{"!#$%&'*+-/=?^_`{|}~@example.com", true}, // every special character of atext
		{"1@2.3", true},
		{"UPPER@EXAMPLE.COM", true},
		{"=?utf-8?q?a?=@example.com", true}, // looks like an encoded word, is an atom
		{"pelé@example.com", true},          // RFC 6531: letters outside ASCII
		{"用户@例子.广告", true},
		{"a@xn--bcher-kva.example", true},
		{local64 + "@example.com", true},
		{"a@" + label63 + ".com", true},
		{local64 + "@" + host(189), true}, // 254 bytes

		{"", false},
		{"a", false},
		{"@example.com", false},                      // no local part
		{"a@", false},                                // no host
		{"a@localhost", false},                       // one label
		{"a@example.", false},                        // empty label at the end
		{"a@.example.com", false},                    // empty label at the start
		{"a@example..com", false},                    // empty label between
		{"a@-example.com", false},                    // label begins with a hyphen
		{"a@example-.com", false},                    // label ends with a hyphen
		{"a@exa_mple.com", false},                    // underscore in the host
		{"a@[127.0.0.1]", false},                     // address literal
		{"a@example.com:25", false},                  // port
		{".a@example.com", false},                    // dot at the start
		{"a..b@example.com", false},                  // two dots
		{"a b@example.com", false},                   // space
		{"a@example.com ", false},                    // space after
		{"a@example.com\n", false},                   // line break after
		{"a@example.com\r\nBcc: b@b.com", false},     // header injection
		{"a\x00@example.com", false},                 // NUL
		{"a\u00a0b@example.com", false},              // no-break space
		{"a\u200bb@example.com", false},              // zero-width space
		{"a@exam\u200dple.com", false},               // zero-width joiner in the host
		{"a\u0085@example.com", false},               // C1 control
		{"Juan <juan@example.com>", false},           // display name
		{"<juan@example.com>", false},                // angle brackets
		{"juan@example.com (Juan)", false},           // comment after
		{`"juan"@example.com`, false},                // quoted string
		{"a@b@example.com", false},                   // two at signs
		{"a@example.com,b@example.com", false},       // two addresses
		{"mailto:a@example.com", false},              // URI
		{"\xff@example.com", false},                  // not UTF-8
		{local64 + "l@example.com", false},           // local part of 65
		{"a@" + label63 + "d.com", false},            // label of 64
		{local64 + "@" + host(190), false},           // 255 bytes
		{"é" + local64[2:] + "é@example.com", false}, // 64 characters, 66 bytes
	}
	for _, tt := range tests {
		wantCheck(t, identity.CheckEmail, tt.in, tt.ok, "email must be an email address such as name@example.com")
	}
}

func wantCheck(t *testing.T, check func(string) error, in string, ok bool, want string) {
	t.Helper()
	err := check(in)
	if ok && err != nil {
		t.Errorf("%q: error = %v, want none", in, err)
	}
	if !ok && (err == nil || err.Error() != want) {
		t.Errorf("%q: error = %v, want %q", in, err, want)
	}
}
