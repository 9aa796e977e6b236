package identity

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"
)

// Who lapses within a day is reminded once. Each run looks at the hours before
// that, so that one that is left out is made up for.
const (
	remindBefore = 24 * time.Hour
	remindWithin = 4 * time.Hour
)

// Reminding is what a run did, in numbers of identities.
type Reminding struct {
	Examined int // that lapse soon
	Reminded int
	Kept     int // that were reminded before, are on hold, or have no email
	Failed   int
	Complete bool
}

// Remind sends each identity that lapses in a day, and has an email, a message
// that says so. It begins nothing after stop; its error is the table's.
func (c *Cleaner) Remind(ctx context.Context, stop time.Time) (Reminding, error) {
	sum := Reminding{Complete: true}
	err := eachShard(func(shard int) (Reminding, error) { return c.remindShard(ctx, shard, stop) }, sum.add)
	return sum, err
}

func (r *Reminding) add(more Reminding) {
	r.Examined += more.Examined
	r.Reminded += more.Reminded
	r.Kept += more.Kept
	r.Failed += more.Failed
	r.Complete = r.Complete && more.Complete
}

func (c *Cleaner) remindShard(ctx context.Context, shard int, stop time.Time) (done Reminding, err error) {
	var at *Place
	from := c.Now().Add(remindBefore - remindWithin)
	until := c.Now().Add(remindBefore + c.MaxAhead)
	for c.Now().Before(stop) {
		due, err := c.Queue.Due(ctx, shard, from, until, at)
		if err != nil {
			return done, err
		}
		for n := range due.Identities {
			if err := c.remindOne(ctx, &due.Identities[n], &done); err != nil {
				done.Failed++
				return done, err
			}
		}
		if at = due.Next; at == nil {
			done.Complete = true
			return done, nil
		}
	}
	return done, nil
}

// remindOne sends the message and notes that it did, in one write. Another change
// of the identity at that moment leaves it to the next run.
func (c *Cleaner) remindOne(ctx context.Context, i *Identity, done *Reminding) error {
	done.Examined++
	now := c.Time(i.Tenant)
	soon := !i.ExpiresAt.After(now.Add(remindBefore)) && i.ExpiresAt.After(now)
	if i.Reminded || i.Hold != nil || i.Email == "" || !soon || i.scripted(ByEmail, i.Email, true) != unscripted {
		done.Kept++
		return nil
	}
	address, err := c.address(ctx, i, ByEmail)
	if err != nil {
		return err
	}
	_, sends, err := c.Store.Code(ctx, i.Tenant, i.ID, ByEmail, c.Store.LookUp(i.Tenant, FieldEmail, address))
	if err != nil {
		return err
	}
	sent := now.Truncate(time.Second)
	unwanted := sendable(ByEmail, address) != nil || sends.check(sent) != nil
	if unwanted { // nobody is written to more often than codes may be sent
		done.Kept++
		return nil
	}
	sends.add(sent)
	id, err := messageID(c.Random)
	if err != nil {
		return err
	}
	message := Message{
		ID: id, Tenant: i.Tenant, Identity: i.ID, Channel: ByEmail, Purpose: SendReminder,
		To: address, Language: Language("", i.Country), Expires: i.ExpiresAt,
	}
	next := i.clone()
	next.Reminded, next.Version, next.UpdatedAt = true, i.Version+1, now
	_, err = c.Store.Update(ctx, next, nil, Idempotency{}, Links{}, Aside{Message: &message, Sends: &sends})
	switch {
	case err == nil:
		done.Reminded++
	case errors.Is(err, ErrStale), errors.Is(err, ErrBusy), errors.Is(err, ErrNotFound):
		done.Kept++
	default:
		return err
	}
	return nil
}

// messageID is 128 random bits in hex.
func messageID(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("message id: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}
