package store

import (
	"context"
	"errors"
	"time"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// verificationCodeRecord is the body of a code's item. It contains neither the code nor an address.
type verificationCodeRecord struct {
	LookupKey     string `json:"to"`
	Hash          []byte `json:"h,omitempty"`
	Sent          int64  `json:"s"` // seconds since 1970
	Expires       int64  `json:"x"`
	WrongAttempts int    `json:"n,omitzero"`
	Used          bool   `json:"u,omitzero"`
	TestMode      bool   `json:"sc,omitzero"` // issued in test mode
}

// sendHistoryRecord contains when codes were sent to an address, in seconds since 1970.
type sendHistoryRecord struct {
	Times []int64 `json:"t"`
}

// HashCode returns an HMAC of a code for an identity and one of its addresses.
func (s *Store) HashCode(tenant, id, to, code string) []byte {
	return s.keys.hmac(tenant, "code", id, to, code)
}

// VerificationCode reads an identity's code and the counter of an address in one call.
func (s *Store) VerificationCode(ctx context.Context, tenant, id string, channel identity.Channel, to string) (identity.VerificationCode, identity.SendHistory, error) {
	at := partKey(tenant, id, prefixCode+string(channel))
	wanted := []table.Key{at}
	if to != "" {
		wanted = append(wanted, s.keys.sendHistoryKey(tenant, channel, to), messageCountKey(tenant))
	}
	found, err := s.table.Get(ctx, true, wanted...)
	if err != nil {
		return identity.VerificationCode{}, identity.SendHistory{}, identityErrors.wrap("read code", err)
	}
	code, sends := identity.VerificationCode{Channel: channel}, identity.SendHistory{Channel: channel, LookupKey: to}
	for n := range found.Items {
		item := &found.Items[n]
		switch item.Key {
		case at:
			err = errors.Join(err, decodeCode(item, &code))
		case messageCountKey(tenant):
			err = errors.Join(err, decodeMessageCount(item, &sends.OfTenant))
		default:
			err = errors.Join(err, decodeSendHistory(item, &sends))
		}
	}
	return code, sends, err
}

func decodeCode(item *table.Item, c *identity.VerificationCode) error {
	r, err := decode[verificationCodeRecord](item.Body, "code")
	c.LookupKey, c.Hash, c.SentAt, c.ExpiresAt = r.LookupKey, r.Hash, unixTime(r.Sent), unixTime(r.Expires)
	c.WrongAttempts, c.Used, c.TestMode, c.Version = r.WrongAttempts, r.Used, r.TestMode, item.Version
	return err
}

func decodeSendHistory(item *table.Item, s *identity.SendHistory) error {
	r, err := decode[sendHistoryRecord](item.Body, "counter of codes")
	for _, t := range r.Times {
		s.Times = append(s.Times, unixTime(t))
	}
	s.Version = item.Version
	return err
}

// messageCountRecord counts the codes sent within an hour.
type messageCountRecord struct {
	Since    int64          `json:"s"` // seconds since 1970
	ByClient map[string]int `json:"n"`
}

func decodeMessageCount(item *table.Item, c *identity.MessageCount) error {
	r, err := decode[messageCountRecord](item.Body, "counter of messages")
	c.Since, c.ByClient, c.Version = unixTime(r.Since), r.ByClient, item.Version
	return err
}

func putMessageCount(tenant string, c *identity.MessageCount) table.Op {
	return table.Put(table.Item{
		Key: messageCountKey(tenant), Version: c.Version + 1, Expires: c.Since.Add(2 * time.Hour).Truncate(time.Second),
		Body: mustEncode(messageCountRecord{unixSeconds(c.Since), c.ByClient}),
	}, ifVersion(c.Version))
}

// RecordWrongAttempt writes the next version of a code, if the identity is unchanged: a later one with the same id may have a
// code of that version.
func (s *Store) RecordWrongAttempt(ctx context.Context, i *identity.Identity, c identity.VerificationCode) error {
	unchanged := table.Check(identityKey(i.Tenant, i.ID), ifUnchanged(i))
	failed, err := s.write(ctx, putCode(i.Tenant, i.ID, &c), unchanged)
	if failed != nil {
		return identity.ErrVersionMismatch
	}
	return identityErrors.wrap("spend check", err)
}

// sideWriteOps returns the side writes of an identity's next version. Each is conditional: of two concurrent requests,
// one starts over.
func (s *Store) sideWriteOps(i *identity.Identity, a identity.SideWrites) []table.Op {
	var ops []table.Op
	if a.Code != nil {
		ops = append(ops, putCode(i.Tenant, i.ID, a.Code))
	}
	if a.SendHistory != nil {
		ops = append(ops, s.putSendHistory(i.Tenant, a.SendHistory))
	}
	if a.Count != nil {
		ops = append(ops, putMessageCount(i.Tenant, a.Count))
	}
	if a.Message != nil {
		ops = append(ops, s.enqueueOp(*a.Message))
	}
	return ops
}

func putCode(tenant, id string, c *identity.VerificationCode) table.Op {
	return table.Put(table.Item{
		Key: partKey(tenant, id, prefixCode+string(c.Channel)), Version: c.Version + 1, Owner: id, Expires: c.ExpiresAt.Add(identity.CodeRetention),
		Body: mustEncode(verificationCodeRecord{c.LookupKey, c.Hash, unixSeconds(c.SentAt), unixSeconds(c.ExpiresAt), c.WrongAttempts, c.Used, c.TestMode}),
	}, ifVersion(c.Version))
}

func (s *Store) putSendHistory(tenant string, sends *identity.SendHistory) table.Op {
	r := sendHistoryRecord{Times: make([]int64, len(sends.Times))}
	for n, t := range sends.Times {
		r.Times[n] = t.Unix()
	}
	last := sends.Times[len(sends.Times)-1]
	return table.Put(table.Item{
		Key: s.keys.sendHistoryKey(tenant, sends.Channel, sends.LookupKey), Version: sends.Version + 1, Expires: last.Add(25 * time.Hour), Body: mustEncode(r),
	}, ifVersion(sends.Version))
}
