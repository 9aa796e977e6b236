package identity

import (
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"
)

// Rules of the codes that prove an address. Of a million codes, somebody who
// guesses gets CodeChecks for each that is sent. A code outlives its hour by its
// life, so at one address that is at most 50 within any hour, a chance of 1 in
// 20,000, and 75 within any day, 1 in 13,000; for long no more than 50 a day.
const (
	CodeDigits   = 6
	CodeLife     = 10 * time.Minute
	CodeChecks   = 5                // wrong ones; then it is of no use
	CodePause    = 60 * time.Second // between two codes to one identity's address
	SendsPerHour = 5                // to one address, whichever identities of the tenant have it
	SendsPerDay  = 10

	// CodeKept is how long after its end a code still has an error of its own.
	CodeKept = 24 * time.Hour
)

// Code is a code that was sent, as it is kept.
type Code struct {
	Channel  Channel
	To       string // Store.LookUp of the address
	Hash     []byte // Store.HashCode; nil: no code is right
	Sent     time.Time
	Expires  time.Time
	Checks   int // wrong ones
	Used     bool
	Scripted bool  // the sandbox's: it proves nothing to a live client
	Version  int64 // kept for the store
}

// Sends are when codes and reminders were sent to an address, at most SendsPerDay of them and
// the latest last, whichever identities of a tenant have it.
type Sends struct {
	Channel Channel
	To      string // Store.LookUp of the address
	Times   []time.Time
	Version int64 // kept for the store
}

// Why a code proves nothing.
var (
	ErrNoCode      = errors.New("no code was sent")
	ErrWrongCode   = errors.New("the code is wrong")
	ErrExpiredCode = errors.New("the code has expired")
	ErrUsedCode    = errors.New("the code was used")
	ErrSpentCode   = errors.New("too many wrong codes were tried")
)

// TooSoon says that no code may be sent yet.
type TooSoon struct {
	Wait   time.Duration
	Reason string // a sentence without values
}

// Error is the reason.
func (e *TooSoon) Error() string { return e.Reason }

// check returns a *TooSoon if nothing may be sent to the address now.
func (s *Sends) check(now time.Time) error {
	for _, limit := range []struct {
		count  int
		within time.Duration
		reason string
	}{
		{SendsPerDay, 24 * time.Hour, "too many codes were sent to this address today"},
		{SendsPerHour, time.Hour, "too many codes were sent to this address within an hour"},
	} {
		if at := len(s.Times) - limit.count; at >= 0 {
			if wait := s.Times[at].Add(limit.within).Sub(now); wait > 0 {
				return &TooSoon{wait, limit.reason}
			}
		}
	}
	return nil
}

// add notes that a code is sent now.
func (s *Sends) add(now time.Time) {
	s.Times = append(s.Times, now)
	s.Times = s.Times[max(0, len(s.Times)-SendsPerDay):]
}

// state is what stands in the way of a code whatever is tried: nil, or one of
// the errors. What was used stays used, also when its time is over.
func (c *Code) state(to string, now time.Time) error {
	switch {
	case c == nil || c.To != to:
		return ErrNoCode
	case c.Used:
		return ErrUsedCode
	case c.Checks >= CodeChecks:
		return ErrSpentCode
	case !now.Before(c.Expires):
		return ErrExpiredCode
	}
	return nil
}

// proven compares in constant time.
func (c *Code) proven(hash []byte) bool { return c.Hash != nil && hmac.Equal(c.Hash, hash) }

// newCode draws six digits, each of the million as likely.
func newCode(random io.Reader) (string, error) {
	const codes = 1_000_000
	const fair = (1 << 32) / codes * codes
	for {
		var b [4]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return "", fmt.Errorf("new code: %w", err)
		}
		if n := binary.BigEndian.Uint32(b[:]); n < fair {
			return fmt.Sprintf("%0*d", CodeDigits, n%codes), nil
		}
	}
}

// checkCode returns an *Invalid for what is no code.
func checkCode(code string) error {
	if len(code) != CodeDigits || !allDigits(code) {
		return &Invalid{FieldCode, "must be six digits"}
	}
	return nil
}
