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

// The key and its thumbprint are those of another implementation.
func TestThumbprint(t *testing.T) {
	var jwk jose.JSONWebKey
	err := jwk.UnmarshalJSON([]byte(`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`))
	wantError(t, err, nil)
	got, err := auth.Thumbprint(jwk.Key.(*ecdsa.PublicKey))
	if want := "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U"; got != want || err != nil {
		t.Errorf("Thumbprint = %s, error = %v, want %s", got, err, want)
	}
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	for fact, key := range map[string]*ecdsa.PublicKey{"no key": nil, "another curve": &p384.PublicKey} {
		if _, err := auth.Thumbprint(key); err == nil {
			t.Errorf("%s: error = nil, want one", fact)
		}
	}
}

func TestPEMRoundTrip(t *testing.T) {
	key := newLocalKey(t)
	der, _ := x509.ParsePKCS8PrivateKey(pemBytes(key.PEM()))
	sec1, _ := x509.MarshalECPrivateKey(der.(*ecdsa.PrivateKey))
	for form, text := range map[string][]byte{
		"PKCS #8": append(key.PEM(), " \n"...),
		"SEC 1":   pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: sec1}),
	} {
		again, err := auth.ParseLocalKey(text)
		if err != nil || kid(again) != kid(key) {
			t.Errorf("%s: key = %v, error = %v, want the same key", form, again, err)
		}
	}
}

func TestOnlyDigestsAreSigned(t *testing.T) {
	if _, err := newLocalKey(t).Sign(ctx, make([]byte, 31)); err == nil {
		t.Error("Sign of 31 bytes: error = nil, want one")
	}
}

func pemBytes(text []byte) []byte { b, _ := pem.Decode(text); return b.Bytes }

func TestParseLocalKeyRejectsInvalidPEM(t *testing.T) {
	good := newLocalKey(t)
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
			t.Errorf("%s: error = %v, want a short one without any part of the key", fact, err)
		}
	}
}
