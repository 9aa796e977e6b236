package federation

import (
	"context"
	"crypto"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"cedula/shared/auth"
	"cedula/shared/ttlcache"
)

const (
	refreshAfter       = 5 * time.Minute  // keys are requested again at this age
	maxStaleAge        = 24 * time.Hour   // keys are used up to this age while the issuer does not respond
	minRequestInterval = 30 * time.Second // between two requests, even if the first failed
	requestTimeout     = 2 * time.Second  // of a request, to the last byte of its response

	maxBody   = 64 << 10
	maxHeader = 16 << 10
)

// KeySourceOptions say where an issuer's keys are.
type KeySourceOptions struct {
	URL string // https
	// AllowLoopbackHTTP allows http to this machine, for tests and development.
	AllowLoopbackHTTP bool
	Now               func() time.Time // nil: time.Now
}

// KeySource is an auth.KeySource of the keys that an issuer publishes at a URL (RFC 7517, section 5). It requests them
// when one is first needed, in the caller's goroutine: a frozen Lambda would leave another one behind. It is safe for
// concurrent use.
type KeySource struct {
	url      string
	client   *http.Client
	now      func() time.Time
	requests *ttlcache.Cache[request] // the last one
	running  atomic.Bool              // whether a request is running

	mu        sync.Mutex
	keys      map[string]crypto.PublicKey // of the last valid response
	fetchedAt time.Time                   // when that was requested; zero: never
}

// request is the result of a request for the keys.
type request struct{ err error }

var _ auth.KeySource = (*KeySource)(nil)

// NewKeySource returns a KeySource. It makes no request.
func NewKeySource(o KeySourceOptions) (*KeySource, error) {
	u, err := url.Parse(o.URL)
	if err != nil || !plainURL(u) {
		return nil, errors.New("must be a URL")
	}
	allowed := u.Scheme == "https" || o.AllowLoopbackHTTP && u.Scheme == "http" && isLoopback(u.Hostname())
	if !allowed {
		return nil, errors.New("must be an https URL")
	}
	now := o.Now
	if now == nil {
		now = time.Now
	}
	return &KeySource{
		url: u.String(), client: newHTTPClient(), now: func() time.Time { return now().Round(0) }, // see ttlcache.New
		requests: ttlcache.New[request](minRequestInterval, 1, now),
	}, nil
}

func plainURL(u *url.URL) bool { return u.Hostname() != "" && u.User == nil && u.Fragment == "" }

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// newHTTPClient returns a client that follows no redirect, uses no proxy and accepts no compression, so that the limit of
// the body is one of what is read. It keeps no connection, because the next request is minutes away.
func newHTTPClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Key implements auth.KeySource. It requests the keys if it does not have this one or has had it for five minutes, but at
// most once in 30 seconds, however many callers need whatever key. While the issuer does not respond, its keys are used
// until they are 24 hours old. After that, and before the first response, and if no usable key is published, the error is
// auth.ErrUnavailable.
func (s *KeySource) Key(ctx context.Context, kid string) (crypto.PublicKey, error) {
	key, fresh := s.lookup(kid)
	if key != nil && (fresh || s.running.Load()) {
		return key, nil
	}
	last, _ := s.requests.Load(ctx, "", s.refresh) // a failed request is a value, too
	key, _ = s.lookup(kid)
	if key != nil {
		return key, nil
	}
	return nil, s.missingKeyErr(last)
}

// lookup returns a key that may still be used, and whether it need not be requested again.
func (s *KeySource) lookup(kid string) (key crypto.PublicKey, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	age := s.now().Sub(s.fetchedAt)
	if age >= maxStaleAge {
		return nil, false
	}
	return s.keys[kid], age >= 0 && age < refreshAfter
}

// missingKeyErr returns auth.ErrNotFound if the issuer is known not to publish a key, else auth.ErrUnavailable.
func (s *KeySource) missingKeyErr(last request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.keys) > 0 && s.now().Sub(s.fetchedAt) < maxStaleAge {
		return auth.ErrNotFound
	}
	if last.err != nil {
		return fmt.Errorf("federation: %w: %w", auth.ErrUnavailable, last.err)
	}
	return fmt.Errorf("federation: %w: no key is published", auth.ErrUnavailable)
}

// refresh requests the keys. It completes even if ctx ends, because the next request may only follow after an interval.
func (s *KeySource) refresh(ctx context.Context) (request, error) {
	s.running.Store(true)
	defer s.running.Store(false)
	begun := s.now()
	keys, err := s.fetch(context.WithoutCancel(ctx))
	if err != nil {
		return request{err}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = keys
	s.fetchedAt = begun
	return request{}, nil
}

func (s *KeySource) fetch(ctx context.Context) (map[string]crypto.PublicKey, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/jwk-set+json, application/json")
	response, err := s.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the issuer responded with status %d", response.StatusCode)
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxBody+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxBody {
		return nil, errors.New("the issuer's keys are longer than 64 KB")
	}
	return parseKeySet(text)
}
