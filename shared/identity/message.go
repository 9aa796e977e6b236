package identity

import (
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"time"
)

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
	PurposeVerificationCode Purpose = "code"     // a verification code
	PurposeReminder         Purpose = "reminder" // the identity expires soon
	PurposeReplaced         Purpose = "replaced" // another address replaced this verified one
)

// Message is a message to a person. A store keeps it encrypted until it is
// delivered.
type Message struct {
	ID         string // unique and random
	Tenant     string
	IdentityID string // an id of the tenant
	Channel    Channel
	Purpose    Purpose
	To         string    // an email address, or a phone number in E.164
	Code       string    // six digits; only for a verification code
	Language   string    // "es", "pt" or "en"
	ExpiresAt  time.Time // not sent after this time: the code or the identity has expired
}

// Field returns the field that contains the channel's address.
func (c Channel) Field() Field {
	if c == ChannelPhone {
		return FieldPhone
	}
	return FieldEmail
}

// channels lists the channels in the order in which they are verified.
var channels = []Channel{ChannelEmail, ChannelPhone}

// CheckAddress returns an *Invalid for an address that nothing can be sent to.
func (c Channel) CheckAddress(address string) error {
	if c == ChannelPhone {
		return CheckPhone(address)
	}
	return CheckEmail(address)
}

// Known reports whether c is one of the channels.
func (c Channel) Known() bool { return slices.Contains(channels, c) }

// NewMessageID returns 128 random bits in hexadecimal.
func NewMessageID(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("message id: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}
