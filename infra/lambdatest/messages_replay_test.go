package lambdatest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cedula/infra/lambdatest"
	"cedula/shared/identity"
	"cedula/shared/store"
)

// queuedMessages returns the messages that wait to be sent.
func (s *replayEnv) queuedMessages(t *testing.T) (all []identity.Message) {
	t.Helper()
	found, err := s.client.Scan(t.Context(), &dynamodb.ScanInput{
		TableName: aws.String(s.values["CEDULA_TABLE"]), FilterExpression: aws.String("begins_with(PK, :m)"),
		ExpressionAttributeValues: map[string]types.AttributeValue{":m": &types.AttributeValueMemberS{Value: store.PrefixMessage}},
	})
	if err != nil {
		t.Fatal(err)
	}
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

// TestVerificationCodeIsQueued checks that a code is queued for its address. Package privacytest checks that the log does
// not have it.
func TestVerificationCodeIsQueued(t *testing.T) {
	s := newReplayEnv(t)
	s.run(t, step{"conomy/create-identity", pending("1", "martina.1+verifies@", "martina.1@"), 200, `{"id":"$pending"}`})
	f := s.start(t, "conomy/start-verification")
	send := func(status int, want string, pairs ...string) {
		t.Helper()
		pairs = append(about("$pending"), pairs...)
		s.checkResponse(t, step{"conomy/start-verification", nil, status, want}, invoke(t, f, s.event(t, "conomy/start-verification", pairs...), status))
	}
	send(201, `{"sentAt":"$sentAt"}`)
	send(201, `{"sentAt":"$sentAt"} replayed`)
	send(429, ``, "5d0c6f1e-verify-4711", "another")
	queued := s.queuedMessages(t)
	if len(queued) != 1 {
		t.Fatalf("%d messages are queued, want 1", len(queued))
	}
	if m := queued[0]; m.To != "martina.1@example.com" || m.Language != "es" || len(m.Code) != identity.CodeDigits {
		t.Errorf("message = %+v, want a code for martina.1@example.com in es", m)
	}
}

// createExpired stores an expired identity with an id and so many accounts. Its document is the sample event's.
func (s *replayEnv) createExpired(t *testing.T, id, email, phone string, accounts int) {
	t.Helper()
	then := time.Now().Add(-30 * 24 * time.Hour).UTC().Truncate(time.Second)
	i := identity.Identity{
		Tenant: "acme", ID: id, Status: identity.Pending, Onboarding: identity.OnboardingContact, Version: 1, CreatedAt: then, UpdatedAt: then,
		ExpiresAt: then.Add(identity.DefaultPendingTTL), Profile: identity.Profile{
			Kind: identity.Individual, Email: email, Phone: phone, DocumentType: "RUT", DocumentNumber: "12.345.678-5",
		},
	}
	created, err := s.store.Create(t.Context(), i, []identity.Claim{i.UniquenessClaim()}, identity.Idempotency{}, identity.LinkChanges{})
	if err == nil {
		err = s.addWithdrawalAccounts(t.Context(), created.Identity, accounts)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestCreateReplacesExpiredIdentity checks that the function that finds an expired identity in its way may remove it.
func TestCreateReplacesExpiredIdentity(t *testing.T) {
	const email, phone = "martina.rojas@example.com", "+56912345678"
	for name, accounts := range map[string]int{"alone": 0, "with an account": 1, "with many accounts": 50} {
		t.Run(name, func(t *testing.T) {
			s := newReplayEnv(t)
			s.createExpired(t, "holder", email, phone, accounts)
			s.run(t,
				step{"conomy/create-identity", nil, 200, `{"email":"` + email + `","status":"ACTIVE"}`},
				step{"conomy/get-identity", about("holder"), 404, ``})
		})
	}
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
	if err := s.store.RecordWrongAttempt(t.Context(), "acme", id, code); err != nil {
		t.Fatal(err)
	}
}

// TestDeleteIdentityWithManyAccounts checks the deletion of more items than one transaction removes.
func TestDeleteIdentityWithManyAccounts(t *testing.T) {
	for _, del := range []step{{"conomy/delete-identity", about("$person"), 204, ``}, {"blnk/delete-identity", blnkID("$person"), 200, ``}} {
		t.Run(del.operation, func(t *testing.T) {
			s := newReplayEnv(t)
			s.run(t, household...)
			i, err := s.store.Get(t.Context(), "acme", s.vars["$person"])
			if err == nil {
				err = s.addWithdrawalAccounts(t.Context(), i, 50)
			}
			if err != nil {
				t.Fatal(err)
			}
			s.run(t, del, step{"conomy/get-identity", about("$person"), 404, ``})
		})
	}
}

const (
	deliverMessages = "jobs/deliver-messages"
	sampleMessageID = "4QZ7B2N6XJ3KVTA5MHCW2LRDEY"
)

// fakeSenders stands in for SES and SNS.
type fakeSenders struct {
	use    func(action string) // records the use of the grants with an action
	mu     sync.Mutex
	emails []string // request bodies
	texts  []string
}

func (s *fakeSenders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/v2/email/outbound-emails" {
		s.use("ses:SendEmail")
		s.emails = append(s.emails, string(body))
		_, _ = io.WriteString(w, `{"MessageId":"m"}`)
		return
	}
	s.use("sns:Publish")
	s.texts = append(s.texts, string(body))
	_, _ = io.WriteString(w, `<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>`)
}

// sent returns the request bodies of the emails and the text messages, whose numbers it checks.
func (s *fakeSenders) sent(t *testing.T, emails, texts int) (email, text string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.emails) != emails || len(s.texts) != texts {
		t.Fatalf("%d emails and %d texts were sent, want %d and %d", len(s.emails), len(s.texts), emails, texts)
	}
	return strings.Join(s.emails, "\n"), strings.Join(s.texts, "\n")
}

func (s *replayEnv) startDeliverer(t *testing.T, env ...string) (*lambdatest.Function, *fakeSenders) {
	t.Helper()
	services := &fakeSenders{use: func(action string) {
		for _, g := range s.grants(deliverMessages) {
			if g.Action == action {
				recordUse(deliverMessages, g)
			}
		}
	}}
	server := httptest.NewServer(services)
	t.Cleanup(server.Close)
	return s.start(t, deliverMessages, append(env, "AWS_ENDPOINT_URL_SESV2="+server.URL, "AWS_ENDPOINT_URL_SNS="+server.URL)...), services
}

// queueMessage queues a code and returns the event that the stream makes of it.
func (s *replayEnv) queueMessage(t *testing.T, channel identity.Channel, to string) []byte {
	t.Helper()
	err := s.store.Enqueue(t.Context(), identity.Message{
		ID: string(channel), Tenant: "acme", IdentityID: sampleID, Channel: channel, Purpose: identity.PurposeVerificationCode,
		To: to, Code: "271828", Language: "es", ExpiresAt: time.Now().Add(10 * time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.event(t, deliverMessages, sampleMessageID, string(channel))
}

// deliver invokes the function and checks which records it reports as failed.
func deliver(t *testing.T, f *lambdatest.Function, event []byte, want ...string) {
	t.Helper()
	var answer events.DynamoDBEventResponse
	invokeInto(t, f, event, &answer)
	var got []string
	for _, failed := range answer.BatchItemFailures {
		got = append(got, failed.ItemIdentifier)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("failed records = %q, want %q: %s", got, want, f.Output())
	}
	if strings.Contains(f.Output(), "271828") || strings.Contains(f.Output(), "56912345678") {
		t.Errorf("output = %s, want neither the code nor the address", f.Output())
	}
}

func TestDeliverMessages(t *testing.T) {
	s := newReplayEnv(t)
	f, services := s.startDeliverer(t)
	messages := [][]byte{s.queueMessage(t, identity.ChannelEmail, "martina@example.com"), s.queueMessage(t, identity.ChannelPhone, "+56912345678")}
	for _, event := range append(messages, messages...) { // each is sent once
		deliver(t, f, event)
	}
	email, text := services.sent(t, 1, 1)
	for _, want := range []string{`"FromEmailAddress":"registry@example.org"`, `"ConfigurationSetName":"registry"`, "martina@example.com", "271828", "10 minutos"} {
		if !strings.Contains(email, want) {
			t.Errorf("email = %s, want it to contain %s", email, want)
		}
	}
	for _, want := range []string{"PhoneNumber=%2B56912345678", "CEDULA", "271828"} {
		if !strings.Contains(text, want) {
			t.Errorf("text message = %s, want it to contain %s", text, want)
		}
	}
}

// TestDeliverMessagesWithoutSenderAddress checks that a stack that cannot send emails sends the rest.
func TestDeliverMessagesWithoutSenderAddress(t *testing.T) {
	s := newReplayEnv(t)
	f, services := s.startDeliverer(t, "CEDULA_EMAIL_FROM=")
	deliver(t, f, s.queueMessage(t, identity.ChannelEmail, "martina@example.com"), "4421584500000000017450439091")
	deliver(t, f, s.queueMessage(t, identity.ChannelPhone, "+56912345678"))
	services.sent(t, 0, 1)
	if want := "no sender is set for the channel"; !strings.Contains(f.Output(), want) {
		t.Errorf("output = %s, want it to contain %q", f.Output(), want)
	}
}
