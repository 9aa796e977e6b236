// Package mailbox shows, on this machine, the messages that a deployed registry sends to people: a Sender that keeps them
// in memory, their page, and a dispatcher that delivers what is queued in the table.
// It must not import an API's package.
package mailbox

import (
	"context"
	"slices"
	"sync"
	"time"

	"cedula/shared/messaging"
)

// maxMessages is how many messages a mailbox keeps. It drops the oldest.
const maxMessages = 1000

// Mailbox receives messages instead of people. It keeps them in memory only. It is safe for concurrent use.
type Mailbox struct {
	mu       sync.Mutex
	messages []Message // oldest first
}

var _ messaging.Sender = (*Mailbox)(nil)

// Message is a message as a mailbox shows it.
type Message struct {
	ID       string    `json:"id"`
	At       time.Time `json:"at"`
	Channel  string    `json:"channel"`
	To       string    `json:"to"`
	Subject  string    `json:"subject"`
	Text     string    `json:"text"`
	Language string    `json:"language"`
	Purpose  string    `json:"purpose"`
	Code     string    `json:"code"`
}

// Send implements messaging.Sender.
func (m *Mailbox) Send(_ context.Context, sent messaging.RenderedMessage) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.messages) == maxMessages {
		m.messages = slices.Delete(m.messages, 0, 1)
	}
	m.messages = append(m.messages, Message{
		sent.ID, time.Now().UTC(), string(sent.Channel), sent.To, sent.Subject, sent.Text, sent.Language, string(sent.Purpose), sent.Code,
	})
	return nil
}

// messagesTo returns the messages to an address, newest first, or all messages if the address is empty.
func (m *Mailbox) messagesTo(address string) []Message {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := []Message{}
	for _, message := range slices.Backward(m.messages) {
		if address == "" || message.To == address {
			found = append(found, message)
		}
	}
	return found
}

func (m *Mailbox) deleteAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = nil
}
