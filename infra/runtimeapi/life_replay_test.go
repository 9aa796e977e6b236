//go:build dynamodb

package runtimeapi_test

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
var untrusted = []string{
	`"scopes": "identity:read identity:status:write identity:write"`,
	`"scopes": "identity:read identity:write", "stage": "test", "steps": "contact+screening"`,
}

// pending makes an identity whose codes are known; each number makes another one.
func (s *stage) pending(t *testing.T, number string, pairs ...string) string {
	t.Helper()
	all := append(append([]string{
		"martina.rojas@", "martina." + number + "+verifies@", "+56912345678", "+56912000001",
		"customer-4711", "customer-" + number, "onboarding-4711", "onboarding-" + number,
	}, untrusted...), pairs...)
	body, _ := call(t, s.start(t, "conomy/create-identity"), s.event(t, "conomy-create-identity", all...), 200)
	want(t, body, map[string]any{"status": "PENDING"})
	return body["id"].(string)
}

// proves sends a code to an address and confirms it.
func (s *stage) proves(t *testing.T, channel, id, status string) {
	t.Helper()
	pairs := []string{someID, id, "5d0c6f1e-verify-4711", rand.Text()}
	sent, _ := call(t, s.start(t, "conomy/start-verification"), s.event(t, "conomy-start-verification", append(pairs, "email", channel)...), 201)
	want(t, sent, map[string]any{"channel": channel, "sentAt": "", "expiresAt": "", "nextAt": ""})
	confirm := s.start(t, "conomy/confirm-verification")
	wrong := s.event(t, "conomy-confirm-verification", someID, id, "email", channel, "000000", "314159")
	call(t, confirm, wrong, 400)
	done, _ := call(t, confirm, s.event(t, "conomy-confirm-verification", someID, id, "email", channel), 200)
	want(t, done, map[string]any{"id": id, "status": status})
}

// TestConomyLife: an identity proves its addresses, is held and released, and is
// let pass; another one is refused.
func TestConomyLife(t *testing.T) {
	h := &household{stage: newStage(t)}
	id := h.pending(t, "1")
	h.proves(t, "email", id, "PENDING_PHONE_VALIDATION")
	h.proves(t, "phone", id, "SCREENING")
	held, _ := h.serve(t, "hold-identity", 200, id)["hold"].(map[string]any)
	want(t, held, map[string]any{"reason": "waits for a translated document", "since": ""})
	if h.serve(t, "release-identity", 200, id)["hold"] != nil {
		t.Error("still held")
	}
	want(t, h.serve(t, "decide-screening", 200, id), map[string]any{"status": "ACTIVE"})
	h.serve(t, "decide-screening", 422, id)

	refused := h.pending(t, "2")
	event := h.event(t, "conomy-decide-screening", someID, refused, `\"clear\"`, `\"reject\"`)
	body, _ := call(t, h.start(t, "conomy/decide-screening"), event, 200)
	want(t, body, map[string]any{"status": "REJECTED"})
}

// TestConomySendsCodes: a code for an address that is nobody's but a person's is
// queued, and is not what the answer or the log says.
func TestConomySendsCodes(t *testing.T) {
	s := newStage(t)
	id := s.pending(t, "1", "martina.1+verifies@", "martina.1@")
	f := s.start(t, "conomy/start-verification")
	event := s.event(t, "conomy-start-verification", someID, id)
	first, _ := call(t, f, event, 201)
	again, answer := call(t, f, event, 201)
	if again["sentAt"] != first["sentAt"] || len(answer.MultiValueHeaders["Idempotent-Replayed"]) != 1 {
		t.Errorf("a replay answers %v, %v", again, answer.MultiValueHeaders)
	}
	call(t, f, s.event(t, "conomy-start-verification", someID, id, "5d0c6f1e-verify-4711", "another"), 429)
	queued := s.queued(t)
	if len(queued) != 1 || queued[0].To != "martina.1@example.com" || queued[0].Language != "es" || len(queued[0].Code) != identity.CodeDigits {
		t.Errorf("queued %+v", queued)
	}
	if strings.Contains(f.Output(), "martina.1@") {
		t.Errorf("logs an address: %s", f.Output())
	}
}

// TestConomyTokenizedAddress: an address that nobody can read is proven all the same.
func TestConomyTokenizedAddress(t *testing.T) {
	b := &blnkStage{stage: newStage(t)}
	b.id = b.pending(t, "1")
	b.serve(t, "tokenize-identity", 200)
	b.proves(t, "email", b.id, "PENDING_PHONE_VALIDATION")
}

// queued are the messages that wait to be sent.
func (s *stage) queued(t *testing.T) []identity.Message {
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
		m, _, err := s.store.Claim(t.Context(), strings.TrimPrefix(pk.Value, store.PrefixMessage), time.Now(), time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

// longAgo lets a code have been sent a while ago, so that another may be.
func (s *stage) longAgo(t *testing.T, id string, c identity.Channel) {
	t.Helper()
	code, _, err := s.store.Code(t.Context(), "acme", id, c, "")
	if err != nil {
		t.Fatal(err)
	}
	code.Sent = code.Sent.Add(-identity.CodePause)
	if err := s.store.SpendCheck(t.Context(), "acme", id, code); err != nil {
		t.Fatal(err)
	}
}

// lapsed puts an identity into the table whose time is long over, with so many
// parts. Its document is the sample event's.
func (s *stage) lapsed(t *testing.T, id, email, phone string, parts int) {
	t.Helper()
	then := time.Now().Add(-30 * 24 * time.Hour).UTC().Truncate(time.Second)
	i := identity.Identity{
		Tenant: "acme", ID: id, Status: identity.Pending, Steps: identity.Contact, Version: 1, CreatedAt: then, UpdatedAt: then,
		ExpiresAt: then.Add(identity.DefaultPendingLife), Profile: identity.Profile{
			Kind: identity.Individual, Email: email, Phone: phone, DocumentType: "RUT", DocumentNumber: "12.345.678-5",
		},
	}
	made, err := s.store.Create(t.Context(), i, []identity.Claim{i.Uniqueness()}, identity.Idempotency{}, identity.Links{})
	if err == nil {
		err = s.addParts(t.Context(), made.Identity, parts)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// addParts gives an identity withdrawal accounts.
func (s *stage) addParts(ctx context.Context, i identity.Identity, count int) error {
	i.Held.Alone = i.Held.Alone && count == 0
	for n := range count {
		i.Version++
		if _, err := s.store.AddWithdrawal(ctx, i, identity.BankAccount{ID: fmt.Sprint("account", n)}, identity.Idempotency{}); err != nil {
			return err
		}
	}
	return nil
}

// TestLapsedHolder: who stayed pending too long stands in nobody's way, before
// any job has removed it, with the rights of the function that meets it.
func TestLapsedHolder(t *testing.T) {
	const email, phone = "martina.rojas@example.com", "+56912345678"
	for name, parts := range map[string]int{"alone": 0, "with a part": 1, "with many parts": 50} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.lapsed(t, "holder", email, phone, parts)
			made, _ := call(t, s.start(t, "conomy/create-identity"), s.event(t, "conomy-create-identity"), 200)
			want(t, made, map[string]any{"email": email, "status": "ACTIVE"})
			call(t, s.start(t, "conomy/get-identity"), s.event(t, "conomy-get-identity", someID, "holder"), 404)
		})
	}
	t.Run("of Blnk's id", func(t *testing.T) {
		s := newStage(t)
		s.lapsed(t, blnkID, email, phone, 1)
		event := s.event(t, "blnk-create-identity", `{\"identity_type\"`, `{\"identity_id\": \"`+blnkID+`\", \"identity_type\"`)
		made, _ := call(t, s.start(t, "blnk/create-identity"), event, 201)
		want(t, made, map[string]any{"identity_id": blnkID, "first_name": "Adaeze"})
	})
}

// TestLapsedHolderMetByAChange is the same for an identity that comes to be equal
// to one that has lapsed.
func TestLapsedHolderMetByAChange(t *testing.T) {
	const email, changed, phone = "martina.1+verifies@example.com", "new+verifies@example.com", "+56912000001"
	t.Run("Blnk's update", func(t *testing.T) {
		b := &blnkStage{stage: newStage(t)}
		b.id = b.pending(t, "1")
		b.lapsed(t, "holder", changed, phone, 1)
		b.serve(t, "update-identity", 200, `\"city\": \"Abuja\"`, `\"email_address\": \"`+changed+`\"`)
	})
	t.Run("Conomy's update, then a proof", func(t *testing.T) {
		s := newStage(t)
		id := s.pending(t, "1")
		patch := func(to string) map[string]any {
			body, _ := call(t, s.start(t, "conomy/update-identity"), s.event(t, "conomy-update-identity", someID, id,
				"5d0c6f1e-update-4711", to, `\"nickname\": \"Tina\"`, `\"email\": \"`+to+`\"`), 200)
			return body
		}
		s.lapsed(t, "holder", changed, phone, 1)
		want(t, patch(changed), map[string]any{"email": changed})
		s.proves(t, "email", id, "PENDING_PHONE_VALIDATION")
		s.lapsed(t, "holder", email, phone, 0) // of the first address, which is free again
		want(t, patch(email), map[string]any{"email": changed, "pendingEmail": email})
		s.longAgo(t, id, identity.ByEmail)
		s.proves(t, "email", id, "PENDING_PHONE_VALIDATION")
	})
}
