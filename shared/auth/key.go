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
	alphabet      = "0123456789abcdefghjkmnpqrstvwxyz"
	clientChars   = 16
	keyIDChars    = clientChars + 8
	checksumChars = 6
	secretChars   = 64 // of a client secret: 320 random bits

	prefixEnd = 3
	keyIDEnd  = prefixEnd + 1 + keyIDChars
	bodyEnd   = keyIDEnd + 1 + 32
	keyChars  = bodyEnd + checksumChars
)

var (
	crockford   = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)
	keyPrefixes = map[API]string{APIConomy: "cak", APIBlnk: "cbk"}

	errKeyFormat = fmt.Errorf("%w: key format", ErrInvalid)
)

// randomString returns n random characters, n a multiple of 8.
func randomString(n int) string {
	b := make([]byte, crockford.DecodedLen(n))
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return crockford.EncodeToString(b)
}

// newKey makes a key of a client. The text is to be shown once and forgotten.
func newKey(client string, u API, h Hasher) (k Key, text string) {
	id := client + randomString(keyIDChars-clientChars)
	body := keyPrefixes[u] + "_" + id + "_" + randomString(bodyEnd-keyIDEnd-1)
	text = body + checksum(body)
	return Key{ID: id, Client: client, API: u, Hash: h.Hash(text), Name: string(u)}, text
}

// parsedKey is the part of a key's text that is no secret.
type parsedKey struct {
	api        API
	client, id string
}

// parseKey returns ErrInvalid for whatever newKey could not have made.
func parseKey(text string) (parsedKey, error) {
	if len(text) != keyChars || text[prefixEnd] != '_' || text[keyIDEnd] != '_' {
		return parsedKey{}, errKeyFormat
	}
	u, known := apiForPrefix(text[:prefixEnd])
	id, body := text[prefixEnd+1:keyIDEnd], text[:bodyEnd]
	switch {
	case !known, !validAlphabet(id, keyIDChars), !validAlphabet(text[keyIDEnd+1:], keyChars-keyIDEnd-1):
		return parsedKey{}, errKeyFormat
	case checksum(body) != text[bodyEnd:]:
		return parsedKey{}, errKeyFormat
	}
	id = strings.Clone(id) // or the id would keep the secret in memory
	return parsedKey{api: u, client: id[:clientChars], id: id}, nil
}

func apiForPrefix(prefix string) (API, bool) {
	for u, p := range keyPrefixes {
		if p == prefix {
			return u, true
		}
	}
	return "", false
}

// checksum returns the check characters of a key's body.
func checksum(body string) string {
	sum := crc32.ChecksumIEEE([]byte(body)) >> 2
	var c [checksumChars]byte
	for i := range c {
		c[i] = alphabet[sum>>(5*(checksumChars-1-i))&31]
	}
	return string(c[:])
}

// validAlphabet tells whether s has n characters, all of the alphabet.
func validAlphabet(s string, n int) bool {
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
