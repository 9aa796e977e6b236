//go:build dynamodb

package runtimeapi_test

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

	"cedula/infra/runtimeapi"
	"cedula/shared/identity"
)

// sampleMessage is the id in the sample event.
const sampleMessage = "4QZ7B2N6XJ3KVTA5MHCW2LRDEY"

// senders stand in for SES and SNS.
type senders struct {
	mu     sync.Mutex
	away   bool
	emails []string // bodies
	texts  []string // forms
}

func (s *senders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	const folder = "jobs/deliver-messages"
	switch {
	case s.away:
		w.WriteHeader(http.StatusServiceUnavailable)
	case r.URL.Path == "/v2/email/outbound-emails":
		called(folder, permission{action: "ses:SendEmail"})
		s.emails = append(s.emails, string(body))
		_, _ = io.WriteString(w, `{"MessageId":"m"}`)
	default:
		called(folder, permission{action: "sns:Publish"})
		s.texts = append(s.texts, string(body))
		_, _ = io.WriteString(w, `<PublishResponse><PublishResult><MessageId>m</MessageId></PublishResult></PublishResponse>`)
	}
}

// seen are the numbers of emails and text messages.
func (s *senders) seen() (emails, texts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.emails), len(s.texts)
}

// deliverer runs the function with the stand-ins.
func (s *stage) deliverer(t *testing.T, less ...string) (*runtimeapi.Function, *senders) {
	t.Helper()
	const folder = "jobs/deliver-messages"
	services := &senders{}
	server := httptest.NewServer(services)
	t.Cleanup(server.Close)
	return s.run(t, folder, append(s.environment(t, folder, less...), "AWS_ENDPOINT_URL_DYNAMODB="+s.guarded(t, folder),
		"AWS_ENDPOINT_URL_SESV2="+server.URL, "AWS_ENDPOINT_URL_SNS="+server.URL)), services
}

// queue queues a code and returns the event that the stream makes of it.
func (s *stage) queue(t *testing.T, id string, by identity.Channel, to string) []byte {
	t.Helper()
	err := s.store.Queue(t.Context(), identity.Message{
		ID: id, Tenant: "acme", Identity: someID, Channel: by, Purpose: identity.SendCode,
		To: to, Code: "271828", Language: "es", Expires: time.Now().Add(10 * time.Minute),
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.event(t, "jobs-deliver-messages", sampleMessage, id)
}

// failures invokes the function and returns what it answers.
func failures(t *testing.T, f *runtimeapi.Function, event []byte) []events.DynamoDBBatchItemFailure {
	t.Helper()
	payload, err := f.Invoke(deadline(t), event)
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
	s := newStage(t)
	f, services := s.deliverer(t)
	email := s.queue(t, sampleMessage, identity.ByEmail, "martina@example.com")
	text := s.queue(t, "TEXT", identity.ByPhone, "+56912345678")
	for range 2 {
		for _, event := range [][]byte{email, text} {
			if failed := failures(t, f, event); len(failed) != 0 {
				t.Errorf("failed: %v\n%s", failed, f.Output())
			}
		}
	}
	if emails, texts := services.seen(); emails != 1 || texts != 1 {
		t.Fatalf("%d emails and %d text messages", emails, texts)
	}
	var sent map[string]any
	if err := json.Unmarshal([]byte(services.emails[0]), &sent); err != nil {
		t.Fatal(err)
	}
	want(t, sent, map[string]any{"FromEmailAddress": "registry@example.org", "ConfigurationSetName": "registry"})
	for _, part := range []string{"martina@example.com", "271828", "10 minutos"} {
		if !strings.Contains(services.emails[0], part) {
			t.Errorf("no %q in %s", part, services.emails[0])
		}
	}
	if got := services.texts[0]; !strings.Contains(got, "PhoneNumber=%2B56912345678") || !strings.Contains(got, "CEDULA") || !strings.Contains(got, "271828") {
		t.Errorf("the text message is %s", got)
	}
}

// A message whose service is away is named, stays, and goes out the next time.
func TestDeliverMessagesLater(t *testing.T) {
	s := newStage(t)
	f, services := s.deliverer(t)
	event := s.queue(t, sampleMessage, identity.ByEmail, "martina@example.com")
	services.away = true
	for range 2 {
		if failed := failures(t, f, event); len(failed) != 1 || failed[0].ItemIdentifier != "4421584500000000017450439091" {
			t.Errorf("failed: %v", failed)
		}
	}
	services.away = false
	if failed := failures(t, f, event); len(failed) != 0 {
		t.Errorf("failed: %v", failed)
	}
	if emails, _ := services.seen(); emails != 1 {
		t.Errorf("%d emails", emails)
	}
}

// A stack without an address to send from fails emails visibly and sends the rest.
func TestDeliverMessagesWithoutAddress(t *testing.T) {
	s := newStage(t)
	f, services := s.deliverer(t, "CEDULA_EMAIL_FROM")
	if failed := failures(t, f, s.queue(t, sampleMessage, identity.ByEmail, "martina@example.com")); len(failed) != 1 {
		t.Errorf("failed: %v", failed)
	}
	if failed := failures(t, f, s.queue(t, "TEXT", identity.ByPhone, "+56912345678")); len(failed) != 0 {
		t.Errorf("failed: %v", failed)
	}
	if emails, texts := services.seen(); emails != 0 || texts != 1 || !strings.Contains(f.Output(), "no sender is set for the channel") {
		t.Errorf("%d emails and %d text messages: %s", emails, texts, f.Output())
	}
}
