package lambdatest_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cedula/shared/identity"
	"cedula/shared/store"
)

// A caller that a test client's token lets in, who may not decide about statuses
// and whose identities have to prove their addresses and be screened.
var untrustedCaller = []string{
	`"scopes": "identity:read identity:status:write identity:write"`,
	`"scopes": "identity:read identity:write", "stage": "test", "steps": "contact+screening"`,
}

// createPending makes an identity whose codes are known; each number makes another one.
func (s *replayEnv) createPending(t *testing.T, number string, pairs ...string) string {
	t.Helper()
	all := append(append([]string{
		"martina.rojas@", "martina." + number + "+verifies@", "+56912345678", "+56912000001",
		"customer-4711", "customer-" + number, "onboarding-4711", "onboarding-" + number,
	}, untrustedCaller...), pairs...)
	body, _ := invokeJSON(t, s.start(t, "conomy/create-identity"), s.event(t, "conomy-create-identity", all...), 200)
	assertFields(t, body, map[string]any{"status": "PENDING"})
	return body["id"].(string)
}

// verifyChannel sends a code to an address and confirms it.
func (s *replayEnv) verifyChannel(t *testing.T, channel, id, status string) {
	t.Helper()
	pairs := []string{sampleID, id, "5d0c6f1e-verify-4711", rand.Text()}
	sent, _ := invokeJSON(t, s.start(t, "conomy/start-verification"), s.event(t, "conomy-start-verification", append(pairs, "email", channel)...), 201)
	assertFields(t, sent, map[string]any{"channel": channel, "sentAt": "", "expiresAt": "", "nextAt": ""})
	confirm := s.start(t, "conomy/confirm-verification")
	wrong := s.event(t, "conomy-confirm-verification", sampleID, id, "email", channel, "000000", "314159")
	invokeJSON(t, confirm, wrong, 400)
	done, _ := invokeJSON(t, confirm, s.event(t, "conomy-confirm-verification", sampleID, id, "email", channel), 200)
	assertFields(t, done, map[string]any{"id": id, "status": status})
}

// TestConomyVerificationAndScreening: an identity proves its addresses, is held and released, and is
// let pass; another one is refused.
func TestConomyVerificationAndScreening(t *testing.T) {
	h := &conomyReplayEnv{replayEnv: newReplayEnv(t)}
	id := h.createPending(t, "1")
	h.verifyChannel(t, "email", id, "PENDING_PHONE_VALIDATION")
	h.verifyChannel(t, "phone", id, "SCREENING")
	held, _ := h.callOperation(t, "hold-identity", 200, id)["hold"].(map[string]any)
	assertFields(t, held, map[string]any{"reason": "waits for a translated document", "since": ""})
	if h.callOperation(t, "release-identity", 200, id)["hold"] != nil {
		t.Error("still held")
	}
	assertFields(t, h.callOperation(t, "decide-screening", 200, id), map[string]any{"status": "ACTIVE"})
	h.callOperation(t, "decide-screening", 422, id)

	refused := h.createPending(t, "2")
	event := h.event(t, "conomy-decide-screening", sampleID, refused, `\"clear\"`, `\"reject\"`)
	body, _ := invokeJSON(t, h.start(t, "conomy/decide-screening"), event, 200)
	assertFields(t, body, map[string]any{"status": "REJECTED"})
}

// TestConomySendsCodes: a code for an address that is nobody's but a person's is
// queued, and is not what the answer or the log says.
func TestConomySendsCodes(t *testing.T) {
	s := newReplayEnv(t)
	id := s.createPending(t, "1", "martina.1+verifies@", "martina.1@")
	f := s.start(t, "conomy/start-verification")
	event := s.event(t, "conomy-start-verification", sampleID, id)
	first, _ := invokeJSON(t, f, event, 201)
	again, answer := invokeJSON(t, f, event, 201)
	if again["sentAt"] != first["sentAt"] || len(answer.MultiValueHeaders["Idempotent-Replayed"]) != 1 {
		t.Errorf("a replay answers %v, %v", again, answer.MultiValueHeaders)
	}
	invokeJSON(t, f, s.event(t, "conomy-start-verification", sampleID, id, "5d0c6f1e-verify-4711", "another"), 429)
	queued := s.queuedMessages(t)
	if len(queued) != 1 || queued[0].To != "martina.1@example.com" || queued[0].Language != "es" || len(queued[0].Code) != identity.CodeDigits {
		t.Errorf("queued %+v", queued)
	}
	if strings.Contains(f.Output(), "martina.1@") {
		t.Errorf("logs an address: %s", f.Output())
	}
}

// TestTokenizedAddressCanBeVerified: an address that nobody can read is proven all the same.
func TestTokenizedAddressCanBeVerified(t *testing.T) {
	b := &blnkReplayEnv{replayEnv: newReplayEnv(t)}
	b.id = b.createPending(t, "1")
	b.callOperation(t, "tokenize-identity", 200)
	b.verifyChannel(t, "email", b.id, "PENDING_PHONE_VALIDATION")
}

// queuedMessages are the messages that wait to be sent.
func (s *replayEnv) queuedMessages(t *testing.T) []identity.Message {
	t.Helper()
	found, err := s.client.Scan(t.Context(), &dynamodb.ScanInput{
		TableName: aws.String(s.values["CEDULA_TABLE"]), FilterExpression: aws.String("begins_with(PK, :m)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":m": &types.AttributeValueMemberS{Value: store.PrefixMessage}},
	})
	if err != nil {
		t.Fatal(err)
	}
	var all []identity.Message
	for _, item := range found.Items {
		pk, _ := item["PK"].(*types.AttributeValueMemberS)
		m, _, err := s.store.Lease(t.Context(), strings.TrimPrefix(pk.Value, store.PrefixMessage), time.Now(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// backdateCode lets a code have been sent a while ago, so that another may be.
func (s *replayEnv) backdateCode(t *testing.T, id string, c identity.Channel) {
	t.Helper()
	code, _, err := s.store.VerificationCode(t.Context(), "acme", id, c, "")
	if err != nil {
		t.Fatal(err)
	}
	code.SentAt = code.SentAt.Add(-identity.ResendInterval)
	if err := s.store.RecordWrongAttempt(t.Context(), "acme", id, code); err != nil {
		t.Fatal(err)
	}
}

// createExpired puts an identity into the table whose time is long over, with so many
// parts. Its document is the sample event's.
func (s *replayEnv) createExpired(t *testing.T, id, email, phone string, parts int) {
	t.Helper()
	then := time.Now().Add(-30 * 24 * time.Hour).UTC().Truncate(time.Second)
	i := identity.Identity{
		Tenant: "acme", ID: id, Status: identity.Pending, Onboarding: identity.OnboardingContact, Version: 1, CreatedAt: then, UpdatedAt: then,
		ExpiresAt: then.Add(identity.DefaultPendingTTL), Profile: identity.Profile{
			Kind: identity.Individual, Email: email, Phone: phone, DocumentType: "RUT", DocumentNumber: "12.345.678-5",
		},
	}
	made, err := s.store.Create(t.Context(), i, []identity.Claim{i.UniquenessClaim()}, identity.Idempotency{}, identity.LinkChanges{})
	if err == nil {
		err = s.addWithdrawalAccounts(t.Context(), made.Identity, parts)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// addWithdrawalAccounts gives an identity withdrawal accounts.
func (s *replayEnv) addWithdrawalAccounts(ctx context.Context, i identity.Identity, count int) error {
	i.StoreState.SingleItem = i.StoreState.SingleItem && count == 0
	for n := range count {
		i.Version++
		if _, err := s.store.AddWithdrawalAccount(ctx, i, identity.BankAccount{ID: fmt.Sprint("account", n)}, identity.Idempotency{}); err != nil {
			return err
		}
	}
	return nil
}

// TestCreateReplacesExpiredIdentity: who stayed pending too long stands in nobody's way, before
// any job has removed it, with the rights of the function that meets it.
func TestCreateReplacesExpiredIdentity(t *testing.T) {
	const email, phone = "martina.rojas@example.com", "+56912345678"
	for name, parts := range map[string]int{"alone": 0, "with a part": 1, "with many parts": 50} {
		t.Run(name, func(t *testing.T) {
			s := newReplayEnv(t)
			s.createExpired(t, "holder", email, phone, parts)
			made, _ := invokeJSON(t, s.start(t, "conomy/create-identity"), s.event(t, "conomy-create-identity"), 200)
			assertFields(t, made, map[string]any{"email": email, "status": "ACTIVE"})
			invokeJSON(t, s.start(t, "conomy/get-identity"), s.event(t, "conomy-get-identity", sampleID, "holder"), 404)
		})
	}
	t.Run("of Blnk's id", func(t *testing.T) {
		s := newReplayEnv(t)
		s.createExpired(t, sampleBlnkID, email, phone, 1)
		event := s.event(t, "blnk-create-identity", `{\"identity_type\"`, `{\"identity_id\": \"`+sampleBlnkID+`\", \"identity_type\"`)
		made, _ := invokeJSON(t, s.start(t, "blnk/create-identity"), event, 201)
		assertFields(t, made, map[string]any{"identity_id": sampleBlnkID, "first_name": "Adaeze"})
	})
}

// TestUpdateReplacesExpiredIdentity is the same for an identity that comes to be equal
// to one that has lapsed.
func TestUpdateReplacesExpiredIdentity(t *testing.T) {
	const email, changed, phone = "martina.1+verifies@example.com", "new+verifies@example.com", "+56912000001"
	t.Run("Blnk's update", func(t *testing.T) {
		b := &blnkReplayEnv{replayEnv: newReplayEnv(t)}
		b.id = b.createPending(t, "1")
		b.createExpired(t, "holder", changed, phone, 1)
		b.callOperation(t, "update-identity", 200, `\"city\": \"Abuja\"`, `\"email_address\": \"`+changed+`\"`)
	})
	t.Run("Conomy's update, then a proof", func(t *testing.T) {
		s := newReplayEnv(t)
		id := s.createPending(t, "1")
		patch := func(to string) map[string]any {
			body, _ := invokeJSON(t, s.start(t, "conomy/update-identity"), s.event(t, "conomy-update-identity", sampleID, id,
				"5d0c6f1e-update-4711", to, `\"nickname\": \"Tina\"`, `\"email\": \"`+to+`\"`), 200)
			return body
		}
		s.createExpired(t, "holder", changed, phone, 1)
		assertFields(t, patch(changed), map[string]any{"email": changed})
		s.verifyChannel(t, "email", id, "PENDING_PHONE_VALIDATION")
		s.createExpired(t, "holder", email, phone, 0) // of the first address, which is free again
		assertFields(t, patch(email), map[string]any{"email": changed, "pendingEmail": email})
		s.backdateCode(t, id, identity.ChannelEmail)
		s.verifyChannel(t, "email", id, "PENDING_PHONE_VALIDATION")
	})
}
