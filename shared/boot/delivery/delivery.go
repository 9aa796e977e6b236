// Package delivery wires the dispatcher of messages. It is separate from package boot so that only
// the function that delivers links the clients of Amazon SES and SNS.
// It imports no API and knows nothing of events or of the text of messages.
package delivery

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"cedula/shared/boot"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/messaging/amazon"
	"cedula/shared/store"
)

// NewConsumer returns the consumer that delivers each message inserted into the table.
func NewConsumer(c boot.Config) (gateway.StreamConsumer, error) {
	d, err := NewDispatcher(c)
	if err != nil {
		return gateway.StreamConsumer{}, err
	}
	return gateway.StreamConsumer{ItemID: store.MessageID, Handle: d.Deliver}, nil
}

// NewDispatcher returns the dispatcher of the messages in the deployment's table. Without an
// address to send from, delivering an email fails until one is set; the rest works.
// The clients do not retry: the caller of the dispatcher does.
func NewDispatcher(c boot.Config) (*messaging.Dispatcher, error) {
	outbox, err := boot.NewStore(c)
	if err != nil {
		return nil, err
	}
	cfg, err := boot.AWSConfig(c)
	if err != nil {
		return nil, err
	}
	cfg.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	sms, err := newSMSSender(c, cfg)
	if err != nil {
		return nil, err
	}
	senders := map[identity.Channel]messaging.Sender{identity.ChannelPhone: sms}
	if c.EmailFrom != "" {
		senders[identity.ChannelEmail] = newEmailSender(c, cfg)
	}
	return &messaging.Dispatcher{Outbox: outbox, Senders: senders, Now: time.Now}, nil
}

func newEmailSender(c boot.Config, cfg aws.Config) *amazon.EmailSender {
	client := sesv2.NewFromConfig(cfg, func(o *sesv2.Options) { o.BaseEndpoint = boot.Endpoint(c.SESEndpoint) })
	return &amazon.EmailSender{Client: client, From: c.EmailFrom, ConfigurationSet: c.EmailConfiguration}
}

func newSMSSender(c boot.Config, cfg aws.Config) (*amazon.SMSSender, error) {
	client := sns.NewFromConfig(cfg, func(o *sns.Options) { o.BaseEndpoint = boot.Endpoint(c.SNSEndpoint) })
	s, err := amazon.NewSMSSender(client, c.SMSSender)
	if err != nil {
		return nil, &boot.VariableError{Name: "CEDULA_SMS_SENDER", Reason: "is no sender id: 1 to 11 letters and digits, a letter among them"}
	}
	return s, nil
}
