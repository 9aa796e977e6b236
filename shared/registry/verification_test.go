package registry_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"cedula/shared/identity"
)

// createActive is Ana after she proved what the steps ask for.
func (w *testRegistry) createActive(t *testing.T, p identity.Profile) identity.WriteResult {
	t.Helper()
	i := w.createPending(t, p, identity.OnboardingContact)
	w.mustConfirm(t, i.ID, identity.ChannelEmail, w.sendCode(t, i.ID, identity.ChannelEmail))
	got := w.mustConfirm(t, i.ID, identity.ChannelPhone, w.sendCode(t, i.ID, identity.ChannelPhone))
	if got.Status != identity.Active {
		t.Fatalf("got.Status = %v, want %v", got.Status, identity.Active)
	}
	return got
}

func (w *testRegistry) setEmail(t *testing.T, id, email string) identity.WriteResult {
	t.Helper()
	c := changeByID(id)
	c.Apply = func(i *identity.Identity) error { i.Email = email; return nil }
	return w.mustUpdate(t, c)
}

// TestNewAddressIsPendingUntilVerified: a new address stands beside the old one until it is proven.
func TestNewAddressIsPendingUntilVerified(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createActive(t, ana)
	w.now = w.now.Add(time.Minute)
	got := w.setEmail(t, i.ID, "new@example.com")
	if got.Email != "ana@example.com" || got.Verification(identity.ChannelEmail).PendingAddress != "new@example.com" || got.Status != identity.Active {
		t.Errorf(`%s, %+v; want got.Email == "ana@example.com" and got.Verification(identity.ChannelEmail).PendingAddress == "new@example.com" and got.Status == identity.Active`, got.Email, got.Verifications)
	}
	if r := got.Requirements(); !slices.Equal(r.Due, []string{"email"}) || r.Pending != nil || !r.Deadline.IsZero() {
		t.Errorf(`%+v; want r.Due == []string{"email"} and r.Pending == nil and r.Deadline.IsZero()`, r)
	}
	m := w.captureMessage(t, func() error {
		_, err := w.StartVerification(ctx, changeByID(i.ID), identity.ChannelEmail, []string{"pt"}, false)
		return err
	})
	if m.To != "new@example.com" || m.Language != "pt" {
		t.Errorf(`%+v; want m.To == "new@example.com" and m.Language == "pt"`, m)
	}
	w.setEmail(t, i.ID, "third@example.com")
	if _, err := w.confirm(i.ID, identity.ChannelEmail, m.Code); !errors.Is(err, identity.ErrNoCodeSent) {
		t.Errorf("the code of an address that was changed again: %v; want identity.ErrNoCodeSent", err)
	}
	w.now = w.now.Add(time.Minute)
	got = w.mustConfirm(t, i.ID, identity.ChannelEmail, w.sendCode(t, i.ID, identity.ChannelEmail))
	if got.Email != "third@example.com" || got.Verification(identity.ChannelEmail).PendingAddress != "" || got.Requirements().Due != nil {
		t.Errorf(`%s, %+v; want got.Email == "third@example.com" and got.Verification(identity.ChannelEmail).PendingAddress == "" and got.Requirements().Due == nil`, got.Email, got.Verifications)
	}
	if got = w.setEmail(t, i.ID, ""); got.Email != "" || !got.Verification(identity.ChannelEmail).VerifiedAt.IsZero() {
		t.Errorf(`cleared: %s, %+v; want got.Email == "" and got.Verification(identity.ChannelEmail).VerifiedAt.IsZero()`, got.Email, got.Verifications)
	}
}

// TestUnverifiedAddressIsReplacedImmediately take each other's place at once.
func TestUnverifiedAddressIsReplacedImmediately(t *testing.T) {
	w := newTestRegistry(t)
	trusted := w.mustCreate(t, draft(ana))
	if got := w.setEmail(t, trusted.ID, "new@example.com"); got.Email != "new@example.com" || got.Verifications != nil {
		t.Errorf(`of an identity that had to prove nothing: %s, %+v; want got.Email == "new@example.com" and got.Verifications == nil`, got.Email, got.Verifications)
	}
	i := w.createPending(t, ana, identity.OnboardingContact)
	code := w.sendCode(t, i.ID, identity.ChannelEmail)
	if got := w.setEmail(t, i.ID, "new@example.com"); got.Email != "new@example.com" || got.Verifications != nil {
		t.Errorf(`of one that has proven nothing yet: %s, %+v; want got.Email == "new@example.com" and got.Verifications == nil`, got.Email, got.Verifications)
	}
	if _, err := w.confirm(i.ID, identity.ChannelEmail, code); !errors.Is(err, identity.ErrNoCodeSent) {
		t.Errorf("the old address's code: %v; want identity.ErrNoCodeSent", err)
	}
}

// TestVerifyingATakenAddressIsAConflict: to prove it does not make two identities equal.
func TestVerifyingATakenAddressIsAConflict(t *testing.T) {
	w := newTestRegistry(t)
	first := w.createActive(t, ana)
	p := ana
	p.Email = "second@example.com"
	second := w.createActive(t, p)
	w.now = w.now.Add(time.Minute)
	w.setEmail(t, second.ID, first.Email)
	code := w.sendCode(t, second.ID, identity.ChannelEmail)
	var taken *identity.Conflict
	if _, err := w.confirm(second.ID, identity.ChannelEmail, code); !errors.As(err, &taken) {
		t.Fatalf("err = %v; want a *identity.Conflict", err)
	}
	w.mustDelete(t, first.ID)
	if got := w.mustConfirm(t, second.ID, identity.ChannelEmail, code); got.Email != first.Email {
		t.Errorf("Email = %q, want %q", got.Email, first.Email)
	}
}

// TestTokenizedAddressIsVerified: the code goes to the value, not to what stands there.
func TestTokenizedAddressIsVerified(t *testing.T) {
	w := newTestRegistry(t).withCipher(t)
	i := w.createPending(t, ana, identity.OnboardingContact)
	w.mustTokenize(t, changeByID(i.ID), identity.FieldEmail)
	m := w.sendMessage(t, i.ID, identity.ChannelEmail)
	if m.To != "ana@example.com" {
		t.Errorf("To = %q, want the tokenized address", m.To)
	}
	got := w.mustConfirm(t, i.ID, identity.ChannelEmail, m.Code)
	if got.Email == "ana@example.com" || got.Tokenized(identity.FieldEmail) == nil || got.Verification(identity.ChannelEmail).VerifiedAt.IsZero() {
		t.Errorf("Email = %q, Verifications = %+v, want it tokenized and verified", got.Email, got.Verifications)
	}
}

// TestPendingAddressOfATokenizedFieldIsEncrypted: the new one is never kept as it is, and the code
// goes to it, whichever of the two came first.
func TestPendingAddressOfATokenizedFieldIsEncrypted(t *testing.T) {
	const secret = "secret@example.com"
	tokenize := func(t *testing.T, w *testRegistry, id string) {
		t.Helper()
		w.mustTokenize(t, changeByID(id), identity.FieldEmail)
	}
	for name, do := range map[string]func(t *testing.T, w *testRegistry, id string){
		"tokenized, then changed": func(t *testing.T, w *testRegistry, id string) { tokenize(t, w, id); w.setEmail(t, id, secret) },
		"changed, then tokenized": func(t *testing.T, w *testRegistry, id string) { w.setEmail(t, id, secret); tokenize(t, w, id) },
		"tokenized, then changed twice": func(t *testing.T, w *testRegistry, id string) {
			tokenize(t, w, id)
			w.setEmail(t, id, "x@example.com")
			w.setEmail(t, id, secret)
		},
		"tokenized, changed, with a code": func(t *testing.T, w *testRegistry, id string) {
			tokenize(t, w, id)
			w.setEmail(t, id, secret)
			w.sendCode(t, id, identity.ChannelEmail)
			w.now = w.now.Add(time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTestRegistry(t).withCipher(t)
			i := w.createActive(t, ana)
			w.now = w.now.Add(time.Minute)
			do(t, w, i.ID)
			written := w.outbox.lastWrite()
			got, err := w.Get(ctx, "acme", i.ID)
			if err != nil || got.Verification(identity.ChannelEmail).PendingAddress == "" || bytes.Contains(written, []byte(secret)) || bytes.Contains(written, []byte("ana@example.com")) {
				t.Fatalf("%v, %+v\n%s; want no error and got.Verification(identity.ChannelEmail).PendingAddress != \"\" and not bytes.Contains(written, []byte(secret)) and not bytes.Contains(written, []byte(\"ana@example.com\"))", err, got.Verifications, written)
			}
			m := w.sendMessage(t, i.ID, identity.ChannelEmail)
			if m.To != secret {
				t.Errorf("To = %q, want %q", m.To, secret)
			}
			if changed := w.mustConfirm(t, i.ID, identity.ChannelEmail, m.Code); changed.Email == secret || changed.Verification(identity.ChannelEmail).PendingAddress != "" {
				t.Errorf(`%s, %+v; want changed.Email != secret and changed.Verification(identity.ChannelEmail).PendingAddress == ""`, changed.Email, changed.Verifications)
			}
			if all, err := w.Detokenize(ctx, "acme", i.ID); err != nil || all[identity.FieldEmail] != secret {
				t.Errorf("%v, %v; want no error and all[identity.FieldEmail] == secret", all, err)
			}
		})
	}
}

// TestTestModeAddressesAndCodes: what a test client's tests can count on.
func TestTestModeAddressesAndCodes(t *testing.T) {
	tests := []struct {
		name, email, phone string
		channel            identity.Channel
		test, asks         bool // the identity is a test client's, a test client asks
		code               string
		want               error
		sent               bool
	}{
		{"an email that verifies", "a+verifies@example.com", "", identity.ChannelEmail, true, true, "000000", nil, false},
		{"an email that fails", "a+fails@example.com", "", identity.ChannelEmail, true, true, "000000", identity.ErrWrongCode, false},
		{"an email that is lost", "a+lost@example.com", "", identity.ChannelEmail, true, true, "000000", identity.ErrWrongCode, false},
		{"a phone that verifies", "", "+56900000001", identity.ChannelPhone, true, true, "000000", nil, false},
		{"a phone that fails", "", "+56900000002", identity.ChannelPhone, true, true, "000000", identity.ErrWrongCode, false},
		{"a phone that is lost", "", "+56900000003", identity.ChannelPhone, true, true, "000000", identity.ErrWrongCode, false},
		{"any other, right", "a@example.com", "", identity.ChannelEmail, true, true, "000000", nil, true},
		{"any other, wrong", "a@example.com", "", identity.ChannelEmail, true, true, "999999", identity.ErrWrongCode, true},
		{"a live identity", "a+verifies@example.com", "", identity.ChannelEmail, false, true, "000000", identity.ErrWrongCode, true},
		{"a live client", "a@example.com", "", identity.ChannelEmail, true, false, "000000", identity.ErrWrongCode, true},
		{"a live client at a known address", "a+verifies@example.com", "", identity.ChannelEmail, true, false, "000000", identity.ErrWrongCode, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newTestRegistry(t)
			d := draft(identity.Profile{Email: tt.email, Phone: tt.phone})
			d.Trusted, d.TestMode = false, tt.test
			i := w.mustCreate(t, d)
			m := w.captureMessage(t, func() error {
				_, err := w.StartVerification(ctx, changeByID(i.ID), tt.channel, nil, tt.asks)
				return err
			})
			if (m.Code != "") != tt.sent || m.Code == tt.code {
				t.Errorf(`sent %q; want (m.Code != "") == tt.sent and m.Code != tt.code`, m.Code)
			}
			_, err := w.ConfirmVerification(ctx, changeByID(i.ID), tt.channel, tt.code, tt.asks)
			if !errors.Is(err, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// setContacts changes both addresses.
func (w *testRegistry) setContacts(t *testing.T, id, email, phone string) identity.WriteResult {
	t.Helper()
	c := changeByID(id)
	c.Apply = func(i *identity.Identity) error { i.Email, i.Phone = email, phone; return nil }
	return w.mustUpdate(t, c)
}

// TestUnverifiedAddressNeverActivates: whatever is cleared and set again meanwhile, an
// address that was never proven makes nobody active.
func TestUnverifiedAddressNeverActivates(t *testing.T) {
	const victim, phone = "victim@example.com", "+56912345678"
	t.Run("an email added to a phone", func(t *testing.T) {
		w := newTestRegistry(t)
		i := w.createPending(t, identity.Profile{Phone: phone}, identity.OnboardingContact)
		code := w.sendCode(t, i.ID, identity.ChannelPhone)
		w.setContacts(t, i.ID, victim, phone)
		got := w.mustConfirm(t, i.ID, identity.ChannelPhone, code)
		if r := got.Requirements(); !got.Status.Pending() || !slices.Equal(r.Due, []string{"email"}) {
			t.Errorf(`%s, %+v; want got.Status.Pending() and r.Due == []string{"email"}`, got.Status, r)
		}
		if got = w.mustConfirm(t, i.ID, identity.ChannelEmail, w.sendCode(t, i.ID, identity.ChannelEmail)); got.Status != identity.Active {
			t.Errorf("got.Status = %v, want %v", got.Status, identity.Active)
		}
	})
	t.Run("a proven email cleared and another set", func(t *testing.T) {
		w := newTestRegistry(t)
		i := w.createPending(t, ana, identity.OnboardingContact)
		w.mustConfirm(t, i.ID, identity.ChannelEmail, w.sendCode(t, i.ID, identity.ChannelEmail))
		w.setContacts(t, i.ID, "", phone)
		w.setContacts(t, i.ID, victim, phone)
		if got := w.mustConfirm(t, i.ID, identity.ChannelPhone, w.sendCode(t, i.ID, identity.ChannelPhone)); !got.Status.Pending() {
			t.Errorf("got.Status = %v; want got.Status.Pending()", got.Status)
		}
	})
	t.Run("both changed while a reviewer decides", func(t *testing.T) {
		w := newTestRegistry(t)
		i := w.createPending(t, ana, identity.OnboardingContactAndScreening)
		w.mustConfirm(t, i.ID, identity.ChannelEmail, w.sendCode(t, i.ID, identity.ChannelEmail))
		w.mustConfirm(t, i.ID, identity.ChannelPhone, w.sendCode(t, i.ID, identity.ChannelPhone))
		w.setContacts(t, i.ID, "", "")
		w.setContacts(t, i.ID, victim, "+56999999999")
		got, err := w.DecideScreening(ctx, changeByID(i.ID), identity.Review{Outcome: identity.OutcomeClear, Reason: "r", Reviewer: "v"})
		if err != nil || !got.Status.Pending() {
			t.Fatalf("err = %v, got.Status = %v; want no error and got.Status.Pending()", err, got.Status)
		}
		w.now = w.now.Add(time.Minute)
		w.mustConfirm(t, i.ID, identity.ChannelPhone, w.sendCode(t, i.ID, identity.ChannelPhone))
		if got := w.mustConfirm(t, i.ID, identity.ChannelEmail, w.sendCode(t, i.ID, identity.ChannelEmail)); got.Status != identity.Active {
			t.Errorf("got.Status = %v, want %v", got.Status, identity.Active)
		}
	})
	t.Run("a phone taken away leaves nothing to prove", func(t *testing.T) {
		w := newTestRegistry(t)
		i := w.createPending(t, ana, identity.OnboardingContact)
		w.mustConfirm(t, i.ID, identity.ChannelEmail, w.sendCode(t, i.ID, identity.ChannelEmail))
		if got := w.setContacts(t, i.ID, ana.Email, ""); got.Status != identity.Active {
			t.Errorf("got.Status = %v, want %v", got.Status, identity.Active)
		}
	})
}

// TestContactChangeIsCancelled: the present address takes back what waits, in any case of
// letters, and another spelling of it is no other address.
func TestContactChangeIsCancelled(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createActive(t, ana)
	w.setEmail(t, i.ID, "typo@example.com")
	c := changeByID(i.ID)
	c.Apply = func(i *identity.Identity) error { i.CancelContactChange(identity.FieldEmail); return nil }
	if got, err := w.Update(ctx, c); err != nil || got.Verification(identity.ChannelEmail).PendingAddress != "" || got.Requirements().Due != nil {
		t.Errorf(`%v %+v; want no error and got.Verification(identity.ChannelEmail).PendingAddress == "" and got.Requirements().Due == nil`, err, got.Verifications)
	}
	w.setEmail(t, i.ID, "typo@example.com")
	got := w.setEmail(t, i.ID, "ANA@example.com")
	if got.Email != "ANA@example.com" || got.Verification(identity.ChannelEmail).PendingAddress != "" || got.Verification(identity.ChannelEmail).VerifiedAt.IsZero() {
		t.Errorf(`%s %+v; want got.Email == "ANA@example.com" and got.Verification(identity.ChannelEmail).PendingAddress == "" and not got.Verification(identity.ChannelEmail).VerifiedAt.IsZero()`, got.Email, got.Verifications)
	}
}

// TestResendIntervalSurvivesUpdates: whatever is changed meanwhile, a minute lies between
// two codes, and a code holds for every spelling of its address.
func TestResendIntervalSurvivesUpdates(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createPending(t, ana, identity.OnboardingContact)
	code := w.sendCode(t, i.ID, identity.ChannelEmail)
	var soon *identity.RateLimited
	for _, email := range []string{"ANA@example.com", "other@example.com", "ana@example.com"} {
		w.setEmail(t, i.ID, email)
		if _, err := w.StartVerification(ctx, changeByID(i.ID), identity.ChannelEmail, nil, false); !errors.As(err, &soon) {
			t.Errorf("%s: %v; want a *identity.RateLimited", email, err)
		}
	}
	w.setEmail(t, i.ID, "Ana@Example.com")
	w.mustConfirm(t, i.ID, identity.ChannelEmail, code)
}

// TestNoCodeIsSent: neither to what is not an address, nor to one that has several
// spellings, each with a count of its own.
func TestNoCodeIsSent(t *testing.T) {
	w := newTestRegistry(t)
	for channel, addresses := range map[identity.Channel][]string{
		identity.ChannelEmail: {"ana@münchen.example", "ana@ｍunchen.example", "é@example.com", "e\u0301@example.com", "Juana Canaria"},
		identity.ChannelPhone: {"at home"},
	} {
		for _, address := range addresses {
			i := w.createPending(t, identity.Profile{Email: address, Phone: address}, identity.OnboardingContact)
			var state *identity.StateError
			if _, err := w.StartVerification(ctx, changeByID(i.ID), channel, nil, false); !errors.As(err, &state) {
				t.Errorf("%s %q: got %v, want a StateError", channel, address, err)
			}
		}
	}
}
