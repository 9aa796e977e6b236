// Package sns sends messages as SMS, through Amazon SNS.
// It imports messaging only: it knows neither the templates nor the client's configuration.
package sns

import (
	"context"
	"errors"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"cedula/shared/messaging"
)

// API is the part of SNS that a Sender uses; *sns.Client implements it.
type API interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// Sender sends text messages. It implements messaging.Sender.
type Sender struct {
	client     API
	attributes map[string]types.MessageAttributeValue
}

var _ messaging.Sender = (*Sender)(nil)

// senderIDPattern is the form that SNS accepts: 1 to 11 letters, digits and hyphens with at
// least one letter and no hyphen at an end (Amazon SNS Developer Guide, "Sender IDs").
var senderIDPattern = regexp.MustCompile(`^[0-9]*[A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?$`)

// New returns a Sender. Phones show senderID as the sender, in countries that allow it, or the
// number that sent the message if senderID is empty. New makes no call.
func New(client API, senderID string) (*Sender, error) {
	if client == nil {
		return nil, errors.New("sns: a client is needed")
	}
	// Transactional messages use the more reliable route.
	s := &Sender{client, map[string]types.MessageAttributeValue{"AWS.SNS.SMS.SMSType": stringAttribute("Transactional")}}
	if senderID == "" {
		return s, nil
	}
	if len(senderID) > 11 || !senderIDPattern.MatchString(senderID) {
		return nil, errors.New("sns: no sender id: it has 1 to 11 letters and digits, a letter among them")
	}
	s.attributes["AWS.SNS.SMS.SenderID"] = stringAttribute(senderID)
	return s, nil
}

func stringAttribute(value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
}

// Send implements messaging.Sender. The client should not retry: a retry after a lost response
// sends twice, and the dispatcher's caller retries anyway.
func (s *Sender) Send(ctx context.Context, m messaging.RenderedMessage) error {
	_, err := s.client.Publish(ctx, &sns.PublishInput{PhoneNumber: &m.To, Message: &m.Text, MessageAttributes: s.attributes})
	return messaging.ServiceError(ctx, "sns", err, isPermanent)
}

// permanentErrors are SNS's codes for a number that it rejects: the only input that differs between
// messages.
var permanentErrors = []string{
	"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "ValidationException", "ValidationError", "OptedOut",
}

func isPermanent(code, _ string) bool { return slices.Contains(permanentErrors, code) }
