package ses_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/smithy-go"

	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/messaging/ses"
)

var message = messaging.RenderedMessage{
	Message: identity.Message{To: "canary@example.com", Code: "271828"},
	Subject: "Tu código", Text: "Es 271828.\n¡No lo compartas! ñ ✓",
}

// api is SES with one response for every call. How the SDK's client talks to SES is tested in
// boot/delivery.
type api func(*sesv2.SendEmailInput) error

func (call api) SendEmail(_ context.Context, in *sesv2.SendEmailInput, _ ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error) {
	return &sesv2.SendEmailOutput{}, call(in)
}

func newSender(t *testing.T, call api, configurationSet string) *ses.Sender {
	t.Helper()
	s, err := ses.New(call, "registry@example.org", configurationSet)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSend(t *testing.T) {
	var in *sesv2.SendEmailInput
	s := newSender(t, func(got *sesv2.SendEmailInput) error { in = got; return nil }, "registry")
	if err := s.Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ got, want string }{
		"sender":            {*in.FromEmailAddress, "registry@example.org"},
		"recipients":        {strings.Join(in.Destination.ToAddresses, " "), "canary@example.com"},
		"configuration set": {*in.ConfigurationSetName, "registry"},
		"subject":           {*in.Content.Simple.Subject.Data, message.Subject},
		"text":              {*in.Content.Simple.Body.Text.Data, message.Text},
		"charset":           {*in.Content.Simple.Body.Text.Charset, "UTF-8"},
	} {
		if tt.got != tt.want {
			t.Errorf("%s = %q, want %q", name, tt.got, tt.want)
		}
	}
}

func TestSendWithoutConfigurationSet(t *testing.T) {
	var in *sesv2.SendEmailInput
	s := newSender(t, func(got *sesv2.SendEmailInput) error { in = got; return nil }, "")
	if err := s.Send(t.Context(), message); err != nil || in.ConfigurationSetName != nil {
		t.Errorf("Send = %v with the configuration set %v, want none", err, in.ConfigurationSetName)
	}
}

func TestErrorClassification(t *testing.T) {
	const unverified = "Email address is not verified. The following identities failed the check in region US-EAST-1: canary@example.com"
	for _, tt := range []struct {
		code, message string
		rejected      bool
	}{
		{"BadRequestException", "Illegal address: canary@example.com", true},
		{"MessageRejected", "Message content canary@example.com", true},
		{"MessageRejected", unverified, false},
		{"BadRequestException", unverified, false},
		{"TooManyRequestsException", "Maximum sending rate exceeded. canary@example.com", false},
		{"AccountSuspendedException", "canary@example.com", false},
		{"NotFoundException", "canary@example.com", false},
	} {
		s := newSender(t, func(*sesv2.SendEmailInput) error { return &smithy.GenericAPIError{Code: tt.code, Message: tt.message} }, "")
		err := s.Send(t.Context(), message)
		if err == nil || !strings.Contains(err.Error(), tt.code) || strings.Contains(err.Error(), "canary") {
			t.Errorf("Send = %v, want an error with %s and without the address", err, tt.code)
		}
		if got := errors.Is(err, messaging.ErrRejected); got != tt.rejected {
			t.Errorf("Send = %v, wraps ErrRejected = %v, want %v", err, got, tt.rejected)
		}
	}
}

func TestMissingResponseIsTransient(t *testing.T) {
	s := newSender(t, func(*sesv2.SendEmailInput) error { return errors.New("https://example.com: EOF") }, "")
	if err := s.Send(t.Context(), message); err == nil || errors.Is(err, messaging.ErrRejected) || strings.Contains(err.Error(), "://") {
		t.Errorf("Send = %v, want an error without the URL that does not wrap ErrRejected", err)
	}
}

func TestEndedContextIsReported(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := newSender(t, func(*sesv2.SendEmailInput) error { return errors.New("EOF") }, "")
	if err := s.Send(ctx, message); !errors.Is(err, context.Canceled) {
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
