package mailbox

import (
	"os"
	"testing"
	"time"

	"cedula/infra/privacytest"
	"cedula/shared/identity"
	"cedula/shared/messaging"
)

func TestMain(m *testing.M) { os.Exit(privacytest.Run(m)) }

func reminder(id, to string) identity.Message {
	return identity.Message{
		ID: id, Tenant: "acme", IdentityID: "i1", Channel: identity.ChannelEmail, Purpose: identity.PurposeReminder,
		To: to, Language: "en", ExpiresAt: time.Now().Add(time.Hour),
	}
}

func codeMessage(id, to, code string) messaging.RenderedMessage {
	m := reminder(id, to)
	m.Purpose, m.Code, m.Channel = identity.PurposeVerificationCode, code, identity.ChannelPhone
	return messaging.RenderedMessage{Message: m, Text: "one\ntwo"}
}
