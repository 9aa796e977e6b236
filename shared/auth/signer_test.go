package auth_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"cedula/shared/auth"
)

// The thumbprint of another implementation's key, RFC 7638's way.
func TestThumbprint(t *testing.T) {
	var jwk jose.JSONWebKey
	err := jwk.UnmarshalJSON([]byte(`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := auth.Thumbprint(jwk.Key.(*ecdsa.PublicKey))
	if want := "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"; got != want || err != nil {
		t.Errorf("got %s, %v; want got == want and no error", got, err)
	}
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	for fact, key := range map[string]*ecdsa.PublicKey{"no key": nil, "another curve": &p384.PublicKey} {
		if _, err := auth.Thumbprint(key); err == nil {
			t.Errorf("%s has one; want an error", fact)
		}
	}
}

func TestPEMRoundTrip(t *testing.T) {
	key, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	again, err := auth.ParseLocalKey(append(key.PEM(), " \n"...))
	if err != nil || again.KeyID() != key.KeyID() || !again.Public().Equal(key.Public()) {
		t.Error("another key came back", err)
	}
	der, _ := x509.ParsePKCS8PrivateKey(pemBytes(key.PEM()))
	sec1, _ := x509.MarshalECPrivateKey(der.(*ecdsa.PrivateKey))
	again, err = auth.ParseLocalKey(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1}))
	if err != nil || again.KeyID() != key.KeyID() {
		t.Error("another key came back from SEC 1", err)
	}
	if _, err := key.Sign(ctx, make([]byte, 31)); err == nil {
		t.Error("signed what is no digest")
	}
}

func pemBytes(text []byte) []byte { b, _ := pem.Decode(text); return b.Bytes }

func TestParseLocalKeyRejectsInvalidPEM(t *testing.T) {
	good, _ := auth.NewLocalKey()
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, edwards, _ := ed25519.GenerateKey(rand.Reader)
	wrap := func(kind string, key any) []byte {
		der, _ := x509.MarshalPKCS8PrivateKey(key)
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	for fact, text := range map[string][]byte{
		"nothing":         nil,
		"no PEM":          []byte("key"),
		"two keys":        append(good.PEM(), good.PEM()...),
		"something after": append(good.PEM(), 'x'),
		"P-384":           wrap("PRIVATE KEY", p384),
		"Ed25519":         wrap("PRIVATE KEY", edwards),
		"public by name":  wrap("PUBLIC KEY", p384),
		"cut short":       pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pemBytes(good.PEM())[:50]}),
	} {
		if _, err := auth.ParseLocalKey(text); err == nil || strings.Contains(err.Error(), "MIG") || len(err.Error()) > 60 {
			t.Errorf(`%s: %v; want an error and not strings.Contains(err.Error(), "MIG") and len(err.Error()) <= 60`, fact, err)
		}
	}
}
