package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"cedula/shared/encryption"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

// withCipher gives the world a vault.
func (w *testRegistry) withCipher(t *testing.T) *testRegistry {
	t.Helper()
	local, err := encryption.NewLocalKeyWrapper(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	w.Cipher = encryption.NewFieldCipher(local, func() time.Time { return w.now })
	return w
}

// tokenizableValues are one for each tokenizable field.
var tokenizableValues = map[identity.Field]string{
	identity.FieldFirstName: "Ana María", identity.FieldLastName: "O'Higgins-Ñuñoa", identity.FieldOtherNames: "王小明",
	identity.FieldEmail: "Ana@Example.com", identity.FieldPhone: "+56912345678",
	identity.FieldStreet: "Av. 18 de Julio 1234, 2º", identity.FieldPostalCode: "11.200",
}

func tokenizableProfile() identity.Profile {
	return identity.Profile{
		FirstName: tokenizableValues[identity.FieldFirstName], LastName: tokenizableValues[identity.FieldLastName], OtherNames: tokenizableValues[identity.FieldOtherNames],
		Email: tokenizableValues[identity.FieldEmail], Phone: tokenizableValues[identity.FieldPhone],
		Address: identity.Address{Street: tokenizableValues[identity.FieldStreet], PostalCode: tokenizableValues[identity.FieldPostalCode], City: "Montevideo"},
	}
}

func changeOf(i identity.WriteResult) registry.Change {
	return registry.Change{Tenant: i.Tenant, ID: i.ID, GenerateID: generateID}
}

func TestTokenizeAndBack(t *testing.T) {
	w := newTestRegistry(t).withCipher(t)
	created := w.mustCreate(t, draft(tokenizableProfile()))
	w.mustTokenize(t, changeOf(created), identity.TokenizableFields...)
	read, err := w.Get(ctx, "acme", created.ID)
	if err != nil || read.Version != 2 || read.Address.City != "Montevideo" {
		t.Fatalf(`version %d, city %q, %v; want no error and read.Version == 2 and read.Address.City == "Montevideo"`, read.Version, read.Address.City, err)
	}
	for f, value := range tokenizableValues {
		shown, _ := read.DisplayValue(f)
		if shown == value || shape(shown) != shape(value) {
			t.Errorf("%s: %q is shown for %q; want shown != value and shape(shown) == shape(value)", f, shown, value)
		}
	}
	for _, s := range read.EncryptedFields {
		if bytes.Contains(s.Ciphertext, []byte(tokenizableValues[s.Field])) || s.Plaintext != "" {
			t.Errorf(`%s: the box holds the value; want not bytes.Contains(s.Ciphertext, []byte(tokenizableValues[s.Field])) and s.Plaintext == ""`, s.Field)
		}
	}
	all, err := w.Detokenize(ctx, "acme", created.ID)
	if err != nil || len(all) != len(tokenizableValues) {
		t.Fatalf("%d values, %v; want no error and len(all) == len(tokenizableValues)", len(all), err)
	}
	for f, value := range tokenizableValues {
		one, err := w.Detokenize(ctx, "acme", created.ID, f)
		if err != nil || one[f] != value || all[f] != value || len(one) != 1 {
			t.Errorf("%s: %q, %q, %v; want %q", f, one[f], all[f], err, value)
		}
	}
}

// shape is what may stay readable of a value.
func shape(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case unicode.IsDigit(c):
			return '9'
		case unicode.IsUpper(c):
			return 'A'
		case c > unicode.MaxASCII, unicode.IsLetter(c):
			return 'a'
		}
		return c
	}, s)
}

func TestTokenizeErrors(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fields []identity.Field
		want   error
		field  identity.Field
	}{
		{"a field that cannot be tokenized", []identity.Field{identity.FieldFirstName, identity.FieldCity}, identity.ErrNotTokenizable, identity.FieldCity},
		{"a field that is tokenized", []identity.Field{identity.FieldLastName, identity.FieldEmail}, identity.ErrAlreadyTokenized, identity.FieldEmail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newTestRegistry(t).withCipher(t)
			created := w.mustCreate(t, draft(tokenizableProfile()))
			w.mustTokenize(t, changeOf(created), identity.FieldEmail)
			_, err := w.Tokenize(ctx, changeOf(created), tt.fields...)
			var field *identity.FieldError
			if !errors.Is(err, tt.want) || !errors.As(err, &field) || field.Field != tt.field {
				t.Errorf("got %v; want tt.want and a *identity.FieldError and field.Field == tt.field", err)
			}
			if i, _ := w.Get(ctx, "acme", created.ID); i.Version != 2 || len(i.EncryptedFields) != 1 {
				t.Errorf("version %d, %d fields tokenized: not all or none; want i.Version == 2 and len(i.EncryptedFields) == 1", i.Version, len(i.EncryptedFields))
			}
		})
	}
	w := newTestRegistry(t).withCipher(t)
	created := w.mustCreate(t, draft(tokenizableProfile()))
	if _, err := w.Detokenize(ctx, "acme", created.ID, identity.FieldEmail); !errors.Is(err, identity.ErrNotTokenized) {
		t.Errorf("a field that is not tokenized: %v; want identity.ErrNotTokenized", err)
	}
	if _, err := w.Detokenize(ctx, "acme", created.ID, identity.FieldCity); !errors.Is(err, identity.ErrNotTokenizable) {
		t.Errorf("a field that cannot be tokenized: %v; want identity.ErrNotTokenizable", err)
	}
	if _, err := w.Detokenize(ctx, "other", created.ID); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("another tenant's: %v; want identity.ErrNotFound", err)
	}
	if _, err := w.Tokenize(ctx, registry.Change{Tenant: "other", ID: created.ID}, identity.FieldEmail); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("another tenant's: %v; want identity.ErrNotFound", err)
	}
	if all, err := w.Detokenize(ctx, "acme", created.ID); err != nil || len(all) != 0 {
		t.Errorf("nothing tokenized: %v, %v; want no error and len(all) == 0", all, err)
	}
}

// TestUpdateOfATokenizedField: a new value is sealed in its turn, one that is
// sent back as it is shown changes nothing, a cleared one stays tokenized.
func TestUpdateOfATokenizedField(t *testing.T) {
	w := newTestRegistry(t).withCipher(t)
	created := w.mustCreate(t, draft(tokenizableProfile()))
	w.mustTokenize(t, changeOf(created), identity.FieldFirstName, identity.FieldEmail, identity.FieldPhone)
	before, _ := w.Get(ctx, "acme", created.ID)
	c := changeOf(created)
	c.Apply = func(i *identity.Identity) error {
		i.Email, i.Phone, i.LastName = "bea@example.com", "", "Plain"
		return nil
	}
	changed := w.mustUpdate(t, c)
	if changed.Email == "bea@example.com" || shape(changed.Email) != shape("bea@example.com") || changed.Phone != "" || changed.LastName != "Plain" {
		t.Errorf(`email %q, phone %q, last name %q; want changed.Email != "bea@example.com" and shape(changed.Email) == shape("bea@example.com") and changed.Phone == "" and changed.LastName == "Plain"`, changed.Email, changed.Phone, changed.LastName)
	}
	if changed.FirstName != before.FirstName || !bytes.Equal(changed.Tokenized(identity.FieldFirstName).Ciphertext, before.Tokenized(identity.FieldFirstName).Ciphertext) {
		t.Error("a field that was not changed was sealed anew")
	}
	all, err := w.Detokenize(ctx, "acme", created.ID)
	want := map[identity.Field]string{identity.FieldFirstName: "Ana María", identity.FieldEmail: "bea@example.com", identity.FieldPhone: ""}
	if err != nil || fmt.Sprint(all) != fmt.Sprint(want) {
		t.Errorf("got %v, %v; want %v", all, err, want)
	}
	for value, found := range map[string]int{"BEA@example.com": 1, "Ana@Example.com": 0} {
		page, err := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10, Filter: registry.Filter{Email: value}})
		if err != nil || page.Total != found || len(page.Identities) != found {
			t.Errorf("%s: %d found of %d, %v; want %d", value, len(page.Identities), page.Total, err, found)
		}
	}
}

// TestTokenizedIsUnique: the claim on email, phone and document holds whether
// or not they are tokenized, and moves when one of them changes.
func TestTokenizedIsUnique(t *testing.T) {
	w := newTestRegistry(t).withCipher(t)
	unique := func(email string) registry.Draft {
		p := tokenizableProfile()
		p.Email, p.DocumentNumber = email, "1-9"
		d := draft(p)
		d.Claims = []identity.Claim{p.UniquenessClaim()}
		return d
	}
	created := w.mustCreate(t, unique("ana@example.com"))
	w.mustTokenize(t, changeOf(created), identity.FieldEmail, identity.FieldPhone)
	var taken *identity.Conflict
	if _, err := w.Create(ctx, unique("ANA@example.com")); !errors.As(err, &taken) {
		t.Errorf("the same person again: %v; want a *identity.Conflict", err)
	}
	w.mustCreate(t, unique("carl@example.com"))
	setEmail := func(email string) error {
		c := changeOf(created)
		c.Apply = func(i *identity.Identity) error { i.Email = email; return nil }
		_, err := w.Update(ctx, c)
		return err
	}
	if err := setEmail("carl@example.com"); !errors.As(err, &taken) {
		t.Errorf("a change into another's: %v; want a *identity.Conflict", err)
	}
	if err := setEmail("bea@example.com"); err != nil {
		t.Fatal(err)
	}
	w.mustCreate(t, unique("ana@example.com")) // it is free
	if _, err := w.Create(ctx, unique("bea@example.com")); !errors.As(err, &taken) {
		t.Errorf("the new one: %v; want a *identity.Conflict", err)
	}
}

// TestConcurrentTokenizations: seven requests at once tokenize seven fields.
func TestConcurrentTokenizations(t *testing.T) {
	w := newTestRegistry(t).withCipher(t)
	created := w.mustCreate(t, draft(tokenizableProfile()))
	var all sync.WaitGroup
	for _, f := range identity.TokenizableFields {
		all.Go(func() {
			if _, err := w.Tokenize(ctx, changeOf(created), f); err != nil {
				t.Errorf("%s: error = %v, want none", f, err)
			}
		})
	}
	all.Wait()
	read, err := w.Detokenize(ctx, "acme", created.ID)
	if err != nil || fmt.Sprint(read) != fmt.Sprint(tokenizableValues) {
		t.Errorf("got %v, %v; want no error and fmt.Sprint(read) == fmt.Sprint(tokenizableValues)", read, err)
	}
	if i, _ := w.Get(ctx, "acme", created.ID); i.Version != 8 {
		t.Errorf("version %d, want 8", i.Version)
	}
}

// TestReplayAfterTokenizing: a create sent again after the identity was
// tokenized does not answer what is sealed now.
func TestReplayAfterTokenizing(t *testing.T) {
	w := newTestRegistry(t).withCipher(t)
	d := draft(tokenizableProfile())
	d.Idempotency = identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
	created := w.mustCreate(t, d)
	w.mustTokenize(t, changeOf(created), identity.TokenizableFields...)
	again := w.mustCreate(t, d)
	if !again.Replayed || again.ID != created.ID || len(again.EncryptedFields) != len(tokenizableValues) {
		t.Errorf("replayed %v, %d fields tokenized; want again.Replayed and again.ID == created.ID and len(again.EncryptedFields) == len(tokenizableValues)", again.Replayed, len(again.EncryptedFields))
	}
	for f, value := range tokenizableValues {
		if shown, _ := again.DisplayValue(f); shown == value {
			t.Errorf("%s is answered in clear; want shown != value", f)
		}
	}
}

// failingRewriteStore is a store whose Forget fails.
type failingRewriteStore struct{ identity.Store }

func (failingRewriteStore) RewriteReplays(context.Context, identity.Identity) error {
	return identity.ErrUnavailable
}

// TestInterruptedTokenizationIsCompleted: what was left undone is done by the same request sent
// again, though it is refused.
func TestInterruptedTokenizationIsCompleted(t *testing.T) {
	w := newTestRegistry(t).withCipher(t)
	d := draft(tokenizableProfile())
	d.Idempotency = identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
	created := w.mustCreate(t, d)
	whole := w.Store
	w.Store = failingRewriteStore{whole}
	if _, err := w.Tokenize(ctx, changeOf(created), identity.FieldFirstName); !errors.Is(err, identity.ErrUnavailable) {
		t.Fatalf("err = %v; want identity.ErrUnavailable", err)
	}
	w.Store = whole
	if _, err := w.Tokenize(ctx, changeOf(created), identity.FieldFirstName); !errors.Is(err, identity.ErrAlreadyTokenized) {
		t.Fatalf("err = %v; want identity.ErrAlreadyTokenized", err)
	}
	if again := w.mustCreate(t, d); again.FirstName == tokenizableValues[identity.FieldFirstName] {
		t.Error("the value is still answered")
	}
}

func TestHasValue(t *testing.T) {
	w := newTestRegistry(t).withCipher(t)
	created := w.mustCreate(t, draft(tokenizableProfile()))
	for _, sealed := range []bool{false, true} {
		if sealed {
			w.mustTokenize(t, changeOf(created), identity.FieldEmail, identity.FieldPhone)
		}
		i, _ := w.Get(ctx, "acme", created.ID)
		for _, tt := range []struct {
			field identity.Field
			value string
			want  bool
		}{
			{identity.FieldEmail, "ana@EXAMPLE.com", true},
			{identity.FieldEmail, "bea@example.com", false},
			{identity.FieldEmail, "", false},
			{identity.FieldPhone, "+56912345678", true},
			{identity.FieldPhone, "56912345678", false},
		} {
			if got := w.HasValue(&i, tt.field, tt.value); got != tt.want {
				t.Errorf("tokenized %v: %s holds %q: %v; want got == tt.want", sealed, tt.field, tt.value, got)
			}
		}
	}
}

// TestUpdateWithoutACipherFails: a tokenized field is never overwritten by a plain value where
// nothing can seal it.
func TestUpdateWithoutACipherFails(t *testing.T) {
	w := newTestRegistry(t).withCipher(t)
	created := w.mustCreate(t, draft(tokenizableProfile()))
	w.mustTokenize(t, changeOf(created), identity.FieldFirstName)
	w.Cipher = nil
	c := changeOf(created)
	c.Apply = func(i *identity.Identity) error { i.FirstName = "Plain"; return nil }
	if _, err := w.Update(ctx, c); err == nil {
		t.Error("a tokenized field was updated without a cipher, want an error")
	}
	c.Apply = func(i *identity.Identity) error { i.LastName = "Plain"; return nil }
	if _, err := w.Update(ctx, c); err != nil {
		t.Errorf("another field: error = %v, want none", err)
	}
}

// TestPlaceholdersAreRandom: equal values look different, and what stands in for
// one passes the rules that it passed.
func TestPlaceholdersAreRandom(t *testing.T) {
	w := newTestRegistry(t).withCipher(t)
	rapid.Check(t, func(r *rapid.T) {
		p := identity.Profile{FirstName: rapid.StringMatching(`[A-Za-zñÑ]{12,40}`).Draw(r, "name")}
		a, err := w.Create(ctx, draft(p))
		b, err2 := w.Create(ctx, draft(p))
		if errors.Join(err, err2) != nil {
			r.Fatalf("err = %v, err2 = %v; want errors.Join(err, err2) == nil", err, err2)
		}
		one, err := w.Tokenize(ctx, changeOf(a), identity.FieldFirstName)
		two, err2 := w.Tokenize(ctx, changeOf(b), identity.FieldFirstName)
		if errors.Join(err, err2) != nil {
			r.Fatalf("err = %v, err2 = %v; want errors.Join(err, err2) == nil", err, err2)
		}
		if one.FirstName == two.FirstName || one.FirstName == p.FirstName || shape(one.FirstName) != shape(p.FirstName) {
			r.Errorf("%q and %q for %q; want one.FirstName != two.FirstName and one.FirstName != p.FirstName and shape(one.FirstName) == shape(p.FirstName)", one.FirstName, two.FirstName, p.FirstName)
		}
	})
}
