package main

import (
	"context"
	"log/slog"
	"time"

	"cedula/shared/identity"
)

// What the deployed registry's schedules do, and how long one run may take.
const (
	expireEvery = 15 * time.Minute
	remindEvery = time.Hour
	jobTime     = 14 * time.Minute
)

// cleaner removes what lapsed, by each tenant's own time.
func (d *data) cleaner() *identity.Cleaner {
	return &identity.Cleaner{Service: d.core, Queue: d.store, MaxAhead: d.clock.Furthest()}
}

// jobs runs the schedules until ctx ends, the first time at once.
func (d *data) jobs(ctx context.Context) {
	expire, remind := time.NewTicker(expireEvery), time.NewTicker(remindEvery)
	defer expire.Stop()
	defer remind.Stop()
	d.expire(ctx)
	d.remind(ctx)
	for {
		select {
		case <-ctx.Done():
			return
		case <-expire.C:
			d.expire(ctx)
		case <-remind.C:
			d.remind(ctx)
		}
	}
}

func (d *data) expire(ctx context.Context) {
	start := time.Now()
	done, err := d.cleaner().Expire(ctx, start.Add(jobTime), false)
	d.report(ctx, "expire-pending", start, err, done.Examined, "expired", done.Expired, "kept", done.Kept,
		"conflicts", done.Conflicts, "failed", done.Failed, "complete", done.Complete)
}

func (d *data) remind(ctx context.Context) {
	start := time.Now()
	done, err := d.cleaner().Remind(ctx, start.Add(jobTime))
	d.report(ctx, "remind-pending", start, err, done.Examined, "reminded", done.Reminded, "kept", done.Kept,
		"failed", done.Failed, "complete", done.Complete)
}

// report writes a run's one line, if it had anything to do.
func (d *data) report(ctx context.Context, job string, start time.Time, err error, examined int, figures ...any) {
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
