package identity_test

import (
	"testing"
	"time"

	"cedula/shared/identity"

	"pgregory.net/rapid"
)

// TestCodeAttemptsPerHourAndDay checks the limits that the contract documents, with codes requested at any times.
func TestCodeAttemptsPerHourAndDay(t *testing.T) {
	const anHour, aDay = 50, 75
	most := func(sent []time.Time, within time.Duration) (tries int) {
		for n, end := range sent { // a window that ends when a code is sent; earlier codes may still be valid in it
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
			r.Errorf("%d attempts in an hour and %d in a day, want at most %d and %d", hour, day, anHour, aDay)
		}
	})
	if hour := most(greedy(func() time.Duration { return time.Minute }), time.Hour); hour != anHour {
		t.Errorf("%d attempts in an hour at the worst times, want %d", hour, anHour)
	}
}
