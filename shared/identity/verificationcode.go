package identity

import (
	"crypto/hmac"
	"errors"
	"time"
)

// Rules of the codes that prove an address. Of a million codes, somebody who
// guesses gets MaxCodeAttempts for each that is sent. A code outlives its hour by its
// life, so at one address that is at most 50 within any hour, a chance of 1 in
// 20,000, and 75 within any day, 1 in 13,000; for long no more than 50 a day.
const (
	CodeDigits      = 6
	CodeTTL         = 10 * time.Minute
	MaxCodeAttempts = 5                // wrong ones; then it is of no use
	ResendInterval  = 60 * time.Second // between two codes to one identity's address
	MaxSendsPerHour = 5                // to one address, whichever identities of the tenant have it
	MaxSendsPerDay  = 10

	// CodeRetention is how long after its end a code still has an error of its own.
	CodeRetention = 24 * time.Hour
)

// VerificationCode is a code that was sent, as it is kept.
type VerificationCode struct {
	Channel       Channel
	LookupKey     string // Store.LookupKey of the address
	Hash          []byte // Store.HashCode; nil: no code is right
	SentAt        time.Time
	ExpiresAt     time.Time
	WrongAttempts int // wrong ones
	Used          bool
	TestMode      bool  // the sandbox's: it proves nothing to a live client
	Version       int64 // kept for the store
}

// SendHistory are when codes and reminders were sent to an address, at most MaxSendsPerDay of them and
// the latest last, whichever identities of a tenant have it.
type SendHistory struct {
	Channel   Channel
	LookupKey string // Store.LookupKey of the address
	Times     []time.Time
	Version   int64 // kept for the store
}

// Why a code proves nothing.
var (
	ErrNoCodeSent      = errors.New("no code was sent")
	ErrWrongCode       = errors.New("the code is wrong")
	ErrExpiredCode     = errors.New("the code has expired")
	ErrUsedCode        = errors.New("the code was used")
	ErrTooManyAttempts = errors.New("too many wrong codes were tried")
)

// RateLimited says that no code may be sent yet.
type RateLimited struct {
	RetryAfter time.Duration
	Reason     string // a sentence without values
}

// Error is the reason.
func (e *RateLimited) Error() string { return e.Reason }

// CheckRateLimit returns a *RateLimited if nothing may be sent to the address now.
func (s *SendHistory) CheckRateLimit(now time.Time) error {
	for _, limit := range []struct {
		count  int
		within time.Duration
		reason string
	}{
		{MaxSendsPerDay, 24 * time.Hour, "too many codes were sent to this address today"},
		{MaxSendsPerHour, time.Hour, "too many codes were sent to this address within an hour"},
	} {
		if at := len(s.Times) - limit.count; at >= 0 {
			if wait := s.Times[at].Add(limit.within).Sub(now); wait > 0 {
				return &RateLimited{wait, limit.reason}
			}
		}
	}
	return nil
}

// Record notes that a code is sent now.
func (s *SendHistory) Record(now time.Time) {
	s.Times = append(s.Times, now)
	s.Times = s.Times[max(0, len(s.Times)-MaxSendsPerDay):]
}

// CheckUsable is what stands in the way of a code whatever is tried: nil, or one of
// the errors. What was used stays used, also when its time is over.
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
	if !now.Before(c.ExpiresAt) {
		return ErrExpiredCode
	}
	return nil
}

// MatchesHash compares in constant time.
func (c *VerificationCode) MatchesHash(hash []byte) bool {
	return c.Hash != nil && hmac.Equal(c.Hash, hash)
}

// CheckCodeFormat returns an *Invalid for what is no code.
func CheckCodeFormat(code string) error {
	if len(code) != CodeDigits || !allDigits(code) {
		return &Invalid{FieldCode, "must be six digits"}
	}
	return nil
}
