// Package delivery wires what delivers messages. It stands apart from package
// boot so that only that function links the clients of Amazon SES and SNS.
// It knows nothing of events and of what messages say.
package delivery

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"

	"cedula/shared/boot"
	"cedula/shared/identity"
	"cedula/shared/messaging"
	"cedula/shared/messaging/ses"
	"cedula/shared/messaging/sns"
)

// Dispatcher delivers what is queued in the deployment's table. It reads the
// variables of boot.Outbox and, all of which may be empty:
//   - CEDULA_EMAIL_FROM, the address that emails come from. Without one, emails
//     fail, for everyone to see, until one is set: the registry works without.
//   - CEDULA_EMAIL_CONFIGURATION, the SES configuration set they go under;
//   - CEDULA_SMS_SENDER, the sender id of text messages.
func Dispatcher() *messaging.Dispatcher {
	senders := map[identity.Channel]messaging.Sender{identity.ChannelPhone: smsSender()}
	if from := boot.OptionalEnv("CEDULA_EMAIL_FROM"); from != "" {
		senders[identity.ChannelEmail] = emailSender(from)
	}
	return &messaging.Dispatcher{Outbox: boot.Outbox(), Senders: senders, Now: time.Now}
}

// Neither client tries again by itself: whoever calls the courier does.

func emailSender(from string) *ses.Sender {
	client := sesv2.NewFromConfig(boot.AWSConfig(), func(o *sesv2.Options) {
		o.BaseEndpoint, o.Retryer = boot.Endpoint("AWS_ENDPOINT_URL_SESV2"), aws.NopRetryer{}
	})
	s, err := ses.New(client, from, boot.OptionalEnv("CEDULA_EMAIL_CONFIGURATION"))
	if err != nil {
		boot.FatalEnv("CEDULA_EMAIL_FROM", "is no address")
	}
	return s
}

func smsSender() *sns.Sender {
	const name = "CEDULA_SMS_SENDER"
	client := awssns.NewFromConfig(boot.AWSConfig(), func(o *awssns.Options) {
		o.BaseEndpoint, o.Retryer = boot.Endpoint("AWS_ENDPOINT_URL_SNS"), aws.NopRetryer{}
	})
	s, err := sns.New(client, boot.OptionalEnv(name))
	if err != nil {
		boot.FatalEnv(name, "is no sender id: 1 to 11 letters and digits, a letter among them")
	}
	return s
}
