package sns_test

import (
	"context"
	"errors"
	"testing"

	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/messaging/sns"
)

var message = messaging.RenderedMessage{
	Message: identity.Message{To: "+56900000000", Code: "271828"},
	Text:    "271828 es tu código.",
}

// api is SNS with one response for every call. How the SDK's client talks to SNS is tested in
// boot/delivery.
type api func(*awssns.PublishInput) error

func (call api) Publish(_ context.Context, in *awssns.PublishInput, _ ...func(*awssns.Options)) (*awssns.PublishOutput, error) {
	return &awssns.PublishOutput{}, call(in)
}

func newSender(t *testing.T, call api, senderID string) *sns.Sender {
	t.Helper()
	s, err := sns.New(call, senderID)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSend(t *testing.T) {
	for senderID, want := range map[string]map[string]string{
		"":       {"AWS.SNS.SMS.SMSType": "String Transactional"},
		"CEDULA": {"AWS.SNS.SMS.SMSType": "String Transactional", "AWS.SNS.SMS.SenderID": "String CEDULA"},
	} {
		var in *awssns.PublishInput
		s := newSender(t, func(got *awssns.PublishInput) error { in = got; return nil }, senderID)
		if err := s.Send(t.Context(), message); err != nil {
			t.Fatal(err)
		}
		if *in.PhoneNumber != message.To || *in.Message != message.Text {
			t.Errorf("sent %q to %s, want %q to %s", *in.Message, *in.PhoneNumber, message.Text, message.To)
		}
		attributes := map[string]string{}
		for name, a := range in.MessageAttributes {
			attributes[name] = *a.DataType + " " + *a.StringValue
		}
		if diff := cmp.Diff(want, attributes); diff != "" {
			t.Errorf("attributes (-want +got):\n%s", diff)
		}
	}
}

func TestRejections(t *testing.T) {
	for code, rejected := range map[string]bool{
		"InvalidParameter": true, "InvalidParameterValue": true, "ParameterValueInvalid": true, "ValidationException": true, "OptedOut": true,
		"Throttling": false, "Throttled": false, "AuthorizationError": false, "KMSThrottling": false, "InternalError": false,
	} {
		s := newSender(t, func(*awssns.PublishInput) error { return &smithy.GenericAPIError{Code: code} }, "")
		if err := s.Send(t.Context(), message); err == nil || errors.Is(err, messaging.ErrRejected) != rejected {
			t.Errorf("Send = %v after %s, want an error that wraps ErrRejected = %t", err, code, rejected)
		}
	}
}

func TestSenderIDs(t *testing.T) {
	for id, valid := range map[string]bool{
		"": true, "A": true, "CEDULA": true, "1Cedula": true, "Cedula-9": true, "Abcdefghijk": true,
		"123456": false, "Abcdefghijkl": false, "Cédula": false, "-A": false, "A-": false, "A B": false, "A\n": false,
	} {
		if _, err := sns.New(&awssns.Client{}, id); (err == nil) != valid {
			t.Errorf("New(%q) = %v, want valid = %v", id, err, valid)
		}
	}
	if _, err := sns.New(nil, ""); err == nil {
		t.Error("New without a client = nil, want an error")
	}
}
