package lambdatest_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/lambdatest"
	"cedula/shared/identity"
)

// sampleMessageID is the id in the sample event.
const sampleMessageID = "4QZ7B2N6XJ3KVTA5MHCW2LRDEY"

// fakeSenders stand in for SES and SNS.
type fakeSenders struct {
	mu          sync.Mutex
	unavailable bool
	emails      []string // bodies
	smsForms    []string // forms
}

func (s *fakeSenders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	const folder = "jobs/deliver-messages"
	switch {
	case s.unavailable:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/v2/email/outbound-emails":
		recordUse(folder, permission{action: "ses:SendEmail"})
		s.emails = append(s.emails, string(body))
		_, _ = io.WriteString(w, `{"MessageId":"m"}`)
	default:
		recordUse(folder, permission{action: "sns:Publish"})
		s.smsForms = append(s.smsForms, string(body))
		_, _ = io.WriteString(w, `<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>`)
	}
}

// counts are the numbers of emails and text messages.
func (s *fakeSenders) counts() (emails, texts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.emails), len(s.smsForms)
}

// startDeliverer runs the function with the stand-ins.
func (s *replayEnv) startDeliverer(t *testing.T, less ...string) (*lambdatest.Function, *fakeSenders) {
	t.Helper()
	const folder = "jobs/deliver-messages"
	services := &fakeSenders{}
	server := httptest.NewServer(services)
	t.Cleanup(server.Close)
	return s.startWithEnv(t, folder, append(s.environment(t, folder, less...), "AWS_ENDPOINT_URL_DYNAMODB="+s.roleCheckedDynamoDB(t, folder),
		"AWS_ENDPOINT_URL_SESV2="+server.URL, "AWS_ENDPOINT_URL_SNS="+server.URL)), services
}

// queueMessage queues a code and returns the event that the stream makes of it.
func (s *replayEnv) queueMessage(t *testing.T, id string, by identity.Channel, to string) []byte {
	t.Helper()
	err := s.store.Enqueue(t.Context(), identity.Message{
		ID: id, Tenant: "acme", IdentityID: sampleID, Channel: by, Purpose: identity.PurposeVerificationCode,
		To: to, Code: "271828", Language: "es", ExpiresAt: time.Now().Add(10 * time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.event(t, "jobs-deliver-messages", sampleMessageID, id)
}

// deliveryFailures invokes the function and returns what it answers.
func deliveryFailures(t *testing.T, f *lambdatest.Function, event []byte) []events.DynamoDBBatchItemFailure {
	t.Helper()
	payload, err := f.Invoke(requestContext(t), event)
	if err != nil {
		t.Fatalf("%v\n%s", err, f.Output())
	}
	var answer events.DynamoDBEventResponse
	decode(t, payload, &answer)
	if out := f.Output(); strings.Contains(out, "271828") || strings.Contains(out, "martina") || strings.Contains(out, "56912345678") {
		t.Errorf("logs what is secret: %s", out)
	}
	return answer.BatchItemFailures
}

// TestDeliverMessages: a queued message goes out by its service, once, with the
// rights of the function's role.
func TestDeliverMessages(t *testing.T) {
	s := newReplayEnv(t)
	f, services := s.startDeliverer(t)
	email := s.queueMessage(t, sampleMessageID, identity.ChannelEmail, "martina@example.com")
	text := s.queueMessage(t, "TEXT", identity.ChannelPhone, "+56912345678")
	for range 2 {
		for _, event := range [][]byte{email, text} {
			if failed := deliveryFailures(t, f, event); len(failed) != 0 {
				t.Errorf("failed: %v\n%s", failed, f.Output())
			}
		}
	}
	if emails, texts := services.counts(); emails != 1 || texts != 1 {
		t.Fatalf("%d emails and %d text messages", emails, texts)
	}
	var sent map[string]any
	if err := json.Unmarshal([]byte(services.emails[0]), &sent); err != nil {
		t.Fatal(err)
	}
	assertFields(t, sent, map[string]any{"FromEmailAddress": "registry@example.org", "ConfigurationSetName": "registry"})
	for _, part := range []string{"martina@example.com", "271828", "10 minutos"} {
		if !strings.Contains(services.emails[0], part) {
			t.Errorf("no %q in %s", part, services.emails[0])
		}
	}
	if got := services.smsForms[0]; !strings.Contains(got, "PhoneNumber=%2B56912345678") || !strings.Contains(got, "CEDULA") || !strings.Contains(got, "271828") {
		t.Errorf("the text message is %s", got)
	}
}

// A message whose service is away is named, stays, and goes out the next time.
func TestDeliverMessagesRetriesAfterOutage(t *testing.T) {
	s := newReplayEnv(t)
	f, services := s.startDeliverer(t)
	event := s.queueMessage(t, sampleMessageID, identity.ChannelEmail, "martina@example.com")
	services.unavailable = true
	for range 2 {
		if failed := deliveryFailures(t, f, event); len(failed) != 1 || failed[0].ItemIdentifier != "4421584500000000017450439091" {
			t.Errorf("failed: %v", failed)
		}
	}
	services.unavailable = false
	if failed := deliveryFailures(t, f, event); len(failed) != 0 {
		t.Errorf("failed: %v", failed)
	}
	if emails, _ := services.counts(); emails != 1 {
		t.Errorf("%d emails", emails)
	}
}

// A stack without an address to send from fails emails visibly and sends the rest.
func TestDeliverMessagesWithoutSenderAddress(t *testing.T) {
	s := newReplayEnv(t)
	f, services := s.startDeliverer(t, "CEDULA_EMAIL_FROM")
	if failed := deliveryFailures(t, f, s.queueMessage(t, sampleMessageID, identity.ChannelEmail, "martina@example.com")); len(failed) != 1 {
		t.Errorf("failed: %v", failed)
	}
	if failed := deliveryFailures(t, f, s.queueMessage(t, "TEXT", identity.ChannelPhone, "+56912345678")); len(failed) != 0 {
		t.Errorf("failed: %v", failed)
	}
	if emails, texts := services.counts(); emails != 0 || texts != 1 || !strings.Contains(f.Output(), "no sender is set for the channel") {
		t.Errorf("%d emails and %d text messages: %s", emails, texts, f.Output())
	}
}
