package store

import (
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// codeRecord is a code as its item's body. Nothing in it is the code or an address.
type codeRecord struct {
	To      string `json:"to"`
	Hash    []byte `json:"h,omitempty"`
	Sent    int64  `json:"s"` // seconds since 1970
	Expires int64  `json:"x"`
	Checks  int    `json:"n,omitzero"`
	Used    bool   `json:"u,omitzero"`
	Script  bool   `json:"sc,omitzero"` // the sandbox's
}

// sendsRecord is when codes were sent to an address, in seconds since 1970.
type sendsRecord struct {
	Times []int64 `json:"t"`
}

// HashCode is an HMAC of a code for an identity and an address of it.
func (s *Store) HashCode(tenant, id, to, code string) []byte {
	return s.keys.sum(tenant, "code", id, to, code)
}

// Code reads an identity's code and the counter of an address in one call.
func (s *Store) Code(ctx context.Context, tenant, id string, channel identity.Channel, to string) (identity.Code, identity.Sends, error) {
	at := codeKey(tenant, id, channel)
	wanted := []table.Key{at}
	if to != "" {
		wanted = append(wanted, s.keys.sends(tenant, channel, to))
	}
	found, err := s.table.Get(ctx, true, wanted...)
	if err != nil {
		return identity.Code{}, identity.Sends{}, explain("read code", err)
	}
	code, sends := identity.Code{Channel: channel}, identity.Sends{Channel: channel, To: to}
	for n := range found.Items {
		item := &found.Items[n]
		if item.Key == at {
			err = errors.Join(err, decodeCode(item, &code))
		} else {
			err = errors.Join(err, decodeSends(item, &sends))
		}
	}
	return code, sends, err
}

func decodeCode(item *table.Item, c *identity.Code) error {
	var r codeRecord
	if err := json.Unmarshal(item.Body, &r); err != nil {
		return errors.New("store: damaged code")
	}
	c.To, c.Hash, c.Sent, c.Expires = r.To, r.Hash, instant(r.Sent), instant(r.Expires)
	c.Checks, c.Used, c.Scripted, c.Version = r.Checks, r.Used, r.Script, item.Version
	return nil
}

func decodeSends(item *table.Item, s *identity.Sends) error {
	var r sendsRecord
	if err := json.Unmarshal(item.Body, &r); err != nil {
		return errors.New("store: damaged counter of codes")
	}
	for _, t := range r.Times {
		s.Times = append(s.Times, instant(t))
	}
	s.Version = item.Version
	return nil
}

// SpendCheck writes the next version of a code.
func (s *Store) SpendCheck(ctx context.Context, tenant, id string, c identity.Code) error {
	_, err := s.table.Write(ctx, putCode(tenant, id, &c))
	var failed *table.ConditionError
	if errors.As(err, &failed) {
		return identity.ErrStale
	}
	return explain("spend check", err)
}

// asideOps writes what goes with an identity's next version. Each is conditional:
// of two who act at once, one begins anew.
func (s *Store) asideOps(i *identity.Identity, a identity.Aside) []table.Op {
	var ops []table.Op
	if a.Code != nil {
		ops = append(ops, putCode(i.Tenant, i.ID, a.Code))
	}
	if a.Sends != nil {
		ops = append(ops, s.putSends(i.Tenant, a.Sends))
	}
	if a.Message != nil {
		ops = append(ops, s.queue(*a.Message))
	}
	return ops
}

func putCode(tenant, id string, c *identity.Code) table.Op {
	return table.Put(table.Item{
		Key: codeKey(tenant, id, c.Channel), Version: c.Version + 1, Owner: id, Expires: c.Expires.Add(identity.CodeKept),
		Body: mustEncode(codeRecord{c.To, c.Hash, seconds(c.Sent), seconds(c.Expires), c.Checks, c.Used, c.Scripted}),
	}, following(c.Version))
}

func (s *Store) putSends(tenant string, sends *identity.Sends) table.Op {
	r := sendsRecord{Times: make([]int64, len(sends.Times))}
	for n, t := range sends.Times {
		r.Times[n] = t.Unix()
	}
	last := sends.Times[len(sends.Times)-1]
	return table.Put(table.Item{
		Key: s.keys.sends(tenant, sends.Channel, sends.To), Version: sends.Version + 1, Expires: last.Add(25 * time.Hour), Body: mustEncode(r),
	}, following(sends.Version))
}

// following is the condition of what is written over a version; 0 is none.
func following(version int64) table.Condition {
	if version == 0 {
		return table.Absent()
	}
	return table.VersionIs(version)
}
