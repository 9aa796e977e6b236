package auth

import "math"

// Limits are how often a client may call. A zero is the registry's own default;
// Rate and Burst are given together.
type Limits struct {
	Rate  float64 // requests a second, on average: from minRate
	Burst int     // requests at once
	Quota int     // requests a day
}

// What a limit may be that is not zero.
const (
	minRate  = 0.001
	maxLimit = math.MaxInt32 // the gateway counts with 32 bits
)

// check returns an *InvalidClientError. A rate that is no number is below nothing and
// above nothing, so what it asks for is what a rate must be.
func (l Limits) check() error {
	whole := func(n int) bool { return n >= 0 && n <= maxLimit }
	switch {
	case l.Rate != 0 && !(l.Rate >= minRate && l.Rate <= maxLimit):
		return &InvalidClientError{"rate", "must be 0 or from 0.001 to 2147483647"}
	case !whole(l.Burst):
		return &InvalidClientError{"burst", "must be 0 or from 1 to 2147483647"}
	case !whole(l.Quota):
		return &InvalidClientError{"quota", "must be 0 or from 1 to 2147483647"}
	case l.Rate > 0 && l.Burst == 0:
		return &InvalidClientError{"rate", "needs a burst beside it: the requests that may come at once"}
	case l.Burst > 0 && l.Rate == 0:
		return &InvalidClientError{"burst", "needs a rate beside it: the requests a second"}
	}
	return nil
}
