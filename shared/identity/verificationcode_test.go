package identity_test

import (
	"testing"
	"time"

	"cedula/shared/identity"

	"pgregory.net/rapid"
)

// TestCodeAttemptsPerHourAndDay: whenever codes are asked for, no hour has more tries in it, and
// no day, than the contract says; and there are times at which it has as many.
func TestCodeAttemptsPerHourAndDay(t *testing.T) {
	const anHour, aDay = 50, 75
	most := func(sent []time.Time, within time.Duration) (tries int) {
		for n, end := range sent { // a window that ends when a code is sent, or until which an earlier one lives
			count := 0
			for _, at := range sent[:n+1] {
				if at.Add(identity.CodeTTL).After(end.Add(-within)) {
					count++
				}
			}
			tries = max(tries, count*identity.MaxCodeAttempts)
		}
		return tries
	}
	greedy := func(pauses func() time.Duration) (sent []time.Time) {
		var s identity.SendHistory
		for at := noon; at.Before(noon.Add(72 * time.Hour)); at = at.Add(pauses()) {
			if s.CheckRateLimit(at) == nil {
				s.Record(at)
				sent = append(sent, at)
			}
		}
		return sent
	}
	rapid.Check(t, func(r *rapid.T) {
		sent := greedy(func() time.Duration {
			return time.Duration(rapid.OneOf(rapid.IntRange(1, 15), rapid.IntRange(1, 600)).Draw(r, "pause")) * time.Minute
		})
		if hour, day := most(sent, time.Hour), most(sent, 24*time.Hour); hour > anHour || day > aDay {
			r.Errorf("%d tries in an hour, %d in a day; want hour <= anHour and day <= aDay", hour, day)
		}
	})
	if hour := most(greedy(func() time.Duration { return time.Minute }), time.Hour); hour != anHour {
		t.Errorf("%d tries in an hour at the worst times; want hour == anHour", hour)
	}
}
