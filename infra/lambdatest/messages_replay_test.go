package lambdatest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

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

// TestVerificationCodeIsQueued checks that a code is queued for its address, where it is not a test outcome. Package
// privacytest checks that the log does not have it.
func TestVerificationCodeIsQueued(t *testing.T) {
	s := newReplayEnv(t)
	s.run(t,
		step{"conomy/create-identity", pending("1", "martina.1+verifies@", "martina.1@"), 200, `{"id":"$pending"}`},
		step{"conomy/start-verification", about("$pending"), 201, `{"sentAt":"*"}`})
	queued := s.queuedMessages(t)
	if len(queued) != 1 {
		t.Fatalf("%d messages are queued, want 1", len(queued))
	}
	if m := queued[0]; m.To != "martina.1@example.com" || m.Language != "es" || len(m.Code) != identity.CodeDigits {
		t.Errorf("message = %+v, want a code for martina.1@example.com in es", m)
	}
}

// TestReplacedAddressIsNotified checks that the function that replaces a verified address may queue a message to it.
func TestReplacedAddressIsNotified(t *testing.T) {
	s := newReplayEnv(t)
	s.run(t, step{"conomy/create-identity", pending("1", "martina.1+verifies@", "martina.1@"), 200, `{"id":"$pending"}`})
	s.run(t, verify("email", "PENDING_PHONE_VALIDATION")...)
	s.run(t, step{"conomy/update-identity", append(about("$pending"), `\"nickname\": \"Tina\"`, `\"email\": \"new+verifies@example.com\"`), 200, ``})
	s.backdateCode(t, s.vars["$pending"])
	s.run(t, verify("email", "PENDING_PHONE_VALIDATION")...)
	queued := s.queuedMessages(t)
	isNotice := func(m identity.Message) bool {
		return m.To == "martina.1@example.com" && m.Purpose == identity.PurposeReplaced
	}
	if len(queued) != 2 || !slices.ContainsFunc(queued, isNotice) {
		t.Errorf("%d messages are queued, want the code and the notice that the address was replaced", len(queued))
	}
}

const (
	deliverMessages = "jobs/deliver-messages"
	sampleMessageID = "4QZ7B2N6XJ3KVTA5MHCW2LRDEY"
)

// TestDeliverMessages checks that an email and a text message are sent once each, by SES and SNS, and that the log has
// neither code nor address.
func TestDeliverMessages(t *testing.T) {
	s := newReplayEnv(t)
	var mu sync.Mutex
	sent := map[string][]string{} // request bodies by action
	services := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		action, response := "sns:Publish", `<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>`
		if r.URL.Path == "/v2/email/outbound-emails" {
			action, response = "ses:SendEmail", `{"MessageId":"m"}`
		}
		mu.Lock()
		defer mu.Unlock()
		sent[action] = append(sent[action], string(body))
		for _, g := range s.grants(deliverMessages) {
			if g.Action == action {
				recordUse(deliverMessages, g)
			}
		}
		_, _ = io.WriteString(w, response)
	}))
	t.Cleanup(services.Close)
	f := s.start(t, deliverMessages, "AWS_ENDPOINT_URL_SESV2="+services.URL, "AWS_ENDPOINT_URL_SNS="+services.URL)

	messages := [][]byte{s.queueMessage(t, identity.ChannelEmail, "martina@example.com"), s.queueMessage(t, identity.ChannelPhone, "+56912345678")}
	for _, event := range append(messages, messages...) {
		var response events.DynamoDBEventResponse
		invokeInto(t, f, event, &response)
		if len(response.BatchItemFailures) > 0 {
			t.Errorf("failed records = %v, want none: %s", response.BatchItemFailures, f.Output())
		}
	}

	if output := f.Output(); strings.Contains(output, "271828") || strings.Contains(output, "56912345678") {
		t.Errorf("output = %s, want neither the code nor the address", output)
	}
	for action, parts := range map[string][]string{
		"ses:SendEmail": {`"FromEmailAddress":"registry@example.org"`, `"ConfigurationSetName":"registry"`, "martina@example.com", "271828", "10 minutos"},
		"sns:Publish":   {"PhoneNumber=%2B56912345678", "CEDULA", "271828"},
	} {
		if len(sent[action]) != 1 {
			t.Fatalf("%d calls of %s, want 1", len(sent[action]), action)
		}
		for _, part := range parts {
			if !strings.Contains(sent[action][0], part) {
				t.Errorf("%s = %s, want it to contain %s", action, sent[action][0], part)
			}
		}
	}
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
