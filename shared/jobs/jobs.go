// Package jobs holds the scheduled work on pending identities: removing those that have
// expired and reminding those that are about to. It knows no schedule, no function and no
// metric format, and imports identity and registry only.
package jobs

import (
	"cmp"
	"context"
	"iter"
	"sync"
	"time"

	"cedula/shared/identity"
	"cedula/shared/registry"
)

// Job is one kind of scheduled work. It may be stopped at any point and run again, also
// while another run is active.
type Job struct {
	Name  string        // of its Lambda function, and in its log lines
	Every time.Duration // between two runs
	Run   func(*Reaper, context.Context, Run) (Result, error)
}

// All lists the jobs.
var All = []Job{
	{Name: "expire-pending", Every: 15 * time.Minute, Run: (*Reaper).Expire},
	{Name: "remind-pending", Every: time.Hour, Run: (*Reaper).Remind},
}

// Reaper is what the jobs work on.
type Reaper struct {
	Registry     *registry.Registry
	PendingIndex identity.PendingIndex
	// MaxClockOffset is the largest time by which a tenant's clock may have been moved
	// forward: the jobs look that far into the future.
	MaxClockOffset time.Duration
	// OnExamined, if not nil, is called concurrently after each identity examined by Expire.
	OnExamined func()
}

// Run says how far one run of a job may go.
type Run struct {
	StopAt time.Time // nothing new is started from then on
	DryRun bool      // count only, change nothing
}

// Result is what a run did, in numbers of identities.
type Result struct {
	Examined  int
	Expired   int           // removed; in a dry run, that would be
	Reminded  int           // that were sent a reminder
	Skipped   int           // that needed nothing, whatever the index says
	Conflicts int           // that changed concurrently; the next run sees them again
	Failed    int           // that failed because of the table, or whose records cannot be decoded
	Lag       time.Duration // of the oldest expired identity that remains; zero if none does
	Complete  bool          // the whole index was read
}

func (r *Result) add(more Result) {
	r.Examined += more.Examined
	r.Expired += more.Expired
	r.Reminded += more.Reminded
	r.Skipped += more.Skipped
	r.Conflicts += more.Conflicts
	r.Failed += more.Failed
	r.Lag = max(r.Lag, more.Lag)
	r.Complete = r.Complete && more.Complete
}

// shardRun is a run over one shard of the pending index.
type shardRun struct {
	*Reaper
	Run
	shard  int
	result Result
	err    error // the last failure of Expire, which does not end the run
	failed int   // writes of Expire

	unreadable *identity.Unreadable
}

func (s *shardRun) pastStop() bool { return !s.Registry.Now().Before(s.StopAt) }

// eachShard runs work on all shards of the pending index concurrently. It returns the sum of
// their results and the first shard's error, or an *identity.Unreadable if records cannot be decoded.
func (r *Reaper) eachShard(run Run, work func(*shardRun) error) (Result, error) {
	var (
		all    sync.WaitGroup
		shards [identity.PendingIndexShards]shardRun
		errs   [identity.PendingIndexShards]error
	)
	for n := range shards {
		shards[n] = shardRun{Reaper: r, Run: run, shard: n}
		all.Go(func() { errs[n] = work(&shards[n]) })
	}
	all.Wait()
	sum := Result{Complete: true}
	var unreadable *identity.Unreadable
	for n := range shards {
		sum.add(shards[n].result)
		unreadable = unreadable.Join(shards[n].unreadable)
	}
	if err := cmp.Or(errs[:]...); err != nil || unreadable == nil {
		return sum, err
	}
	return sum, unreadable
}

// recordUnreadable makes the run of the shard fail once it has dealt with all others.
func (s *shardRun) recordUnreadable(e *identity.Unreadable) {
	if e != nil {
		s.result.Examined += len(e.IDs)
		s.result.Failed += len(e.IDs)
		s.unreadable = s.unreadable.Join(e)
	}
}

// batches yields what is due in the shard between two times, until the run must stop. It ends
// after an error. The result is complete once the last batch has been used.
func (s *shardRun) batches(ctx context.Context, from, until time.Time) iter.Seq2[identity.DueBatch, error] {
	return func(yield func(identity.DueBatch, error) bool) {
		var at *identity.PendingCursor
		for !s.pastStop() {
			due, err := s.PendingIndex.DueBatch(ctx, s.shard, from, until, at)
			s.recordUnreadable(due.Unreadable)
			if !yield(due, err) || err != nil {
				return
			}
			at = due.Next
			if at == nil {
				s.result.Complete = true
				return
			}
		}
	}
}
