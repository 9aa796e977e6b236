// Package cleaners wires the jobs that look after pending identities. It stands
// apart from package boot so that no other function links the client of AWS KMS
// for them.
// It knows nothing of schedules and of what makes an identity lapse.
package cleaners

import (
	"context"
	"errors"
	"time"

	"cedula/shared/boot"
	"cedula/shared/boot/vaults"
	"cedula/shared/gateway"
	"cedula/shared/identity"
)

// Expire is the job that removes identities which stayed pending past their time.
// It reads the variables of boot.Identities.
func Expire() gateway.Job {
	return expire(&identity.Cleaner{Service: boot.Identities(), Queue: boot.Queue()})
}

// Remind is the job that reminds those which will lapse soon. It reads the
// variables of vaults.Identities: an email may be tokenized.
func Remind() gateway.Job {
	return remind(&identity.Cleaner{Service: vaults.Identities(), Queue: boot.Queue()})
}

func expire(c *identity.Cleaner) gateway.Job {
	return func(ctx context.Context, in gateway.JobInput) (gateway.Figures, error) {
		done, err := c.Expire(ctx, in.Stop, in.DryRun)
		return gateway.Figures{
			count("examined", done.Examined), count("expired", done.Expired), count("kept", done.Kept),
			count("conflicts", done.Conflicts), count("failed", done.Failed), seconds("lagSeconds", done.Lag), complete(done.Complete),
		}, err
	}
}

// errNoDryRun: who is reminded is not known before it is noted that they were.
var errNoDryRun = errors.New("reminding has no dry run")

func remind(c *identity.Cleaner) gateway.Job {
	return func(ctx context.Context, in gateway.JobInput) (gateway.Figures, error) {
		if in.DryRun {
			return nil, errNoDryRun
		}
		done, err := c.Remind(ctx, in.Stop)
		return gateway.Figures{
			count("examined", done.Examined), count("reminded", done.Reminded), count("kept", done.Kept),
			count("failed", done.Failed), complete(done.Complete),
		}, err
	}
}

func count(name string, n int) gateway.Figure {
	return gateway.Figure{Name: name, Unit: gateway.Count, Value: float64(n)}
}

func seconds(name string, d time.Duration) gateway.Figure {
	return gateway.Figure{Name: name, Unit: gateway.Seconds, Value: d.Seconds()}
}

// complete is 1 if the whole queue was looked at.
func complete(whole bool) gateway.Figure {
	f := count("complete", 0)
	if whole {
		f.Value = 1
	}
	return f
}
