package amazon_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	email "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	sms "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/messaging/amazon"
)

// services are SES and SNS with one response for every call. How the SDK's clients talk to them
// is tested in boot/delivery.
type services struct {
	err   error
	email *sesv2.SendEmailInput
	sms   *sns.PublishInput
}

func (s *services) SendEmail(_ context.Context, in *sesv2.SendEmailInput, _ ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error) {
	s.email = in
	return &sesv2.SendEmailOutput{}, s.err
}

func (s *services) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	s.sms = in
	return &sns.PublishOutput{}, s.err
}

var message = messaging.RenderedMessage{
	Message: identity.Message{To: "canary", Code: "271828"}, Subject: "Tu código", Text: "Es 271828.\n¡No lo compartas! ñ ✓",
}

func (s *services) sendEmail(t *testing.T, configurationSet string) error {
	t.Helper()
	sender := amazon.EmailSender{Client: s, From: "registry@example.org", ConfigurationSet: configurationSet}
	return sender.Send(t.Context(), message)
}

func (s *services) sendSMS(t *testing.T, senderID string) error {
	t.Helper()
	sender, err := amazon.NewSMSSender(s, senderID)
	if err != nil {
		t.Fatal(err)
	}
	return sender.Send(t.Context(), message)
}

func TestSendEmail(t *testing.T) {
	content := func(text string) *email.Content { return &email.Content{Data: &text, Charset: aws.String("UTF-8")} }
	for configurationSet, wantSet := range map[string]*string{"": nil, "registry": aws.String("registry")} {
		var s services
		if err := s.sendEmail(t, configurationSet); err != nil {
			t.Fatal(err)
		}
		want := &sesv2.SendEmailInput{
			FromEmailAddress:     aws.String("registry@example.org"),
			ConfigurationSetName: wantSet,
			Destination:          &email.Destination{ToAddresses: []string{"canary"}},
			Content: &email.EmailContent{Simple: &email.Message{
				Subject: content(message.Subject), Body: &email.Body{Text: content(message.Text)},
			}},
		}
		ignored := cmpopts.IgnoreUnexported(sesv2.SendEmailInput{}, email.Destination{}, email.EmailContent{}, email.Message{}, email.Body{}, email.Content{})
		if diff := cmp.Diff(want, s.email, ignored); diff != "" {
			t.Errorf("request with the configuration set %q (-want +got):\n%s", configurationSet, diff)
		}
	}
}

func TestSendSMS(t *testing.T) {
	attribute := func(value string) sms.MessageAttributeValue {
		return sms.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
	}
	for senderID, attributes := range map[string]map[string]sms.MessageAttributeValue{
		"":       {"AWS.SNS.SMS.SMSType": attribute("Transactional")},
		"CEDULA": {"AWS.SNS.SMS.SMSType": attribute("Transactional"), "AWS.SNS.SMS.SenderID": attribute("CEDULA")},
	} {
		var s services
		if err := s.sendSMS(t, senderID); err != nil {
			t.Fatal(err)
		}
		want := &sns.PublishInput{PhoneNumber: &message.To, Message: &message.Text, MessageAttributes: attributes}
		if diff := cmp.Diff(want, s.sms, cmpopts.IgnoreUnexported(sns.PublishInput{}, sms.MessageAttributeValue{})); diff != "" {
			t.Errorf("request with the sender id %q (-want +got):\n%s", senderID, diff)
		}
	}
}

func TestRejections(t *testing.T) {
	const unverified = "Email address is not verified. The following identities failed the check in region US-EAST-1: canary"
	emails := func(t *testing.T, s *services) error { return s.sendEmail(t, "") }
	texts := func(t *testing.T, s *services) error { return s.sendSMS(t, "") }
	for _, tt := range []struct {
		send          func(*testing.T, *services) error
		code, message string
		rejected      bool
	}{
		{emails, "BadRequestException", "Illegal address: canary", true},
		{emails, "MessageRejected", "Message content canary", true},
		{emails, "MessageRejected", unverified, false},
		{emails, "BadRequestException", unverified, false},
		{emails, "TooManyRequestsException", "Maximum sending rate exceeded.", false},
		{emails, "AccountSuspendedException", "", false},
		{emails, "NotFoundException", "", false},
		{texts, "InvalidParameter", "", true},
		{texts, "InvalidParameterValue", "", true},
		{texts, "ParameterValueInvalid", "", true},
		{texts, "ValidationException", "", true},
		{texts, "OptedOut", "", true},
		{texts, "Throttling", "", false},
		{texts, "AuthorizationError", "", false},
		{texts, "KMSThrottling", "", false},
		{texts, "InternalError", "", false},
	} {
		err := tt.send(t, &services{err: &smithy.GenericAPIError{Code: tt.code, Message: tt.message}})
		if err == nil || errors.Is(err, messaging.ErrRejected) != tt.rejected {
			t.Errorf("Send = %v after %s %q, want an error that wraps ErrRejected = %t", err, tt.code, tt.message, tt.rejected)
		}
	}
}

func TestSenderIDs(t *testing.T) {
	for id, valid := range map[string]bool{
		"": true, "A": true, "CEDULA": true, "1Cedula": true, "Cedula-9": true, "Abcdefghijk": true,
		"123456": false, "Abcdefghijkl": false, "Cédula": false, "-A": false, "A-": false, "A B": false, "A\n": false,
	} {
		if _, err := amazon.NewSMSSender(&sns.Client{}, id); (err == nil) != valid {
			t.Errorf("NewSMSSender(%q) = %v, want valid = %t", id, err, valid)
		}
	}
}
