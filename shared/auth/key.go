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
//	prefix = 3 letters: the API's
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
	crockford    = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)
	errKeyFormat = fmt.Errorf("%w: key format", ErrInvalid)
)

// randomString returns n random characters, n a multiple of 8.
func randomString(n int) string {
	b := make([]byte, crockford.DecodedLen(n))
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return crockford.EncodeToString(b)
}

// newKey makes a key of a client. The text is to be shown once and forgotten.
func newKey(client string, api API, h Hasher) (k Key, text string) {
	id := client + randomString(keyIDChars-clientChars)
	body := api.DisplayPrefix(id) + "_" + randomString(bodyEnd-keyIDEnd-1)
	text = body + checksum(body)
	return Key{ID: id, Client: client, API: api.Name, Hash: h.Hash(text), Name: api.Name}, text
}

// parsedKey is the part of a key's text that is no secret.
type parsedKey struct {
	api        API
	client, id string
}

// parseKeyForAPI returns ErrInvalid for a text that newKey cannot have made, and ErrMismatch for a key of another API.
func parseKeyForAPI(text string, api API) (parsedKey, error) {
	if !validKey(text) {
		return parsedKey{}, errKeyFormat
	}
	if text[:prefixEnd] != api.KeyPrefix {
		return parsedKey{}, fmt.Errorf("%w: use of the key", ErrMismatch)
	}
	id := strings.Clone(text[prefixEnd+1 : keyIDEnd]) // or the id would keep the secret in memory
	return parsedKey{api: api, client: id[:clientChars], id: id}, nil
}

// validKey checks the form and the checksum.
func validKey(text string) bool {
	if len(text) != keyChars || text[prefixEnd] != '_' || text[keyIDEnd] != '_' {
		return false
	}
	if !validKeyPrefix(text[:prefixEnd]) || !validAlphabet(text[prefixEnd+1:keyIDEnd], keyIDChars) {
		return false
	}
	return validAlphabet(text[keyIDEnd+1:], keyChars-keyIDEnd-1) && checksum(text[:bodyEnd]) == text[bodyEnd:]
}

func validKeyPrefix(prefix string) bool {
	foreign := func(r rune) bool { return r < 'a' || r > 'z' }
	return len(prefix) == prefixEnd && !strings.ContainsFunc(prefix, foreign)
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

// ValidClientID reports whether id has the form of a client's id.
func ValidClientID(id string) bool { return validAlphabet(id, clientChars) }

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
