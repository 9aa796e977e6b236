package identity

import "time"

// SetMaxExamined lets a search examine no more than n, and returns what undoes it.
func SetMaxExamined(n int) (undo func()) {
	before := maxExaminedBySearch
	maxExaminedBySearch = n
	return func() { maxExaminedBySearch = before }
}

// Allow adds a sending at a time if the limits allow it.
func (s *SendHistory) Allow(now time.Time) bool {
	if s.checkRateLimit(now) != nil {
		return false
	}
	s.add(now)
	return true
}
