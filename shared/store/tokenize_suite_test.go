package store_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/faults"
)

// tokenized is the version of an identity after the one given, with its email
// and its phone sealed.
func tokenized(i identity.Identity) identity.Identity {
	i.DataKey = []byte("wrapped key")
	i.Sealed = []identity.Sealed{
		{Field: identity.FieldEmail, Box: []byte("box of the email"), Value: i.Email},
		{Field: identity.FieldPhone, Box: []byte("box of the phone"), Value: i.Phone},
	}
	i.Email, i.Phone = "xyz@stand.in", "+000"
	return next(i, i.FirstName)
}

func update(t *testing.T, s *store.Store, i identity.Identity) identity.Identity {
	t.Helper()
	got, err := s.Update(ctx, i, nil, identity.Idempotency{}, identity.Links{}, identity.Aside{})
	if err != nil {
		t.Fatal(err)
	}
	return got.Identity
}

// found is whether a look-up of the tenant finds the identity.
func found(t *testing.T, s *store.Store, src identity.Source, id string) bool {
	t.Helper()
	src.Tenant = "t"
	entries, err := s.Entries(ctx, src, nil, 10, false)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries) == 1 && entries[0].ID == id
}

func foundWhenSealed(t *testing.T, s *store.Store, _ *faults.Counter) {
	p := bare("p1")
	p.Email, p.Phone = "Ana@Example.com", "+56912345678"
	create(t, s, p, nil, identity.Idempotency{})
	sealed := update(t, s, tokenized(p))
	read, err := s.Get(ctx, "t", "p1")
	if diff := cmp.Diff(sealed, read); diff != "" || err != nil {
		t.Fatalf("%v\n%s", err, diff)
	}
	for _, of := range read.Sealed {
		if of.Value != "" || of.Held == "" {
			t.Errorf("%s: value %q, held %q", of.Field, of.Value, of.Held)
		}
	}
	read.Address.City = "Lima"
	update(t, s, next(read, "Another"))
	for name, src := range map[string]identity.Source{
		"email": {Email: "ana@example.com"}, "phone": {Phone: "+56912345678"},
	} {
		if !found(t, s, src, "p1") {
			t.Errorf("%s: not found by its value", name)
		}
	}
	for name, src := range map[string]identity.Source{"email": {Email: "xyz@stand.in"}, "phone": {Phone: "+000"}} {
		if found(t, s, src, "p1") {
			t.Errorf("%s: found by what stands in its place", name)
		}
	}
	if got := s.LookUp("t", identity.FieldEmail, "ANA@example.com"); got != read.Sealed[0].Held {
		t.Errorf("the look-up of the email is %q, held is %q", got, read.Sealed[0].Held)
	}
	if s.LookUp("t2", identity.FieldEmail, "ana@example.com") == read.Sealed[0].Held || s.LookUp("t", identity.FieldStreet, "x") != "" {
		t.Error("look-ups of another tenant, or of a field that has none")
	}
}

func sealedAnew(t *testing.T, s *store.Store, _ *faults.Counter) {
	p := bare("p1")
	p.Email, p.Phone = "ana@example.com", "+56912345678"
	create(t, s, p, nil, identity.Idempotency{})
	i := next(update(t, s, tokenized(p)), "Ana")
	i.Sealed[0].Box, i.Sealed[0].Value, i.Email = []byte("another box..."), "bea@example.com", "abc@stand.in"
	i.Sealed[1].Box, i.Sealed[1].Value, i.Phone = []byte("box of nothing"), "", ""
	i = update(t, s, i)
	if !found(t, s, identity.Source{Email: "bea@example.com"}, "p1") || found(t, s, identity.Source{Email: "ana@example.com"}, "p1") {
		t.Error("the new value is not found, or the old one is")
	}
	if found(t, s, identity.Source{Phone: "+56912345678"}, "p1") || i.Sealed[1].Held != "" {
		t.Error("a value that was cleared is found")
	}
}

// keepsBodies is a table that remembers every body written to it and not
// replaced or deleted since.
type keepsBodies struct {
	table.Table
	bodies map[table.Key][]byte
}

func (k *keepsBodies) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	units, err := k.Table.Write(ctx, ops...)
	for _, op := range ops {
		switch {
		case err != nil:
		case op.Action == table.ActionPut:
			k.bodies[op.Item.Key] = op.Item.Body
		case op.Action == table.ActionDelete:
			delete(k.bodies, op.Item.Key)
		}
	}
	return units, err
}

func forgets(t *testing.T, open func(*testing.T) table.Table) {
	k := &keepsBodies{open(t), make(map[table.Key][]byte)}
	s := store.New(k, secret)
	p := bare("p1")
	p.Email = "canary@example.com"
	created := create(t, s, p, nil, once("create", 1)).Identity
	second := next(created, "Second")
	if _, err := s.Update(ctx, second, nil, once("change", 2), identity.Links{}, identity.Aside{}); err != nil {
		t.Fatal(err)
	}
	create(t, s, bare("p2"), nil, once("other", 3))
	now := update(t, s, tokenized(second))
	if err := s.Forget(ctx, now); err != nil {
		t.Fatal(err)
	}
	for key, body := range k.bodies {
		if bytes.Contains(body, []byte("canary")) {
			t.Errorf("%v still holds the email: %s", key, body)
		}
	}
	again, err := s.Create(ctx, p, nil, once("create", 1), identity.Links{})
	if diff := cmp.Diff(identity.Changed{Identity: now, Replayed: true}, again); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	again, err = s.Update(ctx, second, nil, once("change", 2), identity.Links{}, identity.Aside{})
	if diff := cmp.Diff(identity.Changed{Identity: now, Replayed: true}, again); diff != "" || err != nil {
		t.Errorf("%v\n%s", err, diff)
	}
	if _, err := s.Create(ctx, p, nil, once("create", 9), identity.Links{}); !errors.Is(err, identity.ErrIdempotencyReused) {
		t.Errorf("another request under the key: %v", err)
	}
	if other, err := s.Create(ctx, bare("p3"), nil, once("other", 3), identity.Links{}); err != nil || other.ID != "p2" {
		t.Errorf("another identity's key: %v, %v", other.ID, err)
	}
}

func movedClaims(t *testing.T, s *store.Store, _ *faults.Counter) {
	first := create(t, s, bare("p1"), claims("a"), identity.Idempotency{}).Identity
	create(t, s, bare("p2"), claims("b"), identity.Idempotency{})
	_, err := s.Update(ctx, next(first, "X"), claims("b"), identity.Idempotency{}, identity.Links{}, identity.Aside{})
	wantTaken(t, err, "b")
	if i, err := s.Get(ctx, "t", "p1"); err != nil || i.Version != 1 {
		t.Errorf("a refused change made version %d, %v", i.Version, err)
	}
	moved, err := s.Update(ctx, next(first, "X"), claims("c"), once("k", 1), identity.Links{}, identity.Aside{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Update(ctx, next(first, "Y"), claims("d"), identity.Idempotency{}, identity.Links{}, identity.Aside{}); !errors.Is(err, identity.ErrStale) {
		t.Errorf("a stale change: %v", err)
	}
	replayed, err := s.Update(ctx, next(first, "X"), claims("c"), once("k", 1), identity.Links{}, identity.Aside{})
	if err != nil || !replayed.Replayed {
		t.Errorf("the change sent again: %+v, %v", replayed, err)
	}
	_, err = s.Create(ctx, bare("p3"), claims("c"), identity.Idempotency{}, identity.Links{})
	wantTaken(t, err, "c")
	create(t, s, bare("p4"), claims("a"), identity.Idempotency{}) // the old claim is free
	same, err := s.Update(ctx, next(moved.Identity, "Z"), claims("c"), identity.Idempotency{}, identity.Links{}, identity.Aside{})
	if err != nil || same.Version != 3 {
		t.Errorf("a claim kept: %v", err)
	}
	if err := s.Delete(ctx, "t", "p1", nil); err != nil {
		t.Fatal(err)
	}
	create(t, s, bare("p5"), claims("c"), identity.Idempotency{})
}
