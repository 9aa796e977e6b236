// Package couriers wires what delivers messages. It stands apart from package
// boot so that only that function links the clients of Amazon SES and SNS.
// It knows nothing of events and of what messages say.
package couriers

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"

	"cedula/shared/boot"
	"cedula/shared/courier"
	"cedula/shared/courier/ses"
	"cedula/shared/courier/sns"
	"cedula/shared/identity"
)

// Courier delivers what is queued in the deployment's table. It reads the
// variables of boot.Outbox and, all of which may be empty:
//   - CEDULA_EMAIL_FROM, the address that emails come from. Without one, emails
//     fail, for everyone to see, until one is set: the registry works without.
//   - CEDULA_EMAIL_CONFIGURATION, the SES configuration set they go under;
//   - CEDULA_SMS_SENDER, the sender id of text messages.
func Courier() *courier.Courier {
	senders := map[identity.Channel]courier.Sender{identity.ByPhone: phone()}
	if from := boot.Optional("CEDULA_EMAIL_FROM"); from != "" {
		senders[identity.ByEmail] = email(from)
	}
	return &courier.Courier{Outbox: boot.Outbox(), Senders: senders, Now: time.Now}
}

// Neither client tries again by itself: whoever calls the courier does.

func email(from string) *ses.Sender {
	client := sesv2.NewFromConfig(boot.AWS(), func(o *sesv2.Options) {
		o.BaseEndpoint, o.Retryer = boot.Endpoint("AWS_ENDPOINT_URL_SESV2"), aws.NopRetryer{}
	})
	s, err := ses.New(client, from, boot.Optional("CEDULA_EMAIL_CONFIGURATION"))
	if err != nil {
		boot.Refuse("CEDULA_EMAIL_FROM", "is no address")
	}
	return s
}

func phone() *sns.Sender {
	const name = "CEDULA_SMS_SENDER"
	client := awssns.NewFromConfig(boot.AWS(), func(o *awssns.Options) {
		o.BaseEndpoint, o.Retryer = boot.Endpoint("AWS_ENDPOINT_URL_SNS"), aws.NopRetryer{}
	})
	s, err := sns.New(client, boot.Optional(name))
	if err != nil {
		boot.Refuse(name, "is no sender id: 1 to 11 letters and digits, a letter among them")
	}
	return s
}
