package registry_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/table"
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
	for _, address := range []string{"aña@example.com", "é@example.com", "e\u0301@example.com", "Juana Canaria", "at home"} {
		id := w.createPending(t, identity.Profile{Email: address, Phone: address}, identity.OnboardingContact).ID
		for _, c := range []identity.Channel{identity.ChannelEmail, identity.ChannelPhone} {
			wantErrorAs[*identity.StateError](t, string(c)+" "+address, w.startVerification(id, c))
		}
	}
}

// TestReplacedAddressIsNotified: the verified address gets a message when another one takes its place, and only then.
func TestReplacedAddressIsNotified(t *testing.T) {
	w := newTestRegistry(t)
	id := w.createActive(t, ana).ID
	replace := func(email string) identity.Message {
		w.setEmail(t, id, email)
		w.now = w.now.Add(time.Minute)
		code := w.sendCode(t, id, identity.ChannelEmail)
		return w.captureMessage(t, func() error { _, err := w.confirm(id, identity.ChannelEmail, code); return err })
	}
	got := replace("ana@bücher.example")
	if got.To != ana.Email || got.Purpose != identity.PurposeReplaced || got.Language != "es" || got.Code != "" {
		t.Errorf("message = %+v, want %s to %s in es without a code", got, identity.PurposeReplaced, ana.Email)
	}
	if got := replace("third@example.com"); got.To != "ana@xn--bcher-kva.example" {
		t.Errorf("second message to %q, want the address in the form of DNS", got.To)
	}
	if m := w.captureMessage(t, func() error { w.setEmail(t, id, "THIRD@example.com"); return nil }); m.ID != "" {
		t.Errorf("another spelling of the address sent %+v, want nothing", m)
	}
}

// TestOneMailboxIsOneEmail creates identities of one person whose email has two spellings, where the first one is new, or is
// stored as v0.1.0 did.
func TestOneMailboxIsOneEmail(t *testing.T) {
	for _, tt := range []struct{ stored, former, sent string }{
		{"q@bücher.example", "q@bücher.example", "q@xn--bcher-kva.example"},
		{"q@xn--bcher-kva.example", "q@xn--bcher-kva.example", "Q@BÜCHER.example"},
		{"q@Bücher.example", "q@bücher.example", "q@bu\u0308cher.example"},
	} {
		for _, old := range []bool{false, true} {
			w := newTestRegistryWithCipher(t)
			p := ana
			p.Email = tt.stored
			d := draft(p)
			d.Claims = []identity.Claim{p.UniquenessClaim()}
			if old {
				d.Claims = []identity.Claim{{Kind: "user", Values: []string{p.DocumentForm(), tt.former, p.Phone}, Fields: d.Claims[0].Fields}}
			}
			id := w.mustCreate(t, d).ID
			if old {
				w.moveToEmailIndex(t, id, tt.former)
			}
			p.Email = tt.sent
			again := draft(p)
			again.Claims = []identity.Claim{p.UniquenessClaim()}
			_, err := w.Create(ctx, again)
			wantErrorAs[*identity.Conflict](t, tt.sent, err)
			for _, email := range []string{tt.stored, tt.sent} {
				w.wantFoundByEmail(t, email, id)
			}
			w.mustTokenize(t, id, identity.FieldEmail)
			w.wantFoundByEmail(t, tt.sent, id)
			w.mustDelete(t, id)
			w.mustCreate(t, again)
		}
	}
}

// TestSameMailboxAndSameDocument draws two persons with spellings of a few addresses and numbers: uniqueness, lookup and
// verification agree on whether they are the same.
func TestSameMailboxAndSameDocument(t *testing.T) {
	emails := []string{"kike@example.com", "KIKE@example.com", "\u212aike@example.com", "k\u0131ke@example.com", "kike@bücher.example", "kike@xn--bcher-kva.example", "kike@BU\u0308CHER.example", "Élan@example.com", "élan@example.com"}
	numbers := []string{"12345678-5", "012.345.678-5", "12345678\u20135", "(1)2345678-5", "123456785K", "A1", "a-1", "\uff211"}
	w := newTestRegistry(t)
	rapid.Check(t, func(r *rapid.T) {
		var people [2]identity.Profile
		for n := range people {
			people[n] = identity.Profile{
				Kind: identity.Individual, DocumentType: "RUT", Country: "CHL", Phone: "+56912345678",
				Email: rapid.SampledFrom(emails).Draw(r, "email"), DocumentNumber: rapid.SampledFrom(numbers).Draw(r, "number"),
			}
		}
		a, b := people[0], people[1]
		sameEmail := identity.NormalizeEmail(a.Email) == identity.NormalizeEmail(b.Email)
		sameNumber := a.DocumentForm() == b.DocumentForm()
		d := draft(a)
		d.Claims = []identity.Claim{a.UniquenessClaim()}
		created, err := w.Create(ctx, d)
		if err != nil {
			r.Fatal(err)
		}
		defer func() { _ = w.Delete(ctx, "acme", created.ID, nil) }()
		for _, tt := range []struct {
			filter registry.Filter
			want   bool
		}{{registry.Filter{Email: b.Email}, sameEmail}, {registry.Filter{DocumentNumber: b.DocumentNumber}, sameNumber}} {
			page, err := w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10, Filter: tt.filter})
			if err != nil || len(page.Identities) == 1 != tt.want {
				r.Errorf("%+v found %d identities (%v), want one: %v", tt.filter, len(page.Identities), err, tt.want)
			}
		}
		if got := w.HasValue(&created.Identity, identity.FieldEmail, b.Email); got != sameEmail {
			r.Errorf("HasValue(%q) of %q = %v, want %v", b.Email, a.Email, got, sameEmail)
		}
		d = draft(b)
		d.Claims = []identity.Claim{b.UniquenessClaim()}
		second, err := w.Create(ctx, d)
		if conflict := new(identity.Conflict); errors.As(err, &conflict) != (sameEmail && sameNumber) {
			r.Errorf("create of %q %q beside %q %q: error = %v", b.Email, b.DocumentNumber, a.Email, a.DocumentNumber, err)
		}
		if err == nil {
			_ = w.Delete(ctx, "acme", second.ID, nil)
		}
	})
}

// TestOtherMailboxIsNotRefused: the owner of an address can be created, although v0.1.0 confused it with another one.
func TestOtherMailboxIsNotRefused(t *testing.T) {
	for first, second := range map[string]string{"m\u0130ke@example.com": "mike@example.com", "Élan@example.com": "élan@example.com"} {
		w := newTestRegistry(t)
		for _, email := range []string{first, second} {
			p := ana
			p.Email = email
			d := draft(p)
			d.Claims = []identity.Claim{p.UniquenessClaim()}
			id := w.mustCreate(t, d).ID
			w.wantFoundByEmail(t, email, id)
		}
	}
}

// TestOneDocumentIsOneNumber does the same for organisations, which are unique by their document numbers.
func TestOneDocumentIsOneNumber(t *testing.T) {
	for _, tt := range []struct{ kind, stored, former, sent string }{
		{"RUT", "76.000.000-0", "760000000", "(76)000000\u20130"},
		{"RUN", "012.345.678-5", "0123456785", "12345678-5"},
		{"NATIONAL_ID", "A123456(3)", "A123456(3)", "a1234563"},
	} {
		w := newTestRegistry(t)
		p := identity.Profile{Kind: identity.Organization, DocumentType: tt.kind, Country: "CHL", DocumentNumber: tt.stored}
		d := draft(p)
		d.Claims = []identity.Claim{p.UniquenessClaim()}
		id := w.mustCreate(t, d).ID
		p.DocumentNumber = tt.sent
		again := draft(p)
		again.Claims = []identity.Claim{p.UniquenessClaim()}
		_, err := w.Create(ctx, again)
		wantErrorAs[*identity.Conflict](t, tt.sent, err)
		for _, number := range []string{tt.stored, tt.sent, tt.former} {
			page := testenv.Must(w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10, Filter: registry.Filter{DocumentNumber: number}}))(t)
			if len(page.Identities) != 1 || page.Total != 1 {
				t.Errorf("List(%s) = %d identities of %d, want 1", number, len(page.Identities), page.Total)
			}
		}
		old := draft(p)
		old.Claims = []identity.Claim{{Kind: "organization", Values: []string{tt.former}, Fields: []identity.Field{identity.FieldDocumentNumber}}}
		_, err = w.Create(ctx, old) // as v0.1.0 creates it
		wantErrorAs[*identity.Conflict](t, tt.former+" by v0.1.0", err)
		w.mustDelete(t, id)
		w.mustCreate(t, again)
	}
}

// moveToEmailIndex moves an identity to the place in the index of emails where v0.1.0 put it.
func (w *testRegistry) moveToEmailIndex(t *testing.T, id, form string) {
	t.Helper()
	item := testenv.Must(w.outbox.Get(ctx, true, table.Key{PK: "T#acme#I#" + id, SK: "#"}))(t).Items[0]
	at := slices.Index(identity.EmailForms(form), form)
	item.Indexes["E"] = table.Key{PK: w.Store.LookupKeys("acme", identity.FieldEmail, form)[at], SK: item.Indexes["E"].SK}
	testenv.Must(w.outbox.Write(ctx, table.Put(item, table.Always())))(t)
}

func (w *testRegistry) wantFoundByEmail(t *testing.T, email, id string) {
	t.Helper()
	page := testenv.Must(w.List(ctx, registry.ListParams{Tenant: "acme", Limit: 10, Filter: registry.Filter{Email: email}}))(t)
	if len(page.Identities) != 1 || page.Identities[0].ID != id || page.Total != 1 {
		t.Errorf("List(%s) = %d identities of %d, want one", email, len(page.Identities), page.Total)
	}
}
