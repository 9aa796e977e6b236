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

// fakeSES is an HTTP server with one response for every request.
type fakeSES struct {
	status             int // 0 closes the connection
	errorCode, message string

	requests []string // methods and paths
	header   http.Header
	body     map[string]any // the last request's
}

func (s *fakeSES) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	s.requests = append(s.requests, r.Method+" "+r.URL.RequestURI())
	s.header = r.Header
	s.body = nil
	_ = json.Unmarshal(data, &s.body)
	if s.status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json")
	if s.errorCode != "" {
		w.Header().Set("X-Amzn-Errortype", s.errorCode)
	}
	w.WriteHeader(s.status)
	_ = json.NewEncoder(w).Encode(map[string]string{"message": s.message})
}

func (s *fakeSES) sender(t *testing.T, configurationSet string) *ses.Sender {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client := sesv2.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Retryer: func() aws.Retryer { return aws.NopRetryer{} },
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret"}, nil
		}),
	})
	sender, err := ses.New(client, "registry@example.org", configurationSet)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func TestRequest(t *testing.T) {
	for _, configurationSet := range []string{"", "registry"} {
		s := &fakeSES{status: 200}
		if err := s.sender(t, configurationSet).Send(t.Context(), testMessage); err != nil {
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
		if configurationSet != "" {
			want["ConfigurationSetName"] = configurationSet
		}
		if diff := cmp.Diff(want, s.body); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"POST /v2/email/outbound-emails"}, s.requests); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
		if got := s.header.Get("Authorization"); !strings.Contains(got, "AKIDEXAMPLE/") || !strings.Contains(got, "/ses/") {
			t.Errorf("Authorization = %q, want a signature for ses", got)
		}
	}
}

func TestErrorClassification(t *testing.T) {
	const unverified = "Email address is not verified. The following identities failed the check in region US-EAST-1: " + canary
	for _, tt := range []struct {
		name          string
		status        int
		code, message string
		rejected      bool
	}{
		{name: "illegal address", status: 400, code: "BadRequestException", message: "Illegal address: " + canary, rejected: true},
		{name: "rejected message", status: 400, code: "MessageRejected", message: "Message content " + canary, rejected: true},
		{name: "unverified address", status: 400, code: "MessageRejected", message: unverified},
		{name: "unverified address, other code", status: 400, code: "BadRequestException", message: unverified},
		{name: "throttled", status: 429, code: "TooManyRequestsException", message: canary},
		{name: "suspended account", status: 400, code: "AccountSuspendedException", message: canary},
		{name: "no such configuration set", status: 404, code: "NotFoundException", message: canary},
		{name: "access denied", status: 403, code: "AccessDeniedException", message: canary},
		{name: "internal error", status: 500, code: "InternalServiceErrorException", message: canary},
		{name: "error without a body", status: 503},
		{name: "connection closed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &fakeSES{status: tt.status, errorCode: tt.code, message: tt.message}
			err := s.sender(t, "").Send(t.Context(), testMessage)
			checkError(t, err, tt.code, tt.rejected)
			if len(s.requests) != 1 {
				t.Errorf("%d requests, want 1", len(s.requests))
			}
		})
	}
}

// checkError wants an error with the service's code but nothing of the message or the request.
func checkError(t *testing.T, err error, code string, rejected bool) {
	t.Helper()
	if err == nil {
		t.Fatal("Send = nil, want an error")
	}
	if got := errors.Is(err, messaging.ErrRejected); got != rejected {
		t.Errorf("Send = %v, wraps ErrRejected = %v, want %v", err, got, rejected)
	}
	if !strings.Contains(err.Error(), code) {
		t.Errorf("Send = %v, want the code %s", err, code)
	}
	for _, secret := range []string{"canary", "271828", "://"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("Send = %v, which contains %q", err, secret)
		}
	}
}

func TestEndedContextIsNotRejection(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := (&fakeSES{status: 200}).sender(t, "").Send(ctx, testMessage)
	if !errors.Is(err, context.Canceled) || errors.Is(err, messaging.ErrRejected) {
		t.Errorf("Send = %v, want %v", err, context.Canceled)
	}
}

func TestNewRejectsInvalidArguments(t *testing.T) {
	if _, err := ses.New(nil, "registry@example.org", ""); err == nil {
		t.Error("New without a client = nil, want an error")
	}
	if _, err := ses.New(&sesv2.Client{}, "", ""); err == nil {
		t.Error("New without an address = nil, want an error")
	}
}
