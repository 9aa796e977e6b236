package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"cedula/shared/courier"
)

// mailboxSize is how many letters a mailbox keeps; the newest stay.
const mailboxSize = 1000

// mailbox is where letters arrive that would go to people. It holds them in
// memory alone. It is a courier.Sender.
type mailbox struct {
	mu      sync.Mutex
	letters []received // oldest first
}

var _ courier.Sender = (*mailbox)(nil)

// received is a letter as the mailbox shows it.
type received struct {
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
func (m *mailbox) Send(_ context.Context, l courier.Letter) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.letters) == mailboxSize {
		m.letters = slices.Delete(m.letters, 0, 1)
	}
	m.letters = append(m.letters, received{
		l.ID, time.Now().UTC(), string(l.Channel), l.To, l.Subject, l.Text, l.Language, string(l.Purpose), l.Code,
	})
	return nil
}

// to are the letters to an address, or all of them if it is empty, newest first.
func (m *mailbox) to(address string) []received {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := []received{}
	for _, l := range slices.Backward(m.letters) {
		if address == "" || l.To == address {
			found = append(found, l)
		}
	}
	return found
}

func (m *mailbox) empty() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letters = nil
}
