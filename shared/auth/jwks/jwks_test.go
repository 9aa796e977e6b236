package jwks_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/auth/jwks"
)

func (i *testIssuer) wantKey(kid string) {
	i.Helper()
	if key, err := i.source.Key(ctx, kid); err != nil || key == nil {
		i.Errorf("%s: %v", kid, err)
	}
}

func (i *testIssuer) wantError(kid string, want error) {
	i.Helper()
	if key, err := i.source.Key(ctx, kid); !errors.Is(err, want) || key != nil {
		i.Errorf("%s: %v, %v, want %v", kid, key, err, want)
	}
}

func TestKeysAreFetchedLazily(t *testing.T) {
	i := newTestIssuer(t, jwkSet(ecKey(t, "e"), rsaKey(t, "r", 2048)))
	i.wantRequests(0)
	for range 10 {
		i.wantKey("e")
		i.wantKey("r")
	}
	i.wantRequests(1)
	if key, _ := i.source.Key(ctx, "e"); key != nil {
		if _, ok := key.(*ecdsa.PublicKey); !ok {
			t.Errorf("e is a %T", key)
		}
	}
	if key, _ := i.source.Key(ctx, "r"); key != nil {
		if _, ok := key.(*rsa.PublicKey); !ok {
			t.Errorf("r is a %T", key)
		}
	}
	i.advance(5*time.Minute - time.Second)
	i.wantKey("e")
	i.wantRequests(0)
	i.advance(time.Second)
	i.wantKey("e")
	i.wantRequests(1)
}

func TestRotation(t *testing.T) {
	first, second := ecKey(t, "first"), ecKey(t, "second")
	i := newTestIssuer(t, jwkSet(first))
	i.wantKey("first")
	i.setBody(jwkSet(first, second))
	i.wantError("second", auth.ErrNotFound) // within the pause
	i.advance(30 * time.Second)
	i.wantKey("second")
	i.wantRequests(2)
	i.setBody(jwkSet(second))
	i.advance(5 * time.Minute)
	i.wantError("first", auth.ErrNotFound)
	i.wantKey("second")
	i.wantRequests(1)
}

func TestUnknownKeyIDsShareOneRequest(t *testing.T) {
	i := newTestIssuer(t, jwkSet(ecKey(t, "e")))
	i.wantKey("e")
	i.advance(time.Minute)
	i.wantRequests(1)
	for n := range 10_000 {
		i.wantError(fmt.Sprint("unknown-", n), auth.ErrNotFound)
	}
	i.wantRequests(1)
	i.wantKey("e")
	i.wantRequests(0)
}

func TestConcurrentLookupsShareOneRequest(t *testing.T) {
	i := newTestIssuer(t, "")
	body := jwkSet(ecKey(t, "e"))
	i.setHandler(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(50 * time.Millisecond)
		_, _ = w.Write([]byte(body))
	})
	var all sync.WaitGroup
	for n := range 500 {
		all.Go(func() {
			if n%2 == 0 {
				i.wantKey("e")
			} else {
				i.wantError(fmt.Sprint(n), auth.ErrNotFound)
			}
		})
	}
	all.Wait()
	i.wantRequests(1)
}

func TestStaleKeysAreServedWhileIssuerFails(t *testing.T) {
	i := newTestIssuer(t, jwkSet(ecKey(t, "e")))
	i.wantKey("e")
	i.setUnavailable()
	for passed := 30 * time.Minute; passed < 24*time.Hour; passed += 30 * time.Minute {
		i.advance(30 * time.Minute)
		i.wantKey("e")
		i.wantError("another", auth.ErrNotFound)
	}
	i.wantRequests(1 + 47)
	i.advance(30*time.Minute - time.Second)
	i.wantKey("e")
	i.advance(time.Second)
	i.wantError("e", auth.ErrUnavailable)
	i.wantError("another", auth.ErrUnavailable)
	i.wantRequests(1)
	i.setBody(jwkSet(ecKey(t, "e")))
	i.advance(30 * time.Second)
	i.wantKey("e")
}

func TestIssuerUnavailableFromTheStart(t *testing.T) {
	i := newTestIssuer(t, "")
	i.setUnavailable()
	for range 100 {
		i.wantError("e", auth.ErrUnavailable)
	}
	i.wantRequests(1)
	i.setBody(jwkSet(ecKey(t, "e")))
	i.advance(29 * time.Second)
	i.wantError("e", auth.ErrUnavailable)
	i.advance(time.Second)
	i.wantKey("e")
	i.wantRequests(1)
}

func TestStalledRequestTimesOut(t *testing.T) {
	i := newTestIssuer(t, jwkSet(ecKey(t, "e")))
	i.wantKey("e")
	for fact, serve := range map[string]http.HandlerFunc{
		"before its answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"within its answer": func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[`))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	} {
		i.setHandler(serve)
		i.advance(time.Hour)
		start := time.Now()
		i.wantKey("e")
		if took := time.Since(start); took < 1900*time.Millisecond || took > 3*time.Second {
			t.Errorf("%s: waited %v", fact, took)
		}
		start = time.Now()
		i.wantKey("e")
		if took := time.Since(start); took > time.Second {
			t.Errorf("%s: waited again, %v", fact, took)
		}
	}
}

// Who holds a key that is due waits for nobody else's request.
func TestCachedKeyIsServedDuringRefresh(t *testing.T) {
	i := newTestIssuer(t, jwkSet(ecKey(t, "e")))
	i.wantKey("e")
	i.advance(time.Hour)
	begun, release := make(chan struct{}), make(chan struct{})
	i.setHandler(func(http.ResponseWriter, *http.Request) { close(begun); <-release })
	var leader sync.WaitGroup
	leader.Go(func() { i.wantKey("e") })
	<-begun
	i.wantKey("e")
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := i.source.Key(ended, "unknown"); !errors.Is(err, context.Canceled) {
		t.Errorf("who waits in vain: %v", err)
	}
	close(release)
	leader.Wait()
}

// The one who asks may leave: the answer is the others' as well.
func TestCanceledCallerStillRefreshesKeys(t *testing.T) {
	i := newTestIssuer(t, jwkSet(ecKey(t, "e")))
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := i.source.Key(ended, "e"); err != nil {
		t.Error(err)
	}
	i.wantKey("e")
	i.wantRequests(1)
}

func TestInvalidResponsesAreRejected(t *testing.T) {
	good := jwkSet(ecKey(t, "e"))
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(good)) }))
	defer elsewhere.Close()
	text := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); _, _ = w.Write([]byte(good)) }
	}
	for fact, serve := range map[string]http.HandlerFunc{
		"redirect elsewhere": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) },
		"redirect within": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/other", http.StatusPermanentRedirect)
		},
		"5 MB":         text(`{"keys":[]` + strings.Repeat(" ", 5<<20) + `}`),
		"5 MB of keys": text(`{"keys":[` + strings.Repeat(`{},`, 5<<20/3) + `{}]}`),
		"5 MB of header": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 5<<20))
			_, _ = w.Write([]byte(good))
		},
		"65,537 bytes": text(good + strings.Repeat(" ", 64<<10+1-len(good))),
		"broken off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "5000")
			_, _ = w.Write([]byte(good))
		},
		"connection gone": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"compressed": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte("\x1f\x8b\x08"))
		},
		"a page":         text("<!doctype html><title>Sign in</title>"),
		"nothing":        text(""),
		"null":           text("null"),
		"a list":         text(`[` + ecKey(t, "e") + `]`),
		"one key":        text(ecKey(t, "e")),
		"keys null":      text(`{"keys":null}`),
		"keys an object": text(`{"keys":{"e":{}}}`),
		"KEYS":           text(strings.Replace(good, "keys", "KEYS", 1)),
		"keys twice":     text(`{"keys":[],` + good[1:]),
		"more after it":  text(good + "{}"),
		"nested":         text(`{"keys":[` + strings.Repeat("[", 60_000)),
		"201":            status(201),
		"204":            status(204),
		"304":            status(304),
		"404":            status(404),
		"429":            status(429),
		"503":            status(503),
	} {
		t.Run(fact, func(t *testing.T) {
			i := newTestIssuer(t, "")
			i.setHandler(serve)
			i.wantError("e", auth.ErrUnavailable)
			i.wantRequests(1)
			i.setBody(good)
			i.advance(time.Minute)
			i.wantKey("e")
			i.setHandler(serve)
			i.advance(time.Hour)
			i.wantKey("e") // stale
		})
	}
}

// A set as long as may be is read.
func TestLongestResponseIsAccepted(t *testing.T) {
	good := jwkSet(ecKey(t, "e"))
	i := newTestIssuer(t, good+strings.Repeat(" ", 64<<10-len(good)))
	i.wantKey("e")
}

// An issuer that withdraws all its keys is believed.
func TestEmptyKeySetReplacesCachedKeys(t *testing.T) {
	i := newTestIssuer(t, jwkSet(ecKey(t, "e")))
	i.wantKey("e")
	i.setBody(jwkSet())
	i.advance(time.Hour)
	i.wantError("e", auth.ErrUnavailable)
}

func TestClockSetBackCausesRefresh(t *testing.T) {
	i := newTestIssuer(t, jwkSet(ecKey(t, "e")))
	i.wantKey("e")
	i.advance(-time.Hour)
	i.wantKey("e")
	i.wantRequests(2)
	i.wantKey("e")
	i.wantError("unknown", auth.ErrNotFound)
	i.wantRequests(0)
}

func TestNewRejectsInvalidURLs(t *testing.T) {
	for _, o := range []jwks.Options{
		{URL: ""},
		{URL: "keys"},
		{URL: "https://"},
		{URL: "https:///keys"},
		{URL: "http://issuer.example/keys"},
		{URL: "file:///etc/passwd"},
		{URL: "https://user:pass@issuer.example/keys"},
		{URL: "https://issuer.example/keys#f"},
		{URL: "ftp://issuer.example"},
		{URL: "http://127.0.0.1/keys"},
		{URL: "http://issuer.example/keys", AllowLoopbackHTTP: true},
		{URL: "http://127.0.0.1.example/keys", AllowLoopbackHTTP: true},
		{URL: "http://10.0.0.1/keys", AllowLoopbackHTTP: true},
		{URL: "\x00", AllowLoopbackHTTP: true},
	} {
		if _, err := jwks.New(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	for _, o := range []jwks.Options{
		{URL: "https://issuer.example/keys?v=1"}, {URL: "http://localhost:1/keys", AllowLoopbackHTTP: true}, {URL: "http://[::1]/keys", AllowLoopbackHTTP: true},
	} {
		if _, err := jwks.New(o); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
