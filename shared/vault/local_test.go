package vault_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"testing"

	"cedula/shared/vault"
)

func TestLocalKeysOfOtherLengths(t *testing.T) {
	for _, length := range []int{0, 16, 24, 31, 33, 64} {
		if _, err := vault.NewLocal(make([]byte, length)); err == nil {
			t.Errorf("%d bytes were taken", length)
		}
	}
	key := bytes.Repeat([]byte{1}, vault.KeySize)
	if _, err := vault.NewLocal(key); err != nil || key[0] != 1 {
		t.Errorf("the caller's key was changed, or %v", err)
	}
}

func TestLocal(t *testing.T) {
	l := newLocal(t, 1)
	plain, wrapped, err := l.New(ctx, tenant)
	if err != nil || len(plain) != vault.KeySize {
		t.Fatal(len(plain), err)
	}
	if second, _, _ := l.New(ctx, tenant); bytes.Equal(plain, second) || bytes.Contains(wrapped, plain) {
		t.Error("a key that is not secret")
	}
	if got, err := newLocal(t, 1).Unwrap(ctx, tenant, wrapped); err != nil || !bytes.Equal(got, plain) {
		t.Error("another key, or ", err)
	}
	for name, try := range map[string]struct {
		local   *vault.Local
		tenant  string
		wrapped []byte
	}{
		"another tenant":     {l, "globex", wrapped},
		"another local key":  {newLocal(t, 2), tenant, wrapped},
		"nothing":            {l, tenant, nil},
		"a box of its own":   {l, tenant, byHand(t, 1, plain, "cedula vault box 1", tenant)},
		"no format":          {l, tenant, byHand(t, 1, plain, tenant)},
		"another flat list":  {l, tenant, byHand(t, 1, plain, "cedula vault data key 1"+tenant)},
		"more after the end": {l, tenant, byHand(t, 1, plain, "cedula vault data key 1", tenant, "")},
	} {
		if got, err := try.local.Unwrap(ctx, try.tenant, try.wrapped); got != nil || !errors.Is(err, vault.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFormatsStay makes by hand, from the formats as they were decided, what must
// stay readable for as long as there are tables that hold it.
func TestFormatsStay(t *testing.T) {
	w := newWorld(t)
	key := bytes.Repeat([]byte{7}, vault.KeySize)
	wrapped := wrapByHand(t, 1, tenant, key)
	box := byHand(t, 7, []byte("ana@example.com"), "cedula vault box 1", tenant, hash(wrapped), place)
	if got, err := w.Open(ctx, tenant, wrapped, place, box); err != nil || got != "ana@example.com" {
		t.Errorf("%q, %v", got, err)
	}
}

func wrapByHand(t *testing.T, b byte, tenant string, plain []byte) []byte {
	t.Helper()
	return byHand(t, b, plain, "cedula vault data key 1", tenant)
}

// byHand encrypts under a key that is all one byte: nonce, ciphertext, tag.
func byHand(t *testing.T, b byte, plain []byte, parts ...string) []byte {
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
