package ses_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/messaging/ses"
)

const canary = "canary@example.com"

var testMessage = messaging.RenderedMessage{
	Message: identity.Message{To: canary, Code: "271828", Tenant: "canary-tenant", IdentityID: "canary-id"},
	Subject: "Tu código", Text: "Es 271828.\n¡No lo compartas! ñ ✓",
}

// fakeSES speaks SES's REST protocol.
type fakeSES struct {
	status             int
	errorCode, message string
	onRequest          func(*http.Request)
	calls              int
	got                map[string]any // the last request's body
	header             http.Header
	requestLine        string // its method and path
}

func (s *fakeSES) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.calls++
	s.requestLine, s.header, s.got = r.Method+" "+r.URL.RequestURI(), r.Header, nil
	_ = json.Unmarshal(body, &s.got)
	if s.onRequest != nil {
		s.onRequest(r)
	}
	w.Header().Set("Content-Type", "application/json")
	if s.errorCode != "" {
		w.Header().Set("X-Amzn-Errortype", s.errorCode)
	}
	w.WriteHeader(s.status)
	if s.status == http.StatusOK {
		_, _ = io.WriteString(w, `{"MessageId":"0100018"}`)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"message": s.message})
}

func (s *fakeSES) sender(t *testing.T, configuration string) *ses.Sender {
	t.Helper()
	front := httptest.NewServer(s)
	t.Cleanup(front.Close)
	return senderAt(t, front.URL, configuration)
}

func senderAt(t *testing.T, url, configuration string) *ses.Sender {
	t.Helper()
	client := sesv2.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(url), Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
	sender, err := ses.New(client, "registry@example.org", configuration)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func TestRequest(t *testing.T) {
	for _, configuration := range []string{"", "registry"} {
		s := &fakeSES{status: 200}
		if err := s.sender(t, configuration).Send(t.Context(), testMessage); err != nil {
			t.Fatal(err)
		}
		utf8 := func(text string) map[string]any { return map[string]any{"Charset": "UTF-8", "Data": text} }
		want := map[string]any{
			"FromEmailAddress": "registry@example.org",
			"Destination":      map[string]any{"ToAddresses": []any{canary}},
			"Content": map[string]any{"Simple": map[string]any{
				"Subject": utf8("Tu código"), "Body": map[string]any{"Text": utf8(testMessage.Text)},
			}},
		}
		if configuration != "" {
			want["ConfigurationSetName"] = configuration
		}
		if diff := cmp.Diff(want, s.got); diff != "" {
			t.Error(diff)
		}
		if s.requestLine != "POST /v2/email/outbound-emails" || s.calls != 1 {
			t.Errorf("%d calls, the last %s", s.calls, s.requestLine)
		}
		if signed := s.header.Get("Authorization"); !strings.Contains(signed, "AKIDEXAMPLE/") || !strings.Contains(signed, "/ses/") {
			t.Errorf("signed %q", signed)
		}
	}
}

func TestErrorClassification(t *testing.T) {
	const unverified = "Email address is not verified. The following identities failed the check in region US-EAST-1: " + canary
	for _, c := range []struct {
		name          string
		status        int
		kind, message string
		refused       bool
	}{
		{"an illegal address", 400, "BadRequestException", "Illegal address: " + canary, true},
		{"a message that is not taken", 400, "MessageRejected", "Message content " + canary, true},
		{"an address that nobody verified", 400, "MessageRejected", unverified, false},
		{"an address that nobody verified, said otherwise", 400, "BadRequestException", unverified, false},
		{"throttled", 429, "TooManyRequestsException", "Maximum sending rate exceeded. " + canary, false},
		{"beyond the quota", 400, "LimitExceededException", "Daily " + canary, false},
		{"a suspended account", 400, "AccountSuspendedException", canary, false},
		{"sending is paused", 400, "SendingPausedException", canary, false},
		{"no such configuration set", 404, "NotFoundException", canary, false},
		{"a domain that is not verified", 400, "MailFromDomainNotVerifiedException", canary, false},
		{"not allowed", 403, "AccessDeniedException", "User is not authorized on " + canary, false},
		{"broken", 500, "InternalServiceErrorException", canary, false},
		{"broken without a word", 503, "", "", false},
	} {
		s := &fakeSES{status: c.status, errorCode: c.kind, message: c.message}
		err := s.sender(t, "").Send(t.Context(), testMessage)
		if err == nil || errors.Is(err, messaging.ErrRejected) != c.refused {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "271828") || !strings.Contains(err.Error(), c.kind)) {
			t.Errorf("%s: says %q", c.name, err)
		}
		if s.calls != 1 {
			t.Errorf("%s: %d calls", c.name, s.calls)
		}
	}
}

func TestUnreadableResponseIsTransient(t *testing.T) {
	s := &fakeSES{status: 200, onRequest: func(*http.Request) { panic(http.ErrAbortHandler) }}
	if err := s.sender(t, "").Send(t.Context(), testMessage); err == nil || errors.Is(err, messaging.ErrRejected) || strings.Contains(err.Error(), "://") {
		t.Error(err)
	}
	slow := &fakeSES{status: 200, onRequest: func(r *http.Request) { <-r.Context().Done() }}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := slow.sender(t, "").Send(ctx, testMessage); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, messaging.ErrRejected) {
		t.Error(err)
	}
}

func TestNewRejectsInvalidArguments(t *testing.T) {
	if _, err := ses.New(nil, "registry@example.org", ""); err == nil {
		t.Error("no client")
	}
	if _, err := ses.New(&sesv2.Client{}, "", ""); err == nil {
		t.Error("no address")
	}
}
