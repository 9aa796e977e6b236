package kms_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"

	"cedula/shared/auth"
	"cedula/shared/auth/kms"
)

var ctx = context.Background()

func TestTokenSignedByKMSIsVerified(t *testing.T) {
	s := newFakeKMS(t)
	key := s.newKey("alias/tokens")
	issuer := auth.Issuer{Signer: key, Issuer: "https://i.example", Audience: "a"}
	client := auth.Client{ID: "0123456789abcdef", Tenant: "acme", Scopes: auth.ParseScopes("identity:read")}
	verifier := auth.NewVerifier("https://i.example", "a", s.newKey("alias/tokens"))
	for range 20 { // short r and s come along about once in 128
		token, _, err := issuer.Issue(ctx, client)
		if err != nil {
			t.Fatal(err)
		}
		if claims, err := verifier.Verify(ctx, token, time.Now()); err != nil || claims.Client != client.ID {
			t.Fatalf("err = %v; want no error and claims.Client == client.ID", err)
		}
	}
	if s.count("GetPublicKey") != 2 || s.count("Sign") != 20 {
		t.Errorf(`calls: %v; want s.count("GetPublicKey") == 2 and s.count("Sign") == 20`, s.calls)
	}
	if diff := cmp.Diff(map[string]any{"KeyId": "alias/tokens"}, s.lastInput["GetPublicKey"]); diff != "" {
		t.Errorf("diff = %v, want %v", diff, "")
	}
	delete(s.lastInput["Sign"], "Message")
	want := map[string]any{"KeyId": keyARN, "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
	if diff := cmp.Diff(want, s.lastInput["Sign"]); diff != "" {
		t.Error("an alias may move, so the key itself signs:", diff)
	}
}

func TestKeyIDEqualsLocalKeyID(t *testing.T) {
	s := newFakeKMS(t)
	der, _ := x509.MarshalPKCS8PrivateKey(s.private)
	local, err := auth.ParseLocalKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	key := s.newKey("k")
	if key.KeyID() != local.KeyID() || !key.Public().Equal(local.Public()) || s.count("GetPublicKey") != 1 {
		t.Error("not the same key")
	}
}

func TestKeySource(t *testing.T) {
	s := newFakeKMS(t)
	key := s.newKey("k")
	if got, err := key.Key(ctx, key.KeyID()); err != nil || !s.private.PublicKey.Equal(got) {
		t.Errorf("err = %v; want no error and s.private.PublicKey == got", err)
	}
	if _, err := key.Key(ctx, "another"); !errors.Is(err, auth.ErrNotFound) {
		t.Errorf("err = %v; want auth.ErrNotFound", err)
	}
	s.failures["GetPublicKey"] = []failure{{400, "DisabledException"}}
	if _, err := s.newKey("k").Key(ctx, "any"); err == nil || errors.Is(err, auth.ErrNotFound) {
		t.Errorf("a key that could not be fetched: %v; want an error and not auth.ErrNotFound", err)
	}
}

func TestFailures(t *testing.T) {
	s := newFakeKMS(t)
	var denied *types.DisabledException
	digest := make([]byte, sha256.Size)

	key := s.newKey("k")
	s.failures["GetPublicKey"] = []failure{{400, "DisabledException"}, {400, "DisabledException"}, {400, "DisabledException"}}
	if err := key.Load(ctx); !errors.As(err, &denied) {
		t.Errorf("the reason is lost: %v; want a *types.DisabledException", err)
	}
	if key.KeyID() != "" || key.Public() != nil {
		t.Error("a key that could not be fetched has an id")
	}
	if _, err := key.Sign(ctx, digest); err != nil {
		t.Errorf("it was not fetched again: %v", err)
	}
	s.failures["Sign"] = []failure{{400, "DisabledException"}}
	if _, err := key.Sign(ctx, digest); !errors.As(err, &denied) {
		t.Errorf("the reason is lost: %v; want a *types.DisabledException", err)
	}
	s.failures["Sign"] = []failure{{500, "KMSInternalException"}}
	if _, err := key.Sign(ctx, digest); err != nil {
		t.Errorf("the client did not try again: %v", err)
	}
	s.failures["Sign"] = []failure{{503, "KeyUnavailableException"}, {503, "KeyUnavailableException"}}
	if _, err := key.Sign(ctx, digest); err == nil {
		t.Error("signed by a key that is away")
	}
	before := s.count("Sign")
	if _, err := key.Sign(ctx, digest[:20]); err == nil || s.count("Sign") != before {
		t.Error("a digest of another length was sent")
	}
	if s.count("GetPublicKey") != 4 {
		t.Errorf(`%d fetches of the public key; want s.count("GetPublicKey") == 4`, s.count("GetPublicKey"))
	}
}

func TestUnsupportedKeysAreRejected(t *testing.T) {
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p384DER, _ := x509.MarshalPKIXPublicKey(&p384.PublicKey)
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	rsaDER, _ := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	for fact, change := range map[string]map[string]any{
		"for encryption":       {"KeyUsage": "ENCRYPT_DECRYPT"},
		"for agreement":        {"KeyUsage": "KEY_AGREEMENT"},
		"without a usage":      {"KeyUsage": ""},
		"P-384":                {"PublicKey": p384DER},
		"RSA":                  {"PublicKey": rsaDER},
		"cut short":            {"PublicKey": p384DER[:20]},
		"without a public key": {"PublicKey": []byte{}},
	} {
		s := newFakeKMS(t)
		s.overrides["GetPublicKey"] = change
		key := s.newKey("k")
		if err := key.Load(ctx); err == nil || key.KeyID() != "" {
			t.Errorf(`%s: taken; want an error and key.KeyID() == ""`, fact)
		}
	}
}

func TestSignatures(t *testing.T) {
	one, n := "020101", elliptic.P256().Params().N
	short, _ := hex.DecodeString("3006" + one + one)
	padded := append(make([]byte, 31), 1)
	for fact, try := range map[string]struct {
		der  []byte
		want []byte // nil: refused
	}{
		"r and s of one byte": {short, append(padded, padded...)},
		"high bit set":        {derSequence(derInteger(new(big.Int).Sub(n, big.NewInt(1))), derInteger(big.NewInt(1))), append(new(big.Int).Sub(n, big.NewInt(1)).Bytes(), padded...)},
		"empty":               {[]byte{}, nil},
		"not DER":             {make([]byte, 64), nil},
		"bytes left over":     {append(append([]byte{}, short...), 0), nil},
		"r zero":              {derSequence(derInteger(big.NewInt(0)), derInteger(big.NewInt(1))), nil},
		"s negative":          {derSequence(derInteger(big.NewInt(1)), []byte{2, 1, 0xff}), nil},
		"r of 33 bytes":       {derSequence(derInteger(new(big.Int).Lsh(big.NewInt(1), 256)), derInteger(big.NewInt(1))), nil},
		"one number":          {derSequence(derInteger(big.NewInt(1))), nil},
	} {
		s := newFakeKMS(t)
		s.overrides["Sign"] = map[string]any{"Signature": base64.StdEncoding.EncodeToString(try.der)}
		got, err := s.newKey("k").Sign(ctx, make([]byte, sha256.Size))
		if (err == nil) != (try.want != nil) || !cmp.Equal(got, try.want) {
			t.Errorf("%s: %x, %v; want (err == nil) == (try.want != nil) and got == try.want", fact, got, err)
		}
	}
}

func derInteger(n *big.Int) []byte {
	b := n.Bytes()
	if len(b) == 0 || b[0] >= 0x80 {
		b = append([]byte{0}, b...)
	}
	return append([]byte{2, byte(len(b))}, b...)
}

func derSequence(parts ...[]byte) []byte {
	all := slices.Concat(parts...)
	return append([]byte{0x30, byte(len(all))}, all...)
}

func TestConcurrentCallsFetchOnce(t *testing.T) {
	s := newFakeKMS(t)
	key := s.newKey("k")
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			if _, err := key.Sign(ctx, make([]byte, sha256.Size)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if s.count("GetPublicKey") != 1 {
		t.Errorf(`%d fetches; want s.count("GetPublicKey") == 1`, s.count("GetPublicKey"))
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	s := newFakeKMS(t)
	held, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s.beforeResponse = func(string) { once.Do(func() { close(held); <-release }) }
	key := s.newKey("k")
	var first sync.WaitGroup
	first.Go(func() {
		if err := key.Load(ctx); err != nil {
			t.Error(err)
		}
	})
	<-held
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := key.Sign(ended, make([]byte, sha256.Size)); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v; want context.Canceled", err)
	}
	close(release)
	first.Wait()
}

func TestNewRequiresClientAndKeyID(t *testing.T) {
	if _, err := kms.New(nil, "k"); err == nil {
		t.Error("no client")
	}
	var client kms.API = struct{ kms.API }{}
	if _, err := kms.New(client, ""); err == nil {
		t.Error("no key id")
	}
}
