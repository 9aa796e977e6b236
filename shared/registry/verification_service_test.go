package registry_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/store"
)

// ana is somebody whose email and phone are to be proven.
var ana = identity.Profile{
	Kind: identity.Individual, FirstName: "Ana", Email: "ana@example.com", Phone: "+56912345678",
	DocumentType: "RUT", DocumentNumber: "11.111.111-1", Country: "CHL",
}

// createPending makes one.
func (w *testRegistry) createPending(t *testing.T, p identity.Profile, steps identity.Onboarding) identity.WriteResult {
	t.Helper()
	d := draft(p)
	d.Trusted, d.Policy.Onboarding, d.Claims = false, steps, []identity.Claim{p.UniquenessClaim()}
	return w.mustCreate(t, d)
}

func changeByID(id string) registry.Change { return registry.Change{Tenant: "acme", ID: id} }

// sendMessage starts the verification of an address and returns the message.
func (w *testRegistry) sendMessage(t *testing.T, id string, c identity.Channel) identity.Message {
	t.Helper()
	return w.captureMessage(t, func() error { _, err := w.StartVerification(ctx, changeByID(id), c, nil, false); return err })
}

func (w *testRegistry) sendCode(t *testing.T, id string, c identity.Channel) string {
	t.Helper()
	return w.sendMessage(t, id, c).Code
}

// captureMessage is the one that an operation puts into the outbox; zero if it puts none.
func (w *testRegistry) captureMessage(t *testing.T, do func() error) identity.Message {
	t.Helper()
	before := w.outbox.messageCount()
	if err := do(); err != nil {
		t.Fatal(err)
	}
	ids := w.outbox.messagesSince(before)
	if len(ids) == 0 {
		return identity.Message{}
	}
	m, _, err := w.store.Store.(*store.Store).Lease(ctx, ids[0], w.now, time.Minute)
	if err != nil || len(ids) > 1 {
		t.Fatalf("ids = %v, err = %v; want no error and len(ids) <= 1", ids, err)
	}
	return m
}

func (w *testRegistry) confirm(id string, c identity.Channel, code string) (identity.WriteResult, error) {
	return w.ConfirmVerification(ctx, changeByID(id), c, code, false)
}

func (w *testRegistry) mustConfirm(t *testing.T, id string, c identity.Channel, code string) identity.WriteResult {
	t.Helper()
	got, err := w.confirm(id, c, code)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// differentCode is a code that is not the one given.
func differentCode(code string) string {
	if code == "123456" {
		return "654321"
	}
	return "123456"
}

func TestOnboardingToActive(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createPending(t, ana, identity.OnboardingContactAndScreening)
	want := func(i identity.WriteResult, s identity.Status, due, pending []string) {
		t.Helper()
		r := i.Requirements()
		if i.Status != s || !slices.Equal(r.Due, due) || !slices.Equal(r.Pending, pending) || !r.Deadline.Equal(i.ExpiresAt) || r.Deadline.IsZero() == s.Pending() {
			t.Errorf("%s, %+v; want i.Status == s and r.Due == due and r.Pending == pending and r.Deadline == i.ExpiresAt and r.Deadline.IsZero() != s.Pending()", i.Status, r)
		}
	}
	now := func() identity.WriteResult {
		got, err := w.Get(ctx, "acme", i.ID)
		if err != nil {
			t.Fatal(err)
		}
		return identity.WriteResult{Identity: got}
	}
	want(i, identity.Pending, []string{"email", "phone", "screening"}, nil)

	message := w.captureMessage(t, func() error {
		got, err := w.StartVerification(ctx, changeByID(i.ID), identity.ChannelEmail, nil, false)
		if sent := w.now.Truncate(time.Second).UTC(); got != (registry.StartedVerification{
			Channel: identity.ChannelEmail, SentAt: sent, ExpiresAt: sent.Add(10 * time.Minute), ResendAt: sent.Add(time.Minute),
		}) {
			t.Errorf("%+v; want got == (registry.StartedVerification{ Channel: identity.ChannelEmail, SentAt: sent, ExpiresAt: sent.Add(10 * time.Minute), ResendAt: sent.Add(time.Minute), })", got)
		}
		return err
	})
	if message.To != "ana@example.com" || message.Language != "es" || message.Purpose != identity.PurposeVerificationCode || message.IdentityID != i.ID {
		t.Errorf(`%+v; want message.To == "ana@example.com" and message.Language == "es" and message.Purpose == identity.PurposeVerificationCode and message.IdentityID == i.ID`, message)
	}
	want(now(), identity.PendingEmailValidation, []string{"phone", "screening"}, []string{"email"})
	want(w.mustConfirm(t, i.ID, identity.ChannelEmail, message.Code), identity.PendingPhoneValidation, []string{"phone", "screening"}, nil)

	code := w.sendCode(t, i.ID, identity.ChannelPhone)
	want(now(), identity.PendingPhoneValidation, []string{"screening"}, []string{"phone"})
	want(w.mustConfirm(t, i.ID, identity.ChannelPhone, code), identity.Screening, nil, []string{"screening"})

	decided, err := w.DecideScreening(ctx, changeByID(i.ID), identity.Review{Outcome: identity.OutcomeClear, Reason: "no hit", Reviewer: "rosa"})
	if err != nil {
		t.Fatal(err)
	}
	want(decided, identity.Active, nil, nil)
	if decided.Review == nil || decided.Review.Reviewer != "rosa" || !decided.Verification(identity.ChannelPhone).VerifiedAt.Equal(w.now.Truncate(time.Second)) {
		t.Errorf(`%+v %+v; want decided.Review != nil and decided.Review.Reviewer == "rosa" and decided.Verification(identity.ChannelPhone).VerifiedAt == w.now.Truncate(time.Second)`, decided.Review, decided.Verifications)
	}
}

func TestOnlyPresentAddressesNeedVerification(t *testing.T) {
	w := newTestRegistry(t)
	for name, p := range map[string]identity.Profile{"email": {Email: "a@example.com"}, "phone": {Phone: "+56912345678"}} {
		c := identity.Channel(name)
		i := w.createPending(t, p, identity.OnboardingContact)
		if got := w.mustConfirm(t, i.ID, c, w.sendCode(t, i.ID, c)); got.Status != identity.Active {
			t.Errorf("name = %v, got.Status = %v; want got.Status == identity.Active", name, got.Status)
		}
	}
	i := w.createPending(t, identity.Profile{FirstName: "Nobody"}, identity.OnboardingContact)
	if r := i.Requirements(); !slices.Equal(r.Due, []string{"email"}) {
		t.Errorf(`%+v; want r.Due == []string{"email"}`, r)
	}
	for _, c := range []identity.Channel{identity.ChannelEmail, identity.ChannelPhone} {
		var state *identity.StateError
		if _, err := w.StartVerification(ctx, changeByID(i.ID), c, nil, false); !errors.As(err, &state) {
			t.Errorf("%s: %v; want a *identity.StateError", c, err)
		}
	}
}

// TestCodeErrors: each way in which a code proves nothing has an error of its own.
func TestCodeErrors(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createPending(t, ana, identity.OnboardingContact)
	var invalid *identity.Invalid
	for _, odd := range []string{"", "12345", "1234567", "12345a", "１２３４５６", "-12345"} {
		if _, err := w.confirm(i.ID, identity.ChannelEmail, odd); !errors.As(err, &invalid) || invalid.Field != identity.FieldCode {
			t.Errorf("%q: %v; want a *identity.Invalid and invalid.Field == identity.FieldCode", odd, err)
		}
	}
	if _, err := w.confirm(i.ID, "fax", "123456"); !errors.As(err, &invalid) || invalid.Field != identity.FieldChannel {
		t.Errorf("err = %v; want a *identity.Invalid and invalid.Field == identity.FieldChannel", err)
	}
	want := func(c identity.Channel, code string, want error) {
		t.Helper()
		if _, err := w.confirm(i.ID, c, code); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	want(identity.ChannelEmail, "123456", identity.ErrNoCodeSent)
	code := w.sendCode(t, i.ID, identity.ChannelEmail)
	want(identity.ChannelPhone, code, identity.ErrNoCodeSent)
	for range identity.MaxCodeAttempts {
		want(identity.ChannelEmail, differentCode(code), identity.ErrWrongCode)
	}
	want(identity.ChannelEmail, code, identity.ErrTooManyAttempts)

	w.now = w.now.Add(time.Minute)
	code = w.sendCode(t, i.ID, identity.ChannelEmail)
	w.now = w.now.Add(10 * time.Minute)
	want(identity.ChannelEmail, code, identity.ErrExpiredCode)

	before := code
	code = w.sendCode(t, i.ID, identity.ChannelEmail)
	want(identity.ChannelEmail, before, identity.ErrWrongCode) // a new code takes the old one's place
	w.mustConfirm(t, i.ID, identity.ChannelEmail, code)
	want(identity.ChannelEmail, code, identity.ErrUsedCode)
	want(identity.ChannelEmail, differentCode(code), identity.ErrUsedCode)
	var state *identity.StateError
	if _, err := w.StartVerification(ctx, changeByID(i.ID), identity.ChannelEmail, nil, false); !errors.As(err, &state) {
		t.Errorf("proven already: %v; want a *identity.StateError", err)
	}
	if _, err := w.confirm("nobody", identity.ChannelEmail, code); !errors.Is(err, identity.ErrNotFound) {
		t.Errorf("err = %v; want identity.ErrNotFound", err)
	}
}

// TestSendsAreLimited counts per address, across the identities of a tenant.
func TestSendsAreLimited(t *testing.T) {
	w := newTestRegistry(t)
	send := func(id string) time.Duration {
		t.Helper()
		_, err := w.StartVerification(ctx, changeByID(id), identity.ChannelEmail, nil, false)
		var soon *identity.RateLimited
		if err != nil && !errors.As(err, &soon) {
			t.Fatalf("err = %v; want no error or a *identity.RateLimited", err)
		}
		if soon == nil {
			return 0
		}
		return soon.RetryAfter
	}
	var ids []string
	for n := range 12 {
		p := ana
		p.DocumentNumber = fmt.Sprint("1111", n)
		ids = append(ids, w.createPending(t, p, identity.OnboardingContact).ID)
	}
	begun := w.now.Truncate(time.Second)
	if send(ids[0]) != 0 || send(ids[0]) != time.Minute {
		t.Error("two sends: want the second to wait for a minute")
	}
	for _, id := range ids[1:5] {
		if wait := send(id); wait != 0 {
			t.Errorf("waits %v; want wait == 0", wait)
		}
	}
	if wait := send(ids[5]); wait != time.Hour {
		t.Errorf("the sixth within an hour waits %v; want wait == time.Hour", wait)
	}
	w.now = begun.Add(time.Hour)
	for _, id := range ids[5:10] {
		if wait := send(id); wait != 0 {
			t.Errorf("waits %v; want wait == 0", wait)
		}
	}
	w.now = begun.Add(3 * time.Hour)
	if wait := send(ids[10]); wait != 21*time.Hour {
		t.Errorf("the eleventh of a day waits %v; want wait == 21 * time.Hour", wait)
	}
	elsewhere := ana
	elsewhere.Email = "other@example.com"
	if wait := send(w.createPending(t, elsewhere, identity.OnboardingContact).ID); wait != 0 {
		t.Errorf("another address waits %v; want wait == 0", wait)
	}
}

// TestConcurrentGuessesAreLimited: of a hundred guesses by twenty at once, at most five are compared.
func TestConcurrentGuessesAreLimited(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createPending(t, ana, identity.OnboardingContact)
	code := w.sendCode(t, i.ID, identity.ChannelEmail)
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		tally = make(map[error]int)
	)
	for range 20 {
		all.Go(func() {
			for range 5 {
				_, err := w.confirm(i.ID, identity.ChannelEmail, differentCode(code))
				mu.Lock()
				for _, known := range []error{identity.ErrWrongCode, identity.ErrTooManyAttempts} {
					if errors.Is(err, known) {
						tally[known]++
					}
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if tally[identity.ErrWrongCode] != 5 || tally[identity.ErrTooManyAttempts] != 95 {
		t.Errorf("%v; want tally[identity.ErrWrongCode] == 5 and tally[identity.ErrTooManyAttempts] == 95", tally)
	}
}

// TestCodeIsUsedOnce: of twenty who bring the right code at once, one wins.
func TestCodeIsUsedOnce(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createPending(t, ana, identity.OnboardingContact)
	code := w.sendCode(t, i.ID, identity.ChannelEmail)
	outcomes := make(chan error, 20)
	for range 20 {
		go func() { _, err := w.confirm(i.ID, identity.ChannelEmail, code); outcomes <- err }()
	}
	won := 0
	for range 20 {
		switch err := <-outcomes; {
		case err == nil:
			won++
		case !errors.Is(err, identity.ErrUsedCode):
			t.Errorf("error = %v, want none or ErrUsedCode", err)
		}
	}
	if won != 1 {
		t.Errorf("%d won; want won == 1", won)
	}
}

// TestVerificationRequestsAreIdempotent: with an idempotency key one code is sent, and it is used once.
func TestVerificationRequestsAreIdempotent(t *testing.T) {
	w := newTestRegistry(t)
	i := w.createPending(t, ana, identity.OnboardingContact)
	c := changeByID(i.ID)
	c.Idempotency = identity.Idempotency{Key: "send", Fingerprint: [32]byte{1}}
	var first registry.StartedVerification
	m := w.captureMessage(t, func() (err error) {
		first, err = w.StartVerification(ctx, c, identity.ChannelEmail, nil, false)
		return err
	})
	w.now = w.now.Add(10 * time.Second)
	again, err := w.StartVerification(ctx, c, identity.ChannelEmail, nil, false)
	if first.Replayed = true; err != nil || again != first {
		t.Errorf("%+v %v, want %+v", again, err, first)
	}
	c.Idempotency = identity.Idempotency{Key: "use", Fingerprint: [32]byte{2}}
	for n := range 2 {
		got, err := w.ConfirmVerification(ctx, c, identity.ChannelEmail, m.Code, false)
		if err != nil || got.Replayed != (n == 1) || got.Status != identity.PendingPhoneValidation {
			t.Errorf("%d: %v %v %s; want no error and got.Replayed == (n == 1) and got.Status == identity.PendingPhoneValidation", n, err, got.Replayed, got.Status)
		}
	}
}
