package encryption_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"cedula/shared/encryption"
	"cedula/shared/identity"
)

// TestValuesAndKeysAreNeverPrinted prints every type and every error in every way and looks for
// the value and the keys.
func TestValuesAndKeysAreNeverPrinted(t *testing.T) {
	const value = "canary@example.com"
	w := newFixture(t)
	keys := &keyCopyingWrapper{countingWrapper: w.countingWrapper}
	w.FieldCipher = encryption.NewFieldCipher(keys, w.clock.Now)
	wrapped := w.mustNewKey(t, tenant)
	box := w.mustEncrypt(t, wrapped, value)
	_, moved := w.Decrypt(ctx, "globex", wrapped, place, box)
	_, damaged := w.Decrypt(ctx, tenant, wrapped, place, flipBit(box, 100))
	_, sealed := w.Encrypt(ctx, tenant, nil, place, value)
	_, short := encryption.NewLocalKeyWrapper([]byte(value))
	broken := encryption.NewFieldCipher(&failingWrapper{KeyWrapper: w.KeyWrapper, resize: true, length: 31}, w.clock.Now)
	_, cut := broken.NewKey(ctx, tenant)
	local := newLocalKeyWrapper(t, 'k')
	if _, err := w.withEmptyCache().Decrypt(ctx, tenant, wrapped, place, box); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{moved, damaged, sealed, short, cut} {
		if err == nil {
			t.Fatal("an error that was to be printed is none")
		}
	}
	out := formatted(
		w.FieldCipher, struct{ v any }{w.FieldCipher}, struct{ V *encryption.FieldCipher }{w.FieldCipher}, []any{w.FieldCipher}, local, *local, struct{ l encryption.LocalKeyWrapper }{*local},
		&identity.Service{Cipher: w.FieldCipher}, moved, damaged, sealed, short, cut, errors.Unwrap(moved), errors.Unwrap(damaged),
	)
	secrets := map[string][]byte{
		"value": []byte(value), "local key": bytes.Repeat([]byte("k"), 32), "part of the local key": bytes.Repeat([]byte("k"), 8),
		"data key": keys.plain, "part of the data key": keys.plain[:8],
		"wrapped key": wrapped[:8], "box": box[:8],
	}
	for what, secret := range secrets {
		for how, text := range encodings(secret) {
			if strings.Contains(out, text) {
				t.Errorf("the %s was printed, %s", what, how)
			}
		}
	}
	if !strings.Contains(out, "[vault]") || !strings.Contains(out, encryption.ErrInvalidCiphertext.Error()) {
		t.Error("nothing was printed")
	}
}

// keyCopyingWrapper keeps a copy of the data key.
type keyCopyingWrapper struct {
	*countingWrapper
	plain []byte
}

func (w *keyCopyingWrapper) GenerateDataKey(ctx context.Context, tenant string) (plain, wrapped []byte, err error) {
	plain, wrapped, err = w.countingWrapper.GenerateDataKey(ctx, tenant)
	w.plain = bytes.Clone(plain)
	return plain, wrapped, err
}

// The vault wipes what the wrapper handed out.
func TestPlaintextKeysAreWiped(t *testing.T) {
	w := newFixture(t)
	keeper := &keyKeepingWrapper{KeyWrapper: w.KeyWrapper}
	v := encryption.NewFieldCipher(keeper, w.clock.Now)
	wrapped, err := v.NewKey(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := encryption.NewFieldCipher(keeper, w.clock.Now).Encrypt(ctx, tenant, wrapped, place, "v"); err != nil {
		t.Fatal(err)
	}
	for n, plain := range keeper.plain {
		if !bytes.Equal(plain, make([]byte, encryption.KeySize)) {
			t.Errorf("plain key %d is still there", n)
		}
	}
	if len(keeper.plain) != 2 {
		t.Errorf("%d plain keys", len(keeper.plain))
	}
}

// keyKeepingWrapper keeps the very bytes that it hands out.
type keyKeepingWrapper struct {
	encryption.KeyWrapper
	plain [][]byte
}

func (k *keyKeepingWrapper) GenerateDataKey(ctx context.Context, tenant string) (plain, wrapped []byte, err error) {
	plain, wrapped, err = k.KeyWrapper.GenerateDataKey(ctx, tenant)
	k.plain = append(k.plain, plain)
	return plain, wrapped, err
}

func (k *keyKeepingWrapper) Unwrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error) {
	plain, err := k.KeyWrapper.Unwrap(ctx, tenant, wrapped)
	k.plain = append(k.plain, plain)
	return plain, err
}

func encodings(secret []byte) map[string]string {
	decimals := strings.Trim(fmt.Sprint(secret), "[]")
	return map[string]string{
		"as it is":   string(secret),
		"in hex":     hex.EncodeToString(secret),
		"in HEX":     strings.ToUpper(hex.EncodeToString(secret)),
		"in base64":  base64.RawStdEncoding.EncodeToString(secret)[:10],
		"as numbers": decimals,
		"as JSON":    strings.ReplaceAll(decimals, " ", ","),
		"as Go":      strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", secret), "[]byte{"), "}"),
	}
}

func formatted(values ...any) string {
	var out bytes.Buffer
	text, lines := slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		text.Info("m", "v", v, slog.Group("g", "v", v))
		lines.Info("m", "v", v, slog.Group("g", "v", v))
		b, _ := json.Marshal(v)
		out.Write(b)
		fmt.Fprintln(&out, fmt.Errorf("wrapped: %v", v))
	}
	return out.String()
}
