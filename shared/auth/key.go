package auth

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"time"
)

// The text of a key has 67 characters:
//
//	key    = prefix "_" keyid "_" secret check
//	prefix = 3 letters: the API's
//	keyid  = 16 of the client's id, 8 of its own
//	secret = 32: 160 random bits
//	check  = 6: the upper 30 bits of the CRC-32 of all characters before it
//
// All but prefix and "_" is base32 in Crockford's alphabet, lower case. The check reveals a typing error or a made-up key
// without a call of the table; it protects nothing.
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
	errKeyAPI    = fmt.Errorf("%w: use of the key", ErrMismatch)
)

// API is one of the registry's APIs, as its package declares it. A key of one API is not accepted by another.
type API struct {
	Name      string // stored with every key: must never change
	KeyPrefix string // the three lower-case letters with which its keys begin: must never change
}

func (a API) valid() bool { return a.Name != "" && validKeyPrefix(a.KeyPrefix) }

// DisplayPrefix returns the part of a key's text that is not secret.
func (a API) DisplayPrefix(keyID string) string { return a.KeyPrefix + "_" + keyID }

// Key is a stored API key.
type Key struct {
	ID, Client string // the id has 24 characters, is unique and begins with the client's
	API        string // name of the API that accepts it
	Hash       Hash
	// Scopes restrict the client's. Nil, and only nil, does not restrict them: a store must keep nil and empty apart.
	Scopes          Scopes
	Name            string
	Expires         time.Time // zero: never
	Revoked         time.Time // from when on it is invalid; zero: never
	Created         time.Time
	Owner           string   // a label: whom the key is for
	RequestedScopes []string // its scopes in the words of the request, for display; they grant nothing
	CreatedBy       string   // the id of the key that created it; empty: an operator did
}

// newKey generates a key of a client. The caller shows the text once and does not store it.
func newKey(client string, api API, h Hasher) (k Key, text string) {
	id := client + randomString(keyIDChars-clientChars)
	body := api.DisplayPrefix(id) + "_" + randomString(bodyEnd-keyIDEnd-1)
	text = body + checksum(body)
	return Key{ID: id, Client: client, API: api.Name, Hash: h.Hash(text), Name: api.Name}, text
}

// ValidUntil returns from when on the key is invalid; zero: never.
func (k Key) ValidUntil() time.Time { return earliest(k.Expires, k.Revoked) }

func (k Key) inactive(now time.Time) bool { return deadlinePassed(k.ValidUntil(), now) }

// createdByKey reports whether a key created this one, not an operator. Before CreatedBy was stored, only keys that a key
// created had an owner.
func (k Key) createdByKey() bool { return k.CreatedBy != "" || k.Owner != "" }

// canManage reports whether the key may create and see keys of an owner.
func (k Key) canManage(owner string) bool { return !k.createdByKey() || k.Owner == owner }

// parsedKey is the part of a key's text that is not secret.
type parsedKey struct {
	api        API
	client, id string
}

// parseKey returns ErrInvalid for a text that newKey cannot have generated, and ErrMismatch for a key of another API.
func parseKey(text string, api API) (parsedKey, error) {
	if !validKey(text) {
		return parsedKey{}, errKeyFormat
	}
	if text[:prefixEnd] != api.KeyPrefix {
		return parsedKey{}, errKeyAPI
	}
	id := strings.Clone(text[prefixEnd+1 : keyIDEnd]) // the id must not keep the secret in memory
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
	invalid := func(r rune) bool { return r < 'a' || r > 'z' }
	return len(prefix) == prefixEnd && !strings.ContainsFunc(prefix, invalid)
}

// checksum returns the check characters of a key's body.
func checksum(body string) string {
	sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(body)))
	return crockford.EncodeToString(sum)[:checksumChars]
}

// clientIDFromKeyID returns ErrNotFound if id is not the id of a key.
func clientIDFromKeyID(id string) (string, error) {
	if !validAlphabet(id, keyIDChars) {
		return "", ErrNotFound
	}
	return strings.Clone(id[:clientChars]), nil
}

// ValidClientID reports whether id has the form of a client's id.
func ValidClientID(id string) bool { return validAlphabet(id, clientChars) }

// validAlphabet reports whether s has n characters, all of the alphabet.
func validAlphabet(s string, n int) bool {
	invalid := func(r rune) bool { return !strings.ContainsRune(alphabet, r) }
	return len(s) == n && !strings.ContainsFunc(s, invalid)
}

// randomString returns n random characters of the alphabet; n is a multiple of 8.
func randomString(n int) string {
	b := make([]byte, crockford.DecodedLen(n))
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return crockford.EncodeToString(b)
}
