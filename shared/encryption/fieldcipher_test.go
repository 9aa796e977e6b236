package encryption_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"cedula/shared/encryption"
	"cedula/shared/identity"
)

var ctx = context.Background()

func TestRoundTrips(t *testing.T) {
	w := newFixture(t)
	wrapped := w.mustNewKey(t, tenant)
	for name, value := range map[string]string{
		"empty": "", "one letter": "a", "an email": "ana@example.com", "not ASCII": "Ñandú Ürgüp 名前",
		"not UTF-8": "\xff\xfe", "zeros": "\x00\x00", "long": strings.Repeat("x", 100_000),
	} {
		box := w.mustEncrypt(t, wrapped, value)
		if len(box) != len(value)+28 {
			t.Errorf("%s: a box of %d bytes for %d", name, len(box), len(value))
		}
		for _, v := range []*encryption.FieldCipher{w.FieldCipher, w.withEmptyCache()} {
			if got, err := v.Decrypt(ctx, tenant, wrapped, place, box); err != nil || got != value {
				t.Errorf("%s: another value, or %v", name, err)
			}
		}
	}
}

func TestRoundTripOfRandomValues(t *testing.T) {
	w := newFixture(t)
	rapid.Check(t, func(t *rapid.T) {
		tenant, place, value := rapid.String().Draw(t, "tenant"), rapid.String().Draw(t, "place"), rapid.String().Draw(t, "value")
		wrapped, err := w.NewKey(ctx, tenant)
		if err != nil {
			t.Fatal(err)
		}
		box, err := w.Encrypt(ctx, tenant, wrapped, place, value)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.withEmptyCache().Decrypt(ctx, tenant, wrapped, place, box); err != nil || got != value {
			t.Fatal("another value, or ", err)
		}
	})
}

// Two boxes of one value share nothing: neither the nonce, which is the
// identity's reference of the field, nor the rest.
func TestCiphertextsOfOneValueDiffer(t *testing.T) {
	w := newFixture(t)
	wrapped := w.mustNewKey(t, tenant)
	nonces := map[string]bool{}
	first := w.mustEncrypt(t, wrapped, "ana@example.com")
	for range 1000 {
		box := w.mustEncrypt(t, wrapped, "ana@example.com")
		nonces[identity.EncryptedField{Ciphertext: box}.TokenID()] = true
		if bytes.Equal(box[12:], first[12:]) {
			t.Fatal("the same ciphertext")
		}
	}
	if len(nonces) != 1000 {
		t.Errorf("%d references", len(nonces))
	}
}

// TestModifiedInputIsRejected tries every byte of the box and of the wrapped key, and
// every neighbour, with the key in memory and without.
func TestModifiedInputIsRejected(t *testing.T) {
	w := newFixture(t)
	const value = "ana@example.com"
	wrapped := w.mustNewKey(t, tenant)
	box := w.mustEncrypt(t, wrapped, value)
	other := w.anotherKey(t)
	type opening struct {
		tenant, place string
		wrapped, box  []byte
	}
	right := opening{tenant, place, wrapped, box}
	tests := map[string]func(*opening){
		"another tenant":                func(o *opening) { o.tenant = "acmf" },
		"no tenant":                     func(o *opening) { o.tenant = "" },
		"another place":                 func(o *opening) { o.place = "0123456789abcdef01234567/phone" },
		"no place":                      func(o *opening) { o.place = "" },
		"a letter moved to the place":   func(o *opening) { o.tenant, o.place = "acm", "e"+place },
		"a letter moved to the tenant":  func(o *opening) { o.tenant, o.place = tenant+place[:1], place[1:] },
		"another key of the tenant":     func(o *opening) { o.wrapped = other },
		"the same key wrapped anew":     func(o *opening) { o.wrapped = w.rewrap(t, wrapped) },
		"another deployment's key":      func(o *opening) { o.wrapped = foreignKey(t) },
		"no key":                        func(o *opening) { o.wrapped = nil },
		"a key cut off":                 func(o *opening) { o.wrapped = wrapped[:len(wrapped)-1] },
		"a key with a byte more":        func(o *opening) { o.wrapped = append(slices.Clone(wrapped), 0) },
		"a key too long":                func(o *opening) { o.wrapped = make([]byte, 6145) },
		"a box with a byte more":        func(o *opening) { o.box = append(slices.Clone(box), 0) },
		"the wrapped key for a box":     func(o *opening) { o.box = wrapped },
		"the box for a wrapped key":     func(o *opening) { o.wrapped = box },
		"halves of two boxes":           func(o *opening) { o.box = append(slices.Clone(box[:12]), w.mustEncrypt(t, wrapped, value)[12:]...) },
		"another box, of another place": func(o *opening) { o.box = w.encryptAtOtherPlace(t, wrapped) },
	}
	for n := range box {
		tests[fmt.Sprintf("box without byte %d and on", n)] = func(o *opening) { o.box = box[:n] }
	}
	for n := range 8 * len(box) {
		tests[fmt.Sprintf("bit %d of the box", n)] = func(o *opening) { o.box = flipBit(box, n) }
	}
	for n := range 8 * len(wrapped) {
		tests[fmt.Sprintf("bit %d of the key", n)] = func(o *opening) { o.wrapped = flipBit(wrapped, n) }
	}
	for name, change := range tests {
		o := right
		change(&o)
		for _, v := range []*encryption.FieldCipher{w.FieldCipher, w.withEmptyCache()} {
			got, err := v.Decrypt(ctx, o.tenant, o.wrapped, o.place, o.box)
			if got != "" || !errors.Is(err, encryption.ErrInvalidCiphertext) || errors.Is(err, identity.ErrUnavailable) {
				t.Errorf("%s: opened %t, %v", name, got != "", err)
			}
		}
	}
	if got, err := w.Decrypt(ctx, tenant, wrapped, place, box); err != nil || got != value {
		t.Error("not even the right one", err)
	}
}

func TestEncryptUnderForeignKeyIsRejected(t *testing.T) {
	w := newFixture(t)
	for name, wrapped := range map[string][]byte{
		"none": nil, "another tenant's": w.mustNewKey(t, "globex"), "another deployment's": foreignKey(t),
	} {
		if box, err := w.Encrypt(ctx, tenant, wrapped, place, "v"); box != nil || !errors.Is(err, encryption.ErrInvalidCiphertext) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// anotherKey is another data key of the tenant.
func (w *fixture) anotherKey(t *testing.T) []byte {
	t.Helper()
	_, wrapped, err := w.KeyWrapper.GenerateDataKey(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

// rewrap holds the same data key as another wrapped one. Local wraps only
// what it made, so this is done by hand: its format is AES-256-GCM.
func (w *fixture) rewrap(t *testing.T, wrapped []byte) []byte {
	t.Helper()
	plain, err := w.KeyWrapper.Unwrap(ctx, tenant, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	again := wrapByHand(t, 1, tenant, plain)
	if got, err := w.KeyWrapper.Unwrap(ctx, tenant, again); err != nil || !bytes.Equal(got, plain) {
		t.Fatal("not the same key", err)
	}
	return again
}

func (w *fixture) encryptAtOtherPlace(t *testing.T, wrapped []byte) []byte {
	t.Helper()
	box, err := w.Encrypt(ctx, tenant, wrapped, place+"2", "v")
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func foreignKey(t *testing.T) []byte {
	t.Helper()
	_, wrapped, err := newLocalKeyWrapper(t, 2).GenerateDataKey(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func flipBit(b []byte, bit int) []byte {
	b = slices.Clone(b)
	b[bit/8] ^= 1 << (bit % 8)
	return b
}

func TestConcurrentUse(t *testing.T) {
	w := newFixture(t)
	var all sync.WaitGroup
	for n := range 32 {
		all.Go(func() {
			tenant := fmt.Sprint("tenant", n%4)
			for round := range 50 {
				wrapped, err := w.NewKey(ctx, tenant)
				if err != nil {
					t.Error(err)
					return
				}
				value := fmt.Sprint(n, round)
				box, err := w.Encrypt(ctx, tenant, wrapped, place, value)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := w.Decrypt(ctx, tenant, wrapped, place, box); err != nil || got != value {
					t.Errorf("another value, or %v", err)
				}
				if round%10 == 0 {
					w.clock.advance(keyTTL / 7)
				}
				_ = fmt.Sprintf("%+v", w.FieldCipher) // reads nothing that others write
			}
		})
	}
	all.Wait()
}
