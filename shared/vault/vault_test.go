package vault_test

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

	"cedula/shared/identity"
	"cedula/shared/vault"
)

var ctx = context.Background()

func TestRoundTrips(t *testing.T) {
	w := newWorld(t)
	wrapped := w.newKey(t, tenant)
	for name, value := range map[string]string{
		"empty": "", "one letter": "a", "an email": "ana@example.com", "not ASCII": "Ñandú Ürgüp 名前",
		"not UTF-8": "\xff\xfe", "zeros": "\x00\x00", "long": strings.Repeat("x", 100_000),
	} {
		box := w.seal(t, wrapped, value)
		if len(box) != len(value)+28 {
			t.Errorf("%s: a box of %d bytes for %d", name, len(box), len(value))
		}
		for _, v := range []*vault.Vault{w.Vault, w.again()} {
			if got, err := v.Open(ctx, tenant, wrapped, place, box); err != nil || got != value {
				t.Errorf("%s: another value, or %v", name, err)
			}
		}
	}
}

func TestAnyValueAnywhere(t *testing.T) {
	w := newWorld(t)
	rapid.Check(t, func(t *rapid.T) {
		tenant, place, value := rapid.String().Draw(t, "tenant"), rapid.String().Draw(t, "place"), rapid.String().Draw(t, "value")
		wrapped, err := w.NewKey(ctx, tenant)
		if err != nil {
			t.Fatal(err)
		}
		box, err := w.Seal(ctx, tenant, wrapped, place, value)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := w.again().Open(ctx, tenant, wrapped, place, box); err != nil || got != value {
			t.Fatal("another value, or ", err)
		}
	})
}

// Two boxes of one value share nothing: neither the nonce, which is the
// identity's reference of the field, nor the rest.
func TestBoxesOfOneValueDiffer(t *testing.T) {
	w := newWorld(t)
	wrapped := w.newKey(t, tenant)
	nonces := map[string]bool{}
	first := w.seal(t, wrapped, "ana@example.com")
	for range 1000 {
		box := w.seal(t, wrapped, "ana@example.com")
		nonces[identity.Sealed{Box: box}.Reference()] = true
		if bytes.Equal(box[12:], first[12:]) {
			t.Fatal("the same ciphertext")
		}
	}
	if len(nonces) != 1000 {
		t.Errorf("%d references", len(nonces))
	}
}

// TestWhatIsNotAsItWas tries every byte of the box and of the wrapped key, and
// every neighbour, with the key in memory and without.
func TestWhatIsNotAsItWas(t *testing.T) {
	w := newWorld(t)
	const value = "ana@example.com"
	wrapped := w.newKey(t, tenant)
	box := w.seal(t, wrapped, value)
	other := w.otherKey(t)
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
		"the same key wrapped anew":     func(o *opening) { o.wrapped = w.rewrapped(t, wrapped) },
		"another deployment's key":      func(o *opening) { o.wrapped = foreignKey(t) },
		"no key":                        func(o *opening) { o.wrapped = nil },
		"a key cut off":                 func(o *opening) { o.wrapped = wrapped[:len(wrapped)-1] },
		"a key with a byte more":        func(o *opening) { o.wrapped = append(slices.Clone(wrapped), 0) },
		"a key too long":                func(o *opening) { o.wrapped = make([]byte, 6145) },
		"a box with a byte more":        func(o *opening) { o.box = append(slices.Clone(box), 0) },
		"the wrapped key for a box":     func(o *opening) { o.box = wrapped },
		"the box for a wrapped key":     func(o *opening) { o.wrapped = box },
		"halves of two boxes":           func(o *opening) { o.box = append(slices.Clone(box[:12]), w.seal(t, wrapped, value)[12:]...) },
		"another box, of another place": func(o *opening) { o.box = w.elsewhere(t, wrapped) },
	}
	for n := range box {
		tests[fmt.Sprintf("box without byte %d and on", n)] = func(o *opening) { o.box = box[:n] }
	}
	for n := range 8 * len(box) {
		tests[fmt.Sprintf("bit %d of the box", n)] = func(o *opening) { o.box = flipped(box, n) }
	}
	for n := range 8 * len(wrapped) {
		tests[fmt.Sprintf("bit %d of the key", n)] = func(o *opening) { o.wrapped = flipped(wrapped, n) }
	}
	for name, change := range tests {
		o := right
		change(&o)
		for _, v := range []*vault.Vault{w.Vault, w.again()} {
			got, err := v.Open(ctx, o.tenant, o.wrapped, o.place, o.box)
			if got != "" || !errors.Is(err, vault.ErrDamaged) || errors.Is(err, identity.ErrUnavailable) {
				t.Errorf("%s: opened %t, %v", name, got != "", err)
			}
		}
	}
	if got, err := w.Open(ctx, tenant, wrapped, place, box); err != nil || got != value {
		t.Error("not even the right one", err)
	}
}

func TestSealingUnderAForeignKey(t *testing.T) {
	w := newWorld(t)
	for name, wrapped := range map[string][]byte{
		"none": nil, "another tenant's": w.newKey(t, "globex"), "another deployment's": foreignKey(t),
	} {
		if box, err := w.Seal(ctx, tenant, wrapped, place, "v"); box != nil || !errors.Is(err, vault.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// otherKey is another data key of the tenant.
func (w *world) otherKey(t *testing.T) []byte {
	t.Helper()
	_, wrapped, err := w.Wrapper.New(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

// rewrapped holds the same data key as another wrapped one. Local wraps only
// what it made, so this is done by hand: its format is AES-256-GCM.
func (w *world) rewrapped(t *testing.T, wrapped []byte) []byte {
	t.Helper()
	plain, err := w.Wrapper.Unwrap(ctx, tenant, wrapped)
	if err != nil {
		t.Fatal(err)
	}
	again := wrapByHand(t, 1, tenant, plain)
	if got, err := w.Wrapper.Unwrap(ctx, tenant, again); err != nil || !bytes.Equal(got, plain) {
		t.Fatal("not the same key", err)
	}
	return again
}

func (w *world) elsewhere(t *testing.T, wrapped []byte) []byte {
	t.Helper()
	box, err := w.Seal(ctx, tenant, wrapped, place+"2", "v")
	if err != nil {
		t.Fatal(err)
	}
	return box
}

func foreignKey(t *testing.T) []byte {
	t.Helper()
	_, wrapped, err := newLocal(t, 2).New(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func flipped(b []byte, bit int) []byte {
	b = slices.Clone(b)
	b[bit/8] ^= 1 << (bit % 8)
	return b
}

func TestManyAtOnce(t *testing.T) {
	w := newWorld(t)
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
				box, err := w.Seal(ctx, tenant, wrapped, place, value)
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := w.Open(ctx, tenant, wrapped, place, box); err != nil || got != value {
					t.Errorf("another value, or %v", err)
				}
				if round%10 == 0 {
					w.clock.pass(keyLife / 7)
				}
				_ = fmt.Sprintf("%+v", w.Vault) // reads nothing that others write
			}
		})
	}
	all.Wait()
}
