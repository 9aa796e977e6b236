package encryption

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
)

// KeySize is the length of every key here, in bytes: AES-256's.
const KeySize = 32

// dataKey encrypts with AES-256-GCM. A box is a random nonce of 12 bytes, the
// ciphertext, and a tag of 16 bytes. Its members are closures: fmt cannot print
// the key inside.
type dataKey struct {
	seal func(value, bound []byte) (box []byte)
	open func(box, bound []byte) (value []byte, err error)
}

// newDataKey makes a plain key ready and wipes it. It returns ErrDamaged for one of
// another length.
func newDataKey(plain []byte) (dataKey, error) {
	defer clear(plain)
	if len(plain) != KeySize {
		return dataKey{}, ErrInvalidCiphertext
	}
	block, err := aes.NewCipher(plain)
	if err != nil {
		return dataKey{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return dataKey{}, err
	}
	return dataKey{
		seal: func(value, bound []byte) []byte {
			return aead.Seal(nil, nil, value, bound) //nolint:gosec // G407 does not know that this one makes its nonce
		},
		open: func(box, bound []byte) ([]byte, error) {
			value, err := aead.Open(nil, nil, box, bound)
			if err != nil {
				return nil, ErrInvalidCiphertext
			}
			return value, nil
		},
	}, nil
}

// What is authenticated along with a ciphertext, or hashed, begins with the name
// of its format, so that none passes for another.
const (
	formatCiphertext = "cedula vault box 1"
	formatDataKey    = "cedula vault data key 1"
	formatCacheKey   = "cedula vault cached key 1"
)

// additionalData is the additional data of a box. The wrapped key is in it so that a
// box stays with its key, even if two wrapped keys should hold the same.
func additionalData(tenant string, wrapped []byte, place string) []byte {
	hash := sha256.Sum256(wrapped)
	return lengthPrefixed(formatCiphertext, []byte(tenant), hash[:], []byte(place))
}

// lengthPrefixed puts parts behind each other, each after its length: no two lists read
// alike.
func lengthPrefixed(format string, parts ...[]byte) []byte {
	all := binary.BigEndian.AppendUint64(nil, uint64(len(format)))
	all = append(all, format...)
	for _, p := range parts {
		all = binary.BigEndian.AppendUint64(all, uint64(len(p)))
		all = append(all, p...)
	}
	return all
}

// keyFingerprint names a data key in memory by what it was unwrapped from.
type keyFingerprint [sha256.Size]byte

func fingerprintOf(tenant string, wrapped []byte) keyFingerprint {
	return sha256.Sum256(lengthPrefixed(formatCacheKey, []byte(tenant), wrapped))
}
