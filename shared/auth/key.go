package auth

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"hash/crc32"
	"strings"
)

// The text of a key, 67 characters:
//
//	key    = prefix "_" keyid "_" secret check
//	prefix = "cak" (x-api-key) | "cbk" (X-blnk-key)
//	keyid  = 16 of the client's id, 8 of its own
//	secret = 32: 160 random bits
//	check  = 6: the upper 30 bits of the CRC-32 of all that stands before it
//
// All but prefix and "_" is base32 in Crockford's alphabet, lower case. The
// check tells a typing error, or a made-up key, without a table call; it
// protects nothing.
const (
	alphabet    = "0123456789abcdefghjkmnpqrstvwxyz"
	clientChars = 16
	keyIDChars  = clientChars + 8
	checkChars  = 6
	secretChars = 64 // of a client secret: 320 random bits

	prefixEnd = 3
	keyIDEnd  = prefixEnd + 1 + keyIDChars
	bodyEnd   = keyIDEnd + 1 + 32
	keyChars  = bodyEnd + checkChars
)

var (
	encoding = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)
	prefixes = map[Use]string{UseConomy: "cak", UseBlnk: "cbk"}

	errKeyFormat = fmt.Errorf("%w: key format", ErrInvalid)
)

// random returns n random characters, n a multiple of 8.
func random(n int) string {
	b := make([]byte, encoding.DecodedLen(n))
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return encoding.EncodeToString(b)
}

// newKey makes a key of a client. The text is to be shown once and forgotten.
func newKey(client string, u Use, h Hasher) (k Key, text string) {
	id := client + random(keyIDChars-clientChars)
	body := prefixes[u] + "_" + id + "_" + random(bodyEnd-keyIDEnd-1)
	text = body + check(body)
	return Key{ID: id, Client: client, Use: u, Hash: h.Hash(text), Name: string(u)}, text
}

// keyName is the part of a key's text that is no secret.
type keyName struct {
	use        Use
	client, id string
}

// parseKey returns ErrInvalid for whatever newKey could not have made.
func parseKey(text string) (keyName, error) {
	if len(text) != keyChars || text[prefixEnd] != '_' || text[keyIDEnd] != '_' {
		return keyName{}, errKeyFormat
	}
	u, known := useOf(text[:prefixEnd])
	id, body := text[prefixEnd+1:keyIDEnd], text[:bodyEnd]
	switch {
	case !known, !spelled(id, keyIDChars), !spelled(text[keyIDEnd+1:], keyChars-keyIDEnd-1):
		return keyName{}, errKeyFormat
	case check(body) != text[bodyEnd:]:
		return keyName{}, errKeyFormat
	}
	id = strings.Clone(id) // or the id would keep the secret in memory
	return keyName{use: u, client: id[:clientChars], id: id}, nil
}

func useOf(prefix string) (Use, bool) {
	for u, p := range prefixes {
		if p == prefix {
			return u, true
		}
	}
	return "", false
}

// check returns the check characters of a key's body.
func check(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body)) >> 2
	var c [checkChars]byte
	for i := range c {
		c[i] = alphabet[sum>>(5*(checkChars-1-i))&31]
	}
	return string(c[:])
}

// spelled tells whether s has n characters, all of the alphabet.
func spelled(s string, n int) bool {
	if len(s) != n {
		return false
	}
	for i := range n {
		if strings.IndexByte(alphabet, s[i]) < 0 {
			return false
		}
	}
	return true
}
