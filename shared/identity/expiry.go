package identity

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

// ExpiryMarkerTTL is how long a mark without personal data tells that an identity was
// there and lapsed.
const ExpiryMarkerTTL = 30 * 24 * time.Hour

// PendingIndexShards is into how many parts the queue of pending identities is split.
const PendingIndexShards = 64

// PendingIndex is where pending identities stand by the time at which they lapse.
type PendingIndex interface {
	// DueBatch reads the next identities of a shard that lapse between two times, both
	// included, in the order in which they do. Where to go on is nil at the end.
	DueBatch(ctx context.Context, shard int, from, until time.Time, after *PendingCursor) (DueBatch, error)
}

// PendingCursor is a position in the queue, opaque to the core.
type PendingCursor struct{ Key, Index [2]string }

// DueBatch is a part of the queue.
type DueBatch struct {
	Identities []Identity // of all tenants; as they are now
	Orphans    []Orphan   // where the queue has an entry and the table no identity
	Next       *PendingCursor
}

// Orphan is what a deletion that was cut short left, or a moment's delay of the queue.
type Orphan struct{ Tenant, ID string }

// Reaper removes identities that stayed pending past their time. It may be
// killed at any point and run again, also beside another.
type Reaper struct {
	*Service
	PendingIndex PendingIndex
	// MaxClockOffset is how far a tenant's time may have been moved: as long as that is
	// looked into the future.
	MaxClockOffset time.Duration
	// OnExamined is called for each identity that was looked at, by several at once; may be nil.
	OnExamined func()
}

// ExpiryResult is what a run did, in numbers of identities.
type ExpiryResult struct {
	Examined  int           // that stand in the queue as lapsed
	Expired   int           // removed; of a dry run: that would be
	Skipped   int           // that are not lapsed, whatever the queue says
	Conflicts int           // that changed at that moment, and are for the next run
	Failed    int           // that could not be removed for want of the table
	Lag       time.Duration // of the oldest that is still to be removed; zero: none is
	Complete  bool          // the whole queue was looked at
}

// maxShardFailures ends a shard's run: the table is not there.
const maxShardFailures = 10

// Expire removes every identity that has lapsed. It stops in time before ctx
// ends, and leaves the rest for the next run. A dry run removes nothing. Its
// error is the table's; what was done until then stands in the answer.
func (c *Reaper) Expire(ctx context.Context, stop time.Time, dry bool) (ExpiryResult, error) {
	sum := ExpiryResult{Complete: true}
	err := eachShard(func(shard int) (ExpiryResult, error) {
		s := shardExpiry{reaper: c, shard: shard, stop: stop, dry: dry}
		s.run(ctx)
		return s.result, s.err
	}, sum.add)
	return sum, err
}

// eachShard works on all shards of the queue at once, adds up what was done, and
// returns the first shard's error.
func eachShard[Done any](work func(shard int) (Done, error), add func(Done)) error {
	var (
		all  sync.WaitGroup
		done [PendingIndexShards]Done
		errs [PendingIndexShards]error
	)
	for shard := range PendingIndexShards {
		all.Go(func() { done[shard], errs[shard] = work(shard) })
	}
	all.Wait()
	for _, d := range done {
		add(d)
	}
	return cmp.Or(errs[:]...)
}

func (c *ExpiryResult) add(more ExpiryResult) {
	c.Examined += more.Examined
	c.Expired += more.Expired
	c.Skipped += more.Skipped
	c.Conflicts += more.Conflicts
	c.Failed += more.Failed
	c.Lag = max(c.Lag, more.Lag)
	c.Complete = c.Complete && more.Complete
}

// shardExpiry is a run over one shard.
type shardExpiry struct {
	reaper       *Reaper
	shard        int
	stop         time.Time
	dry          bool
	result       ExpiryResult
	lastExamined *Identity // that was looked at: whoever comes after lapsed no earlier
	err          error
}

func (s *shardExpiry) run(ctx context.Context) {
	var at *PendingCursor
	until := s.reaper.Now().Add(s.reaper.MaxClockOffset).Truncate(time.Second)
	for !s.pastStop() {
		due, err := s.reaper.PendingIndex.DueBatch(ctx, s.shard, time.Time{}, until, at)
		if err != nil {
			s.err = err
			return
		}
		if !s.expireBatch(ctx, due) {
			return
		}
		if at = due.Next; at == nil {
			s.result.Complete = true
			return
		}
	}
	if s.lastExamined != nil {
		s.recordLag(s.lastExamined)
	}
}

func (s *shardExpiry) pastStop() bool { return !s.reaper.Now().Before(s.stop) }

// expireBatch removes what is due, and reports whether to go on.
func (s *shardExpiry) expireBatch(ctx context.Context, due DueBatch) bool {
	for _, r := range due.Orphans {
		if !s.dry {
			s.finishDeletion(ctx, r)
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

// tombstonesOnly is what a Delete allows that only finishes another: of an identity that is
// there after all nothing is touched.
func tombstonesOnly(*Identity) error { return ErrPreconditionFailed }

// finishDeletion removes what a deletion left that was cut short.
func (s *shardExpiry) finishDeletion(ctx context.Context, r Orphan) {
	if err := s.reaper.Store.Delete(ctx, r.Tenant, r.ID, tombstonesOnly); err != nil && !errors.Is(err, ErrPreconditionFailed) && !errors.Is(err, ErrNotFound) {
		s.recordFailure(err)
	}
}

func (s *shardExpiry) expireOne(ctx context.Context, i *Identity) {
	s.result.Examined++
	if s.reaper.OnExamined != nil {
		defer s.reaper.OnExamined()
	}
	now := s.reaper.TenantNow(i.Tenant)
	if !i.expired(now) {
		s.result.Skipped++
		return
	}
	if s.dry {
		s.result.Expired++
		s.recordLag(i)
		return
	}
	switch err := s.reaper.Store.Expire(ctx, *i, now); {
	case err == nil:
		s.result.Expired++
	case errors.Is(err, ErrVersionMismatch), errors.Is(err, ErrNotFound), errors.Is(err, ErrBusy):
		s.result.Conflicts++
	default:
		s.recordLag(i)
		s.recordFailure(err)
	}
}

func (s *shardExpiry) recordFailure(err error) {
	s.result.Failed++
	s.err = err
}

// recordLag notes an identity that stays although it has lapsed.
func (s *shardExpiry) recordLag(i *Identity) {
	if now := s.reaper.TenantNow(i.Tenant); i.expired(now) {
		s.result.Lag = max(s.result.Lag, now.Sub(i.ExpiresAt))
	}
}

// evictExpired looks at whoever holds what a new or changed identity would take.
// If that one has lapsed it is removed, and the write is to be tried again: who is
// gone for every reader stands in nobody's way.
func (s *Service) evictExpired(ctx context.Context, tenant string, err error) error {
	var taken *Conflict
	if !errors.As(err, &taken) || taken.ExistingID == "" {
		return err
	}
	now := s.TenantNow(tenant)
	holder, found := s.Store.Get(ctx, tenant, taken.ExistingID)
	switch {
	case errors.Is(found, ErrNotFound):
		return s.finishDeletion(ctx, tenant, taken)
	case found != nil:
		return found
	case !holder.expired(now):
		return err
	}
	if failed := s.Store.Expire(ctx, holder, now); failed != nil && !errors.Is(failed, ErrNotFound) {
		return failed
	}
	return ErrVersionMismatch
}

// finishDeletion finishes the deletion of a holder that nobody can read any more but
// whose id is not free yet, unless others have done so meanwhile.
func (s *Service) finishDeletion(ctx context.Context, tenant string, taken *Conflict) error {
	switch err := s.Store.Delete(ctx, tenant, taken.ExistingID, tombstonesOnly); {
	case errors.Is(err, ErrNotFound):
		return &vanishedConflict{taken}
	case errors.Is(err, ErrPreconditionFailed): // another has its id by now
		return taken
	default:
		return err
	}
}
