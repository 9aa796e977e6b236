package encryption_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"cedula/shared/encryption"
	"cedula/shared/registry"
)

// TestValuesAndKeysAreNeverPrinted prints every type and every error in every format and looks for the value and the keys.
func TestValuesAndKeysAreNeverPrinted(t *testing.T) {
	const value = "canary@example.com"
	f := newFixture(t)
	wrapped := f.mustNewKey(t, tenant)
	ciphertext := f.mustEncrypt(t, wrapped, value)
	dataKey := f.wrapper.keys[0]
	_, otherTenant := f.Decrypt(ctx, "globex", wrapped, place, ciphertext)
	_, modified := f.Decrypt(ctx, tenant, wrapped, place, flipBit(ciphertext, 100))
	_, noKey := f.Encrypt(ctx, tenant, nil, place, value)
	_, shortLocalKey := encryption.NewLocalKeyWrapper([]byte(value))
	f.wrapper.resize = func(plain []byte) []byte { return plain[:31] }
	_, shortKey := f.withEmptyCache().NewKey(ctx, tenant)
	local := newLocalKeyWrapper(t, 'k')
	out := formatted(otherTenant, modified, noKey, shortLocalKey, shortKey, errors.Unwrap(otherTenant), errors.Unwrap(modified),
		f.FieldCipher, struct{ c any }{f.FieldCipher}, struct{ C *encryption.FieldCipher }{f.FieldCipher}, []any{f.FieldCipher},
		local, *local, struct{ l encryption.LocalKeyWrapper }{*local}, &registry.Registry{Cipher: f.FieldCipher})
	for what, secret := range map[string][]byte{
		"value": []byte(value), "local key": bytes.Repeat([]byte("k"), 8), "data key": dataKey[:8],
		"wrapped key": wrapped[:8], "ciphertext": ciphertext[:8],
	} {
		for how, text := range encodings(secret) {
			if strings.Contains(out, text) {
				t.Errorf("the %s was printed %s", what, how)
			}
		}
	}
	for _, want := range []string{"[vault]", encryption.ErrInvalidCiphertext.Error()} {
		if !strings.Contains(out, want) {
			t.Errorf("output does not contain %q", want)
		}
	}
}

func encodings(secret []byte) map[string]string {
	decimals := strings.Trim(fmt.Sprint(secret), "[]")
	return map[string]string{
		"as it is":   string(secret),
		"in hex":     hex.EncodeToString(secret),
		"in base64":  base64.RawStdEncoding.EncodeToString(secret)[:10],
		"as numbers": decimals,
		"as JSON":    strings.ReplaceAll(decimals, " ", ","),
		"as Go":      strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", secret), "[]byte{"), "}"),
	}
}

func formatted(values ...any) string {
	var out bytes.Buffer
	lines := slog.New(slog.NewJSONHandler(&out, nil))
	for _, v := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		lines.Info("m", "v", v, slog.Group("g", "v", v))
	}
	return out.String()
}
