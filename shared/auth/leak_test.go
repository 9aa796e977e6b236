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

// Every type is printed in every way.
func TestSecretsAreNeverPrinted(t *testing.T) {
	w := newFixture(t)
	_, credentials := w.createClient(t, "acme")
	wantError(t, w.authenticateBearer(w.token(t), w.conomyKey), nil) // fills the cache
	key := w.store.keys[keyID(w.conomyKey)]
	made, text := w.createKey(t, w.blnkKey, "team-a")
	out := strings.ToLower(printAll(
		credentials, &credentials, []auth.Credentials{credentials}, map[string]any{"c": credentials}, struct{ C auth.Credentials }{credentials},
		key, &key, []auth.Key{key}, key.Hash, &key.Hash, w.client, &w.client, w.client.Secrets,
		w.hasher, &w.hasher, w.authenticator, w.issuer, w.signer, *w.signer, w.authenticator.Tokens, struct{ h auth.Hasher }{w.hasher},
		made, &made, w.keyManager, *w.keyManager, struct{ k *auth.KeyManager }{w.keyManager},
		struct{ k *auth.LocalKey }{w.signer}, struct{ k auth.LocalKey }{*w.signer},
	))
	private, err := x509.ParsePKCS8PrivateKey(pemBytes(w.signer.PEM()))
	wantError(t, err, nil)
	d := private.(*ecdsa.PrivateKey).D //nolint:staticcheck // deprecated for arithmetic only
	secrets := map[string]string{
		"client secret": credentials.ClientSecret, "Conomy key": credentials.Keys["conomy"][29:], "Blnk key": credentials.Keys["blnk"][29:],
		"authenticated key": w.conomyKey[29:], "created key": text[29:], "private key": strings.Split(string(w.signer.PEM()), "\n")[1],
		"private number": d.String(), "private number in hex": d.Text(16), "private number in words": strings.Trim(fmt.Sprint(d.Bits()), "[]"),
		"deployment secret": strings.Repeat("s", 32), "deployment secret in hex": strings.Repeat("73", 32), "deployment secret in decimals": strings.Repeat("115 ", 8),
	}
	for what, h := range map[string]auth.Hash{"key": key.Hash, "created key": made.Hash, "secret": w.client.Secrets[0].Hash} {
		decimals := strings.Trim(fmt.Sprint(h[:8]), "[]")
		secrets["hash of the "+what+" in hex"] = hex.EncodeToString(h[:8])
		secrets["hash of the "+what+" in decimals"] = decimals
		secrets["hash of the "+what+" in JSON"] = strings.ReplaceAll(decimals, " ", ",")
		secrets["hash of the "+what+" in Go"] = strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", h[:8]), "[]byte{"), "}")
	}
	for what, secret := range secrets {
		if strings.Contains(out, strings.ToLower(secret)) {
			t.Errorf("the %s was printed", what)
		}
	}
	if !strings.Contains(out, w.client.ID) {
		t.Error("the client's id is missing from the output, want it there")
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

func TestHashDependsOnSecretAndText(t *testing.T) {
	a, b := auth.NewHasher(bytes.Repeat([]byte{1}, 32)), auth.NewHasher(bytes.Repeat([]byte{2}, 32))
	if !a.Hash("x").Equal(a.Hash("x")) || a.Hash("x").Equal(a.Hash("y")) || a.Hash("x").Equal(b.Hash("x")) {
		t.Error("Equal does not depend on the secret and the text alone")
	}
	// Another value would lock all clients out.
	if got, want := a.Hash("x"), "ca8f1aaf57f2bdb4"; hex.EncodeToString(got[:8]) != want {
		t.Errorf("hash begins with %x, want %s as stored", got[:8], want)
	}
}

func TestShortDeploymentSecretPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("NewHasher accepts a secret of 31 bytes")
		}
	}()
	auth.NewHasher(make([]byte, 31))
}
