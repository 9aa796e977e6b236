package delivery_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"cedula/shared/boot/delivery"
	"cedula/shared/identity"
	"cedula/shared/messaging"
)

// TestMain lets the test program stand in for a function: some of what is
// tested ends the process.
func TestMain(m *testing.M) {
	if os.Getenv("COURIERS_AS_FUNCTION") != "" {
		delivery.Dispatcher()
		return
	}
	os.Exit(m.Run())
}

func validEnv() map[string]string {
	return map[string]string{
		"CEDULA_TABLE": "cedula", "CEDULA_SECRET": strings.Repeat("s", 32),
		"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
	}
}

func TestEnvironment(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"CEDULA_EMAIL_FROM", "", ""},
		{"CEDULA_EMAIL_FROM", "registry@example.org", ""},
		{"CEDULA_EMAIL_CONFIGURATION", "registry", ""},
		{"CEDULA_SMS_SENDER", "CEDULA", ""},
		{"CEDULA_SMS_SENDER", "12345", "CEDULA_SMS_SENDER is no sender id: 1 to 11 letters and digits, a letter among them"},
		{"CEDULA_TABLE", "", "CEDULA_TABLE is not set"},
		{"CEDULA_SECRET", "", "CEDULA_SECRET is not set"},
	} {
		function := exec.CommandContext(t.Context(), os.Args[0])
		env := validEnv()
		env[c.name], env["COURIERS_AS_FUNCTION"] = c.value, "yes"
		for name, value := range env {
			function.Env = append(function.Env, name+"="+value)
		}
		var said bytes.Buffer
		function.Stderr = &said
		if err := function.Run(); (err == nil) != (c.want == "") {
			t.Errorf("%s=%q: %v", c.name, c.value, err)
		}
		want := c.want
		if want != "" {
			want = "cedula: environment variable " + want + "\n"
		}
		if said.String() != want {
			t.Errorf("%s=%q: says %q, want %q", c.name, c.value, said.String(), want)
		}
	}
}

// failingService notes what is asked of it, and fails: so it is seen who tries again.
type failingService struct {
	mu       sync.Mutex
	requests []string
}

func (s *failingService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.requests = append(s.requests, r.URL.Path+" "+string(body))
	s.mu.Unlock()
	w.WriteHeader(http.StatusServiceUnavailable)
}

func newDispatcher(t *testing.T, from string) (*messaging.Dispatcher, *failingService) {
	t.Helper()
	s := &failingService{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	for name, value := range validEnv() {
		t.Setenv(name, value)
	}
	t.Setenv("CEDULA_EMAIL_FROM", from)
	t.Setenv("CEDULA_EMAIL_CONFIGURATION", "my-set")
	t.Setenv("CEDULA_SMS_SENDER", "CEDULA")
	t.Setenv("AWS_ENDPOINT_URL_SESV2", server.URL)
	t.Setenv("AWS_ENDPOINT_URL_SNS", server.URL)
	return delivery.Dispatcher(), s
}

// Each channel reaches its service, which is asked once a sending.
func TestSenders(t *testing.T) {
	c, s := newDispatcher(t, "registry@example.org")
	if c.Outbox == nil || c.Now == nil || len(c.Senders) != 2 {
		t.Fatalf("%+v", c)
	}
	for channel, parts := range map[identity.Channel][]string{
		identity.ChannelEmail: {"/v2/email/outbound-emails", "registry@example.org", "my-set"},
		identity.ChannelPhone: {"Action=Publish", "CEDULA"},
	} {
		s.requests = nil
		if err := c.Senders[channel].Send(t.Context(), messaging.RenderedMessage{Subject: "s", Text: "t"}); err == nil {
			t.Error("sent to nobody")
		}
		if len(s.requests) != 1 || slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(s.requests[0], p) }) {
			t.Errorf("%s: asked %q, want %q", channel, s.requests, parts)
		}
	}
}

// Without an address to send from there are text messages all the same.
func TestWithoutFromAddressOnlySMSIsSent(t *testing.T) {
	c, _ := newDispatcher(t, " ")
	if len(c.Senders) != 1 || c.Senders[identity.ChannelPhone] == nil {
		t.Errorf("%v", c.Senders)
	}
}
