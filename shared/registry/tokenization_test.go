package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"cedula/infra/testenv"
	"cedula/shared/encryption"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

func newTestRegistryWithCipher(t *testing.T) *testRegistry {
	t.Helper()
	w := newTestRegistry(t)
	w.Cipher = encryption.NewFieldCipher(testenv.Must(encryption.NewLocalKeyWrapper(bytes.Repeat([]byte("k"), 32)))(t), func() time.Time { return w.now })
	return w
}

// tokenizableValues has a value for each tokenizable field.
var tokenizableValues = map[identity.Field]string{
	identity.FieldFirstName: "Ana María", identity.FieldLastName: "O'Higgins-Ñuñoa", identity.FieldOtherNames: "王小明",
	identity.FieldEmail: "Ana@Example.com", identity.FieldPhone: "+56912345678",
	identity.FieldStreet: "Av. 18 de Julio 1234, 2º", identity.FieldPostalCode: "11.200",
}

func tokenizableProfile() identity.Profile {
	p := identity.Profile{Address: identity.Address{City: "Montevideo"}}
	for f, value := range tokenizableValues {
		*p.StringField(f) = value
	}
	return p
}

// createTokenized creates an identity some of whose fields are tokenized.
func (w *testRegistry) createTokenized(t *testing.T, fields ...identity.Field) string {
	t.Helper()
	id := w.mustCreate(t, draft(tokenizableProfile())).ID
	if len(fields) > 0 {
		w.mustTokenize(t, id, fields...)
	}
	return id
}

func (w *testRegistry) wantDetokenized(t *testing.T, id string, want map[identity.Field]string, fields ...identity.Field) {
	t.Helper()
	got := testenv.Must(w.Detokenize(ctx, "acme", id, fields...))(t)
	if !maps.Equal(got, want) {
		t.Errorf("Detokenize(%v) = %q, want %q", fields, got, want)
	}
}

func TestTokenizedValuesAreEncryptedAndReturned(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	id := w.createTokenized(t, identity.TokenizableFields...)
	read := w.mustGet(t, id)
	if read.Version != 2 || read.Address.City != "Montevideo" {
		t.Errorf("version %d, city %q, want 2, Montevideo", read.Version, read.Address.City)
	}
	for f, value := range tokenizableValues {
		if shown := *read.StringField(f); shown == value || shape(shown) != shape(value) {
			t.Errorf("%s: %q is shown instead of %q, want another text of its shape", f, shown, value)
		}
		if e := read.Tokenized(f); bytes.Contains(e.Ciphertext, []byte(value)) || e.Plaintext != "" {
			t.Errorf("%s: ciphertext %q, plaintext %q, want the value encrypted", f, e.Ciphertext, e.Plaintext)
		}
		w.wantDetokenized(t, id, map[identity.Field]string{f: value}, f)
	}
	w.wantDetokenized(t, id, tokenizableValues)
}

// shape is what a placeholder has in common with its value.
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

func TestTokenizeAllFieldsOrNone(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	id := w.createTokenized(t, identity.FieldEmail)
	for _, tt := range []struct {
		fields []identity.Field
		want   string
		is     error
	}{
		{[]identity.Field{identity.FieldFirstName, identity.FieldCity}, "address.city cannot be tokenized", identity.ErrNotTokenizable},
		{[]identity.Field{identity.FieldLastName, identity.FieldEmail}, "email is tokenized already", identity.ErrAlreadyTokenized},
	} {
		_, err := w.Tokenize(ctx, change(id, nil), tt.fields...)
		wantText[*identity.FieldError](t, tt.want, err, tt.want)
		wantIs(t, tt.want, err, tt.is)
		if i := w.mustGet(t, id); i.Version != 2 || len(i.EncryptedFields) != 1 {
			t.Errorf("%s: version %d with %d tokenized fields afterwards, want 2 with 1", tt.want, i.Version, len(i.EncryptedFields))
		}
	}
}

func TestDetokenizeErrors(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	id := w.createTokenized(t)
	_, err := w.Detokenize(ctx, "acme", id, identity.FieldEmail)
	wantIs(t, "a field that is not tokenized", err, identity.ErrNotTokenized)
	_, err = w.Detokenize(ctx, "acme", id, identity.FieldCity)
	wantIs(t, "a field that cannot be tokenized", err, identity.ErrNotTokenizable)
	_, err = w.Detokenize(ctx, "other", id)
	wantIs(t, "another tenant's identity", err, identity.ErrNotFound)
	_, err = w.Tokenize(ctx, registry.Change{Tenant: "other", ID: id}, identity.FieldEmail)
	wantIs(t, "another tenant's identity", err, identity.ErrNotFound)
	w.wantDetokenized(t, id, nil)
}

func TestUpdateOfATokenizedField(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	id := w.createTokenized(t, identity.FieldFirstName, identity.FieldEmail, identity.FieldPhone)
	before := w.mustGet(t, id)
	changed := w.mustUpdate(t, change(id, func(i *identity.Identity) error {
		i.Email, i.Phone, i.LastName = "bea@example.com", "", "Plain"
		return nil
	}))
	if changed.Email == "bea@example.com" || shape(changed.Email) != shape("bea@example.com") {
		t.Errorf("Email = %q, want a placeholder of bea@example.com", changed.Email)
	}
	if changed.Phone != "" || changed.LastName != "Plain" {
		t.Errorf("Phone = %q, LastName = %q, want empty, Plain", changed.Phone, changed.LastName)
	}
	if changed.FirstName != before.FirstName || !bytes.Equal(changed.Tokenized(identity.FieldFirstName).Ciphertext, before.Tokenized(identity.FieldFirstName).Ciphertext) {
		t.Error("the unchanged first name was encrypted again, want it as it was")
	}
	w.wantDetokenized(t, id, map[identity.Field]string{identity.FieldFirstName: "Ana María", identity.FieldEmail: "bea@example.com", identity.FieldPhone: ""})
	for email, want := range map[string]int{"BEA@example.com": 1, "Ana@Example.com": 0} {
		page := testenv.Must(w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10, Filter: registry.Filter{Email: email}}))(t)
		if page.Total != want || len(page.Identities) != want {
			t.Errorf("List(%s) = %d of %d identities, want %d", email, len(page.Identities), page.Total, want)
		}
	}
}

// TestFormerPlaceholderIsRejected: a client that writes back what it read before the last changes must not replace the
// value by the placeholder of that time.
func TestFormerPlaceholderIsRejected(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	id := w.createTokenized(t, identity.FieldFirstName)
	first := w.mustGet(t, id).FirstName
	second := w.mustUpdate(t, setFirstName(id, "Beatriz")).FirstName
	third := w.mustUpdate(t, setFirstName(id, "Clara")).FirstName
	for _, tt := range []struct{ name, value, want string }{
		{"before both changes", first, "first_name must be a value, not a placeholder"},
		{"before the last change", second, "first_name must be a value, not a placeholder"},
		{"the current one", third, ""},
	} {
		_, err := w.Update(ctx, setFirstName(id, tt.value))
		if tt.want == "" && err != nil {
			t.Errorf("%s: error = %v, want none", tt.name, err)
		}
		if tt.want != "" {
			wantErrorAs[*identity.Invalid](t, tt.name, err)
		}
		w.wantDetokenized(t, id, map[identity.Field]string{identity.FieldFirstName: "Clara"})
	}
}

func TestTokenizedIdentityIsUnique(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	create := func(email string) (identity.WriteResult, error) {
		p := tokenizableProfile()
		p.Email, p.DocumentNumber = email, "1-9"
		d := draft(p)
		d.Claims = []identity.Claim{p.UniquenessClaim()}
		return w.Create(ctx, d)
	}
	id := testenv.Must(create("ana@example.com"))(t).ID
	w.mustTokenize(t, id, identity.FieldEmail, identity.FieldPhone)
	_, err := create("ANA@example.com")
	wantErrorAs[*identity.Conflict](t, "the same person", err)
	_, err = create("carl@example.com")
	wantIs(t, "another person", err, nil)
	setEmail := func(email string) registry.Change {
		return change(id, func(i *identity.Identity) error { i.Email = email; return nil })
	}
	_, err = w.Update(ctx, setEmail("carl@example.com"))
	wantErrorAs[*identity.Conflict](t, "a change into another person", err)
	w.mustUpdate(t, setEmail("bea@example.com"))
	_, err = create("ana@example.com")
	wantIs(t, "the values before the change", err, nil)
	_, err = create("bea@example.com")
	wantErrorAs[*identity.Conflict](t, "the values after the change", err)
}

// TestReplayHidesTokenizedValues: the replays of a create and of an update show the placeholders of now, in the versions
// that the requests created, and an address that waits for its verification is hidden as well.
func TestReplayHidesTokenizedValues(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	d := draft(tokenizableProfile())
	d.Idempotency = idempotency("create", 1)
	id := w.mustCreate(t, d).ID
	rename := setFirstName(id, "Bea")
	rename.Idempotency = idempotency("rename", 2)
	w.mustUpdate(t, rename)
	w.mustTokenize(t, id, identity.FieldFirstName)
	others := slices.DeleteFunc(slices.Clone(identity.TokenizableFields), func(f identity.Field) bool { return f == identity.FieldFirstName })
	w.mustTokenize(t, id, others...)
	current := w.mustGet(t, id)
	for version, send := range map[int64]func() (identity.WriteResult, error){
		1: func() (identity.WriteResult, error) { return w.Create(ctx, d) },
		2: func() (identity.WriteResult, error) { return w.Update(ctx, rename) },
	} {
		got, err := send()
		wantIs(t, "the replay", err, nil)
		if !got.Replayed || got.Version != version {
			t.Errorf("Replayed = %v, Version = %d, want true and the version %d of the request", got.Replayed, got.Version, version)
		}
		for _, f := range identity.TokenizableFields {
			if shown, want := *got.StringField(f), *current.StringField(f); shown != want {
				t.Errorf("%s in the replay of version %d = %q, want the placeholder %q", f, version, shown, want)
			}
		}
	}
}

func idempotency(key string, request byte) identity.Idempotency {
	return identity.Idempotency{Key: key, Fingerprint: [32]byte{request}}
}

func TestReplayShowsNoAddressThatIsTokenized(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	created := w.createActive(t, ana)
	move := change(created.ID, func(i *identity.Identity) error { i.Email = "secret@example.com"; return nil })
	move.Idempotency = idempotency("move", 1)
	wantEmail(t, "changed", w.mustUpdate(t, move), ana.Email, true, "secret@example.com")
	w.mustTokenize(t, created.ID, identity.FieldEmail)
	again := w.mustUpdate(t, move)
	now := w.mustGet(t, created.ID)
	got, want := again.Verification(identity.ChannelEmail).PendingAddress, now.Verification(identity.ChannelEmail).PendingAddress
	if !again.Replayed || got != want || got == "secret@example.com" {
		t.Errorf("PendingAddress in the replay = %q, want the placeholder %q", got, want)
	}
}

// TestReplayOfAnotherIncarnation: the response to a create does not come back when its id belongs to another identity.
func TestReplayOfAnotherIncarnation(t *testing.T) {
	w := newTestRegistry(t)
	d := draft(tokenizableProfile())
	d.ID, d.Idempotency = "p", idempotency("create", 1)
	w.mustCreate(t, d)
	w.mustDelete(t, "p")
	_, err := w.Create(ctx, d)
	wantIs(t, "the replay after the deletion", err, identity.ErrNotFound)
	w.now = w.now.Add(time.Second)
	w.createWithID(t, "p")
	_, err = w.Create(ctx, d)
	wantIs(t, "the replay beside another identity", err, identity.ErrNotFound)
}

func (w *testRegistry) tryTokenize(id string, f identity.Field) error {
	_, err := w.Tokenize(ctx, change(id, nil), f)
	return err
}

// TestReplaysBesideTokenizationAndDeletion: once a tokenization or a deletion has returned, no replay shows the value or
// the identity.
func TestReplaysBesideTokenizationAndDeletion(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	for n := range 200 {
		w.now = w.now.Add(time.Second)
		id := fmt.Sprint("p", n)
		d := draft(tokenizableProfile())
		d.ID, d.Idempotency = id, idempotency(id, 1)
		w.mustCreate(t, d)
		steps := []func() error{
			func() error { return w.tryTokenize(id, identity.FieldFirstName) },
			func() error { return w.tryTokenize(id, identity.FieldLastName) },
			func() error { _, err := w.Create(ctx, d); return err },
		}
		deletes := n%2 == 0
		if deletes {
			steps = append(steps, func() error { return w.Delete(ctx, "acme", id, nil) })
		}
		for _, err := range concurrently(len(steps), func(n int) error { return steps[n]() }) {
			if err != nil && !errors.Is(err, identity.ErrNotFound) {
				t.Fatal(err)
			}
		}
		again, err := w.Create(ctx, d)
		if deletes {
			wantIs(t, "the replay after the deletion", err, identity.ErrNotFound)
			continue
		}
		if err != nil || again.FirstName == d.FirstName || again.LastName == d.LastName {
			t.Fatalf("the replay shows %q %q, %v, want two placeholders", again.FirstName, again.LastName, err)
		}
	}
}

func TestHasValue(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	for _, id := range []string{w.createTokenized(t), w.createTokenized(t, identity.FieldEmail, identity.FieldPhone)} {
		i := w.mustGet(t, id)
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
				t.Errorf("%d tokenized fields: HasValue(%s, %q) = %v, want %v", len(i.EncryptedFields), tt.field, tt.value, got, tt.want)
			}
		}
	}
}

func TestUpdateOfATokenizedFieldNeedsACipher(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	id := w.createTokenized(t, identity.FieldFirstName)
	w.Cipher = nil
	if _, err := w.Update(ctx, setFirstName(id, "Plain")); err == nil {
		t.Error("Update() of a tokenized field without a cipher returns no error, want one")
	}
	w.mustUpdate(t, change(id, func(i *identity.Identity) error { i.LastName = "Plain"; return nil }))
}

func TestPlaceholdersAreRandom(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	rapid.Check(t, func(r *rapid.T) {
		name := rapid.StringMatching(`[A-Za-zñÑ]{12,40}`).Draw(r, "name")
		var shown [2]string
		for n := range shown {
			id := w.mustCreate(t, draft(identity.Profile{FirstName: name})).ID
			shown[n] = w.mustTokenize(t, id, identity.FieldFirstName).FirstName
		}
		if shown[0] == shown[1] || shown[0] == name || shape(shown[0]) != shape(name) {
			r.Errorf("placeholders of %q = %q, want different texts of its shape", name, shown)
		}
	})
}
