package vault_test

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

	"cedula/shared/identity"
	"cedula/shared/vault"
)

// TestNothingLeaks prints every type and every error in every way and looks for
// the value and the keys.
func TestNothingLeaks(t *testing.T) {
	const value = "canary@example.com"
	w := newWorld(t)
	keys := &witness{counter: w.counter}
	w.Vault = vault.New(keys, w.clock.Now)
	wrapped := w.newKey(t, tenant)
	box := w.seal(t, wrapped, value)
	_, moved := w.Open(ctx, "globex", wrapped, place, box)
	_, damaged := w.Open(ctx, tenant, wrapped, place, flipped(box, 100))
	_, sealed := w.Seal(ctx, tenant, nil, place, value)
	_, short := vault.NewLocal([]byte(value))
	broken := vault.New(&failing{Wrapper: w.Wrapper, cut: true, length: 31}, w.clock.Now)
	_, cut := broken.NewKey(ctx, tenant)
	local := newLocal(t, 'k')
	if _, err := w.again().Open(ctx, tenant, wrapped, place, box); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{moved, damaged, sealed, short, cut} {
		if err == nil {
			t.Fatal("an error that was to be printed is none")
		}
	}
	out := printed(
		w.Vault, struct{ v any }{w.Vault}, struct{ V *vault.Vault }{w.Vault}, []any{w.Vault}, local, *local, struct{ l vault.Local }{*local},
		&identity.Service{Vault: w.Vault}, moved, damaged, sealed, short, cut, errors.Unwrap(moved), errors.Unwrap(damaged),
	)
	secrets := map[string][]byte{
		"value": []byte(value), "local key": bytes.Repeat([]byte("k"), 32), "part of the local key": bytes.Repeat([]byte("k"), 8),
		"data key": keys.plain, "part of the data key": keys.plain[:8],
		"wrapped key": wrapped[:8], "box": box[:8],
	}
	for what, secret := range secrets {
		for how, text := range spellings(secret) {
			if strings.Contains(out, text) {
				t.Errorf("the %s was printed, %s", what, how)
			}
		}
	}
	if !strings.Contains(out, "[vault]") || !strings.Contains(out, vault.ErrDamaged.Error()) {
		t.Error("nothing was printed")
	}
}

// witness keeps a copy of the data key.
type witness struct {
	*counter
	plain []byte
}

func (w *witness) New(ctx context.Context, tenant string) (plain, wrapped []byte, err error) {
	plain, wrapped, err = w.counter.New(ctx, tenant)
	w.plain = bytes.Clone(plain)
	return plain, wrapped, err
}

// The vault wipes what the wrapper handed out.
func TestPlainKeysAreWiped(t *testing.T) {
	w := newWorld(t)
	keeper := &keeper{Wrapper: w.Wrapper}
	v := vault.New(keeper, w.clock.Now)
	wrapped, err := v.NewKey(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.New(keeper, w.clock.Now).Seal(ctx, tenant, wrapped, place, "v"); err != nil {
		t.Fatal(err)
	}
	for n, plain := range keeper.plain {
		if !bytes.Equal(plain, make([]byte, vault.KeySize)) {
			t.Errorf("plain key %d is still there", n)
		}
	}
	if len(keeper.plain) != 2 {
		t.Errorf("%d plain keys", len(keeper.plain))
	}
}

// keeper keeps the very bytes that it hands out.
type keeper struct {
	vault.Wrapper
	plain [][]byte
}

func (k *keeper) New(ctx context.Context, tenant string) (plain, wrapped []byte, err error) {
	plain, wrapped, err = k.Wrapper.New(ctx, tenant)
	k.plain = append(k.plain, plain)
	return plain, wrapped, err
}

func (k *keeper) Unwrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error) {
	plain, err := k.Wrapper.Unwrap(ctx, tenant, wrapped)
	k.plain = append(k.plain, plain)
	return plain, err
}

func spellings(secret []byte) map[string]string {
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

func printed(values ...any) string {
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
