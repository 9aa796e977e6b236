// Package cleanup wires the jobs on pending identities. It is separate from package boot so that
// no other function links the client of AWS KMS for them.
// It imports no API and knows nothing of schedules.
package cleanup

import (
	"context"
	"errors"

	"cedula/shared/boot"
	"cedula/shared/boot/tokenization"
	"cedula/shared/gateway"
	"cedula/shared/jobs"
)

// NewExpireJob returns the job that deletes expired pending identities.
func NewExpireJob(c boot.Config) (gateway.Job, error) {
	r, err := newReaper(c)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, in gateway.JobInput) (gateway.Metrics, error) {
		done, err := r.Expire(ctx, jobs.Run{StopAt: in.StopAt, DryRun: in.DryRun})
		return gateway.Metrics{
			countMetric("examined", done.Examined), countMetric("expired", done.Expired), countMetric("kept", done.Skipped),
			countMetric("conflicts", done.Conflicts), countMetric("failed", done.Failed),
			{Name: "lagSeconds", Unit: gateway.UnitSeconds, Value: done.Lag.Seconds()},
			completeMetric(done.Complete),
		}, err
	}, nil
}

// NewRemindJob returns the job that reminds identities which will expire soon. It needs the key
// of tokenized fields: an email may be one.
func NewRemindJob(c boot.Config) (gateway.Job, error) {
	r, err := newReaper(c)
	if err != nil {
		return nil, err
	}
	r.Registry.Cipher, err = tokenization.NewCipher(c)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, in gateway.JobInput) (gateway.Metrics, error) {
		done, err := r.Remind(ctx, jobs.Run{StopAt: in.StopAt, DryRun: in.DryRun})
		if errors.Is(err, jobs.ErrNoDryRun) {
			return nil, err
		}
		return gateway.Metrics{
			countMetric("examined", done.Examined), countMetric("reminded", done.Reminded), countMetric("kept", done.Skipped),
			countMetric("failed", done.Failed), completeMetric(done.Complete),
		}, err
	}, nil
}

func newReaper(c boot.Config) (*jobs.Reaper, error) {
	s, err := boot.NewStore(c)
	if err != nil {
		return nil, err
	}
	return &jobs.Reaper{Registry: boot.RegistryOn(s), PendingIndex: s}, nil
}

func countMetric(name string, n int) gateway.Metric {
	return gateway.Metric{Name: name, Unit: gateway.UnitCount, Value: float64(n)}
}

// completeMetric is 1 if the job read the whole index.
func completeMetric(complete bool) gateway.Metric {
	if complete {
		return countMetric("complete", 1)
	}
	return countMetric("complete", 0)
}
