package identity_test

import (
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
	got := w.setEmail(t, i.ID, "new@example.com")
	if got.Email != "ana@example.com" || got.Proof(identity.ByEmail).Change != "new@example.com" || got.Status != identity.Active {
		t.Errorf("%s, %+v", got.Email, got.Proofs)
	}
	if r := got.Requirements(); !slices.Equal(r.Due, []string{"email"}) || r.Pending != nil || !r.By.IsZero() {
		t.Errorf("%+v", r)
	}
	m := w.message(t, func() error { _, err := w.StartVerification(ctx, on(i.ID), identity.ByEmail, "pt"); return err })
	if m.To != "new@example.com" || m.Language != "pt" {
		t.Errorf("%+v", m)
	}
	w.setEmail(t, i.ID, "third@example.com")
	if _, err := w.confirm(i.ID, identity.ByEmail, m.Code); !errors.Is(err, identity.ErrNoCode) {
		t.Errorf("the code of an address that was changed again: %v", err)
	}
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
	m := w.message(t, func() error { _, err := w.StartVerification(ctx, on(i.ID), identity.ByEmail, ""); return err })
	if m.To != "ana@example.com" {
		t.Errorf("to %q", m.To)
	}
	got := w.mustConfirm(t, i.ID, identity.ByEmail, m.Code)
	if got.Email == "ana@example.com" || got.Tokenized(identity.FieldEmail) == nil || got.Proof(identity.ByEmail).Proven.IsZero() {
		t.Errorf("%s, %+v", got.Email, got.Proofs)
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
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			d := draft(identity.Profile{Email: tt.email, Phone: tt.phone})
			d.Trusted, d.Test = false, tt.test
			i := w.create(t, d)
			m := w.message(t, func() error { _, err := w.StartVerification(ctx, on(i.ID), tt.channel, ""); return err })
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
