package encryption_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"cedula/shared/encryption"
	"cedula/shared/identity"
)

func TestDecryptReturnsTheEncryptedValue(t *testing.T) {
	f := newFixture(t)
	wrapped := f.mustNewKey(t, tenant)
	for name, value := range map[string]string{
		"empty": "", "one letter": "a", "an email": "ana@example.com", "not ASCII": "Ñandú Ürgüp 名前",
		"not UTF-8": "\xff\xfe", "zeros": "\x00\x00", "long": strings.Repeat("x", 100_000),
	} {
		ciphertext := f.mustEncrypt(t, wrapped, value)
		if got, want := len(ciphertext), len(value)+28; got != want {
			t.Errorf("%s: ciphertext of %d bytes, want %d", name, got, want)
		}
		for _, c := range []*encryption.FieldCipher{f.FieldCipher, f.withEmptyCache()} {
			if got, err := c.Decrypt(ctx, tenant, wrapped, place, ciphertext); err != nil || got != value {
				t.Errorf("%s: Decrypt = %.20q, %v, want %.20q", name, got, err, value)
			}
		}
	}
}

// Ciphertexts of one value share neither the nonce, which is the field's token id, nor the rest.
func TestCiphertextsOfOneValueDiffer(t *testing.T) {
	f := newFixture(t)
	wrapped := f.mustNewKey(t, tenant)
	first := f.mustEncrypt(t, wrapped, "ana@example.com")
	tokenIDs := map[string]bool{}
	for range 1000 {
		ciphertext := f.mustEncrypt(t, wrapped, "ana@example.com")
		tokenIDs[identity.EncryptedField{Ciphertext: ciphertext}.TokenID()] = true
		if bytes.Equal(ciphertext[12:], first[12:]) {
			t.Fatal("two ciphertexts are equal after the nonce")
		}
	}
	if len(tokenIDs) != 1000 {
		t.Errorf("token ids = %d, want 1000", len(tokenIDs))
	}
}

// decryption is the input of one Decrypt.
type decryption struct {
	tenant, place       string
	wrapped, ciphertext []byte
}

// modifications are changes of a valid decryption that make it invalid.
func modifications(t *testing.T, f *fixture, valid decryption) map[string]func(*decryption) {
	t.Helper()
	wrapped, ciphertext := valid.wrapped, valid.ciphertext
	sameKey, err := f.wrapper.Unwrap(ctx, tenant, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	otherPlace, err := f.Encrypt(ctx, tenant, wrapped, place+"2", "v")
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]func(*decryption){
		"another tenant":                  func(d *decryption) { d.tenant = "acmf" },
		"no tenant":                       func(d *decryption) { d.tenant = "" },
		"another place":                   func(d *decryption) { d.place = "0123456789abcdef01234567/phone" },
		"no place":                        func(d *decryption) { d.place = "" },
		"a letter moved to the place":     func(d *decryption) { d.tenant, d.place = "acm", "e"+place },
		"a letter moved to the tenant":    func(d *decryption) { d.tenant, d.place = tenant+place[:1], place[1:] },
		"another key of the tenant":       func(d *decryption) { d.wrapped = wrappedBy(t, f.wrapper) },
		"the same key wrapped again":      func(d *decryption) { d.wrapped = wrapByHand(t, 1, tenant, sameKey) },
		"another deployment's key":        func(d *decryption) { d.wrapped = wrappedBy(t, newLocalKeyWrapper(t, 2)) },
		"no key":                          func(d *decryption) { d.wrapped = nil },
		"a truncated key":                 func(d *decryption) { d.wrapped = wrapped[:len(wrapped)-1] },
		"a key with a byte more":          func(d *decryption) { d.wrapped = append(slices.Clone(wrapped), 0) },
		"a key too long":                  func(d *decryption) { d.wrapped = make([]byte, 6145) },
		"a ciphertext with a byte more":   func(d *decryption) { d.ciphertext = append(slices.Clone(ciphertext), 0) },
		"the wrapped key as a ciphertext": func(d *decryption) { d.ciphertext = wrapped },
		"the ciphertext as a wrapped key": func(d *decryption) { d.wrapped = ciphertext },
		"halves of two ciphertexts": func(d *decryption) {
			d.ciphertext = append(slices.Clone(ciphertext[:12]), f.mustEncrypt(t, wrapped, "ana@example.com")[12:]...)
		},
		"a ciphertext of another place": func(d *decryption) { d.ciphertext = otherPlace },
	}
	for n := range ciphertext {
		list[fmt.Sprintf("ciphertext of %d bytes", n)] = func(d *decryption) { d.ciphertext = ciphertext[:n] }
	}
	for n := range 8 * len(ciphertext) {
		list[fmt.Sprintf("bit %d of the ciphertext", n)] = func(d *decryption) { d.ciphertext = flipBit(ciphertext, n) }
	}
	for n := range 8 * len(wrapped) {
		list[fmt.Sprintf("bit %d of the key", n)] = func(d *decryption) { d.wrapped = flipBit(wrapped, n) }
	}
	return list
}

func TestModifiedInputIsRejected(t *testing.T) {
	f := newFixture(t)
	wrapped := f.mustNewKey(t, tenant)
	valid := decryption{tenant, place, wrapped, f.mustEncrypt(t, wrapped, "ana@example.com")}
	for name, modify := range modifications(t, f, valid) {
		d := valid
		modify(&d)
		for _, c := range []*encryption.FieldCipher{f.FieldCipher, f.withEmptyCache()} {
			got, err := c.Decrypt(ctx, d.tenant, d.wrapped, d.place, d.ciphertext)
			if got != "" || !errors.Is(err, encryption.ErrInvalidCiphertext) || errors.Is(err, identity.ErrUnavailable) {
				t.Errorf("%s: Decrypt = %q, %v, want ErrInvalidCiphertext", name, got, err)
			}
		}
	}
	if got, err := f.Decrypt(ctx, tenant, wrapped, place, valid.ciphertext); err != nil || got != "ana@example.com" {
		t.Errorf("Decrypt of the valid input = %q, %v, want ana@example.com", got, err)
	}
}

// wrappedBy returns a new key of the tenant.
func wrappedBy(t *testing.T, w encryption.KeyWrapper) []byte {
	t.Helper()
	_, wrapped, err := w.GenerateDataKey(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func TestConcurrentUse(t *testing.T) {
	f := newFixture(t)
	var all sync.WaitGroup
	for n := range 32 {
		all.Go(func() {
			tenant := fmt.Sprint("tenant", n%4)
			for range 50 {
				wrapped, newKeyErr := f.NewKey(ctx, tenant)
				ciphertext, encryptErr := f.Encrypt(ctx, tenant, wrapped, place, "v")
				if got, err := f.Decrypt(ctx, tenant, wrapped, place, ciphertext); err != nil || got != "v" {
					t.Errorf("Decrypt = %q, %v, want v; NewKey: %v; Encrypt: %v", got, err, newKeyErr, encryptErr)
				}
				_ = fmt.Sprintf("%+v", f.FieldCipher) // the race detector sees whether printing reads what others write
			}
		})
	}
	all.Wait()
}
