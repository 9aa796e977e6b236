package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"cedula/shared/messaging"
)

// maxMailboxMessages is how many letters a mailbox keeps; the newest stay.
const maxMailboxMessages = 1000

// mailbox is where letters arrive that would go to people. It holds them in
// memory alone. It is a courier.Sender.
type mailbox struct {
	mu       sync.Mutex
	messages []mailboxMessage // oldest first
}

var _ messaging.Sender = (*mailbox)(nil)

// mailboxMessage is a letter as the mailbox shows it.
type mailboxMessage struct {
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

// Send implements courier.Sender.
func (m *mailbox) Send(_ context.Context, l messaging.RenderedMessage) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.messages) == maxMailboxMessages {
		m.messages = slices.Delete(m.messages, 0, 1)
	}
	m.messages = append(m.messages, mailboxMessage{
		l.ID, time.Now().UTC(), string(l.Channel), l.To, l.Subject, l.Text, l.Language, string(l.Purpose), l.Code,
	})
	return nil
}

// messagesTo are the letters to an address, or all of them if it is empty, newest first.
func (m *mailbox) messagesTo(address string) []mailboxMessage {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := []mailboxMessage{}
	for _, l := range slices.Backward(m.messages) {
		if address == "" || l.To == address {
			found = append(found, l)
		}
	}
	return found
}

func (m *mailbox) deleteAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages = nil
}
