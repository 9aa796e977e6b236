package store

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"sync"
)

// keyBuilder computes the keys of one deployment. It reuses HMACs, because setting one up costs more than using
// it.
type keyBuilder struct{ macs *sync.Pool }

// newKeyBuilder derives the secret of the keys from the deployment secret.
func newKeyBuilder(deployment []byte) keyBuilder {
	secret := deriveSecret(deployment, "cedula table keys 1")
	return keyBuilder{&sync.Pool{New: func() any { return hmac.New(sha256.New, secret) }}}
}

// deriveSecret derives 256 bits for one purpose from the deployment secret (RFC 5869), so that values for different
// purposes cannot be compared.
func deriveSecret(deployment []byte, use string) []byte {
	secret, err := hkdf.Key(sha256.New, deployment, nil, use, sha256.Size)
	if err != nil {
		panic("store: " + err.Error()) // only for a length that HKDF does not support
	}
	return secret
}

const digestBytes = 16

// digest returns the first 128 bits of sum in hexadecimal.
func (k keyBuilder) digest(tenant, use string, values ...string) string {
	return hex.EncodeToString(k.hmac(tenant, use, values...)[:digestBytes])
}

// hmac returns the HMAC-SHA-256 of values for one tenant and purpose. Each part is preceded by its length, so that no two
// lists of parts have the same encoding.
func (k keyBuilder) hmac(tenant, use string, values ...string) []byte {
	text := make([]byte, 0, 512)
	text = appendLengthPrefixed(appendLengthPrefixed(text, tenant), use)
	for _, v := range values {
		text = appendLengthPrefixed(text, v)
	}
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	_, _ = mac.Write(text)
	return mac.Sum(make([]byte, 0, sha256.Size))
}

func appendLengthPrefixed(text []byte, part string) []byte {
	return append(binary.AppendUvarint(text, uint64(len(part))), part...)
}

// newMessageCipher derives the key of the messages' cipher. With random nonces it can encrypt 2^32 messages.
func newMessageCipher(deployment []byte) cipher.AEAD {
	block, err := aes.NewCipher(deriveSecret(deployment, "cedula outbox 1"))
	if err != nil {
		panic("store: " + err.Error()) // only for a key length that AES does not support
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("store: " + err.Error()) // only for a cipher that is not AES
	}
	return aead
}
