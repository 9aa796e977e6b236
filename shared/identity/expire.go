package identity

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"time"
)

// MarkLife is how long a mark without personal data tells that an identity was
// there and lapsed.
const MarkLife = 30 * 24 * time.Hour

// QueueShards is into how many parts the queue of pending identities is split.
const QueueShards = 64

// Queue is where pending identities stand by the time at which they lapse.
type Queue interface {
	// Due reads the next identities of a shard that lapse between two times, both
	// included, in the order in which they do. Where to go on is nil at the end.
	Due(ctx context.Context, shard int, from, until time.Time, after *Place) (Due, error)
}

// Place is a position in the queue, opaque to the core.
type Place struct{ Key, Index [2]string }

// Due is a part of the queue.
type Due struct {
	Identities []Identity // of all tenants; as they are now
	Remains    []Remains  // where the queue has an entry and the table no identity
	Next       *Place
}

// Remains is what a deletion that was cut short left, or a moment's delay of the queue.
type Remains struct{ Tenant, ID string }

// Cleaner removes identities that stayed pending past their time. It may be
// killed at any point and run again, also beside another.
type Cleaner struct {
	*Service
	Queue Queue
	// MaxAhead is how far a tenant's time may have been moved: as long as that is
	// looked into the future.
	MaxAhead time.Duration
	// Seen is called for each identity that was looked at, by several at once; may be nil.
	Seen func()
}

// Cleaning is what a run did, in numbers of identities.
type Cleaning struct {
	Examined  int           // that stand in the queue as lapsed
	Expired   int           // removed; of a dry run: that would be
	Kept      int           // that are not lapsed, whatever the queue says
	Conflicts int           // that changed at that moment, and are for the next run
	Failed    int           // that could not be removed for want of the table
	Lag       time.Duration // of the oldest that is still to be removed; zero: none is
	Complete  bool          // the whole queue was looked at
}

// maxFailures ends a shard's run: the table is not there.
const maxFailures = 10

// Expire removes every identity that has lapsed. It stops in time before ctx
// ends, and leaves the rest for the next run. A dry run removes nothing. Its
// error is the table's; what was done until then stands in the answer.
func (c *Cleaner) Expire(ctx context.Context, stop time.Time, dry bool) (Cleaning, error) {
	sum := Cleaning{Complete: true}
	err := eachShard(func(shard int) (Cleaning, error) {
		s := sweep{cleaner: c, shard: shard, stop: stop, dry: dry}
		s.run(ctx)
		return s.done, s.err
	}, sum.add)
	return sum, err
}

// eachShard works on all shards of the queue at once, adds up what was done, and
// returns the first shard's error.
func eachShard[Done any](work func(shard int) (Done, error), add func(Done)) error {
	var (
		all  sync.WaitGroup
		done [QueueShards]Done
		errs [QueueShards]error
	)
	for shard := range QueueShards {
		all.Go(func() { done[shard], errs[shard] = work(shard) })
	}
	all.Wait()
	for _, d := range done {
		add(d)
	}
	return cmp.Or(errs[:]...)
}

func (c *Cleaning) add(more Cleaning) {
	c.Examined += more.Examined
	c.Expired += more.Expired
	c.Kept += more.Kept
	c.Conflicts += more.Conflicts
	c.Failed += more.Failed
	c.Lag = max(c.Lag, more.Lag)
	c.Complete = c.Complete && more.Complete
}

// sweep is a run over one shard.
type sweep struct {
	cleaner *Cleaner
	shard   int
	stop    time.Time
	dry     bool
	done    Cleaning
	last    *Identity // that was looked at: whoever comes after lapsed no earlier
	err     error
}

func (s *sweep) run(ctx context.Context) {
	var at *Place
	until := s.cleaner.Now().Add(s.cleaner.MaxAhead).Truncate(time.Second)
	for !s.late() {
		due, err := s.cleaner.Queue.Due(ctx, s.shard, time.Time{}, until, at)
		if err != nil {
			s.err = err
			return
		}
		if !s.take(ctx, due) {
			return
		}
		if at = due.Next; at == nil {
			s.done.Complete = true
			return
		}
	}
	if s.last != nil {
		s.lags(s.last)
	}
}

func (s *sweep) late() bool { return !s.cleaner.Now().Before(s.stop) }

// take removes what is due, and reports whether to go on.
func (s *sweep) take(ctx context.Context, due Due) bool {
	for _, r := range due.Remains {
		if !s.dry {
			s.finish(ctx, r)
		}
	}
	for n := range due.Identities {
		i := &due.Identities[n]
		if s.late() || s.done.Failed >= maxFailures {
			s.lags(i)
			return false
		}
		s.one(ctx, i)
		s.last = i
	}
	return true
}

// keep is what a Delete allows that only finishes another: of an identity that is
// there after all nothing is touched.
func keep(*Identity) error { return ErrRefused }

// finish removes what a deletion left that was cut short.
func (s *sweep) finish(ctx context.Context, r Remains) {
	if err := s.cleaner.Store.Delete(ctx, r.Tenant, r.ID, keep); err != nil && !errors.Is(err, ErrRefused) && !errors.Is(err, ErrNotFound) {
		s.failed(err)
	}
}

func (s *sweep) one(ctx context.Context, i *Identity) {
	s.done.Examined++
	if s.cleaner.Seen != nil {
		defer s.cleaner.Seen()
	}
	now := s.cleaner.Time(i.Tenant)
	if !i.lapsed(now) {
		s.done.Kept++
		return
	}
	if s.dry {
		s.done.Expired++
		s.lags(i)
		return
	}
	switch err := s.cleaner.Store.Expire(ctx, *i, now); {
	case err == nil:
		s.done.Expired++
	case errors.Is(err, ErrStale), errors.Is(err, ErrNotFound), errors.Is(err, ErrBusy):
		s.done.Conflicts++
	default:
		s.lags(i)
		s.failed(err)
	}
}

func (s *sweep) failed(err error) {
	s.done.Failed++
	s.err = err
}

// lags notes an identity that stays although it has lapsed.
func (s *sweep) lags(i *Identity) {
	if now := s.cleaner.Time(i.Tenant); i.lapsed(now) {
		s.done.Lag = max(s.done.Lag, now.Sub(i.ExpiresAt))
	}
}

// unlessLapsed looks at whoever holds what a new or changed identity would take.
// If that one has lapsed it is removed, and the write is to be tried again: who is
// gone for every reader stands in nobody's way.
func (s *Service) unlessLapsed(ctx context.Context, tenant string, err error) error {
	var taken *Taken
	if !errors.As(err, &taken) || taken.Holder == "" {
		return err
	}
	now := s.Time(tenant)
	holder, found := s.Store.Get(ctx, tenant, taken.Holder)
	switch {
	case errors.Is(found, ErrNotFound):
		return s.unlessGone(ctx, tenant, taken)
	case found != nil:
		return found
	case !holder.lapsed(now):
		return err
	}
	if failed := s.Store.Expire(ctx, holder, now); failed != nil && !errors.Is(failed, ErrNotFound) {
		return failed
	}
	return ErrStale
}

// unlessGone finishes the deletion of a holder that nobody can read any more but
// whose id is not free yet, unless others have done so meanwhile.
func (s *Service) unlessGone(ctx context.Context, tenant string, taken *Taken) error {
	switch err := s.Store.Delete(ctx, tenant, taken.Holder, keep); {
	case errors.Is(err, ErrNotFound):
		return &vanished{taken}
	case errors.Is(err, ErrRefused): // another has its id by now
		return taken
	default:
		return err
	}
}
