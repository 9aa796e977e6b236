package auth

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
)

// minSecretBytes is the minimum length of a deployment secret: that of the hash's output (RFC 2104, section 3).
const minSecretBytes = 32

// Hash is stored instead of a key or a secret. Logs, fmt and JSON do not show it, so a store writes its bytes.
type Hash [sha256.Size]byte

const redactedHash = "[hash]"

// Equal compares in constant time. No text has the zero Hash.
func (h Hash) Equal(other Hash) bool { return subtle.ConstantTimeCompare(h[:], other[:]) == 1 }

// Format hides the hash under every verb.
func (h Hash) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedHash) }

// MarshalText hides the hash in logs and JSON.
func (h Hash) MarshalText() ([]byte, error) { return []byte(redactedHash), nil }

// Hasher hashes credentials for storage. The zero Hasher panics when used.
type Hasher struct {
	hash func(text string) Hash // a closure: fmt cannot print the key inside
}

// NewHasher returns a Hasher with a subkey of the deployment's secret (HKDF, RFC 5869), so that the secret may have other
// uses, too. It panics if the secret has fewer than 32 bytes.
func NewHasher(secret []byte) Hasher {
	if len(secret) < minSecretBytes {
		panic("auth: the deployment secret has fewer than 32 bytes")
	}
	subkey, err := hkdf.Key(sha256.New, secret, nil, "cedula auth credential hash 1", sha256.Size)
	if err != nil {
		panic("auth: no subkey: " + err.Error())
	}
	return Hasher{func(text string) (h Hash) {
		mac := hmac.New(sha256.New, subkey)
		_, _ = io.WriteString(mac, text)
		mac.Sum(h[:0])
		return h
	}}
}

// usagePlanKey returns the API key value by which API Gateway counts a client's requests. It is derived from the client's
// id and grants no access.
func (h Hasher) usagePlanKey(client string) string {
	sum := h.hash("usage plan key of " + client)
	return "cup_" + crockford.EncodeToString(sum[:20])
}

// Hash returns the HMAC-SHA-256 of a text, which must have at least 160 random bits.
func (h Hasher) Hash(text string) Hash { return h.hash(text) }
