package encryption_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"testing"

	"cedula/shared/encryption"
)

func TestLocalKeyLength(t *testing.T) {
	for _, length := range []int{0, 16, 24, 31, 33, 64} {
		if _, err := encryption.NewLocalKeyWrapper(make([]byte, length)); err == nil {
			t.Errorf("%d bytes were taken", length)
		}
	}
	key := bytes.Repeat([]byte{1}, encryption.KeySize)
	if _, err := encryption.NewLocalKeyWrapper(key); err != nil || key[0] != 1 {
		t.Errorf("the caller's key was changed, or %v", err)
	}
}

func TestLocalKeyWrapper(t *testing.T) {
	l := newLocalKeyWrapper(t, 1)
	plain, wrapped, err := l.GenerateDataKey(ctx, tenant)
	if err != nil || len(plain) != encryption.KeySize {
		t.Fatal(len(plain), err)
	}
	if second, _, _ := l.GenerateDataKey(ctx, tenant); bytes.Equal(plain, second) || bytes.Contains(wrapped, plain) {
		t.Error("a key that is not secret")
	}
	if got, err := newLocalKeyWrapper(t, 1).Unwrap(ctx, tenant, wrapped); err != nil || !bytes.Equal(got, plain) {
		t.Error("another key, or ", err)
	}
	for name, try := range map[string]struct {
		local   *encryption.LocalKeyWrapper
		tenant  string
		wrapped []byte
	}{
		"another tenant":     {l, "globex", wrapped},
		"another local key":  {newLocalKeyWrapper(t, 2), tenant, wrapped},
		"nothing":            {l, tenant, nil},
		"a box of its own":   {l, tenant, encryptByHand(t, 1, plain, "cedula vault box 1", tenant)},
		"no format":          {l, tenant, encryptByHand(t, 1, plain, tenant)},
		"another flat list":  {l, tenant, encryptByHand(t, 1, plain, "cedula vault data key 1"+tenant)},
		"more after the end": {l, tenant, encryptByHand(t, 1, plain, "cedula vault data key 1", tenant, "")},
	} {
		if got, err := try.local.Unwrap(ctx, try.tenant, try.wrapped); got != nil || !errors.Is(err, encryption.ErrInvalidCiphertext) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFormatsAreStable makes by hand, from the formats as they were decided, what must
// stay readable for as long as there are tables that hold it.
func TestFormatsAreStable(t *testing.T) {
	w := newFixture(t)
	key := bytes.Repeat([]byte{7}, encryption.KeySize)
	wrapped := wrapByHand(t, 1, tenant, key)
	box := encryptByHand(t, 7, []byte("ana@example.com"), "cedula vault box 1", tenant, sha256String(wrapped), place)
	if got, err := w.Decrypt(ctx, tenant, wrapped, place, box); err != nil || got != "ana@example.com" {
		t.Errorf("%q, %v", got, err)
	}
}

func wrapByHand(t *testing.T, b byte, tenant string, plain []byte) []byte {
	t.Helper()
	return encryptByHand(t, b, plain, "cedula vault data key 1", tenant)
}

// encryptByHand encrypts under a key that is all one byte: nonce, ciphertext, tag.
func encryptByHand(t *testing.T, b byte, plain []byte, parts ...string) []byte {
	t.Helper()
	block, err := aes.NewCipher(bytes.Repeat([]byte{b}, 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	var bound []byte
	for _, p := range parts {
		bound = append(binary.BigEndian.AppendUint64(bound, uint64(len(p))), p...)
	}
	nonce := []byte("twelve bytes")
	return aead.Seal(nonce, nonce, plain, bound)
}
