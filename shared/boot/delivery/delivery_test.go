package delivery_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"cedula/shared/boot"
	"cedula/shared/boot/delivery"
	"cedula/shared/identity"
	"cedula/shared/messaging"
)

func validConfig() boot.Config {
	return boot.Config{
		Table: "cedula", Secret: strings.Repeat("s", 32),
		Region: "us-east-1", AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example",
		EmailFrom: "registry@example.org", EmailConfiguration: "my-set", SMSSender: "CEDULA",
	}
}

func TestVariables(t *testing.T) {
	for _, tt := range []struct {
		change func(*boot.Config)
		want   string
	}{
		{func(c *boot.Config) { c.EmailConfiguration = "" }, "<nil>"},
		{func(c *boot.Config) { c.SMSSender = "" }, "<nil>"},
		{func(c *boot.Config) { c.SMSSender = "12345" }, "environment variable CEDULA_SMS_SENDER is no sender id: 1 to 11 letters and digits, a letter among them"},
		{func(c *boot.Config) { c.Table = "" }, "environment variable CEDULA_TABLE is not set"},
	} {
		c := validConfig()
		tt.change(&c)
		_, err := delivery.NewConsumer(c)
		if got := fmt.Sprint(err); got != tt.want {
			t.Errorf("NewConsumer = %s, want %s", got, tt.want)
		}
	}
}

// fakeService records requests and responds with an error.
type fakeService struct {
	status          int
	errorType, body string

	mu       sync.Mutex
	requests []string
}

func (s *fakeService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, r.URL.Path+" "+string(body))
	w.Header().Set("X-Amzn-Errortype", s.errorType)
	w.WriteHeader(s.status)
	_, _ = io.WriteString(w, s.body)
}

// send sends a message by a channel whose service is s.
func (s *fakeService) send(t *testing.T, channel identity.Channel) error {
	t.Helper()
	server := httptest.NewServer(s)
	defer server.Close()
	c := validConfig()
	c.SESEndpoint = server.URL
	c.SNSEndpoint = server.URL
	d, err := delivery.NewDispatcher(c)
	if err != nil {
		t.Fatal(err)
	}
	return d.Senders[channel].Send(t.Context(), messaging.RenderedMessage{Subject: "s", Text: "t"})
}

func TestEachChannelCallsItsServiceOnce(t *testing.T) {
	for channel, parts := range map[identity.Channel][]string{
		identity.ChannelEmail: {"/v2/email/outbound-emails", "registry@example.org", "my-set"},
		identity.ChannelPhone: {"Action=Publish", "CEDULA"},
	} {
		s := &fakeService{status: http.StatusServiceUnavailable}
		if err := s.send(t, channel); err == nil || errors.Is(err, messaging.ErrRejected) {
			t.Errorf("%s: Send = %v, want an error that does not wrap ErrRejected", channel, err)
		}
		if len(s.requests) != 1 {
			t.Fatalf("%s: %d requests, want 1", channel, len(s.requests))
		}
		for _, part := range parts {
			if !strings.Contains(s.requests[0], part) {
				t.Errorf("%s: request = %s, want %q in it", channel, s.requests[0], part)
			}
		}
	}
}

func TestRejectionsOfServicesAreRecognized(t *testing.T) {
	for channel, s := range map[identity.Channel]*fakeService{
		identity.ChannelEmail: {status: http.StatusBadRequest, errorType: "MessageRejected", body: `{"message":"m"}`},
		identity.ChannelPhone: {status: http.StatusBadRequest, body: `<ErrorResponse><Error><Code>OptedOut</Code></Error></ErrorResponse>`},
	} {
		if err := s.send(t, channel); !errors.Is(err, messaging.ErrRejected) {
			t.Errorf("%s: Send = %v, want %v", channel, err, messaging.ErrRejected)
		}
	}
}

func TestWithoutFromAddressOnlyTextMessagesAreSent(t *testing.T) {
	c := validConfig()
	c.EmailFrom = ""
	d, err := delivery.NewDispatcher(c)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Senders) != 1 || d.Senders[identity.ChannelPhone] == nil {
		t.Errorf("Senders = %v, want one for the phone", d.Senders)
	}
}
