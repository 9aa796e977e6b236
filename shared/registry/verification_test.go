package registry_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/store"
)

// ana has an email and a phone to verify.
var ana = identity.Profile{
	Kind: identity.Individual, FirstName: "Ana", Email: "ana@example.com", Phone: "+56912345678",
	DocumentType: "RUT", DocumentNumber: "11.111.111-1", Country: "CHL",
}

func (w *testRegistry) createPending(t *testing.T, p identity.Profile, onboarding identity.Onboarding) identity.WriteResult {
	t.Helper()
	d := draft(p)
	d.Trusted, d.Policy.Onboarding, d.Claims = false, onboarding, []identity.Claim{p.UniquenessClaim()}
	return w.mustCreate(t, d)
}

func (w *testRegistry) startVerification(id string, c identity.Channel) error {
	_, err := w.StartVerification(ctx, change(id, nil), c, nil, false)
	return err
}

// sendMessage starts the verification of an address and returns the message.
func (w *testRegistry) sendMessage(t *testing.T, id string, c identity.Channel) identity.Message {
	t.Helper()
	return w.captureMessage(t, func() error { return w.startVerification(id, c) })
}

func (w *testRegistry) sendCode(t *testing.T, id string, c identity.Channel) string {
	t.Helper()
	return w.sendMessage(t, id, c).Code
}

// captureMessage returns the message that an operation puts into the outbox, the zero value if it puts none.
func (w *testRegistry) captureMessage(t *testing.T, do func() error) identity.Message {
	t.Helper()
	before := len(w.outbox.messageIDs)
	err := do()
	ids := testenv.Must(w.outbox.messageIDs, err)(t)[before:]
	if len(ids) == 0 {
		return identity.Message{}
	}
	if len(ids) > 1 {
		t.Fatalf("%d messages were sent, want at most one", len(ids))
	}
	m, _, err := w.store.Store.(*store.Store).Lease(ctx, ids[0], w.now, time.Minute)
	return testenv.Must(m, err)(t)
}

func (w *testRegistry) confirm(id string, c identity.Channel, code string) (identity.WriteResult, error) {
	return w.ConfirmVerification(ctx, change(id, nil), c, code, false)
}

func (w *testRegistry) mustConfirm(t *testing.T, id string, c identity.Channel, code string) identity.WriteResult {
	t.Helper()
	return testenv.Must(w.confirm(id, c, code))(t)
}

// verify sends a code to an address and confirms it.
func (w *testRegistry) verify(t *testing.T, id string, c identity.Channel) identity.WriteResult {
	t.Helper()
	return w.mustConfirm(t, id, c, w.sendCode(t, id, c))
}

func differentCode(code string) string {
	if code == "123456" {
		return "654321"
	}
	return "123456"
}

// wantState checks the status of an identity and what it waits for.
func wantState(t *testing.T, i identity.Identity, s identity.Status, due, pending []string) {
	t.Helper()
	want := identity.Requirements{Due: due, Pending: pending, Deadline: i.ExpiresAt}
	if diff := cmp.Diff(want, i.Requirements()); diff != "" || i.Status != s {
		t.Errorf("status %s, want %s; requirements, -want +got:\n%s", i.Status, s, diff)
	}
	if i.ExpiresAt.IsZero() == s.Pending() {
		t.Errorf("ExpiresAt = %v in status %s, want one only while it is pending", i.ExpiresAt, s)
	}
}

func TestOnboardingToActive(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createPending(t, ana, identity.OnboardingContactAndScreening)
	wantState(t, i.Identity, identity.Pending, []string{"email", "phone", "screening"}, nil)

	code := w.sendCode(t, i.ID, identity.ChannelEmail)
	wantState(t, w.mustGet(t, i.ID), identity.PendingEmailValidation, []string{"phone", "screening"}, []string{"email"})
	wantState(t, w.mustConfirm(t, i.ID, identity.ChannelEmail, code).Identity, identity.PendingPhoneValidation, []string{"phone", "screening"}, nil)

	code = w.sendCode(t, i.ID, identity.ChannelPhone)
	wantState(t, w.mustGet(t, i.ID), identity.PendingPhoneValidation, []string{"screening"}, []string{"phone"})
	wantState(t, w.mustConfirm(t, i.ID, identity.ChannelPhone, code).Identity, identity.Screening, nil, []string{"screening"})

	decided := testenv.Must(w.DecideScreening(ctx, change(i.ID, nil), review(identity.OutcomeClear)))(t)
	wantState(t, decided.Identity, identity.Active, nil, nil)
	if got, want := decided.Verification(identity.ChannelPhone).VerifiedAt, w.now.Truncate(time.Second); !got.Equal(want) {
		t.Errorf("VerifiedAt of the phone = %v, want %v", got, want)
	}
}

func TestStartVerification(t *testing.T) {
	w := newTestRegistry(t)
	id := w.createPending(t, ana, identity.OnboardingContact).ID
	var started registry.StartedVerification
	m := w.captureMessage(t, func() (err error) {
		started, err = w.StartVerification(ctx, change(id, nil), identity.ChannelEmail, nil, false)
		return err
	})
	sent := w.now.Truncate(time.Second).UTC()
	want := registry.StartedVerification{Channel: identity.ChannelEmail, SentAt: sent, ExpiresAt: sent.Add(10 * time.Minute), ResendAt: sent.Add(time.Minute)}
	if started != want {
		t.Errorf("StartVerification() = %+v, want %+v", started, want)
	}
	wantMessage := identity.Message{
		ID: m.ID, Tenant: "acme", IdentityID: id, Channel: identity.ChannelEmail, Purpose: identity.PurposeVerificationCode,
		To: "ana@example.com", Code: m.Code, Language: "es", ExpiresAt: started.ExpiresAt,
	}
	if m != wantMessage || len(m.Code) != 6 {
		t.Errorf("message = %+v, want %+v with six digits", m, wantMessage)
	}
}

// TestCodesAreEquallyLikely draws a number above the last multiple of a million, which would make small codes more
// likely: it must be drawn again.
func TestCodesAreEquallyLikely(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createPending(t, ana, identity.OnboardingContact)
	drawn := []byte{0xff, 0xf1, 0x3d, 0x80, 0, 0, 0, 7} // 4,294,000,000, then 7
	w.Random = io.MultiReader(bytes.NewReader(drawn), rand.NewChaCha8([32]byte{1}))
	w.sendCode(t, i.ID, identity.ChannelEmail)
	w.mustConfirm(t, i.ID, identity.ChannelEmail, "000007")
}

func TestOnlyPresentAddressesNeedVerification(t *testing.T) {
	w := newTestRegistry(t)
	for c, p := range map[identity.Channel]identity.Profile{"email": {Email: "a@example.com"}, "phone": {Phone: "+56912345678"}} {
		if got := w.verify(t, w.createPending(t, p, identity.OnboardingContact).ID, c); got.Status != identity.Active {
			t.Errorf("Status = %s after its %s, the only address, was verified, want ACTIVE", got.Status, c)
		}
	}
	i := w.createPending(t, identity.Profile{FirstName: "Nobody"}, identity.OnboardingContact)
	wantState(t, i.Identity, identity.Pending, []string{"email"}, nil)
	for _, c := range []identity.Channel{identity.ChannelEmail, identity.ChannelPhone} {
		wantErrorAs[*identity.StateError](t, "no "+string(c), w.startVerification(i.ID, c))
	}
}

func TestMalformedCodeIsInvalid(t *testing.T) {
	w := newTestRegistry(t)
	for _, code := range []string{"", "12345", "1234567", "12345a", "１２３４５６", "-12345"} {
		_, err := w.confirm("a", identity.ChannelEmail, code)
		wantText[*identity.Invalid](t, code, err, "code must be six digits")
	}
	_, err := w.confirm("a", "fax", "123456")
	wantText[*identity.Invalid](t, "fax", err, "channel must be email or phone")
	wantText[*identity.Invalid](t, "fax", w.startVerification("a", "fax"), "channel must be email or phone")
}

func TestWhiteSpaceInACodeIsIgnored(t *testing.T) {
	w := newTestRegistry(t)
	for n, format := range []string{" %s%s", "%s%s\n", "%s %s", "\u00a0%s\t%s\u2003"} {
		p := ana
		p.DocumentNumber = fmt.Sprint(n)
		id := w.createPending(t, p, identity.OnboardingContact).ID
		w.now = w.now.Add(time.Minute)
		code := w.sendCode(t, id, identity.ChannelEmail)
		w.mustConfirm(t, id, identity.ChannelEmail, fmt.Sprintf(format, code[:3], code[3:]))
	}
}

func TestCodeErrors(t *testing.T) {
	w := newTestRegistry(t)
	id := w.createPending(t, ana, identity.OnboardingContact).ID
	want := func(what string, c identity.Channel, code string, want error) {
		t.Helper()
		_, err := w.confirm(id, c, code)
		wantIs(t, what, err, want)
	}
	want("before a code", identity.ChannelEmail, "123456", identity.ErrNoCodeSent)
	code := w.sendCode(t, id, identity.ChannelEmail)
	want("the other channel's code", identity.ChannelPhone, code, identity.ErrNoCodeSent)
	for range identity.MaxCodeAttempts {
		want("a wrong code", identity.ChannelEmail, differentCode(code), identity.ErrWrongCode)
	}
	want("after five wrong codes", identity.ChannelEmail, code, identity.ErrTooManyAttempts)

	w.now = w.now.Add(time.Minute)
	old := w.sendCode(t, id, identity.ChannelEmail)
	w.now = w.now.Add(10 * time.Minute)
	want("after ten minutes", identity.ChannelEmail, old, identity.ErrExpiredCode)

	code = w.sendCode(t, id, identity.ChannelEmail)
	want("a replaced code", identity.ChannelEmail, old, identity.ErrWrongCode)
	w.now = w.now.Add(-30 * time.Second)
	wantErrorAs[*identity.RateLimited](t, "another code of a clock that is 30 seconds late", w.startVerification(id, identity.ChannelEmail))
	w.now = w.now.Add(-72 * time.Hour)
	want("a code of a later day", identity.ChannelEmail, code, identity.ErrExpiredCode)
	code = w.sendCode(t, id, identity.ChannelEmail)
	w.mustConfirm(t, id, identity.ChannelEmail, code)
	want("a used code", identity.ChannelEmail, code, identity.ErrUsedCode)
	want("a wrong code after it", identity.ChannelEmail, differentCode(code), identity.ErrUsedCode)
	wantErrorAs[*identity.StateError](t, "a verified address", w.startVerification(id, identity.ChannelEmail))
	_, err := w.confirm("absent", identity.ChannelEmail, code)
	wantIs(t, "an unknown identity", err, identity.ErrNotFound)
}

// TestSendsToAnAddressAreLimited counts across the identities of a tenant.
func TestSendsToAnAddressAreLimited(t *testing.T) {
	w := newTestRegistry(t)
	newID := func(email string) string {
		p := ana
		p.Email = email
		return w.mustCreate(t, registry.Draft{Tenant: "acme", Profile: p, GenerateID: generateID}).ID
	}
	want := func(what, id string, want time.Duration) {
		t.Helper()
		err := w.startVerification(id, identity.ChannelEmail)
		if want == 0 {
			wantIs(t, what, err, nil)
		} else if got := errorAs[*identity.RateLimited](t, what, err).RetryAfter; got != want {
			t.Errorf("%s: RetryAfter = %v, want %v", what, got, want)
		}
	}
	start := w.now.Truncate(time.Second)
	first := newID(ana.Email)
	want("the first", first, 0)
	want("the first identity again", first, time.Minute)
	for n := 2; n <= 5; n++ {
		want(fmt.Sprint("within an hour ", n), newID(ana.Email), 0)
	}
	want("the sixth within an hour", newID(ana.Email), time.Hour)
	w.now = start.Add(time.Hour)
	for n := 6; n <= 10; n++ {
		want(fmt.Sprint("within a day ", n), newID(ana.Email), 0)
	}
	w.now = start.Add(3 * time.Hour)
	want("the eleventh within a day", newID(ana.Email), 21*time.Hour)
	want("another address", newID("other@example.com"), 0)
	w.now = start.Add(-48 * time.Hour)
	for n := 1; n <= 5; n++ {
		want(fmt.Sprint("after the clock was set back ", n), newID(ana.Email), 0)
	}
	want("the sixth since the clock was set back", newID(ana.Email), time.Hour)
}

func TestConcurrentGuessesAreLimited(t *testing.T) {
	w := newTestRegistry(t)
	id := w.createPending(t, ana, identity.OnboardingContact).ID
	code := w.sendCode(t, id, identity.ChannelEmail)
	wrong := 0
	for _, err := range concurrently(100, func(int) error {
		_, err := w.confirm(id, identity.ChannelEmail, differentCode(code))
		return err
	}) {
		if errors.Is(err, identity.ErrWrongCode) {
			wrong++
			continue
		}
		wantIs(t, "a further guess", err, identity.ErrTooManyAttempts)
	}
	if wrong != 5 {
		t.Errorf("%d guesses were compared, want 5", wrong)
	}
}

func TestCodeIsUsedOnce(t *testing.T) {
	w := newTestRegistry(t)
	id := w.createPending(t, ana, identity.OnboardingContact).ID
	code := w.sendCode(t, id, identity.ChannelEmail)
	errs := concurrently(20, func(int) error {
		_, err := w.confirm(id, identity.ChannelEmail, code)
		return err
	})
	won := slices.Index(errs, nil)
	if won < 0 {
		t.Error("no request used the code, want one")
	}
	for n, err := range errs {
		if n != won {
			wantIs(t, "the code again", err, identity.ErrUsedCode)
		}
	}
}

func TestVerificationRequestsAreIdempotent(t *testing.T) {
	w := newTestRegistry(t)
	c := change(w.createPending(t, ana, identity.OnboardingContact).ID, nil)
	c.Idempotency = identity.Idempotency{Key: "send", Fingerprint: [32]byte{1}}
	var want registry.StartedVerification
	m := w.captureMessage(t, func() (err error) {
		want, err = w.StartVerification(ctx, c, identity.ChannelEmail, nil, false)
		return err
	})
	w.now = w.now.Add(10 * time.Second)
	want.Replayed = true
	again := testenv.Must(w.StartVerification(ctx, c, identity.ChannelEmail, nil, false))(t)
	if again != want {
		t.Errorf("StartVerification() again = %+v, want %+v", again, want)
	}
	c.Idempotency = identity.Idempotency{Key: "use", Fingerprint: [32]byte{2}}
	for _, replayed := range []bool{false, true} {
		got := testenv.Must(w.ConfirmVerification(ctx, c, identity.ChannelEmail, m.Code, false))(t)
		if got.Replayed != replayed || got.Status != identity.PendingPhoneValidation {
			t.Errorf("ConfirmVerification(): Replayed = %v, status %s, want %v, PENDING_PHONE_VALIDATION", got.Replayed, got.Status, replayed)
		}
	}
}

// TestTestModeAddressesAndCodes covers what clients can rely on in their own tests.
func TestTestModeAddressesAndCodes(t *testing.T) {
	const email, phone, right = identity.ChannelEmail, identity.ChannelPhone, "000000"
	w := newTestRegistry(t)
	for _, tt := range []struct {
		name     string
		channel  identity.Channel
		address  string
		testMode bool // of the identity
		asks     bool // a test client asks
		code     string
		want     error
		sent     bool
	}{
		{"an email that verifies", email, "a+verifies@example.com", true, true, right, nil, false},
		{"an email that fails", email, "a+fails@example.com", true, true, right, identity.ErrWrongCode, false},
		{"an email that is lost", email, "a+lost@example.com", true, true, right, identity.ErrWrongCode, false},
		{"a phone that verifies", phone, "+56900000001", true, true, right, nil, false},
		{"a phone that fails", phone, "+56900000002", true, true, right, identity.ErrWrongCode, false},
		{"a phone that is lost", phone, "+56900000003", true, true, right, identity.ErrWrongCode, false},
		{"any other email, right", email, "a@example.com", true, true, right, nil, true},
		{"any other email, wrong", email, "b@example.com", true, true, "999999", identity.ErrWrongCode, true},
		{"a live identity", email, "b+verifies@example.com", false, true, right, identity.ErrWrongCode, true},
		{"a live client", email, "c@example.com", true, false, right, identity.ErrWrongCode, true},
		{"a live client, an email that verifies", email, "c+verifies@example.com", true, false, right, identity.ErrWrongCode, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var p identity.Profile
			*p.StringField(tt.channel.Field()) = tt.address
			d := draft(p)
			d.Trusted, d.TestMode = false, tt.testMode
			c := change(w.mustCreate(t, d).ID, nil)
			m := w.captureMessage(t, func() error {
				_, err := w.StartVerification(ctx, c, tt.channel, nil, tt.asks)
				return err
			})
			if (m.Code != "") != tt.sent || m.Code == tt.code {
				t.Errorf("code %q was sent, want a random one: %v", m.Code, tt.sent)
			}
			_, err := w.ConfirmVerification(ctx, c, tt.channel, tt.code, tt.asks)
			wantIs(t, "ConfirmVerification", err, tt.want)
		})
	}
}

// TestMessagesOfAClientAreLimited: of many codes that are requested concurrently, exactly as many are sent as a client may send.
// Spellings of one mailbox have one limit.
func TestMessagesOfAClientAreLimited(t *testing.T) {
	w := newTestRegistry(t)
	w.MessageLimits = identity.MessageLimits{PerClient: 20, PerTenant: 25}
	var ids []string
	for n := range 96 {
		p := ana
		p.Email = fmt.Sprintf("p%d@example.com", n)
		ids = append(ids, w.createPending(t, p, identity.OnboardingContact).ID)
	}
	start := func(id, client string) error {
		c := change(id, nil)
		c.Client = client
		_, err := w.StartVerification(ctx, c, identity.ChannelEmail, nil, false)
		return err
	}
	limited := 0
	for _, err := range concurrently(len(ids), func(n int) error { return start(ids[n], "c1") }) {
		if err != nil {
			wantErrorAs[*identity.RateLimited](t, "a code of the client", err)
			limited++
		}
	}
	if limited != 76 || len(w.outbox.messageIDs) != 20 {
		t.Errorf("%d requests rejected, %d messages, want 76, 20", limited, len(w.outbox.messageIDs))
	}
	w.now = w.now.Add(time.Hour)
	for n := range 7 {
		p := ana
		p.Email = fmt.Sprintf("b.e.a+%d@gmail.com", n)
		id := w.createPending(t, p, identity.OnboardingContact).ID
		err := start(id, "c2")
		if got := err == nil; got != (n < identity.MaxSendsPerHour) {
			t.Errorf("code %d to one mailbox: error = %v", n, err)
		}
	}
}
