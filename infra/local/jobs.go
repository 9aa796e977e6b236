package local

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"cedula/shared/jobs"
)

// jobTimeout is how long one run of a job may take, as in the deployed registry.
const jobTimeout = 14 * time.Minute

// runJobs runs every job immediately and then by its schedule, until ctx ends.
func (s *services) runJobs(ctx context.Context) {
	var all sync.WaitGroup
	for _, job := range jobs.All {
		all.Go(func() {
			ticker := time.NewTicker(job.Every)
			defer ticker.Stop()
			for ctx.Err() == nil {
				s.runJob(ctx, job)
				select {
				case <-ctx.Done():
				case <-ticker.C:
				}
			}
		})
	}
	all.Wait()
}

// runJob runs a job once and logs a run that had anything to do.
func (s *services) runJob(ctx context.Context, job jobs.Job) {
	start := time.Now()
	done, err := job.Run(s.reaper(), ctx, jobs.Run{StopAt: start.Add(jobTimeout)})
	if done.Examined == 0 && err == nil {
		return
	}
	line := []any{"job", job.Name, "us", time.Since(start).Microseconds(), "examined", done.Examined}
	if job.Name == "expire-pending" {
		line = append(line, "expired", done.Expired, "kept", done.Skipped, "conflicts", done.Conflicts)
	} else {
		line = append(line, "reminded", done.Reminded, "kept", done.Skipped)
	}
	line = append(line, "failed", done.Failed, "complete", done.Complete)
	if err != nil && ctx.Err() == nil {
		slog.ErrorContext(ctx, "job", append(line, "error", err.Error())...)
		return
	}
	slog.InfoContext(ctx, "job", line...)
}
