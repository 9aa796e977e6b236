package jobs

import (
	"context"
	"errors"
	"time"

	"cedula/shared/identity"
)

// maxShardFailures ends a shard's run: the table cannot be reached.
const maxShardFailures = 10

// Expire removes every identity that has expired, and finishes deletions that were
// interrupted. Its error is the table's; the result says what was done until then.
func (r *Reaper) Expire(ctx context.Context, run Run) (Result, error) {
	return r.eachShard(run, func(s *shardRun) error {
		e := shardExpiry{shardRun: s}
		err := e.run(ctx)
		if err != nil {
			return err
		}
		return e.err
	})
}

// shardExpiry is Expire over one shard.
type shardExpiry struct {
	*shardRun
	lastExamined *identity.Identity // those after it in the index expired no earlier
	err          error              // the last failure, which does not end the run
}

func (s *shardExpiry) run(ctx context.Context) error {
	until := s.Registry.Now().Add(s.MaxClockOffset).Truncate(time.Second)
	more := true
	err := s.walk(ctx, time.Time{}, until, func(due identity.DueBatch) (bool, error) {
		more = s.expireBatch(ctx, due)
		return more, nil
	})
	outOfTime := more && !s.result.Complete
	if err == nil && outOfTime && s.lastExamined != nil {
		s.recordLag(s.lastExamined)
	}
	return err
}

// expireBatch removes what is due and reports whether to go on.
func (s *shardExpiry) expireBatch(ctx context.Context, due identity.DueBatch) bool {
	if !s.DryRun {
		for _, orphan := range due.Orphans {
			s.finishDeletion(ctx, orphan)
		}
	}
	for n := range due.Identities {
		i := &due.Identities[n]
		if s.pastStop() || s.result.Failed >= maxShardFailures {
			s.recordLag(i)
			return false
		}
		s.expireOne(ctx, i)
		s.lastExamined = i
	}
	return true
}

// finishDeletion removes what an interrupted deletion left.
func (s *shardExpiry) finishDeletion(ctx context.Context, o identity.Orphan) {
	err := s.Registry.FinishDeletion(ctx, o.Tenant, o.ID)
	if err != nil && !errors.Is(err, identity.ErrPreconditionFailed) && !errors.Is(err, identity.ErrNotFound) {
		s.recordFailure(err)
	}
}

func (s *shardExpiry) expireOne(ctx context.Context, i *identity.Identity) {
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

func (s *shardExpiry) recordFailure(err error) {
	s.result.Failed++
	s.err = err
}

// recordLag notes an expired identity that remains.
func (s *shardExpiry) recordLag(i *identity.Identity) {
	now := s.Registry.TenantNow(i.Tenant)
	if i.Expired(now) {
		s.result.Lag = max(s.result.Lag, now.Sub(i.ExpiresAt))
	}
}
