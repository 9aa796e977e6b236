// Package ses sends messages by email, through Amazon SES.
// It imports messaging only: it knows neither the templates nor the client's configuration.
package ses

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"

	"cedula/shared/messaging"
)

// API is the part of SES that a Sender uses; *sesv2.Client implements it.
type API interface {
	SendEmail(context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error)
}

// Sender sends emails from one address. It implements messaging.Sender.
type Sender struct {
	client           API
	from             string
	configurationSet *string
}

var _ messaging.Sender = (*Sender)(nil)

// New returns a Sender. SES must have verified the address from; configurationSet may be
// empty. New makes no call.
func New(client API, from, configurationSet string) (*Sender, error) {
	if client == nil || from == "" {
		return nil, errors.New("ses: a client and an address to send from are needed")
	}
	s := &Sender{client: client, from: from}
	if configurationSet != "" {
		s.configurationSet = &configurationSet
	}
	return s, nil
}

// Send implements messaging.Sender. The client should not retry: a retry after a lost response
// sends twice, and the dispatcher's caller retries anyway.
func (s *Sender) Send(ctx context.Context, m messaging.RenderedMessage) error {
	_, err := s.client.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress:     &s.from,
		ConfigurationSetName: s.configurationSet,
		Destination:          &types.Destination{ToAddresses: []string{m.To}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: utf8Content(m.Subject), Body: &types.Body{Text: utf8Content(m.Text)},
		}},
	})
	return messaging.ServiceError(ctx, "ses", err, isPermanent)
}

func utf8Content(text string) *types.Content {
	return &types.Content{Data: &text, Charset: aws.String("UTF-8")}
}

// isPermanent reports whether SES rejects the address or the message for good. "Not verified"
// is about the sender's address, or about any while the account is in the SES sandbox: an
// operator can fix that.
func isPermanent(code, message string) bool {
	return !strings.Contains(message, "not verified") && (code == "MessageRejected" || code == "BadRequestException")
}
