// Package cleanup wires the jobs that look after pending identities. It stands
// apart from package boot so that no other function links the client of AWS KMS
// for them.
// It knows nothing of schedules and of what makes an identity lapse.
package cleanup

import (
	"context"
	"errors"
	"time"

	"cedula/shared/boot"
	"cedula/shared/boot/tokenization"
	"cedula/shared/gateway"
	"cedula/shared/jobs"
)

// Expire is the job that removes identities which stayed pending past their time.
// It reads the variables of boot.Identities.
func Expire() gateway.Job {
	return expireJob(&jobs.Reaper{Registry: boot.Identities(), PendingIndex: boot.PendingIndex()})
}

// Remind is the job that reminds those which will lapse soon. It reads the
// variables of vaults.Identities: an email may be tokenized.
func Remind() gateway.Job {
	return remindJob(&jobs.Reaper{Registry: tokenization.Identities(), PendingIndex: boot.PendingIndex()})
}

func expireJob(r *jobs.Reaper) gateway.Job {
	return func(ctx context.Context, in gateway.JobInput) (gateway.Metrics, error) {
		done, err := r.Expire(ctx, jobs.Run{StopAt: in.StopAt, DryRun: in.DryRun})
		return gateway.Metrics{
			countMetric("examined", done.Examined), countMetric("expired", done.Expired), countMetric("kept", done.Skipped),
			countMetric("conflicts", done.Conflicts), countMetric("failed", done.Failed), secondsMetric("lagSeconds", done.Lag), completeMetric(done.Complete),
		}, err
	}
}

func remindJob(r *jobs.Reaper) gateway.Job {
	return func(ctx context.Context, in gateway.JobInput) (gateway.Metrics, error) {
		done, err := r.Remind(ctx, jobs.Run{StopAt: in.StopAt, DryRun: in.DryRun})
		if errors.Is(err, jobs.ErrNoDryRun) {
			return nil, err
		}
		return gateway.Metrics{
			countMetric("examined", done.Examined), countMetric("reminded", done.Reminded), countMetric("kept", done.Skipped),
			countMetric("failed", done.Failed), completeMetric(done.Complete),
		}, err
	}
}

func countMetric(name string, n int) gateway.Metric {
	return gateway.Metric{Name: name, Unit: gateway.UnitCount, Value: float64(n)}
}

func secondsMetric(name string, d time.Duration) gateway.Metric {
	return gateway.Metric{Name: name, Unit: gateway.UnitSeconds, Value: d.Seconds()}
}

// completeMetric is 1 if the whole queue was looked at.
func completeMetric(whole bool) gateway.Metric {
	f := countMetric("complete", 0)
	if whole {
		f.Value = 1
	}
	return f
}
