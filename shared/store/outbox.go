package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// afterlife is how long a message stays after it expired, unless it is
// delivered: who looks for a failure of yesterday still finds it.
const afterlife = 24 * time.Hour

// sealedMessage is a message as its item's body. What the message says is in Box
// alone, which no reader of the table, its stream or its backups can open.
type sealedMessage struct {
	Until int64  `json:"u,omitzero"` // Unix milliseconds: the end of the claim on it
	Box   []byte `json:"b"`
}

// messageRecord is what is in the box. Its id is that of the item.
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

// newBoxes derives the key of the boxes from the deployment's secret. With random
// nonces it may seal 2^32 messages.
func newBoxes(deployment []byte) cipher.AEAD {
	key, err := hkdf.Key(sha256.New, deployment, nil, "cedula outbox 1", 32)
	if err != nil {
		panic("store: " + err.Error()) // only for a length that HKDF cannot give
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("store: " + err.Error()) // only for a length that AES does not know
	}
	boxes, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("store: " + err.Error()) // only for a cipher that is not AES
	}
	return boxes
}

// queue is the operation that queues a message. It fails if there is one of its id.
func (s *Store) queue(m identity.Message) table.Op {
	r := messageRecord{
		Tenant: m.Tenant, Identity: m.Identity, Channel: string(m.Channel), Purpose: string(m.Purpose),
		To: m.To, Code: m.Code, Language: m.Language, Expires: m.Expires.UnixMilli(),
	}
	box := s.boxes().Seal(nil, nil, mustEncode(r), []byte(m.ID)) //nolint:gosec // G407 does not know that this one makes its nonce
	return table.Put(table.Item{
		Key: messageKey(m.ID), Version: 1, Expires: m.Expires.Add(afterlife).Truncate(time.Second),
		Body: mustEncode(sealedMessage{Box: box}),
	}, table.Absent())
}

// Queue writes a message by itself, to be delivered soon.
func (s *Store) Queue(ctx context.Context, m identity.Message) error {
	_, err := s.table.Write(ctx, s.queue(m))
	return explain("queue message", err)
}

// Claim takes a message to deliver it, until now and the lease have passed or it
// is released. The holder is to be shown to Release and Delivered. It returns
// identity.ErrBusy while another has it, and identity.ErrNotFound when it was
// delivered or is gone by its time.
func (s *Store) Claim(ctx context.Context, id string, now time.Time, lease time.Duration) (m identity.Message, holder string, err error) {
	item, sealed, err := s.message(ctx, id)
	switch {
	case err != nil:
		return identity.Message{}, "", err
	case !item.Expires.After(now):
		return identity.Message{}, "", fmt.Errorf("claim message: %w", identity.ErrNotFound)
	case now.UnixMilli() < sealed.Until:
		return identity.Message{}, "", fmt.Errorf("claim message: %w", identity.ErrBusy)
	}
	if m, err = s.open(id, sealed.Box); err != nil {
		return identity.Message{}, "", err
	}
	sealed.Until = now.Add(lease).UnixMilli()
	item.Owner = rand.Text()
	return m, item.Owner, s.overwrite(ctx, item, sealed)
}

// Release gives a claim back, so that the next one may be made at once. It
// returns identity.ErrBusy if the holder's claim has ended and another has it.
func (s *Store) Release(ctx context.Context, id, holder string) error {
	item, sealed, err := s.message(ctx, id)
	switch {
	case errors.Is(err, identity.ErrNotFound):
		return nil
	case err != nil:
		return err
	case item.Owner != holder:
		return fmt.Errorf("release message: %w", identity.ErrBusy)
	}
	item.Owner, sealed.Until = "", 0
	return s.overwrite(ctx, item, sealed)
}

// Delivered removes a message. It returns identity.ErrBusy if the holder's claim
// has ended and another has it, and nil if it is gone already.
func (s *Store) Delivered(ctx context.Context, id, holder string) error {
	_, err := s.table.Write(ctx, table.Delete(messageKey(id), table.OwnerIs(holder)))
	var failed *table.ConditionError
	if !errors.As(err, &failed) {
		return explain("remove message", err)
	}
	if there := failed.Of(0); there != nil && there.Current != nil {
		return fmt.Errorf("remove message: %w", identity.ErrBusy)
	}
	return nil
}

// message reads a message's item.
func (s *Store) message(ctx context.Context, id string) (table.Item, sealedMessage, error) {
	found, err := s.table.Get(ctx, true, messageKey(id))
	if err != nil {
		return table.Item{}, sealedMessage{}, explain("read message", err)
	}
	if len(found.Items) == 0 {
		return table.Item{}, sealedMessage{}, fmt.Errorf("read message: %w", identity.ErrNotFound)
	}
	var sealed sealedMessage
	if err := json.Unmarshal(found.Items[0].Body, &sealed); err != nil {
		return table.Item{}, sealedMessage{}, errors.New("store: damaged message")
	}
	return found.Items[0], sealed, nil
}

// overwrite writes the next version of a message.
func (s *Store) overwrite(ctx context.Context, item table.Item, sealed sealedMessage) error {
	was := table.VersionIs(item.Version)
	item.Version++
	item.Body = mustEncode(sealed)
	_, err := s.table.Write(ctx, table.Put(item, was))
	var failed *table.ConditionError
	if !errors.As(err, &failed) {
		return explain("write message", err)
	}
	if there := failed.Of(0); there == nil || there.Current == nil {
		return fmt.Errorf("write message: %w", identity.ErrNotFound)
	}
	return fmt.Errorf("write message: %w", identity.ErrBusy)
}

// open reads a box, which must have been sealed for the id.
func (s *Store) open(id string, box []byte) (identity.Message, error) {
	text, err := s.boxes().Open(nil, nil, box, []byte(id))
	if err != nil {
		return identity.Message{}, errors.New("store: a message of another deployment or id")
	}
	var r messageRecord
	if err := json.Unmarshal(text, &r); err != nil {
		return identity.Message{}, errors.New("store: damaged message")
	}
	return identity.Message{
		ID: id, Tenant: r.Tenant, Identity: r.Identity, Channel: identity.Channel(r.Channel), Purpose: identity.Purpose(r.Purpose),
		To: r.To, Code: r.Code, Language: r.Language, Expires: time.UnixMilli(r.Expires).UTC(),
	}, nil
}
