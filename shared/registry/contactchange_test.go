package registry_test

import (
	"bytes"
	"testing"
	"time"

	"cedula/infra/testenv"
	"cedula/shared/identity"
)

// createActive creates an identity and verifies its email and phone.
func (w *testRegistry) createActive(t *testing.T, p identity.Profile) identity.WriteResult {
	t.Helper()
	id := w.createPending(t, p, identity.OnboardingContact).ID
	w.verify(t, id, identity.ChannelEmail)
	got := w.verify(t, id, identity.ChannelPhone)
	if got.Status != identity.Active {
		t.Fatalf("Status = %s with both addresses verified, want ACTIVE", got.Status)
	}
	return got
}

func (w *testRegistry) setEmail(t *testing.T, id, email string) identity.WriteResult {
	t.Helper()
	return w.mustUpdate(t, change(id, func(i *identity.Identity) error { i.Email = email; return nil }))
}

func (w *testRegistry) setContacts(t *testing.T, id, email, phone string) identity.WriteResult {
	t.Helper()
	return w.mustUpdate(t, change(id, func(i *identity.Identity) error { i.Email, i.Phone = email, phone; return nil }))
}

// wantEmail checks an email, whether it is verified, and the address that replaces it once verified.
func wantEmail(t *testing.T, what string, i identity.WriteResult, email string, verified bool, pending string) {
	t.Helper()
	v := i.Verification(identity.ChannelEmail)
	if i.Email != email || !v.VerifiedAt.IsZero() != verified || v.PendingAddress != pending {
		t.Errorf("%s: email %q, verified at %v, pending %q, want %q, verified: %v, %q", what, i.Email, v.VerifiedAt, v.PendingAddress, email, verified, pending)
	}
}

func TestNewAddressIsPendingUntilVerified(t *testing.T) {
	w := newTestRegistry(t)
	id := w.createActive(t, ana).ID
	w.now = w.now.Add(time.Minute)
	changed := w.setEmail(t, id, "new@example.com")
	wantEmail(t, "changed", changed, ana.Email, true, "new@example.com")
	wantState(t, changed.Identity, identity.Active, []string{"email"}, nil)
	m := w.captureMessage(t, func() error {
		_, err := w.StartVerification(ctx, change(id, nil), identity.ChannelEmail, []string{"pt"}, false)
		return err
	})
	if m.To != "new@example.com" || m.Language != "pt" {
		t.Errorf("message in %s to %s, want pt, new@example.com", m.Language, m.To)
	}
	wantEmail(t, "changed again", w.setEmail(t, id, "third@example.com"), ana.Email, true, "third@example.com")
	_, err := w.confirm(id, identity.ChannelEmail, m.Code)
	wantIs(t, "the code to the address before", err, identity.ErrNoCodeSent)
	w.now = w.now.Add(time.Minute)
	verified := w.verify(t, id, identity.ChannelEmail)
	wantEmail(t, "verified", verified, "third@example.com", true, "")
	wantState(t, verified.Identity, identity.Active, nil, nil)
	wantEmail(t, "cleared", w.setEmail(t, id, ""), "", false, "")
}

func TestUnverifiedAddressIsReplacedImmediately(t *testing.T) {
	w := newTestRegistry(t)
	trusted := w.mustCreate(t, draft(ana))
	wantEmail(t, "no verification required", w.setEmail(t, trusted.ID, "new@example.com"), "new@example.com", false, "")
	id := w.createPending(t, ana, identity.OnboardingContact).ID
	code := w.sendCode(t, id, identity.ChannelEmail)
	got := w.setEmail(t, id, "new@example.com")
	wantEmail(t, "not verified yet", got, "new@example.com", false, "")
	if got.Verifications != nil {
		t.Errorf("Verifications = %+v, want none", got.Verifications)
	}
	_, err := w.confirm(id, identity.ChannelEmail, code)
	wantIs(t, "the code to the address before", err, identity.ErrNoCodeSent)
}

func TestVerifyingATakenAddressIsAConflict(t *testing.T) {
	w := newTestRegistry(t)
	first := w.createActive(t, ana)
	p := ana
	p.Email = "second@example.com"
	second := w.createActive(t, p).ID
	w.now = w.now.Add(time.Minute)
	w.setEmail(t, second, first.Email)
	code := w.sendCode(t, second, identity.ChannelEmail)
	_, err := w.confirm(second, identity.ChannelEmail, code)
	wantErrorAs[*identity.Conflict](t, "the email of another", err)
	w.mustDelete(t, first.ID)
	wantEmail(t, "the other is deleted", w.mustConfirm(t, second, identity.ChannelEmail, code), first.Email, true, "")
}

func TestTokenizedAddressIsVerified(t *testing.T) {
	w := newTestRegistryWithCipher(t)
	id := w.createPending(t, ana, identity.OnboardingContact).ID
	shown := w.mustTokenize(t, id, identity.FieldEmail).Email
	m := w.sendMessage(t, id, identity.ChannelEmail)
	if m.To != ana.Email {
		t.Errorf("To = %q, want the tokenized value %q", m.To, ana.Email)
	}
	wantEmail(t, "verified", w.mustConfirm(t, id, identity.ChannelEmail, m.Code), shown, true, "")
}

// TestPendingAddressOfATokenizedFieldIsEncrypted changes and tokenizes an email in several orders.
func TestPendingAddressOfATokenizedFieldIsEncrypted(t *testing.T) {
	const secret = "secret@example.com"
	var (
		tokenize = func(t *testing.T, w *testRegistry, id string) { t.Helper(); w.mustTokenize(t, id, identity.FieldEmail) }
		set      = func(t *testing.T, w *testRegistry, id string) { t.Helper(); w.setEmail(t, id, secret) }
		setOther = func(t *testing.T, w *testRegistry, id string) { t.Helper(); w.setEmail(t, id, "x@example.com") }
		send     = func(t *testing.T, w *testRegistry, id string) { t.Helper(); w.sendCode(t, id, identity.ChannelEmail) }
	)
	for name, steps := range map[string][]func(*testing.T, *testRegistry, string){
		"tokenized, then changed":         {tokenize, set},
		"changed, then tokenized":         {set, tokenize},
		"tokenized, then changed twice":   {tokenize, setOther, set},
		"tokenized, changed, with a code": {tokenize, set, send},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTestRegistryWithCipher(t)
			id := w.createActive(t, ana).ID
			for _, step := range steps {
				w.now = w.now.Add(time.Minute)
				step(t, w, id)
			}
			if written := w.outbox.lastBodies; bytes.Contains(written, []byte(secret)) || bytes.Contains(written, []byte(ana.Email)) {
				t.Errorf("the stored items hold an address in clear, want it encrypted:\n%s", written)
			}
			if pending := w.mustGet(t, id); pending.Verification(identity.ChannelEmail).PendingAddress == "" {
				t.Errorf("Verifications = %+v, want a pending email", pending.Verifications)
			}
			w.now = w.now.Add(time.Minute)
			m := w.sendMessage(t, id, identity.ChannelEmail)
			if m.To != secret {
				t.Errorf("To = %q, want %q", m.To, secret)
			}
			confirmed := w.mustConfirm(t, id, identity.ChannelEmail, m.Code)
			if pending := confirmed.Verification(identity.ChannelEmail).PendingAddress; confirmed.Email == secret || pending != "" {
				t.Errorf("email %q, pending %q after the verification, want a placeholder and none", confirmed.Email, pending)
			}
			w.wantDetokenized(t, id, map[identity.Field]string{identity.FieldEmail: secret})
		})
	}
}

// TestUnverifiedAddressNeverActivates changes addresses during the onboarding.
func TestUnverifiedAddressNeverActivates(t *testing.T) {
	const other, phone = "other@example.com", "+56912345678"
	t.Run("an email is added", func(t *testing.T) {
		w := newTestRegistry(t)
		id := w.createPending(t, identity.Profile{Phone: phone}, identity.OnboardingContact).ID
		code := w.sendCode(t, id, identity.ChannelPhone)
		w.setContacts(t, id, other, phone)
		wantState(t, w.mustConfirm(t, id, identity.ChannelPhone, code).Identity, identity.PendingPhoneValidation, []string{"email"}, nil)
		wantState(t, w.verify(t, id, identity.ChannelEmail).Identity, identity.Active, nil, nil)
	})
	t.Run("a verified email is cleared and another one set", func(t *testing.T) {
		w := newTestRegistry(t)
		id := w.createPending(t, ana, identity.OnboardingContact).ID
		w.verify(t, id, identity.ChannelEmail)
		w.setContacts(t, id, "", phone)
		w.setContacts(t, id, other, phone)
		wantState(t, w.verify(t, id, identity.ChannelPhone).Identity, identity.PendingPhoneValidation, []string{"email"}, nil)
	})
	t.Run("both are changed during the screening", func(t *testing.T) {
		w := newTestRegistry(t)
		id := w.createPending(t, ana, identity.OnboardingContactAndScreening).ID
		w.verify(t, id, identity.ChannelEmail)
		w.verify(t, id, identity.ChannelPhone)
		w.setContacts(t, id, "", "")
		w.setContacts(t, id, other, "+56999999999")
		cleared := testenv.Must(w.DecideScreening(ctx, change(id, nil), review(identity.OutcomeClear)))(t)
		wantState(t, cleared.Identity, identity.Screening, []string{"email", "phone"}, nil)
		w.now = w.now.Add(time.Minute)
		w.verify(t, id, identity.ChannelPhone)
		wantState(t, w.verify(t, id, identity.ChannelEmail).Identity, identity.Active, nil, nil)
	})
	t.Run("the last unverified one is cleared", func(t *testing.T) {
		w := newTestRegistry(t)
		id := w.createPending(t, ana, identity.OnboardingContact).ID
		w.verify(t, id, identity.ChannelEmail)
		wantState(t, w.setContacts(t, id, ana.Email, "").Identity, identity.Active, nil, nil)
	})
}

func TestContactChangeIsCancelled(t *testing.T) {
	w := newTestRegistry(t)
	id := w.createActive(t, ana).ID
	w.setEmail(t, id, "typo@example.com")
	cancelled := w.mustUpdate(t, change(id, func(i *identity.Identity) error { i.CancelContactChange(identity.FieldEmail); return nil }))
	wantEmail(t, "cancelled", cancelled, ana.Email, true, "")
	w.setEmail(t, id, "typo@example.com")
	wantEmail(t, "set as before, in another case", w.setEmail(t, id, "ANA@example.com"), "ANA@example.com", true, "")
}

// TestResendIntervalSurvivesUpdates also checks that a code verifies every spelling of its address.
func TestResendIntervalSurvivesUpdates(t *testing.T) {
	w := newTestRegistry(t)
	id := w.createPending(t, ana, identity.OnboardingContact).ID
	code := w.sendCode(t, id, identity.ChannelEmail)
	for _, email := range []string{"ANA@example.com", "other@example.com", "ana@example.com"} {
		w.setEmail(t, id, email)
		wantErrorAs[*identity.RateLimited](t, email, w.startVerification(id, identity.ChannelEmail))
	}
	w.setEmail(t, id, "Ana@Example.com")
	w.mustConfirm(t, id, identity.ChannelEmail, code)
}

// TestNoCodeIsSent covers addresses that are malformed, or have several spellings with a rate limit each.
func TestNoCodeIsSent(t *testing.T) {
	w := newTestRegistry(t)
	for _, address := range []string{"ana@münchen.example", "ana@ｍunchen.example", "é@example.com", "e\u0301@example.com", "Juana Canaria", "at home"} {
		id := w.createPending(t, identity.Profile{Email: address, Phone: address}, identity.OnboardingContact).ID
		for _, c := range []identity.Channel{identity.ChannelEmail, identity.ChannelPhone} {
			wantErrorAs[*identity.StateError](t, string(c)+" "+address, w.startVerification(id, c))
		}
	}
}
