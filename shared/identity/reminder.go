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
	remindBefore   = 24 * time.Hour
	reminderWindow = 4 * time.Hour
)

// ReminderResult is what a run did, in numbers of identities.
type ReminderResult struct {
	Examined int // that lapse soon
	Reminded int
	Skipped  int // that were reminded before, are on hold, or have no email
	Failed   int
	Complete bool
}

// Remind sends each identity that lapses in a day, and has an email, a message
// that says so. It begins nothing after stop; its error is the table's.
func (c *Reaper) Remind(ctx context.Context, stop time.Time) (ReminderResult, error) {
	sum := ReminderResult{Complete: true}
	err := eachShard(func(shard int) (ReminderResult, error) { return c.remindShard(ctx, shard, stop) }, sum.add)
	return sum, err
}

func (r *ReminderResult) add(more ReminderResult) {
	r.Examined += more.Examined
	r.Reminded += more.Reminded
	r.Skipped += more.Skipped
	r.Failed += more.Failed
	r.Complete = r.Complete && more.Complete
}

func (c *Reaper) remindShard(ctx context.Context, shard int, stop time.Time) (done ReminderResult, err error) {
	var at *PendingCursor
	from := c.Now().Add(remindBefore - reminderWindow)
	until := c.Now().Add(remindBefore + c.MaxClockOffset)
	for c.Now().Before(stop) {
		due, err := c.PendingIndex.DueBatch(ctx, shard, from, until, at)
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
func (c *Reaper) remindOne(ctx context.Context, i *Identity, done *ReminderResult) error {
	done.Examined++
	now := c.TenantNow(i.Tenant)
	soon := !i.ExpiresAt.After(now.Add(remindBefore)) && i.ExpiresAt.After(now)
	if i.Reminded || i.Hold != nil || i.Email == "" || !soon || i.testOutcome(ChannelEmail, i.Email, true) != testOutcomeNone {
		done.Skipped++
		return nil
	}
	address, err := c.currentAddress(ctx, i, ChannelEmail)
	if err != nil {
		return err
	}
	_, sends, err := c.Store.VerificationCode(ctx, i.Tenant, i.ID, ChannelEmail, c.Store.LookupKey(i.Tenant, FieldEmail, address))
	if err != nil {
		return err
	}
	sent := now.Truncate(time.Second)
	unwanted := checkDeliverable(ChannelEmail, address) != nil || sends.checkRateLimit(sent) != nil
	if unwanted { // nobody is written to more often than codes may be sent
		done.Skipped++
		return nil
	}
	sends.add(sent)
	id, err := newMessageID(c.Random)
	if err != nil {
		return err
	}
	message := Message{
		ID: id, Tenant: i.Tenant, IdentityID: i.ID, Channel: ChannelEmail, Purpose: PurposeReminder,
		To: address, Language: NegotiateLanguage("", i.Country), ExpiresAt: i.ExpiresAt,
	}
	next := i.clone()
	next.Reminded, next.Version, next.UpdatedAt = true, i.Version+1, now
	_, err = c.Store.Update(ctx, next, nil, Idempotency{}, LinkChanges{}, SideWrites{Message: &message, SendHistory: &sends})
	switch {
	case err == nil:
		done.Reminded++
	case errors.Is(err, ErrVersionMismatch), errors.Is(err, ErrBusy), errors.Is(err, ErrNotFound):
		done.Skipped++
	default:
		return err
	}
	return nil
}

// newMessageID is 128 random bits in hex.
func newMessageID(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("message id: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}
