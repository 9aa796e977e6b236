package ses_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

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

// send sends the message from a Sender whose SES responds with err.
func send(t *testing.T, configurationSet string, err error) (in *sesv2.SendEmailInput, sendErr error) {
	t.Helper()
	s, newErr := ses.New(api(func(got *sesv2.SendEmailInput) error { in = got; return err }), "registry@example.org", configurationSet)
	if newErr != nil {
		t.Fatal(newErr)
	}
	sendErr = s.Send(t.Context(), message)
	return in, sendErr
}

func TestSend(t *testing.T) {
	content := func(text string) *types.Content { return &types.Content{Data: &text, Charset: aws.String("UTF-8")} }
	for configurationSet, want := range map[string]*string{"": nil, "registry": aws.String("registry")} {
		in, err := send(t, configurationSet, nil)
		if err != nil {
			t.Fatal(err)
		}
		wantInput := &sesv2.SendEmailInput{
			FromEmailAddress:     aws.String("registry@example.org"),
			ConfigurationSetName: want,
			Destination:          &types.Destination{ToAddresses: []string{"canary@example.com"}},
			Content: &types.EmailContent{Simple: &types.Message{
				Subject: content(message.Subject), Body: &types.Body{Text: content(message.Text)},
			}},
		}
		ignored := cmpopts.IgnoreUnexported(sesv2.SendEmailInput{}, types.Destination{}, types.EmailContent{}, types.Message{}, types.Body{}, types.Content{})
		if diff := cmp.Diff(wantInput, in, ignored); diff != "" {
			t.Errorf("request with the configuration set %q (-want +got):\n%s", configurationSet, diff)
		}
	}
}

func TestRejections(t *testing.T) {
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
		_, err := send(t, "", &smithy.GenericAPIError{Code: tt.code, Message: tt.message})
		if err == nil || errors.Is(err, messaging.ErrRejected) != tt.rejected {
			t.Errorf("Send = %v after %s %q, want an error that wraps ErrRejected = %t", err, tt.code, tt.message, tt.rejected)
		}
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
