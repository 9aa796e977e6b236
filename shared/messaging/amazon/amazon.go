// Package amazon sends messages by email through Amazon SES, and as SMS through Amazon SNS.
// It imports messaging only: it knows neither the templates nor the clients' configuration.
//
// The clients should not retry: a retry after a lost response sends twice, and the dispatcher's
// caller retries anyway.
package amazon

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	email "github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	sms "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"cedula/shared/messaging"
)

// SES is the part of *sesv2.Client that an EmailSender uses.
type SES interface {
	SendEmail(context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error)
}

// EmailSender is a messaging.Sender of emails from one address.
type EmailSender struct {
	Client           SES
	From             string // an address that SES has verified
	ConfigurationSet string // may be empty
}

// Send implements messaging.Sender.
func (s *EmailSender) Send(ctx context.Context, m messaging.RenderedMessage) error {
	in := &sesv2.SendEmailInput{
		FromEmailAddress: &s.From,
		Destination:      &email.Destination{ToAddresses: []string{m.To}},
		Content: &email.EmailContent{Simple: &email.Message{
			Subject: utf8Content(m.Subject), Body: &email.Body{Text: utf8Content(m.Text)},
		}},
	}
	if s.ConfigurationSet != "" {
		in.ConfigurationSetName = &s.ConfigurationSet
	}
	_, err := s.Client.SendEmail(ctx, in)
	return messaging.ServiceError(ctx, "ses", err, sesRejects)
}

func utf8Content(text string) *email.Content {
	return &email.Content{Data: &text, Charset: aws.String("UTF-8")}
}

// sesRejects reports whether SES rejects the address or the message for good. "Not verified"
// is about the sender's address, or about any while the account is in the SES sandbox: an
// operator can fix that.
func sesRejects(code, message string) bool {
	return !strings.Contains(message, "not verified") && (code == "MessageRejected" || code == "BadRequestException")
}

// SNS is the part of *sns.Client that an SMSSender uses.
type SNS interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

// SMSSender is a messaging.Sender of text messages.
type SMSSender struct {
	client     SNS
	attributes map[string]sms.MessageAttributeValue
}

// senderIDPattern is the form that SNS accepts: 1 to 11 letters, digits and hyphens with at
// least one letter and no hyphen at an end (Amazon SNS Developer Guide, "Sender IDs").
var senderIDPattern = regexp.MustCompile(`^[0-9]*[A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?$`)

// NewSMSSender returns an SMSSender. Phones show senderID as the sender, in countries that allow
// it, or the number that sent the message if senderID is empty. NewSMSSender makes no call.
func NewSMSSender(client SNS, senderID string) (*SMSSender, error) {
	// Transactional messages use the more reliable route.
	s := &SMSSender{client, map[string]sms.MessageAttributeValue{"AWS.SNS.SMS.SMSType": stringAttribute("Transactional")}}
	if senderID == "" {
		return s, nil
	}
	if len(senderID) > 11 || !senderIDPattern.MatchString(senderID) {
		return nil, errors.New("sns: no sender id: it has 1 to 11 letters and digits, a letter among them")
	}
	s.attributes["AWS.SNS.SMS.SenderID"] = stringAttribute(senderID)
	return s, nil
}

func stringAttribute(value string) sms.MessageAttributeValue {
	return sms.MessageAttributeValue{DataType: aws.String("String"), StringValue: &value}
}

// Send implements messaging.Sender.
func (s *SMSSender) Send(ctx context.Context, m messaging.RenderedMessage) error {
	_, err := s.client.Publish(ctx, &sns.PublishInput{PhoneNumber: &m.To, Message: &m.Text, MessageAttributes: s.attributes})
	return messaging.ServiceError(ctx, "sns", err, snsRejects)
}

// snsRejections are SNS's codes for a number that it rejects: the only input that differs between
// messages.
var snsRejections = []string{
	"InvalidParameter", "InvalidParameterValue", "ParameterValueInvalid", "ValidationException", "ValidationError", "OptedOut",
}

func snsRejects(code, _ string) bool { return slices.Contains(snsRejections, code) }
