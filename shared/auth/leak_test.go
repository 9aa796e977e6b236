package auth_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"cedula/shared/auth"
)

// TestSecretsAreNeverPrinted prints every type in every way and looks for the secrets.
func TestSecretsAreNeverPrinted(t *testing.T) {
	w := newFixture(t)
	if _, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, w.token(t), w.credentials.Keys["conomy"]); err != nil { // fills the cache
		t.Fatal(err)
	}
	key := w.store.keys[w.credentials.Keys["conomy"][4:28]]
	made, text := w.createKey(t, w.credentials.Keys["blnk"], w.keyParams())
	out := printAll(
		w.credentials, &w.credentials, []auth.Credentials{w.credentials}, map[string]any{"c": w.credentials}, struct{ C auth.Credentials }{w.credentials},
		key, &key, []auth.Key{key}, key.Hash, &key.Hash, w.client, &w.client, w.client.Secrets,
		w.hasher, &w.hasher, w.authenticator, w.issuer, w.signer, *w.signer, w.authenticator.Tokens, struct{ h auth.Hasher }{w.hasher},
		made, &made, w.keyManager(), *w.keyManager(), struct{ k *auth.KeyManager }{w.keyManager()},
		struct{ k *auth.LocalKey }{w.signer}, struct{ k auth.LocalKey }{*w.signer},
	)
	secrets := map[string]string{
		"client secret": w.credentials.ClientSecret, "Conomy key": w.credentials.Keys["conomy"][29:], "Blnk key": w.credentials.Keys["blnk"][29:], "key made": text[29:],
		"private key": strings.Split(string(w.signer.PEM()), "\n")[1], "deployment secret": strings.Repeat("s", 32),
		"deployment secret in hex": strings.Repeat("73", 32), "deployment secret in decimals": strings.Repeat("115 ", 8),
	}
	parsed, err := x509.ParsePKCS8PrivateKey(pemBytes(w.signer.PEM()))
	if err != nil {
		t.Fatal(err)
	}
	d := parsed.(*ecdsa.PrivateKey).D //nolint:staticcheck // deprecated for calculating, not for looking
	secrets["private number"], secrets["private number in hex"] = d.String(), d.Text(16)
	secrets["private number in words"] = strings.Trim(fmt.Sprint(d.Bits()), "[]")
	for what, h := range map[string]auth.Hash{"key": key.Hash, "key made": made.Hash, "secret": w.client.Secrets[0].Hash} {
		secrets["hash of the "+what+" in hex"] = hex.EncodeToString(h[:8])
		secrets["hash of the "+what+" in decimals"] = strings.Trim(fmt.Sprint(h[:8]), "[]")
		secrets["hash of the "+what+" in JSON"] = strings.ReplaceAll(strings.Trim(fmt.Sprint(h[:8]), "[]"), " ", ",")
		secrets["hash of the "+what+" in Go"] = strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", h[:8]), "[]byte{"), "}")
	}
	for what, secret := range secrets {
		if strings.Contains(strings.ToLower(out), strings.ToLower(secret)) {
			t.Errorf("the %s was printed; want not strings.Contains(strings.ToLower(out), strings.ToLower(secret))", what)
		}
	}
	if !strings.Contains(out, w.client.ID) {
		t.Error("not even the client's id was printed")
	}
}

func printAll(values ...any) string {
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

func TestHashHasNoJSONForm(t *testing.T) {
	h := newFixture(t).hasher.Hash("x")
	text, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	if json.Unmarshal(text, &h) == nil {
		t.Error("a hidden hash was read back")
	}
}

func TestHasher(t *testing.T) {
	a, b := auth.NewHasher(bytes.Repeat([]byte{1}, 32)), auth.NewHasher(bytes.Repeat([]byte{2}, 32))
	if !a.Hash("x").Equal(a.Hash("x")) || a.Hash("x").Equal(a.Hash("y")) || a.Hash("x").Equal(b.Hash("x")) {
		t.Error("a hash is not one of its secret and text")
	}
	// Fixed once and for all: another value would lock every client out.
	if got := a.Hash("x"); hex.EncodeToString(got[:8]) != pinnedHashPrefix {
		t.Errorf("the hash of a stored credential changed to %s; want hex.EncodeToString(got[:8]) == pinnedHashPrefix", hex.EncodeToString(got[:8]))
	}
	defer func() {
		if recover() == nil {
			t.Error("a short secret was taken")
		}
	}()
	auth.NewHasher(make([]byte, 31))
}

const pinnedHashPrefix = "ca8f1aaf57f2bdb4"
