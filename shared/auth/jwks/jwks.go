// Package jwks finds the keys that an issuer of tokens publishes at a URL (RFC
// 7517, section 5).
// It knows nothing of tokens, clients or where its configuration came from.
package jwks

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"cedula/shared/auth"
)

const (
	refreshAfter       = 5 * time.Minute  // keys this old are used without asking
	maxStaleAge        = 24 * time.Hour   // keys this old are used if the issuer does not answer
	minRequestInterval = 30 * time.Second // between two requests, whatever came of the first
	requestTimeout     = 2 * time.Second  // of a request, to the last byte of its answer

	maxBody   = 64 << 10
	maxHeader = 16 << 10
)

// Options say where an issuer's keys are.
type Options struct {
	URL string // https
	// AllowLoopbackHTTP allows http to this very machine: for tests and development.
	AllowLoopbackHTTP bool
	Now               func() time.Time // nil: time.Now
}

// Source is an auth.KeySource over one issuer's keys. It asks for them when one
// is first needed, in the caller's own goroutine: a frozen Lambda leaves none
// behind. It is safe for concurrent use.
type Source struct {
	url    string
	client *http.Client
	clock  func() time.Time

	mu          sync.Mutex
	keys        map[string]crypto.PublicKey // of the last answer; never changed, only replaced
	fetchedAt   time.Time                   // when that answer was asked for; zero: never
	requestedAt time.Time                   // when the last request was begun
	lastErr     error                       // of the last request; nil when it was answered well
	inFlight    chan struct{}               // closed when the request under way has ended; nil: none
}

var _ auth.KeySource = (*Source)(nil)

// New makes a Source. It asks nobody yet.
func New(o Options) (*Source, error) {
	u, err := url.Parse(o.URL)
	switch {
	case err != nil, u.Hostname() == "", u.User != nil, u.Fragment != "":
		return nil, errors.New("must be a URL")
	case u.Scheme == "http" && o.AllowLoopbackHTTP && loopback(u.Hostname()):
	case u.Scheme != "https":
		return nil, errors.New("must be an https URL")
	}
	s := &Source{url: u.String(), client: newHTTPClient(), clock: o.Now}
	if s.clock == nil {
		s.clock = time.Now
	}
	return s, nil
}

func loopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// Key implements auth.KeySource. It asks the issuer when it does not hold the
// key or has held it for five minutes, and at most once in 30 seconds, however
// many ask for whatever id. An issuer that does not answer is served from what
// it said within the last 24 hours; after that, or before its first answer, or
// when it published no key that can be used, the error is auth.ErrUnavailable.
func (s *Source) Key(ctx context.Context, kid string) (crypto.PublicKey, error) {
	for {
		key, flight, leads := s.lookupOrJoin(kid)
		switch {
		case leads:
			s.refresh(ctx, flight)
		case flight == nil && key != nil:
			return key, nil
		case flight == nil:
			return nil, s.missingKeyErr()
		default:
			select {
			case <-flight:
			case <-ctx.Done():
				return nil, fmt.Errorf("jwks: %w", ctx.Err())
			}
		}
	}
}

// lookupOrJoin returns the key if no request is due for it, or the request to wait for
// or to lead. Who holds a key does not wait for another's request.
func (s *Source) lookupOrJoin(kid string) (key crypto.PublicKey, flight chan struct{}, leads bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	if now.Sub(s.fetchedAt) < maxStaleAge {
		key = s.keys[kid]
	}
	switch {
	case key != nil && youngerThan(s.fetchedAt, now, refreshAfter):
		return key, nil, false
	case s.inFlight != nil && key == nil:
		return nil, s.inFlight, false
	case s.inFlight != nil, youngerThan(s.requestedAt, now, minRequestInterval):
		return key, nil, false
	}
	s.requestedAt, s.inFlight = now, make(chan struct{})
	return nil, s.inFlight, true
}

// missingKeyErr says why a key is not there: the issuer has none of that id, or nobody
// can tell.
func (s *Source) missingKeyErr() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case len(s.keys) > 0 && s.now().Sub(s.fetchedAt) < maxStaleAge:
		return auth.ErrNotFound
	case s.lastErr != nil:
		return fmt.Errorf("jwks: %w: %w", auth.ErrUnavailable, s.lastErr)
	}
	return fmt.Errorf("jwks: %w: none is published", auth.ErrUnavailable)
}

// refresh leads a request to its end, even when the caller has left: others wait
// for it, and the next may only follow after the pause.
func (s *Source) refresh(ctx context.Context, flight chan struct{}) {
	keys, err := map[string]crypto.PublicKey(nil), errors.New("the request broke off")
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.lastErr = err; err == nil {
			s.keys, s.fetchedAt = keys, s.requestedAt
		}
		s.inFlight = nil
		close(flight)
	}()
	keys, err = s.fetch(context.WithoutCancel(ctx))
}

// now is wall-clock time: a monotonic clock may stand still while a Lambda is
// frozen.
func (s *Source) now() time.Time { return s.clock().Round(0) }

// youngerThan is false also for a time later than now: the clock went back.
func youngerThan(since, now time.Time, age time.Duration) bool {
	passed := now.Sub(since)
	return passed >= 0 && passed < age
}
