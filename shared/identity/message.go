package identity

import "time"

// Channel is a way to reach a person.
type Channel string

// The channels. Each leads to the address in the field of the same name.
const (
	ChannelEmail Channel = "email"
	ChannelPhone Channel = "phone"
)

// Purpose is what a message is for.
type Purpose string

// The purposes.
const (
	PurposeVerificationCode Purpose = "code"     // a code that proves the address
	PurposeReminder         Purpose = "reminder" // the identity lapses soon
)

// Message is something to tell a person at an address of theirs. A store keeps
// it encrypted until it is delivered.
type Message struct {
	ID         string // unique, no part of it says anything of the person
	Tenant     string
	IdentityID string // an id of the tenant
	Channel    Channel
	Purpose    Purpose
	To         string    // an email address, or a phone number in E.164
	Code       string    // six digits; empty for a reminder
	Language   string    // "es", "pt" or "en"
	ExpiresAt  time.Time // from when on it is not worth sending: the end of the code, or of the identity
}
