// Package ses sends letters by email, through Amazon SES.
// It knows nothing of what a letter says, nor of how the SES client was configured.
package ses

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"

	"cedula/shared/messaging"
)

// API is what a Sender asks of SES. *sesv2.Client has it.
type API interface {
	SendEmail(context.Context, *sesv2.SendEmailInput, ...func(*sesv2.Options)) (*sesv2.SendEmailOutput, error)
}

// Sender sends from one address. It is a courier.Sender.
type Sender struct {
	client           API
	from             string
	configurationSet *string
}

var _ messaging.Sender = (*Sender)(nil)

// New names the address that letters come from, which SES must have verified, and
// the configuration set that they go under; empty for none. It calls nobody.
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

// Send implements courier.Sender. The client should try once: who tries again
// without an answer may send twice, and the courier's caller tries again anyway.
func (s *Sender) Send(ctx context.Context, l messaging.RenderedMessage) error {
	_, err := s.client.SendEmail(ctx, &sesv2.SendEmailInput{
		FromEmailAddress:     &s.from,
		ConfigurationSetName: s.configurationSet,
		Destination:          &types.Destination{ToAddresses: []string{l.To}},
		Content: &types.EmailContent{Simple: &types.Message{
			Subject: utf8Content(l.Subject), Body: &types.Body{Text: utf8Content(l.Text)},
		}},
	})
	return wrapErr(ctx, err)
}

func utf8Content(text string) *types.Content {
	return &types.Content{Data: &text, Charset: aws.String("UTF-8")}
}

// wrapErr keeps of an error the code alone: SES's texts quote addresses.
func wrapErr(ctx context.Context, err error) error {
	var answer smithy.APIError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("ses: %w", ctx.Err())
	case !errors.As(err, &answer):
		return errors.New("ses: no readable answer")
	case isPermanent(answer):
		return fmt.Errorf("ses: %w: %s", messaging.ErrRejected, answer.ErrorCode())
	}
	return fmt.Errorf("ses: %s", answer.ErrorCode())
}

// isPermanent tells what SES says of an address, or of what it will never send. That
// an address is not verified it says of the sender's, and of everyone's as long as
// the account is in its sandbox: an operator can mend that.
func isPermanent(answer smithy.APIError) bool {
	if strings.Contains(answer.ErrorMessage(), "not verified") {
		return false
	}
	return answer.ErrorCode() == "MessageRejected" || answer.ErrorCode() == "BadRequestException"
}
