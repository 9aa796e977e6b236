package identity_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"cedula/shared/identity"
)

// active is Ana after she proved what the steps ask for.
func (w *world) active(t *testing.T, p identity.Profile) identity.Changed {
	t.Helper()
	i := w.pending(t, p, identity.Contact)
	w.mustConfirm(t, i.ID, identity.ByEmail, w.start(t, i.ID, identity.ByEmail))
	got := w.mustConfirm(t, i.ID, identity.ByPhone, w.start(t, i.ID, identity.ByPhone))
	if got.Status != identity.Active {
		t.Fatal(got.Status)
	}
	return got
}

func (w *world) setEmail(t *testing.T, id, email string) identity.Changed {
	t.Helper()
	c := on(id)
	c.Apply = func(i *identity.Identity) error { i.Email = email; return nil }
	changed, err := w.Change(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// TestChangedAddress: a new address stands beside the old one until it is proven.
func TestChangedAddress(t *testing.T) {
	w := newWorld(t)
	i := w.active(t, ana)
	w.now = w.now.Add(time.Minute)
	got := w.setEmail(t, i.ID, "new@example.com")
	if got.Email != "ana@example.com" || got.Proof(identity.ByEmail).Change != "new@example.com" || got.Status != identity.Active {
		t.Errorf("%s, %+v", got.Email, got.Proofs)
	}
	if r := got.Requirements(); !slices.Equal(r.Due, []string{"email"}) || r.Pending != nil || !r.By.IsZero() {
		t.Errorf("%+v", r)
	}
	m := w.message(t, func() error { _, err := w.StartVerification(ctx, on(i.ID), identity.ByEmail, "pt", false); return err })
	if m.To != "new@example.com" || m.Language != "pt" {
		t.Errorf("%+v", m)
	}
	w.setEmail(t, i.ID, "third@example.com")
	if _, err := w.confirm(i.ID, identity.ByEmail, m.Code); !errors.Is(err, identity.ErrNoCode) {
		t.Errorf("the code of an address that was changed again: %v", err)
	}
	w.now = w.now.Add(time.Minute)
	got = w.mustConfirm(t, i.ID, identity.ByEmail, w.start(t, i.ID, identity.ByEmail))
	if got.Email != "third@example.com" || got.Proof(identity.ByEmail).Change != "" || got.Requirements().Due != nil {
		t.Errorf("%s, %+v", got.Email, got.Proofs)
	}
	if got = w.setEmail(t, i.ID, ""); got.Email != "" || !got.Proof(identity.ByEmail).Proven.IsZero() {
		t.Errorf("cleared: %s, %+v", got.Email, got.Proofs)
	}
}

// TestAddressesThatNeedNoProof take each other's place at once.
func TestAddressesThatNeedNoProof(t *testing.T) {
	w := newWorld(t)
	trusted := w.create(t, draft(ana))
	if got := w.setEmail(t, trusted.ID, "new@example.com"); got.Email != "new@example.com" || got.Proofs != nil {
		t.Errorf("of an identity that had to prove nothing: %s, %+v", got.Email, got.Proofs)
	}
	i := w.pending(t, ana, identity.Contact)
	code := w.start(t, i.ID, identity.ByEmail)
	if got := w.setEmail(t, i.ID, "new@example.com"); got.Email != "new@example.com" || got.Proofs != nil {
		t.Errorf("of one that has proven nothing yet: %s, %+v", got.Email, got.Proofs)
	}
	if _, err := w.confirm(i.ID, identity.ByEmail, code); !errors.Is(err, identity.ErrNoCode) {
		t.Errorf("the old address's code: %v", err)
	}
}

// TestChangedAddressThatIsTaken: to prove it does not make two identities equal.
func TestChangedAddressThatIsTaken(t *testing.T) {
	w := newWorld(t)
	first := w.active(t, ana)
	p := ana
	p.Email = "second@example.com"
	second := w.active(t, p)
	w.now = w.now.Add(time.Minute)
	w.setEmail(t, second.ID, first.Email)
	code := w.start(t, second.ID, identity.ByEmail)
	var taken *identity.Taken
	if _, err := w.confirm(second.ID, identity.ByEmail, code); !errors.As(err, &taken) {
		t.Fatal(err)
	}
	if err := w.Delete(ctx, "acme", first.ID, nil); err != nil {
		t.Fatal(err)
	}
	if got := w.mustConfirm(t, second.ID, identity.ByEmail, code); got.Email != first.Email {
		t.Error(got.Email)
	}
}

// TestTokenizedAddressIsProven: the code goes to the value, not to what stands there.
func TestTokenizedAddressIsProven(t *testing.T) {
	w := newWorld(t).withVault(t)
	i := w.pending(t, ana, identity.Contact)
	if _, err := w.Tokenize(ctx, on(i.ID), identity.FieldEmail); err != nil {
		t.Fatal(err)
	}
	m := w.message(t, func() error { _, err := w.StartVerification(ctx, on(i.ID), identity.ByEmail, "", false); return err })
	if m.To != "ana@example.com" {
		t.Errorf("to %q", m.To)
	}
	got := w.mustConfirm(t, i.ID, identity.ByEmail, m.Code)
	if got.Email == "ana@example.com" || got.Tokenized(identity.FieldEmail) == nil || got.Proof(identity.ByEmail).Proven.IsZero() {
		t.Errorf("%s, %+v", got.Email, got.Proofs)
	}
}

// TestChangeOfATokenizedAddress: the new one is never kept as it is, and the code
// goes to it, whichever of the two came first.
func TestChangeOfATokenizedAddress(t *testing.T) {
	const secret = "secret@example.com"
	tokenize := func(t *testing.T, w *world, id string) {
		t.Helper()
		if _, err := w.Tokenize(ctx, on(id), identity.FieldEmail); err != nil {
			t.Fatal(err)
		}
	}
	for name, do := range map[string]func(t *testing.T, w *world, id string){
		"tokenized, then changed": func(t *testing.T, w *world, id string) { tokenize(t, w, id); w.setEmail(t, id, secret) },
		"changed, then tokenized": func(t *testing.T, w *world, id string) { w.setEmail(t, id, secret); tokenize(t, w, id) },
		"tokenized, then changed twice": func(t *testing.T, w *world, id string) {
			tokenize(t, w, id)
			w.setEmail(t, id, "x@example.com")
			w.setEmail(t, id, secret)
		},
		"tokenized, changed, with a code": func(t *testing.T, w *world, id string) {
			tokenize(t, w, id)
			w.setEmail(t, id, secret)
			w.start(t, id, identity.ByEmail)
			w.now = w.now.Add(time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t).withVault(t)
			i := w.active(t, ana)
			w.now = w.now.Add(time.Minute)
			do(t, w, i.ID)
			written := w.tap.last()
			got, err := w.Get(ctx, "acme", i.ID)
			if err != nil || got.Proof(identity.ByEmail).Change == "" || bytes.Contains(written, []byte(secret)) || bytes.Contains(written, []byte("ana@example.com")) {
				t.Fatalf("%v, %+v\n%s", err, got.Proofs, written)
			}
			m := w.message(t, func() error { _, err := w.StartVerification(ctx, on(i.ID), identity.ByEmail, "", false); return err })
			if m.To != secret {
				t.Errorf("to %q", m.To)
			}
			if changed := w.mustConfirm(t, i.ID, identity.ByEmail, m.Code); changed.Email == secret || changed.Proof(identity.ByEmail).Change != "" {
				t.Errorf("%s, %+v", changed.Email, changed.Proofs)
			}
			if all, err := w.Detokenize(ctx, "acme", i.ID); err != nil || all[identity.FieldEmail] != secret {
				t.Errorf("%v, %v", all, err)
			}
		})
	}
}

// TestSandboxValues: what a test client's tests can count on.
func TestSandboxValues(t *testing.T) {
	tests := []struct {
		name, email, phone string
		channel            identity.Channel
		test, asks         bool // the identity is a test client's, a test client asks
		code               string
		want               error
		sent               bool
	}{
		{"an email that verifies", "a+verifies@example.com", "", identity.ByEmail, true, true, "000000", nil, false},
		{"an email that fails", "a+fails@example.com", "", identity.ByEmail, true, true, "000000", identity.ErrWrongCode, false},
		{"an email that is lost", "a+lost@example.com", "", identity.ByEmail, true, true, "000000", identity.ErrWrongCode, false},
		{"a phone that verifies", "", "+56900000001", identity.ByPhone, true, true, "000000", nil, false},
		{"a phone that fails", "", "+56900000002", identity.ByPhone, true, true, "000000", identity.ErrWrongCode, false},
		{"a phone that is lost", "", "+56900000003", identity.ByPhone, true, true, "000000", identity.ErrWrongCode, false},
		{"any other, right", "a@example.com", "", identity.ByEmail, true, true, "000000", nil, true},
		{"any other, wrong", "a@example.com", "", identity.ByEmail, true, true, "999999", identity.ErrWrongCode, true},
		{"a live identity", "a+verifies@example.com", "", identity.ByEmail, false, true, "000000", identity.ErrWrongCode, true},
		{"a live client", "a@example.com", "", identity.ByEmail, true, false, "000000", identity.ErrWrongCode, true},
		{"a live client at a known address", "a+verifies@example.com", "", identity.ByEmail, true, false, "000000", identity.ErrWrongCode, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			d := draft(identity.Profile{Email: tt.email, Phone: tt.phone})
			d.Trusted, d.Test = false, tt.test
			i := w.create(t, d)
			m := w.message(t, func() error { _, err := w.StartVerification(ctx, on(i.ID), tt.channel, "", tt.asks); return err })
			if (m.Code != "") != tt.sent || m.Code == tt.code {
				t.Errorf("sent %q", m.Code)
			}
			_, err := w.ConfirmVerification(ctx, on(i.ID), tt.channel, tt.code, tt.asks)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// setBoth changes both addresses.
func (w *world) setBoth(t *testing.T, id, email, phone string) identity.Changed {
	t.Helper()
	c := on(id)
	c.Apply = func(i *identity.Identity) error { i.Email, i.Phone = email, phone; return nil }
	changed, err := w.Change(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

// TestNobodyIsActiveUnproven: whatever is cleared and set again meanwhile, an
// address that was never proven makes nobody active.
func TestNobodyIsActiveUnproven(t *testing.T) {
	const victim, phone = "victim@example.com", "+56912345678"
	t.Run("an email added to a phone", func(t *testing.T) {
		w := newWorld(t)
		i := w.pending(t, identity.Profile{Phone: phone}, identity.Contact)
		code := w.start(t, i.ID, identity.ByPhone)
		w.setBoth(t, i.ID, victim, phone)
		got := w.mustConfirm(t, i.ID, identity.ByPhone, code)
		if r := got.Requirements(); !got.Status.Pending() || !slices.Equal(r.Due, []string{"email"}) {
			t.Errorf("%s, %+v", got.Status, r)
		}
		if got = w.mustConfirm(t, i.ID, identity.ByEmail, w.start(t, i.ID, identity.ByEmail)); got.Status != identity.Active {
			t.Error(got.Status)
		}
	})
	t.Run("a proven email cleared and another set", func(t *testing.T) {
		w := newWorld(t)
		i := w.pending(t, ana, identity.Contact)
		w.mustConfirm(t, i.ID, identity.ByEmail, w.start(t, i.ID, identity.ByEmail))
		w.setBoth(t, i.ID, "", phone)
		w.setBoth(t, i.ID, victim, phone)
		if got := w.mustConfirm(t, i.ID, identity.ByPhone, w.start(t, i.ID, identity.ByPhone)); !got.Status.Pending() {
			t.Error(got.Status)
		}
	})
	t.Run("both changed while a reviewer decides", func(t *testing.T) {
		w := newWorld(t)
		i := w.pending(t, ana, identity.ContactAndScreening)
		w.mustConfirm(t, i.ID, identity.ByEmail, w.start(t, i.ID, identity.ByEmail))
		w.mustConfirm(t, i.ID, identity.ByPhone, w.start(t, i.ID, identity.ByPhone))
		w.setBoth(t, i.ID, "", "")
		w.setBoth(t, i.ID, victim, "+56999999999")
		got, err := w.Decide(ctx, on(i.ID), identity.Review{Outcome: identity.Clear, Reason: "r", Reviewer: "v"})
		if err != nil || !got.Status.Pending() {
			t.Fatal(err, got.Status)
		}
		w.now = w.now.Add(time.Minute)
		w.mustConfirm(t, i.ID, identity.ByPhone, w.start(t, i.ID, identity.ByPhone))
		if got := w.mustConfirm(t, i.ID, identity.ByEmail, w.start(t, i.ID, identity.ByEmail)); got.Status != identity.Active {
			t.Error(got.Status)
		}
	})
	t.Run("a phone taken away leaves nothing to prove", func(t *testing.T) {
		w := newWorld(t)
		i := w.pending(t, ana, identity.Contact)
		w.mustConfirm(t, i.ID, identity.ByEmail, w.start(t, i.ID, identity.ByEmail))
		if got := w.setBoth(t, i.ID, ana.Email, ""); got.Status != identity.Active {
			t.Error(got.Status)
		}
	})
}

// TestChangeTakenBack: the present address takes back what waits, in any case of
// letters, and another spelling of it is no other address.
func TestChangeTakenBack(t *testing.T) {
	w := newWorld(t)
	i := w.active(t, ana)
	w.setEmail(t, i.ID, "typo@example.com")
	c := on(i.ID)
	c.Apply = func(i *identity.Identity) error { i.KeepAddress(identity.FieldEmail); return nil }
	if got, err := w.Change(ctx, c); err != nil || got.Proof(identity.ByEmail).Change != "" || got.Requirements().Due != nil {
		t.Errorf("%v %+v", err, got.Proofs)
	}
	w.setEmail(t, i.ID, "typo@example.com")
	got := w.setEmail(t, i.ID, "ANA@example.com")
	if got.Email != "ANA@example.com" || got.Proof(identity.ByEmail).Change != "" || got.Proof(identity.ByEmail).Proven.IsZero() {
		t.Errorf("%s %+v", got.Email, got.Proofs)
	}
}

// TestPauseOutlastsChanges: whatever is changed meanwhile, a minute lies between
// two codes, and a code holds for every spelling of its address.
func TestPauseOutlastsChanges(t *testing.T) {
	w := newWorld(t)
	i := w.pending(t, ana, identity.Contact)
	code := w.start(t, i.ID, identity.ByEmail)
	var soon *identity.TooSoon
	for _, email := range []string{"ANA@example.com", "other@example.com", "ana@example.com"} {
		w.setEmail(t, i.ID, email)
		if _, err := w.StartVerification(ctx, on(i.ID), identity.ByEmail, "", false); !errors.As(err, &soon) {
			t.Errorf("%s: %v", email, err)
		}
	}
	w.setEmail(t, i.ID, "Ana@Example.com")
	w.mustConfirm(t, i.ID, identity.ByEmail, code)
}

// TestOneSpellingOfAnAddress: one in other letters would have a count of its own.
func TestOneSpellingOfAnAddress(t *testing.T) {
	w := newWorld(t)
	for _, email := range []string{"ana@münchen.example", "ana@ｍunchen.example", "é@example.com", "e\u0301@example.com"} {
		i := w.pending(t, identity.Profile{Email: email}, identity.Contact)
		var state *identity.Precondition
		if _, err := w.StartVerification(ctx, on(i.ID), identity.ByEmail, "", false); !errors.As(err, &state) {
			t.Errorf("%s: %v", email, err)
		}
	}
}
