package encryption

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
)

// KeySize is the length of every key of this package, in bytes: that of AES-256.
const KeySize = 32

// dataKey encrypts with AES-256-GCM. A ciphertext is a random nonce of 12 bytes, the encrypted value, and a tag of 16
// bytes. It is a function, so that fmt cannot print the key inside.
type dataKey func() cipher.AEAD

// newDataKey makes a dataKey of a plain key, which it wipes. It returns ErrInvalidCiphertext for another length than
// KeySize.
func newDataKey(plain []byte) (dataKey, error) {
	defer clear(plain)
	if len(plain) != KeySize {
		return nil, ErrInvalidCiphertext
	}
	block, err := aes.NewCipher(plain)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return func() cipher.AEAD { return aead }, nil
}

func (k dataKey) encrypt(value, additionalData []byte) []byte {
	return k().Seal(nil, nil, value, additionalData) //nolint:gosec // G407: this AEAD generates its nonce
}

func (k dataKey) decrypt(ciphertext, additionalData []byte) ([]byte, error) {
	value, err := k().Open(nil, nil, ciphertext, additionalData)
	if err != nil {
		return nil, ErrInvalidCiphertext
	}
	return value, nil
}

// Everything that is authenticated with a ciphertext, or hashed, begins with the name of its format, so that one format
// cannot pass for another. These names are stored.
const (
	formatCiphertext = "cedula vault box 1"
	formatDataKey    = "cedula vault data key 1"
	formatCacheKey   = "cedula vault cached key 1"
)

// additionalData binds a ciphertext to its tenant, key and place. The wrapped key is included so that a ciphertext stays
// with it even if two wrapped keys contain the same key.
func additionalData(tenant string, wrapped []byte, place string) []byte {
	hash := sha256.Sum256(wrapped)
	return lengthPrefixed(formatCiphertext, []byte(tenant), hash[:], []byte(place))
}

// fingerprint names a data key in memory by what it was unwrapped from.
func fingerprint(tenant string, wrapped []byte) string {
	hash := sha256.Sum256(lengthPrefixed(formatCacheKey, []byte(tenant), wrapped))
	return string(hash[:])
}

// lengthPrefixed joins parts, each after its length in 8 bytes, so that different lists give different results.
func lengthPrefixed(format string, parts ...[]byte) []byte {
	all := binary.BigEndian.AppendUint64(nil, uint64(len(format)))
	all = append(all, format...)
	for _, p := range parts {
		all = binary.BigEndian.AppendUint64(all, uint64(len(p)))
		all = append(all, p...)
	}
	return all
}
