package kms_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awskms "github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cedula/shared/auth"
)

func TestTokenSignedByKMSIsVerified(t *testing.T) {
	key, s := newKey(t)
	issuer := auth.Issuer{Signer: key, Issuer: "https://i.example", Audience: "a"}
	client := auth.Client{ID: "0123456789abcdef", Tenant: "acme", Scopes: auth.ParseScopes("identity:read")}
	verifier := auth.NewVerifier("https://i.example", "a", auth.KeySet{key})
	for range 20 { // one in 128 has a short r or s
		token, _, err := issuer.Issue(ctx, client)
		if err != nil {
			t.Fatal(err)
		}
		if claims, err := verifier.Verify(ctx, token, time.Now()); err != nil || claims.Client != client.ID {
			t.Fatalf("Verify = %+v, error = %v, want a token of the client %s", claims, err, client.ID)
		}
	}
	s.wantCalls(t, 1, 20)
}

func TestKeyThatAnAliasMeantAtFirstSigns(t *testing.T) {
	key, s := newKey(t)
	if _, err := key.Sign(ctx, digest); err != nil {
		t.Fatal(err)
	}
	got := []any{s.gets[0], s.signs[0]}
	want := []any{awskms.GetPublicKeyInput{KeyId: aws.String("alias/tokens")}, awskms.SignInput{
		KeyId: aws.String(keyARN), Message: digest, MessageType: types.MessageTypeDigest, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256,
	}}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(awskms.GetPublicKeyInput{}, awskms.SignInput{})); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestKeyIDEqualsLocalKeyID(t *testing.T) {
	key, s := newKey(t)
	der, _ := x509.MarshalPKCS8PrivateKey(s.private)
	local, err := auth.ParseLocalKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	got, gotKey, err := key.PublicKey(ctx)
	want, wantKey, _ := local.PublicKey(ctx)
	if err != nil || got != want || !gotKey.Equal(wantKey) {
		t.Errorf("PublicKey = %q, %v, error = %v, want the id of the same key in memory %q", got, gotKey, err, want)
	}
	s.wantCalls(t, 1, 0)
}

func TestKeyIsLoadedAgainAfterAFailure(t *testing.T) {
	key, s := newKey(t)
	s.err = errOutage
	_, _, keyErr := key.PublicKey(ctx)
	_, signErr := key.Sign(ctx, digest)
	for _, err := range []error{keyErr, signErr} {
		if !errors.Is(err, errOutage) {
			t.Errorf("error = %v, want %v", err, errOutage)
		}
	}
	s.err = nil
	if _, err := key.Sign(ctx, digest); err != nil {
		t.Errorf("Sign after the failure: error = %v, want nil", err)
	}
	s.wantCalls(t, 3, 1)
}

func TestSignErrors(t *testing.T) {
	key, s := newKey(t)
	if _, err := key.Sign(ctx, digest[:20]); err == nil {
		t.Error("Sign of 20 bytes: error = nil, want one")
	}
	s.wantCalls(t, 0, 0)
	if _, _, err := key.PublicKey(ctx); err != nil {
		t.Fatal(err)
	}
	s.err = errOutage
	if _, err := key.Sign(ctx, digest); !errors.Is(err, errOutage) {
		t.Errorf("Sign: error = %v, want %v", err, errOutage)
	}
}

func TestUnsupportedKeysAreRejected(t *testing.T) {
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	p384DER, _ := x509.MarshalPKIXPublicKey(&p384.PublicKey)
	rsaKey, _ := rsa.GenerateKey(rand.Reader, 2048)
	rsaDER, _ := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	for fact, edit := range map[string]func(*awskms.GetPublicKeyOutput){
		"for encryption":       func(out *awskms.GetPublicKeyOutput) { out.KeyUsage = types.KeyUsageTypeEncryptDecrypt },
		"for agreement":        func(out *awskms.GetPublicKeyOutput) { out.KeyUsage = types.KeyUsageTypeKeyAgreement },
		"without a usage":      func(out *awskms.GetPublicKeyOutput) { out.KeyUsage = "" },
		"P-384":                func(out *awskms.GetPublicKeyOutput) { out.PublicKey = p384DER },
		"RSA":                  func(out *awskms.GetPublicKeyOutput) { out.PublicKey = rsaDER },
		"cut short":            func(out *awskms.GetPublicKeyOutput) { out.PublicKey = p384DER[:20] },
		"without a public key": func(out *awskms.GetPublicKeyOutput) { out.PublicKey = nil },
	} {
		key, s := newKey(t)
		s.override = edit
		if kid, _, err := key.PublicKey(ctx); err == nil || kid != "" {
			t.Errorf("%s: PublicKey = %q, error = %v, want an error and no id", fact, kid, err)
		}
	}
}

func TestSignatures(t *testing.T) {
	one, zero := derInteger(big.NewInt(1)), derInteger(new(big.Int))
	largest := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 256), big.NewInt(1))
	padded := append(make([]byte, 31), 1)
	for fact, tt := range map[string]struct{ der, want []byte }{ // want nil: an error
		"r and s of one byte": {derSequence(one, one), append(padded, padded...)},
		"high bit set":        {derSequence(derInteger(largest), one), append(largest.Bytes(), padded...)},
		"empty":               {[]byte{}, nil},
		"not DER":             {make([]byte, 64), nil},
		"bytes left over":     {append(derSequence(one, one), 0), nil},
		"r zero":              {derSequence(zero, one), nil},
		"s negative":          {derSequence(one, []byte{2, 1, 0xff}), nil},
		"r of 33 bytes":       {derSequence(derInteger(new(big.Int).Lsh(big.NewInt(1), 256)), one), nil},
		"one number":          {derSequence(one), nil},
	} {
		key, s := newKey(t)
		s.signature = tt.der
		got, err := key.Sign(ctx, digest)
		if (err == nil) != (tt.want != nil) || !slices.Equal(got, tt.want) {
			t.Errorf("%s: Sign = %x, error = %v, want %x", fact, got, err, tt.want)
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
	key, s := newKey(t)
	var all sync.WaitGroup
	for range 30 {
		all.Go(func() {
			if _, err := key.Sign(ctx, digest); err != nil {
				t.Errorf("Sign: error = %v, want nil", err)
			}
		})
	}
	all.Wait()
	s.wantCalls(t, 1, 30)
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	key, s := newKey(t)
	held, release := make(chan struct{}), make(chan struct{})
	s.hold = func() {
		close(held)
		<-release
	}
	var first sync.WaitGroup
	first.Go(func() {
		if _, _, err := key.PublicKey(ctx); err != nil {
			t.Errorf("PublicKey: error = %v, want nil", err)
		}
	})
	<-held
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := key.Sign(canceled, digest); !errors.Is(err, context.Canceled) {
		t.Errorf("Sign: error = %v, want %v", err, context.Canceled)
	}
	close(release)
	first.Wait()
}
