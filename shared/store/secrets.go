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

// keyBuilder makes keys for one deployment. Making an HMAC ready costs more than
// using it, so those that were used are kept.
type keyBuilder struct{ macs *sync.Pool }

// newKeyBuilder derives the secret of the keys from the deployment's (RFC 5869), so
// that nothing else computed from that one can be compared with a key.
func newKeyBuilder(deployment []byte) keyBuilder {
	secret, err := hkdf.Key(sha256.New, deployment, nil, "cedula table keys 1", sha256.Size)
	if err != nil {
		panic("store: " + err.Error()) // only for a length that HKDF cannot give
	}
	return keyBuilder{&sync.Pool{New: func() any { return hmac.New(sha256.New, secret) }}}
}

const digestBytes = 16

// digest is the first 128 bits of sum, in hex.
func (k keyBuilder) digest(tenant, use string, values ...string) string {
	return hex.EncodeToString(k.hmac(tenant, use, values...)[:digestBytes])
}

// hmac is the HMAC-SHA-256 of values for one tenant and use. Each part is preceded
// by its length, so that no two lists of parts read alike.
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

// newMessageCipher derives the key of the boxes from the deployment's secret. With random
// nonces it may seal 2^32 messages.
func newMessageCipher(deployment []byte) cipher.AEAD {
	key, err := hkdf.Key(sha256.New, deployment, nil, "cedula outbox 1", 32)
	if err != nil {
		panic("store: " + err.Error()) // only for a length that HKDF cannot give
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("store: " + err.Error()) // only for a length that AES does not know
	}
	boxes, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("store: " + err.Error()) // only for a cipher that is not AES
	}
	return boxes
}
