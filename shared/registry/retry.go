package registry

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"cedula/shared/identity"
)

const (
	maxRetries = 100
	maxBackoff = 40 * time.Millisecond

	// maxVanishedConflicts is how often a conflict with an identity that is gone by the
	// time it is read is retried before it is returned.
	maxVanishedConflicts = 3
)

// vanishedConflict is a conflict whose holder no longer existed when it was read, so that the write can be
// retried.
type vanishedConflict struct{ *identity.Conflict }

// retry calls do until its error is something else than ErrVersionMismatch or a
// *vanishedConflict. After maxRetries it returns ErrBusy, and ErrUnavailable if ctx ends.
func retry[T any](ctx context.Context, do func() (T, error)) (T, error) {
	var none T
	vanished := 0
	for attempt := range maxRetries {
		result, err := do()
		var gone *vanishedConflict
		if errors.As(err, &gone) {
			vanished++
			if vanished == maxVanishedConflicts {
				return none, gone.Conflict
			}
		} else if !errors.Is(err, identity.ErrVersionMismatch) || errors.Is(err, identity.ErrPreconditionFailed) {
			return result, err
		}
		if err := pause(ctx, attempt); err != nil {
			return none, err
		}
	}
	return none, identity.ErrBusy
}

// pause waits a random time, longer with each attempt up to maxBackoff.
func pause(ctx context.Context, attempt int) error {
	wait := time.NewTimer(rand.N(min(maxBackoff, time.Millisecond<<min(attempt, 10))))
	defer wait.Stop()
	select {
	case <-ctx.Done():
		return identity.ErrUnavailable
	case <-wait.C:
		return nil
	}
}
