package encryption_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"testing"

	"cedula/shared/encryption"
)

func TestLocalKeyMustHave32Bytes(t *testing.T) {
	for _, length := range []int{0, 16, 24, 31, 33, 64} {
		if _, err := encryption.NewLocalKeyWrapper(make([]byte, length)); err == nil {
			t.Errorf("NewLocalKeyWrapper accepted a key of %d bytes", length)
		}
	}
	key := bytes.Repeat([]byte{1}, encryption.KeySize)
	if _, err := encryption.NewLocalKeyWrapper(key); err != nil || key[0] != 1 {
		t.Errorf("error = %v, first byte of the caller's key = %d, want nil and 1", err, key[0])
	}
}

func TestLocalKeyWrapper(t *testing.T) {
	l := newLocalKeyWrapper(t, 1)
	plain, wrapped, err := l.GenerateDataKey(ctx, tenant)
	if err != nil || len(plain) != encryption.KeySize {
		t.Fatalf("GenerateDataKey = %d bytes, %v, want %d bytes", len(plain), err, encryption.KeySize)
	}
	if second, _, _ := l.GenerateDataKey(ctx, tenant); bytes.Equal(plain, second) || bytes.Contains(wrapped, plain) {
		t.Error("the data key is constant, or visible in its wrapped form")
	}
	if got, err := newLocalKeyWrapper(t, 1).Unwrap(ctx, tenant, wrapped); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("Unwrap = %x, %v, want %x", got, err, plain)
	}
	for name, test := range map[string]struct {
		wrapper *encryption.LocalKeyWrapper
		tenant  string
		wrapped []byte
	}{
		"another tenant":        {l, "globex", wrapped},
		"another local key":     {newLocalKeyWrapper(t, 2), tenant, wrapped},
		"nothing":               {l, tenant, nil},
		"a value's ciphertext":  {l, tenant, encryptByHand(t, 1, plain, "cedula vault box 1", tenant)},
		"no format":             {l, tenant, encryptByHand(t, 1, plain, tenant)},
		"one part for two":      {l, tenant, encryptByHand(t, 1, plain, "cedula vault data key 1"+tenant)},
		"an empty part at last": {l, tenant, encryptByHand(t, 1, plain, "cedula vault data key 1", tenant, "")},
	} {
		if got, err := test.wrapper.Unwrap(ctx, test.tenant, test.wrapped); got != nil || !errors.Is(err, encryption.ErrInvalidCiphertext) {
			t.Errorf("%s: Unwrap = %x, %v, want ErrInvalidCiphertext", name, got, err)
		}
	}
}

// The input is made by hand from the formats as documented: tables hold such values.
func TestStoredFormatsAreReadable(t *testing.T) {
	f := newFixture(t)
	wrapped := wrapByHand(t, 1, tenant, bytes.Repeat([]byte{7}, encryption.KeySize))
	hash := sha256.Sum256(wrapped)
	ciphertext := encryptByHand(t, 7, []byte("ana@example.com"), "cedula vault box 1", tenant, string(hash[:]), place)
	if got, err := f.Decrypt(ctx, tenant, wrapped, place, ciphertext); err != nil || got != "ana@example.com" {
		t.Errorf("Decrypt = %q, %v, want ana@example.com", got, err)
	}
}
