package main

import (
	"context"
	"log/slog"
	"time"

	"cedula/shared/jobs"
)

// What the deployed registry's schedules do, and how long one run may take.
const (
	expireInterval = 15 * time.Minute
	remindInterval = time.Hour
	jobTimeout     = 14 * time.Minute
)

// reaper removes what lapsed, by each tenant's own time.
func (d *localRegistry) reaper() *jobs.Reaper {
	return &jobs.Reaper{Registry: d.core, PendingIndex: d.store, MaxClockOffset: d.clock.LargestOffset()}
}

// runJobs runs the schedules until ctx ends, the first time at once.
func (d *localRegistry) runJobs(ctx context.Context) {
	expire, remind := time.NewTicker(expireInterval), time.NewTicker(remindInterval)
	defer expire.Stop()
	defer remind.Stop()
	d.runExpire(ctx)
	d.runRemind(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-expire.C:
			d.runExpire(ctx)
		case <-remind.C:
			d.runRemind(ctx)
		}
	}
}

func (d *localRegistry) runExpire(ctx context.Context) {
	start := time.Now()
	done, err := d.reaper().Expire(ctx, jobs.Run{StopAt: start.Add(jobTimeout)})
	d.logJob(ctx, "expire-pending", start, err, done.Examined, "expired", done.Expired, "kept", done.Skipped,
		"conflicts", done.Conflicts, "failed", done.Failed, "complete", done.Complete)
}

func (d *localRegistry) runRemind(ctx context.Context) {
	start := time.Now()
	done, err := d.reaper().Remind(ctx, jobs.Run{StopAt: start.Add(jobTimeout)})
	d.logJob(ctx, "remind-pending", start, err, done.Examined, "reminded", done.Reminded, "kept", done.Skipped,
		"failed", done.Failed, "complete", done.Complete)
}

// logJob writes a run's one line, if it had anything to do.
func (d *localRegistry) logJob(ctx context.Context, job string, start time.Time, err error, examined int, figures ...any) {
	if examined == 0 && err == nil {
		return
	}
	line := append([]any{"job", job, "us", time.Since(start).Microseconds(), "examined", examined}, figures...)
	if err != nil && ctx.Err() == nil {
		slog.ErrorContext(ctx, "job", append(line, "error", err.Error())...)
		return
	}
	slog.InfoContext(ctx, "job", line...)
}
