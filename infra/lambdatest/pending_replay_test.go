package lambdatest_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"cedula/shared/identity"
)

// pendingIdentity returns an identity that expires within a time, or expired that long ago if it is negative.
func pendingIdentity(id string, expiresIn time.Duration) identity.Identity {
	expires := time.Now().Add(expiresIn).UTC().Truncate(time.Second)
	return identity.Identity{
		Tenant: "acme", ID: id, Status: identity.Pending, Onboarding: identity.OnboardingContact, Version: 1,
		CreatedAt: expires.Add(-identity.DefaultPendingTTL), UpdatedAt: expires, ExpiresAt: expires,
		Profile: identity.Profile{Kind: identity.Individual, Email: "canary-" + id + "@example.com", DocumentNumber: id},
	}
}

// create stores an identity with so many withdrawal accounts.
func (s *replayEnv) create(t *testing.T, i identity.Identity, accounts int) {
	t.Helper()
	created, err := s.store.Create(t.Context(), i, []identity.Claim{i.UniquenessClaim()}, identity.Idempotency{}, identity.LinkChanges{})
	if err != nil {
		t.Fatal(err)
	}
	s.addWithdrawalAccounts(t, created.Identity, accounts)
}

func (s *replayEnv) addWithdrawalAccounts(t *testing.T, i identity.Identity, count int) {
	t.Helper()
	for n := range count {
		i.Version++
		if _, err := s.store.AddWithdrawalAccount(t.Context(), i, identity.BankAccount{ID: fmt.Sprint("account", n)}, identity.Idempotency{}); err != nil {
			t.Fatal(err)
		}
	}
}

// manyAccounts are more than one transaction removes.
const manyAccounts = 50

// createExpired stores an expired identity that has the document of the sample event.
func (s *replayEnv) createExpired(t *testing.T, id, email, phone string, accounts int) {
	t.Helper()
	i := pendingIdentity(id, -24*time.Hour)
	i.Email, i.Phone, i.DocumentType, i.DocumentNumber = email, phone, "RUT", "12.345.678-5"
	s.create(t, i, accounts)
}

// TestCreateReplacesExpiredIdentity checks that the function that finds an expired identity in its way may remove it.
func TestCreateReplacesExpiredIdentity(t *testing.T) {
	const email, phone = "martina.rojas@example.com", "+56912345678"
	t.Run("with the same values", func(t *testing.T) {
		s := newReplayEnv(t)
		s.createExpired(t, "holder", email, phone, manyAccounts)
		s.run(t,
			step{"conomy/create-identity", nil, 200, `{"email":"` + email + `","status":"ACTIVE"}`},
			step{"conomy/get-identity", about("holder"), 404, ``})
	})
	t.Run("with the id of a create request", func(t *testing.T) {
		s := newReplayEnv(t)
		s.createExpired(t, sampleBlnkID, email, phone, 1)
		s.run(t, step{
			"blnk/create-identity",
			[]string{`{\"identity_type\"`, `{\"identity_id\": \"` + sampleBlnkID + `\", \"identity_type\"`},
			201, `{"identity_id":"` + sampleBlnkID + `","first_name":"Adaeze"}`,
		})
	})
}

// TestUpdateReplacesExpiredIdentity checks the same of an identity that becomes equal to an expired one.
func TestUpdateReplacesExpiredIdentity(t *testing.T) {
	const email, changed, phone = "martina.1+verifies@example.com", "new+verifies@example.com", "+56912000001"
	create := step{"conomy/create-identity", pending("1"), 200, `{"id":"$pending"}`}
	t.Run("by the Blnk API", func(t *testing.T) {
		s := newReplayEnv(t)
		s.run(t, create)
		s.createExpired(t, "holder", changed, phone, 1)
		s.run(t, step{"blnk/update-identity", blnkID("$pending", `\"city\": \"Abuja\"`, `\"email_address\": \"`+changed+`\"`), 200, ``})
	})
	t.Run("by the Conomy API, then by a verification", func(t *testing.T) {
		s := newReplayEnv(t)
		s.run(t, create)
		setEmail := func(to, want string) step {
			return step{"conomy/update-identity", append(about("$pending"), "5d0c6f1e-update-4711", to, `\"nickname\": \"Tina\"`, `\"email\": \"`+to+`\"`), 200, want}
		}
		s.createExpired(t, "holder", changed, phone, 1)
		s.run(t, setEmail(changed, `{"email":"`+changed+`"}`))
		s.run(t, verify("email", "PENDING_PHONE_VALIDATION")...)
		s.createExpired(t, "holder", email, phone, 0) // with the first address, which is free again
		s.run(t, setEmail(email, `{"email":"`+changed+`","pendingEmail":"`+email+`"}`))
		s.backdateCode(t, s.vars["$pending"])
		s.run(t, verify("email", "PENDING_PHONE_VALIDATION")...)
	})
}

// backdateCode makes an email's code old enough for another to be sent.
func (s *replayEnv) backdateCode(t *testing.T, id string) {
	t.Helper()
	code, _, err := s.store.VerificationCode(t.Context(), "acme", id, identity.ChannelEmail, "")
	if err != nil {
		t.Fatal(err)
	}
	code.SentAt = code.SentAt.Add(-identity.ResendInterval)
	i, err := s.store.Get(t.Context(), "acme", id)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.store.RecordWrongAttempt(t.Context(), &i, code); err != nil {
		t.Fatal(err)
	}
}

func TestDeleteIdentityWithManyAccounts(t *testing.T) {
	for _, del := range []step{{"conomy/delete-identity", about("$person"), 204, ``}, {"blnk/delete-identity", blnkID("$person"), 200, ``}} {
		t.Run(del.operation, func(t *testing.T) {
			s := newReplayEnv(t)
			s.run(t, household...)
			i, err := s.store.Get(t.Context(), "acme", s.vars["$person"])
			if err != nil {
				t.Fatal(err)
			}
			s.addWithdrawalAccounts(t, i, manyAccounts)
			s.run(t, del, step{"conomy/get-identity", about("$person"), 404, ``})
		})
	}
}

// runJob runs a job and checks those of its metrics that are not zero, apart from durations.
func (s *replayEnv) runJob(t *testing.T, folder string, want map[string]float64, pairs ...string) {
	t.Helper()
	f := s.start(t, folder)
	var got map[string]float64
	invokeInto(t, f, s.event(t, folder, pairs...), &got)
	delete(got, "durationMs")
	delete(got, "lagSeconds")
	maps.DeleteFunc(got, func(_ string, value float64) bool { return value == 0 })
	if !maps.Equal(got, want) {
		t.Errorf("metrics = %v, want %v", got, want)
	}
}

func TestExpirePending(t *testing.T) {
	s := newReplayEnv(t)
	for n := range 30 { // so that a shard of the index has several
		s.create(t, pendingIdentity(fmt.Sprint("alone ", n), -2*time.Hour), 0)
	}
	s.create(t, pendingIdentity("with an account", -2*time.Hour), 1)
	s.create(t, pendingIdentity("with many accounts", -2*time.Hour), manyAccounts)
	s.create(t, pendingIdentity("later", time.Hour), 0)

	want := map[string]float64{"examined": 32, "expired": 32, "complete": 1}
	s.runJob(t, "jobs/expire-pending", want)
	s.runJob(t, "jobs/expire-pending", want, `"dryRun": true`, `"dryRun": false`)
	s.runJob(t, "jobs/expire-pending", map[string]float64{"complete": 1}, `"dryRun": true`, `"dryRun": false`)
	if _, err := s.store.Get(t.Context(), "acme", "later"); err != nil {
		t.Errorf("error of the identity that expires later = %v, want none", err)
	}
}

func TestRemindPending(t *testing.T) {
	s := newReplayEnv(t)
	s.create(t, pendingIdentity("soon", 22*time.Hour), 0)
	s.create(t, pendingIdentity("later", 48*time.Hour), 0)
	s.run(t,
		step{"conomy/create-identity", pending("1", "martina.1+verifies@", "canary-sealed@", `"stage": "test"`, `"stage": "live", "life": "80000"`), 200, `{"id":"$pending"}`},
		step{"blnk/tokenize-identity", blnkID("$pending"), 200, ``})

	s.runJob(t, "jobs/remind-pending", map[string]float64{"examined": 2, "reminded": 2, "complete": 1})

	got := map[string]string{}
	for _, m := range s.queuedMessages(t) {
		got[m.IdentityID] = string(m.Purpose) + " to " + m.To
	}
	want := map[string]string{s.vars["$pending"]: "reminder to canary-sealed@example.com", "soon": "reminder to canary-soon@example.com"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("messages = %v, want %v", got, want)
	}
}
