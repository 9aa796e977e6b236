package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
)

// withTokenizedContact is the version of an identity after the one given, with its email and its phone sealed.
func withTokenizedContact(i identity.Identity) identity.Identity {
	i.WrappedKey = []byte("wrapped key")
	i.EncryptedFields = []identity.EncryptedField{
		{Field: identity.FieldEmail, Ciphertext: []byte("box of the email"), Plaintext: i.Email},
		{Field: identity.FieldPhone, Ciphertext: []byte("box of the phone"), Plaintext: i.Phone},
	}
	i.Email, i.Phone = "xyz@stand.in", "+000"
	return nextVersion(i, i.FirstName)
}

// isFound is whether a look-up of the tenant finds the identity.
func isFound(t *testing.T, s *store.Store, src identity.Index, id string) bool {
	t.Helper()
	src.Tenant = "t"
	entries, err := s.Entries(ctx, src, nil, 10, false)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries) == 1 && entries[0].ID == id
}

func testLookupOfTokenizedValue(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	p := minimalIdentity("p1")
	p.Email, p.Phone = "Ana@Example.com", "+56912345678"
	mustCreate(t, s, p, nil, identity.Idempotency{})
	sealed := mustUpdate(t, s, withTokenizedContact(p))
	read, err := s.Get(ctx, "t", "p1")
	if diff := cmp.Diff(sealed, read); diff != "" || err != nil {
		t.Fatalf("error = %v, want none; identity read (-want +got):\n%s", err, diff)
	}
	for _, of := range read.EncryptedFields {
		if of.Plaintext != "" || of.LookupKey == "" {
			t.Errorf("%s: plaintext %q, lookup key %q, want only a key", of.Field, of.Plaintext, of.LookupKey)
		}
	}
	read.Address.City = "Lima"
	mustUpdate(t, s, nextVersion(read, "Another"))
	for name, src := range map[string]identity.Index{
		"email": {Email: "ana@example.com"}, "phone": {Phone: "+56912345678"},
	} {
		if !isFound(t, s, src, "p1") {
			t.Errorf("%s: not found by the value, want it found", name)
		}
	}
	for name, src := range map[string]identity.Index{"email": {Email: "xyz@stand.in"}, "phone": {Phone: "+000"}} {
		if isFound(t, s, src, "p1") {
			t.Errorf("%s: found by the placeholder, want it not found", name)
		}
	}
	if got := s.LookupKey("t", identity.FieldEmail, "ANA@example.com"); got != read.EncryptedFields[0].LookupKey {
		t.Errorf("LookupKey = %q, want the stored %q", got, read.EncryptedFields[0].LookupKey)
	}
	if s.LookupKey("t2", identity.FieldEmail, "ana@example.com") == read.EncryptedFields[0].LookupKey || s.LookupKey("t", identity.FieldStreet, "x") != "" {
		t.Error("LookupKey is the same for another tenant, or not empty for a field without an index")
	}
}

func testTokenizeAgain(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	p := minimalIdentity("p1")
	p.Email, p.Phone = "ana@example.com", "+56912345678"
	mustCreate(t, s, p, nil, identity.Idempotency{})
	i := nextVersion(mustUpdate(t, s, withTokenizedContact(p)), "Ana")
	i.EncryptedFields[0].Ciphertext, i.EncryptedFields[0].Plaintext, i.Email = []byte("another box..."), "bea@example.com", "abc@stand.in"
	i.EncryptedFields[1].Ciphertext, i.EncryptedFields[1].Plaintext, i.Phone = []byte("box of nothing"), "", ""
	i = mustUpdate(t, s, i)
	if !isFound(t, s, identity.Index{Email: "bea@example.com"}, "p1") || isFound(t, s, identity.Index{Email: "ana@example.com"}, "p1") {
		t.Error("a list by the new value is empty, or one by the old value is not")
	}
	if isFound(t, s, identity.Index{Phone: "+56912345678"}, "p1") || i.EncryptedFields[1].LookupKey != "" {
		t.Error("a list by a cleared value is not empty, want it empty")
	}
}

func testClaimsMoveWithUpdate(t *testing.T, s *store.Store, _ *faulttable.Counter) {
	first := mustCreate(t, s, minimalIdentity("p1"), newClaims("a"), identity.Idempotency{}).Identity
	mustCreate(t, s, minimalIdentity("p2"), newClaims("b"), identity.Idempotency{})
	_, err := s.Update(ctx, nextVersion(first, "X"), newClaims("b"), identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{})
	wantConflict(t, err, "b")
	if i, err := s.Get(ctx, "t", "p1"); err != nil || i.Version != 1 {
		t.Errorf("version after a rejected update = %d, %v, want 1", i.Version, err)
	}
	moved, err := s.Update(ctx, nextVersion(first, "X"), newClaims("c"), newIdempotency("k", 1), identity.LinkChanges{}, identity.SideWrites{})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, "a stale change", errorOf(s.Update(ctx, nextVersion(first, "Y"), newClaims("d"), identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{})), identity.ErrVersionMismatch)
	replayed, err := s.Update(ctx, nextVersion(first, "X"), newClaims("c"), newIdempotency("k", 1), identity.LinkChanges{}, identity.SideWrites{})
	if err != nil || !replayed.Replayed {
		t.Errorf("repeated update = %+v, %v, want a replay", replayed, err)
	}
	_, err = s.Create(ctx, minimalIdentity("p3"), newClaims("c"), identity.Idempotency{}, identity.LinkChanges{})
	wantConflict(t, err, "c")
	mustCreate(t, s, minimalIdentity("p4"), newClaims("a"), identity.Idempotency{}) // the old claim is free
	same, err := s.Update(ctx, nextVersion(moved.Identity, "Z"), newClaims("c"), identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{})
	if err != nil || same.Version != 3 {
		t.Errorf("update that keeps its claim: %v, want version 3", err)
	}
	mustSucceed(t, s.Delete(ctx, "t", "p1", time.Now(), nil))
	mustCreate(t, s, minimalIdentity("p5"), newClaims("c"), identity.Idempotency{})
}
