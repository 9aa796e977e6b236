package jobs

import (
	"context"
	"errors"
	"time"

	"cedula/shared/identity"
)

// maxShardFailures ends a shard's run: the table cannot be reached.
const maxShardFailures = 10

// Expire removes every identity that has expired, and completes deletions that were
// interrupted. Its error is the table's, or an *identity.Unreadable; the result says what was done.
func (r *Reaper) Expire(ctx context.Context, run Run) (Result, error) {
	return r.eachShard(run, func(s *shardRun) error {
		until := s.Registry.Now().Add(s.MaxClockOffset).Truncate(time.Second)
		var last *identity.Identity // those after it in the index expire no earlier
		for due, err := range s.batches(ctx, time.Time{}, until) {
			if err != nil {
				return err
			}
			if !s.expireBatch(ctx, due) {
				return s.err
			}
			if len(due.Identities) > 0 {
				last = &due.Identities[len(due.Identities)-1]
			}
		}
		if !s.result.Complete && last != nil {
			s.recordLag(last)
		}
		return s.err
	})
}

// expireBatch removes what is due. It returns false if the run of the shard must end.
func (s *shardRun) expireBatch(ctx context.Context, due identity.DueBatch) bool {
	if !s.DryRun {
		for _, orphan := range due.Orphans {
			s.finishDeletion(ctx, orphan)
		}
	}
	for n := range due.Identities {
		i := &due.Identities[n]
		if s.pastStop() || s.failed >= maxShardFailures {
			s.recordLag(i)
			return false
		}
		s.expireOne(ctx, i)
	}
	return true
}

// finishDeletion removes what an interrupted deletion left.
func (s *shardRun) finishDeletion(ctx context.Context, o identity.Orphan) {
	err := s.Registry.FinishDeletion(ctx, o.Tenant, o.ID)
	if err != nil && !errors.Is(err, identity.ErrPreconditionFailed) && !errors.Is(err, identity.ErrNotFound) {
		s.recordFailure(err)
	}
}

func (s *shardRun) expireOne(ctx context.Context, i *identity.Identity) {
	s.result.Examined++
	if s.OnExamined != nil {
		defer s.OnExamined()
	}
	now := s.Registry.TenantNow(i.Tenant)
	if !i.Expired(now) {
		s.result.Skipped++
		return
	}
	if s.DryRun {
		s.result.Expired++
		s.recordLag(i)
		return
	}
	err := s.Registry.Store.Expire(ctx, *i, now)
	if err == nil {
		s.result.Expired++
	} else if changedConcurrently(err) {
		s.result.Conflicts++
	} else {
		s.recordLag(i)
		s.recordFailure(err)
	}
}

// changedConcurrently reports whether a write failed because the identity is no longer as
// it was read.
func changedConcurrently(err error) bool {
	return errors.Is(err, identity.ErrVersionMismatch) || errors.Is(err, identity.ErrNotFound) || errors.Is(err, identity.ErrBusy)
}

func (s *shardRun) recordFailure(err error) {
	s.result.Failed++
	s.failed++
	s.err = err
}

// recordLag notes an expired identity that remains.
func (s *shardRun) recordLag(i *identity.Identity) {
	now := s.Registry.TenantNow(i.Tenant)
	if i.Expired(now) {
		s.result.Lag = max(s.result.Lag, now.Sub(i.ExpiresAt))
	}
}
