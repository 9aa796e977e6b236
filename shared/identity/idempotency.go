package identity

import (
	"bytes"
	"strings"
	"time"
)

// Idempotency identifies a request, so that it is applied once. The zero value means that the client sent no
// key.
type Idempotency struct {
	Key             string   // at most MaxIdempotencyKeyLength bytes
	Fingerprint     [32]byte // of the whole request; equal requests have equal ones
	ByteFingerprint [32]byte // the same with the bytes of the body, as stored until v0.1.0; zero: none
}

// Matches reports whether a stored fingerprint is that of this request.
func (i Idempotency) Matches(stored []byte) bool {
	return bytes.Equal(stored, i.Fingerprint[:]) || bytes.Equal(stored, i.ByteFingerprint[:]) && i.ByteFingerprint != [32]byte{}
}

// IdempotencyTTL is how long the response to a request with a key is stored. After it, a request with the key is a new one.
const IdempotencyTTL = 24 * time.Hour

// MaxIdempotencyKeyLength is the maximum length of a key, in bytes.
const MaxIdempotencyKeyLength = 255

// Validate returns an *Invalid for a key that is too long or not printable ASCII.
func (i Idempotency) Validate() error {
	if len(i.Key) > MaxIdempotencyKeyLength {
		return &Invalid{FieldIdempotencyKey, "must have at most 255 characters"}
	}
	if strings.ContainsFunc(i.Key, func(c rune) bool { return c < ' ' || c > '~' }) {
		return &Invalid{FieldIdempotencyKey, "must be printable ASCII"}
	}
	return nil
}
