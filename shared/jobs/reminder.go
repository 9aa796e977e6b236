package jobs

import (
	"context"
	"errors"
	"time"

	"cedula/shared/identity"
)

// An identity that expires within a day is reminded once. Each run looks at the hours
// before that, so that a run that is missed is made up for.
const (
	remindBefore   = 24 * time.Hour
	reminderWindow = 4 * time.Hour
)

// ErrNoDryRun is returned by Remind: whether an identity is reminded is known only once the
// reminder is recorded.
var ErrNoDryRun = errors.New("reminding has no dry run")

// Remind queues an email to each identity that expires within a day and has an email
// address. It returns ErrNoDryRun for a dry run, and otherwise the errors of Expire.
func (r *Reaper) Remind(ctx context.Context, run Run) (Result, error) {
	if run.DryRun {
		return Result{}, ErrNoDryRun
	}
	return r.eachShard(run, func(s *shardRun) error {
		now := r.Registry.Now()
		from, until := now.Add(remindBefore-reminderWindow), now.Add(remindBefore+r.MaxClockOffset)
		for due, err := range s.batches(ctx, from, until) {
			if err != nil {
				return err
			}
			for n := range due.Identities {
				if err := s.remindOne(ctx, &due.Identities[n]); err != nil {
					s.result.Failed++
					return err
				}
			}
		}
		return nil
	})
}

// remindOne queues the message and records that it did, in one write. An identity that
// changes concurrently is left to the next run.
func (s *shardRun) remindOne(ctx context.Context, i *identity.Identity) error {
	s.result.Examined++
	now := s.Registry.TenantNow(i.Tenant)
	if !wantsReminder(i, now) {
		s.result.Skipped++
		return nil
	}
	address, err := s.Registry.CurrentAddress(ctx, i, identity.ChannelEmail)
	if err != nil {
		return err
	}
	lookupKey := s.Registry.Store.LookupKey(i.Tenant, identity.FieldEmail, identity.ChannelEmail.LimitedAddress(address))
	_, sends, err := s.Registry.Store.VerificationCode(ctx, i.Tenant, i.ID, identity.ChannelEmail, lookupKey)
	if err != nil {
		return err
	}
	sentAt := now.Truncate(time.Second)
	to, err := identity.ChannelEmail.Deliverable(address)
	if err != nil || sends.CheckRateLimit(sentAt) != nil { // reminders share the limits of verification codes
		s.result.Skipped++
		return nil //nolint:nilerr // an address that cannot receive messages gets no reminder
	}
	sends.Record(sentAt)
	id, err := identity.NewMessageID(s.Registry.Random)
	if err != nil {
		return err
	}
	message := identity.Message{
		ID: id, Tenant: i.Tenant, IdentityID: i.ID, Channel: identity.ChannelEmail, Purpose: identity.PurposeReminder,
		To: to, Language: identity.MessageLanguage(nil, i.Country), ExpiresAt: i.ExpiresAt,
	}
	next := i.Clone()
	next.Reminded = true
	next.Version++
	next.UpdatedAt = now
	_, err = s.Registry.Store.Update(ctx, next, nil, identity.Idempotency{}, identity.LinkChanges{}, identity.SideWrites{Message: &message, SendHistory: &sends})
	if changedConcurrently(err) {
		s.result.Skipped++
		return nil
	}
	if err == nil {
		s.result.Reminded++
	}
	return err
}

// wantsReminder reports whether an identity needs a reminder now: it expires soon, was not
// reminded before, and has a real address.
func wantsReminder(i *identity.Identity, now time.Time) bool {
	if i.Reminded || i.Hold != nil || i.Email == "" {
		return false
	}
	soon := i.ExpiresAt.After(now) && !i.ExpiresAt.After(now.Add(remindBefore))
	return soon && i.TestOutcome(identity.ChannelEmail, i.Email, true) == identity.TestOutcomeNone
}
