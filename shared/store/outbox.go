package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// messageRetention is how long an undelivered message is kept after it expired, so that an operator can still find a
// failure of the previous day.
const messageRetention = 24 * time.Hour

// encryptedMessage is the body of a message's item. The contents are in Ciphertext only, which readers of the table, its stream
// or its backups cannot decrypt.
type encryptedMessage struct {
	LeasedUntil int64  `json:"u,omitzero"` // Unix milliseconds: the end of the claim on it
	Ciphertext  []byte `json:"b"`
}

// messageRecord is the decrypted Ciphertext. The message has the id of the item.
type messageRecord struct {
	Tenant   string `json:"t"`
	Identity string `json:"i"`
	Channel  string `json:"ch"`
	Purpose  string `json:"p"`
	To       string `json:"to"`
	Code     string `json:"c,omitzero"`
	Language string `json:"l"`
	Expires  int64  `json:"x"` // Unix milliseconds
}

// enqueueOp returns the operation that queues a message. It fails if the id exists.
func (s *Store) enqueueOp(m identity.Message) table.Op {
	r := messageRecord{
		Tenant: m.Tenant, Identity: m.IdentityID, Channel: string(m.Channel), Purpose: string(m.Purpose),
		To: m.To, Code: m.Code, Language: m.Language, Expires: m.ExpiresAt.UnixMilli(),
	}
	box := s.messageCipher().Seal(nil, nil, mustEncode(r), []byte(m.ID)) //nolint:gosec // G407 does not know that this one makes its nonce
	return table.Put(table.Item{
		Key: messageKey(m.ID), Version: 1, Expires: m.ExpiresAt.Add(messageRetention).Truncate(time.Second),
		Body: mustEncode(encryptedMessage{Ciphertext: box}),
	}, table.Absent())
}

// Enqueue writes a message on its own, for immediate delivery.
func (s *Store) Enqueue(ctx context.Context, m identity.Message) error {
	_, err := s.table.Write(ctx, s.enqueueOp(m))
	return identityErrors.wrap("queue message", err)
}

// Lease claims a message for delivery, until the lease has passed since now or Release is called. Release and Ack need
// the holder. It returns identity.ErrBusy while another caller holds the message, and identity.ErrNotFound if it was
// delivered or has expired.
func (s *Store) Lease(ctx context.Context, id string, now time.Time, lease time.Duration) (m identity.Message, holder string, err error) {
	item, sealed, err := s.readMessage(ctx, id)
	if err != nil {
		return identity.Message{}, "", err
	}
	if !item.Expires.After(now) {
		return identity.Message{}, "", fmt.Errorf("claim message: %w", identity.ErrNotFound)
	}
	if now.UnixMilli() < sealed.LeasedUntil {
		return identity.Message{}, "", fmt.Errorf("claim message: %w", identity.ErrBusy)
	}
	m, err = s.decryptMessage(id, sealed.Ciphertext)
	if err != nil {
		return identity.Message{}, "", err
	}
	sealed.LeasedUntil = now.Add(lease).UnixMilli()
	item.Owner = rand.Text()
	return m, item.Owner, s.updateMessage(ctx, item, sealed)
}

// Release ends a claim, so that another caller can claim the message immediately. It returns identity.ErrBusy if the
// holder's claim has ended and another caller holds the message.
func (s *Store) Release(ctx context.Context, id, holder string) error {
	item, sealed, err := s.readMessage(ctx, id)
	if errors.Is(err, identity.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if item.Owner != holder {
		return fmt.Errorf("release message: %w", identity.ErrBusy)
	}
	item.Owner, sealed.LeasedUntil = "", 0
	return s.updateMessage(ctx, item, sealed)
}

// Ack removes a message. It returns identity.ErrBusy if the holder's claim has ended and another caller holds the
// message, and nil if the message no longer exists.
func (s *Store) Ack(ctx context.Context, id, holder string) error {
	failed, err := s.write(ctx, table.Delete(messageKey(id), table.OwnerIs(holder)))
	if failed == nil {
		return identityErrors.wrap("remove message", err)
	}
	if failed.Failures[0].Current != nil {
		return fmt.Errorf("remove message: %w", identity.ErrBusy)
	}
	return nil
}

// readMessage reads a message's item.
func (s *Store) readMessage(ctx context.Context, id string) (table.Item, encryptedMessage, error) {
	port := identityErrors
	port.notFound = fmt.Errorf("read message: %w", identity.ErrNotFound)
	item, err := s.getItem(ctx, "read message", messageKey(id), port)
	if err != nil {
		return table.Item{}, encryptedMessage{}, err
	}
	sealed, err := decode[encryptedMessage](item.Body, "message")
	return item, sealed, err
}

// updateMessage writes the next version of a message.
func (s *Store) updateMessage(ctx context.Context, item table.Item, sealed encryptedMessage) error {
	was := table.VersionIs(item.Version)
	item.Version++
	_, more, err := decodeWithUnknown[encryptedMessage](item.Body, "message")
	if err != nil {
		return err
	}
	item.Body = more.addTo(mustEncode(sealed))
	failed, err := s.write(ctx, table.Put(item, was))
	if failed == nil {
		return identityErrors.wrap("write message", err)
	}
	if failed.Failures[0].Current == nil {
		return fmt.Errorf("write message: %w", identity.ErrNotFound)
	}
	return fmt.Errorf("write message: %w", identity.ErrBusy)
}

// decryptMessage decrypts the contents of a message, which must have been encrypted for the id.
func (s *Store) decryptMessage(id string, box []byte) (identity.Message, error) {
	text, err := s.messageCipher().Open(nil, nil, box, []byte(id))
	if err != nil {
		return identity.Message{}, errors.New("store: a message of another deployment or id")
	}
	r, err := decode[messageRecord](text, "message")
	if err != nil {
		return identity.Message{}, err
	}
	return identity.Message{
		ID: id, Tenant: r.Tenant, IdentityID: r.Identity, Channel: identity.Channel(r.Channel), Purpose: identity.Purpose(r.Purpose),
		To: r.To, Code: r.Code, Language: r.Language, ExpiresAt: time.UnixMilli(r.Expires).UTC(),
	}, nil
}
