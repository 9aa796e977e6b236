package identity

import (
	"crypto/hmac"
	"errors"
	"slices"
	"strings"
	"time"
)

// Rules of verification codes. There are a million codes, and MaxCodeAttempts attempts for each that is sent. Because a
// code sent at the end of an hour is valid for CodeTTL more, an attacker has at most 50 guesses within any hour at one
// address, a chance of 1 in 20,000, and 75 within any day, 1 in 13,000.
const (
	CodeDigits      = 6
	CodeTTL         = 10 * time.Minute
	MaxCodeAttempts = 5                // wrong ones; the code is then rejected
	ResendInterval  = 60 * time.Second // between two codes for one address of an identity
	MaxSendsPerHour = 5                // to one address, over all identities of the tenant
	MaxSendsPerDay  = 10

	// CodeRetention is how long an expired code is kept, so that using it returns ErrExpiredCode.
	CodeRetention = 24 * time.Hour

	// maxClockSkew is the most by which the clocks of two functions may differ.
	maxClockSkew = time.Minute
)

// writtenByWrongClock reports whether a stored time of sending is later than any right clock could have written, because
// the clock was set back since.
func writtenByWrongClock(sent, now time.Time) bool { return sent.After(now.Add(maxClockSkew)) }

// VerificationCode is a code that was sent, as it is stored.
type VerificationCode struct {
	Channel       Channel
	LookupKey     string // Store.LookupKey of the address
	Hash          []byte // Store.HashCode; nil: every code is wrong
	SentAt        time.Time
	ExpiresAt     time.Time
	WrongAttempts int
	Used          bool
	TestMode      bool  // issued in test mode: a live client cannot use it
	Version       int64 // set by the store
}

// SendHistory records when codes and reminders were sent to an address, over all identities of a tenant: at
// most MaxSendsPerDay times, the latest last.
type SendHistory struct {
	Channel   Channel
	LookupKey string // Store.LookupKey of the address
	Times     []time.Time
	Version   int64 // set by the store
	OfTenant  MessageCount
}

// The reasons for which a code is rejected.
var (
	ErrNoCodeSent      = errors.New("no code was sent")
	ErrWrongCode       = errors.New("the code is wrong")
	ErrExpiredCode     = errors.New("the code has expired")
	ErrUsedCode        = errors.New("the code was used")
	ErrTooManyAttempts = errors.New("too many wrong codes were tried")
)

// RateLimited is returned if a code was requested too early or too often.
type RateLimited struct {
	RetryAfter time.Duration
	Reason     string // a sentence without values
	OfTenant   bool   // the limit is the tenant's
}

// Error returns the reason.
func (e *RateLimited) Error() string { return e.Reason }

// CheckRateLimit returns a *RateLimited if no message may be sent to the address now. Times of a clock that was set back
// since do not count.
func (s *SendHistory) CheckRateLimit(now time.Time) error {
	times := s.rightTimes(now)
	for _, limit := range []struct {
		count  int
		within time.Duration
		reason string
	}{
		{MaxSendsPerDay, 24 * time.Hour, "too many codes were sent to this address today"},
		{MaxSendsPerHour, time.Hour, "too many codes were sent to this address within an hour"},
	} {
		if at := len(times) - limit.count; at >= 0 {
			if wait := times[at].Add(limit.within).Sub(now); wait > 0 {
				return &RateLimited{RetryAfter: wait, Reason: limit.reason}
			}
		}
	}
	return nil
}

// rightTimes returns a copy of the times without those of a clock that was wrong.
func (s *SendHistory) rightTimes(now time.Time) []time.Time {
	return slices.DeleteFunc(slices.Clone(s.Times), func(t time.Time) bool { return writtenByWrongClock(t, now) })
}

// Record adds a message sent now.
func (s *SendHistory) Record(now time.Time) {
	s.Times = append(s.rightTimes(now), now)
	s.Times = s.Times[max(0, len(s.Times)-MaxSendsPerDay):]
}

// CheckResend returns a *RateLimited if another code may not be sent yet.
func (c *VerificationCode) CheckResend(now time.Time) error {
	wait := c.SentAt.Add(ResendInterval).Sub(now)
	if wait <= 0 || writtenByWrongClock(c.SentAt, now) {
		return nil
	}
	return &RateLimited{RetryAfter: wait, Reason: "a code was sent a moment ago"}
}

// CheckUsable reports why a code cannot be used, whatever the client sends: ErrNoCodeSent, ErrUsedCode (even if
// it has expired), ErrTooManyAttempts or ErrExpiredCode, also if it was sent before the clock was set back.
func (c *VerificationCode) CheckUsable(to string, now time.Time) error {
	if c == nil || c.LookupKey != to {
		return ErrNoCodeSent
	}
	if c.Used {
		return ErrUsedCode
	}
	if c.WrongAttempts >= MaxCodeAttempts {
		return ErrTooManyAttempts
	}
	if !now.Before(c.ExpiresAt) || writtenByWrongClock(c.SentAt, now) {
		return ErrExpiredCode
	}
	return nil
}

// MatchesHash reports, in constant time, whether the code has this hash.
func (c *VerificationCode) MatchesHash(hash []byte) bool {
	return c.Hash != nil && hmac.Equal(c.Hash, hash)
}

// ParseCode returns a code as it was sent. It removes white space, which copying from a message adds. It returns an *Invalid
// unless six digits are left.
func ParseCode(text string) (string, error) {
	code := strings.Join(strings.Fields(text), "")
	if len(code) != CodeDigits || !allDigits(code) {
		return "", &Invalid{FieldCode, "must be six digits"}
	}
	return code, nil
}
