package identity_test

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

	"cedula/shared/identity"
	"cedula/shared/vault"
)

// withVault gives the world a vault.
func (w *world) withVault(t *testing.T) *world {
	t.Helper()
	local, err := vault.NewLocal(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	w.Vault = vault.New(local, func() time.Time { return w.now })
	return w
}

// values are one for each tokenizable field.
var values = map[identity.Field]string{
	identity.FieldFirstName: "Ana María", identity.FieldLastName: "O'Higgins-Ñuñoa", identity.FieldOtherNames: "王小明",
	identity.FieldEmail: "Ana@Example.com", identity.FieldPhone: "+56912345678",
	identity.FieldStreet: "Av. 18 de Julio 1234, 2º", identity.FieldPostalCode: "11.200",
}

func full() identity.Profile {
	return identity.Profile{
		FirstName: values[identity.FieldFirstName], LastName: values[identity.FieldLastName], OtherNames: values[identity.FieldOtherNames],
		Email: values[identity.FieldEmail], Phone: values[identity.FieldPhone],
		Address: identity.Address{Street: values[identity.FieldStreet], PostalCode: values[identity.FieldPostalCode], City: "Montevideo"},
	}
}

func of(i identity.Changed) identity.Change {
	return identity.Change{Tenant: i.Tenant, ID: i.ID, MintID: mint}
}

func TestTokenizeAndBack(t *testing.T) {
	w := newWorld(t).withVault(t)
	created := w.create(t, draft(full()))
	if _, err := w.Tokenize(ctx, of(created), identity.Tokenizable...); err != nil {
		t.Fatal(err)
	}
	read, err := w.Get(ctx, "acme", created.ID)
	if err != nil || read.Version != 2 || read.Address.City != "Montevideo" {
		t.Fatalf("version %d, city %q, %v", read.Version, read.Address.City, err)
	}
	for f, value := range values {
		shown, _ := read.Shown(f)
		if shown == value || shape(shown) != shape(value) {
			t.Errorf("%s: %q is shown for %q", f, shown, value)
		}
	}
	for _, s := range read.Sealed {
		if bytes.Contains(s.Box, []byte(values[s.Field])) || s.Value != "" {
			t.Errorf("%s: the box holds the value", s.Field)
		}
	}
	all, err := w.Detokenize(ctx, "acme", created.ID)
	if err != nil || len(all) != len(values) {
		t.Fatalf("%d values, %v", len(all), err)
	}
	for f, value := range values {
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

func TestTokenizeRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fields []identity.Field
		want   error
		field  identity.Field
	}{
		{"a field that cannot be tokenized", []identity.Field{identity.FieldFirstName, identity.FieldCity}, identity.ErrNeverToken, identity.FieldCity},
		{"a field that is tokenized", []identity.Field{identity.FieldLastName, identity.FieldEmail}, identity.ErrTokenized, identity.FieldEmail},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t).withVault(t)
			created := w.create(t, draft(full()))
			if _, err := w.Tokenize(ctx, of(created), identity.FieldEmail); err != nil {
				t.Fatal(err)
			}
			_, err := w.Tokenize(ctx, of(created), tt.fields...)
			var field *identity.FieldError
			if !errors.Is(err, tt.want) || !errors.As(err, &field) || field.Field != tt.field {
				t.Errorf("got %v", err)
			}
			if i, _ := w.Get(ctx, "acme", created.ID); i.Version != 2 || len(i.Sealed) != 1 {
				t.Errorf("version %d, %d fields tokenized: not all or none", i.Version, len(i.Sealed))
			}
		})
	}
	w := newWorld(t).withVault(t)
	created := w.create(t, draft(full()))
	if _, err := w.Detokenize(ctx, "acme", created.ID, identity.FieldEmail); !errors.Is(err, identity.ErrNotTokenized) {
		t.Errorf("a field that is not tokenized: %v", err)
	}
	if _, err := w.Detokenize(ctx, "acme", created.ID, identity.FieldCity); !errors.Is(err, identity.ErrNeverToken) {
		t.Errorf("a field that cannot be tokenized: %v", err)
	}
	if _, err := w.Detokenize(ctx, "other", created.ID); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("another tenant's: %v", err)
	}
	if _, err := w.Tokenize(ctx, identity.Change{Tenant: "other", ID: created.ID}, identity.FieldEmail); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("another tenant's: %v", err)
	}
	if all, err := w.Detokenize(ctx, "acme", created.ID); err != nil || len(all) != 0 {
		t.Errorf("nothing tokenized: %v, %v", all, err)
	}
}

// TestChangeOfATokenizedField: a new value is sealed in its turn, one that is
// sent back as it is shown changes nothing, a cleared one stays tokenized.
func TestChangeOfATokenizedField(t *testing.T) {
	w := newWorld(t).withVault(t)
	created := w.create(t, draft(full()))
	if _, err := w.Tokenize(ctx, of(created), identity.FieldFirstName, identity.FieldEmail, identity.FieldPhone); err != nil {
		t.Fatal(err)
	}
	before, _ := w.Get(ctx, "acme", created.ID)
	c := of(created)
	c.Apply = func(i *identity.Identity) error {
		i.Email, i.Phone, i.LastName = "bea@example.com", "", "Plain"
		return nil
	}
	changed, err := w.Change(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	if changed.Email == "bea@example.com" || shape(changed.Email) != shape("bea@example.com") || changed.Phone != "" || changed.LastName != "Plain" {
		t.Errorf("email %q, phone %q, last name %q", changed.Email, changed.Phone, changed.LastName)
	}
	if changed.FirstName != before.FirstName || !bytes.Equal(changed.Tokenized(identity.FieldFirstName).Box, before.Tokenized(identity.FieldFirstName).Box) {
		t.Error("a field that was not changed was sealed anew")
	}
	all, err := w.Detokenize(ctx, "acme", created.ID)
	want := map[identity.Field]string{identity.FieldFirstName: "Ana María", identity.FieldEmail: "bea@example.com", identity.FieldPhone: ""}
	if err != nil || fmt.Sprint(all) != fmt.Sprint(want) {
		t.Errorf("got %v, %v; want %v", all, err, want)
	}
	for value, found := range map[string]int{"BEA@example.com": 1, "Ana@Example.com": 0} {
		page, err := w.List(ctx, identity.Listing{Tenant: "acme", Limit: 10, Filter: identity.Filter{Email: value}})
		if err != nil || page.Total != found || len(page.Identities) != found {
			t.Errorf("%s: %d found of %d, %v; want %d", value, len(page.Identities), page.Total, err, found)
		}
	}
}

// TestTokenizedIsUnique: the claim on email, phone and document holds whether
// or not they are tokenized, and moves when one of them changes.
func TestTokenizedIsUnique(t *testing.T) {
	w := newWorld(t).withVault(t)
	unique := func(email string) identity.Draft {
		p := full()
		p.Email, p.DocumentNumber = email, "1-9"
		d := draft(p)
		d.Claims = []identity.Claim{p.Uniqueness()}
		return d
	}
	created := w.create(t, unique("ana@example.com"))
	if _, err := w.Tokenize(ctx, of(created), identity.FieldEmail, identity.FieldPhone); err != nil {
		t.Fatal(err)
	}
	var taken *identity.Taken
	if _, err := w.Create(ctx, unique("ANA@example.com")); !errors.As(err, &taken) {
		t.Errorf("the same person again: %v", err)
	}
	w.create(t, unique("carl@example.com"))
	setEmail := func(email string) error {
		c := of(created)
		c.Apply = func(i *identity.Identity) error { i.Email = email; return nil }
		_, err := w.Change(ctx, c)
		return err
	}
	if err := setEmail("carl@example.com"); !errors.As(err, &taken) {
		t.Errorf("a change into another's: %v", err)
	}
	if err := setEmail("bea@example.com"); err != nil {
		t.Fatal(err)
	}
	w.create(t, unique("ana@example.com")) // it is free
	if _, err := w.Create(ctx, unique("bea@example.com")); !errors.As(err, &taken) {
		t.Errorf("the new one: %v", err)
	}
}

// TestTokenizeAtOnce: seven requests at once tokenize seven fields.
func TestTokenizeAtOnce(t *testing.T) {
	w := newWorld(t).withVault(t)
	created := w.create(t, draft(full()))
	var all sync.WaitGroup
	for _, f := range identity.Tokenizable {
		all.Go(func() {
			if _, err := w.Tokenize(ctx, of(created), f); err != nil {
				t.Errorf("%s: %v", f, err)
			}
		})
	}
	all.Wait()
	read, err := w.Detokenize(ctx, "acme", created.ID)
	if err != nil || fmt.Sprint(read) != fmt.Sprint(values) {
		t.Errorf("got %v, %v", read, err)
	}
	if i, _ := w.Get(ctx, "acme", created.ID); i.Version != 8 {
		t.Errorf("version %d, want 8", i.Version)
	}
}

// TestReplayAfterTokenizing: a create sent again after the identity was
// tokenized does not answer what is sealed now.
func TestReplayAfterTokenizing(t *testing.T) {
	w := newWorld(t).withVault(t)
	d := draft(full())
	d.Idempotency = identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
	created := w.create(t, d)
	if _, err := w.Tokenize(ctx, of(created), identity.Tokenizable...); err != nil {
		t.Fatal(err)
	}
	again := w.create(t, d)
	if !again.Replayed || again.ID != created.ID || len(again.Sealed) != len(values) {
		t.Errorf("replayed %v, %d fields tokenized", again.Replayed, len(again.Sealed))
	}
	for f, value := range values {
		if shown, _ := again.Shown(f); shown == value {
			t.Errorf("%s is answered in clear", f)
		}
	}
}

// cutShort is a store whose Forget fails.
type cutShort struct{ identity.Store }

func (cutShort) Forget(context.Context, identity.Identity) error { return identity.ErrUnavailable }

// TestTokenizingCutShort: what was left undone is done by the same request sent
// again, though it is refused.
func TestTokenizingCutShort(t *testing.T) {
	w := newWorld(t).withVault(t)
	d := draft(full())
	d.Idempotency = identity.Idempotency{Key: "k", Fingerprint: [32]byte{1}}
	created := w.create(t, d)
	whole := w.Store
	w.Store = cutShort{whole}
	if _, err := w.Tokenize(ctx, of(created), identity.FieldFirstName); !errors.Is(err, identity.ErrUnavailable) {
		t.Fatal(err)
	}
	w.Store = whole
	if _, err := w.Tokenize(ctx, of(created), identity.FieldFirstName); !errors.Is(err, identity.ErrTokenized) {
		t.Fatal(err)
	}
	if again := w.create(t, d); again.FirstName == values[identity.FieldFirstName] {
		t.Error("the value is still answered")
	}
}

func TestHolds(t *testing.T) {
	w := newWorld(t).withVault(t)
	created := w.create(t, draft(full()))
	for _, sealed := range []bool{false, true} {
		if sealed {
			if _, err := w.Tokenize(ctx, of(created), identity.FieldEmail, identity.FieldPhone); err != nil {
				t.Fatal(err)
			}
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
			if got := w.Holds(&i, tt.field, tt.value); got != tt.want {
				t.Errorf("tokenized %v: %s holds %q: %v", sealed, tt.field, tt.value, got)
			}
		}
	}
}

// TestNoVault: a tokenized field is never overwritten by a plain value where
// nothing can seal it.
func TestNoVault(t *testing.T) {
	w := newWorld(t).withVault(t)
	created := w.create(t, draft(full()))
	if _, err := w.Tokenize(ctx, of(created), identity.FieldFirstName); err != nil {
		t.Fatal(err)
	}
	w.Vault = nil
	c := of(created)
	c.Apply = func(i *identity.Identity) error { i.FirstName = "Plain"; return nil }
	if _, err := w.Change(ctx, c); err == nil {
		t.Error("written in clear")
	}
	c.Apply = func(i *identity.Identity) error { i.LastName = "Plain"; return nil }
	if _, err := w.Change(ctx, c); err != nil {
		t.Errorf("another field: %v", err)
	}
}

// TestStandInsAreRandom: equal values look different, and what stands in for
// one passes the rules that it passed.
func TestStandInsAreRandom(t *testing.T) {
	w := newWorld(t).withVault(t)
	rapid.Check(t, func(r *rapid.T) {
		p := identity.Profile{FirstName: rapid.StringMatching(`[A-Za-zñÑ]{12,40}`).Draw(r, "name")}
		a, err := w.Create(ctx, draft(p))
		b, err2 := w.Create(ctx, draft(p))
		if errors.Join(err, err2) != nil {
			r.Fatal(err, err2)
		}
		one, err := w.Tokenize(ctx, of(a), identity.FieldFirstName)
		two, err2 := w.Tokenize(ctx, of(b), identity.FieldFirstName)
		if errors.Join(err, err2) != nil {
			r.Fatal(err, err2)
		}
		if one.FirstName == two.FirstName || one.FirstName == p.FirstName || shape(one.FirstName) != shape(p.FirstName) {
			r.Errorf("%q and %q for %q", one.FirstName, two.FirstName, p.FirstName)
		}
	})
}
