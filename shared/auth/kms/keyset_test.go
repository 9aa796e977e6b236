package kms_test

import (
	"errors"
	"testing"
	"time"

	"cedula/shared/auth"
)

// TestKeySetFetchesKeysLazily: tokens of the key that signs cost one call
// in all, whatever else is configured; unknown ids cost one for each key, once.
func TestKeySetFetchesKeysLazily(t *testing.T) {
	first, second := newFakeKMS(t), newFakeKMS(t)
	keys := auth.KeySet{first.newKey("alias/now"), second.newKey("alias/before")}
	verifier := auth.NewVerifier("https://i.example", "a", keys)
	client := auth.Client{ID: "0123456789abcdef", Tenant: "acme"}
	token := func(s auth.Signer) string {
		text, _, err := (&auth.Issuer{Signer: s, Issuer: "https://i.example", Audience: "a"}).Issue(ctx, client)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	now := token(keys[0])
	for range 5 {
		if _, err := verifier.Verify(ctx, now, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if first.count("GetPublicKey") != 1 || second.count("GetPublicKey") != 0 {
		t.Errorf(`calls: %v and %v; want first.count("GetPublicKey") == 1 and second.count("GetPublicKey") == 0`, first.calls, second.calls)
	}
	stranger, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	for range 100 {
		if _, err := verifier.Verify(ctx, token(stranger), time.Now()); !errors.Is(err, auth.ErrInvalid) {
			t.Fatalf("err = %v; want auth.ErrInvalid", err)
		}
	}
	if _, err := verifier.Verify(ctx, token(keys[1]), time.Now()); err != nil {
		t.Errorf("a token of the key before: %v", err)
	}
	if first.count("GetPublicKey") != 1 || second.count("GetPublicKey") != 1 {
		t.Errorf(`calls: %v and %v; want first.count("GetPublicKey") == 1 and second.count("GetPublicKey") == 1`, first.calls, second.calls)
	}
}
