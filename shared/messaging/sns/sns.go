// Package sns sends letters as text messages, through Amazon SNS.
// It knows nothing of what a letter says, nor of how the SNS client was configured.
package sns

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"

	"cedula/shared/messaging"
)

// API is what a Sender asks of SNS. *sns.Client has it.
type API interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// Sender sends text messages. It is a courier.Sender.
type Sender struct {
	client     API
	attributes map[string]types.MessageAttributeValue
}

var _ messaging.Sender = (*Sender)(nil)

// senderIDPattern is what SNS takes: 1 to 11 letters, digits and hyphens with a letter
// among them, none of the hyphens at an end (Amazon SNS Developer Guide, "Sender IDs").
var senderIDPattern = regexp.MustCompile(`^[0-9]*[A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?$`)

// New names whom a text message is shown to come from, where the country allows
// it; empty for the number that it is sent by. It calls nobody.
func New(client API, sender string) (*Sender, error) {
	if client == nil {
		return nil, errors.New("sns: a client is needed")
	}
	// Transactional messages go by the more reliable way.
	s := &Sender{client, map[string]types.MessageAttributeValue{"AWS.SNS.SMS.SMSType": stringAttribute("Transactional")}}
	if sender == "" {
		return s, nil
	}
	if len(sender) > 11 || !senderIDPattern.MatchString(sender) {
		return nil, errors.New("sns: no sender id: it has 1 to 11 letters and digits, a letter among them")
	}
	s.attributes["AWS.SNS.SMS.SenderID"] = stringAttribute(sender)
	return s, nil
}

func stringAttribute(value string) types.MessageAttributeValue {
	return types.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
}

// Send implements courier.Sender. The client should try once: who tries again
// without an answer may send twice, and the courier's caller tries again anyway.
func (s *Sender) Send(ctx context.Context, l messaging.RenderedMessage) error {
	_, err := s.client.Publish(ctx, &sns.PublishInput{PhoneNumber: &l.To, Message: &l.Text, MessageAttributes: s.attributes})
	return wrapErr(ctx, err)
}

// wrapErr keeps of an error the code alone: SNS's texts quote numbers.
func wrapErr(ctx context.Context, err error) error {
	var answer smithy.APIError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("sns: %w", ctx.Err())
	case !errors.As(err, &answer):
		return errors.New("sns: no readable answer")
	case isPermanent(answer.ErrorCode()):
		return fmt.Errorf("sns: %w: %s", messaging.ErrRejected, answer.ErrorCode())
	}
	return fmt.Errorf("sns: %s", answer.ErrorCode())
}

// isPermanent tells what SNS says of a number: of all that is sent, only that is not
// the same in every message.
func isPermanent(code string) bool {
	switch code {
	case "InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "ValidationException", "ValidationError", "OptedOut":
		return true
	}
	return false
}
