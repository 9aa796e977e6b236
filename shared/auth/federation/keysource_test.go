package federation_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/auth/federation"
)

func TestKeysAreFetchedLazily(t *testing.T) {
	s := newKeyServer(t, jwkSet(newECJWK(t, "e"), rsaJWK("r", newRSAKey(t).N)))
	s.wantRequests(0)
	for range 10 {
		s.wantKey("e")
		s.wantKey("r")
	}
	s.wantRequests(1)
	s.advance(5*time.Minute - time.Second)
	s.wantKey("e")
	s.wantRequests(0)
	s.advance(time.Second)
	s.wantKey("e")
	s.wantRequests(1)
}

func TestNewKeyIsFoundAfterInterval(t *testing.T) {
	first, second := newECJWK(t, "first"), newECJWK(t, "second")
	s := newKeyServer(t, jwkSet(first))
	s.wantKey("first")
	s.setBody(jwkSet(first, second))
	s.wantError("second", auth.ErrNotFound) // within the pause
	s.advance(30 * time.Second)
	s.wantKey("second")
	s.wantRequests(2)
	s.setBody(jwkSet(second))
	s.advance(5 * time.Minute)
	s.wantError("first", auth.ErrNotFound)
	s.wantKey("second")
	s.wantRequests(1)
}

func TestUnknownKeyIDsShareOneRequest(t *testing.T) {
	s := newKeyServer(t, jwkSet(newECJWK(t, "e")))
	s.wantKey("e")
	s.advance(time.Minute)
	s.wantRequests(1)
	for n := range 10_000 {
		s.wantError(fmt.Sprint("unknown-", n), auth.ErrNotFound)
	}
	s.wantRequests(1)
	s.wantKey("e")
	s.wantRequests(0)
}

func TestConcurrentLookupsShareOneRequest(t *testing.T) {
	s := newKeyServer(t, "")
	body := jwkSet(newECJWK(t, "e"))
	s.setHandler(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(50 * time.Millisecond)
		respond(http.StatusOK, body)(w, r)
	})
	var all sync.WaitGroup
	for n := range 250 {
		all.Go(func() { s.wantKey("e") })
		all.Go(func() { s.wantError(fmt.Sprint(n), auth.ErrNotFound) })
	}
	all.Wait()
	s.wantRequests(1)
}

func TestStaleKeysAreServedWhileIssuerFails(t *testing.T) {
	s := newKeyServer(t, jwkSet(newECJWK(t, "e")))
	s.wantKey("e")
	s.setUnavailable()
	for passed := 30 * time.Minute; passed < 24*time.Hour; passed += 30 * time.Minute {
		s.advance(30 * time.Minute)
		s.wantKey("e")
		s.wantError("another", auth.ErrNotFound)
	}
	s.wantRequests(1 + 47)
	s.advance(30*time.Minute - time.Second)
	s.wantKey("e")
	s.advance(time.Second)
	s.wantError("e", auth.ErrUnavailable)
	s.wantError("another", auth.ErrUnavailable)
	s.wantRequests(1)
	s.setBody(jwkSet(newECJWK(t, "e")))
	s.advance(30 * time.Second)
	s.wantKey("e")
}

func TestIssuerUnavailableFromTheStart(t *testing.T) {
	s := newKeyServer(t, "")
	s.setUnavailable()
	for range 100 {
		s.wantError("e", auth.ErrUnavailable)
	}
	s.wantRequests(1)
	s.setBody(jwkSet(newECJWK(t, "e")))
	s.advance(29 * time.Second)
	s.wantError("e", auth.ErrUnavailable)
	s.advance(time.Second)
	s.wantKey("e")
	s.wantRequests(1)
}

func TestStalledResponseTimesOut(t *testing.T) {
	s := newKeyServer(t, jwkSet(newECJWK(t, "e")))
	s.wantKey("e")
	s.setHandler(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(`{"keys":[`))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	s.advance(time.Hour)
	start := time.Now()
	s.wantKey("e")
	if got := time.Since(start); got < 1900*time.Millisecond || got > 3*time.Second {
		t.Errorf("Key took %v, want the timeout of 2s", got)
	}
	s.requests.Store(0)
	s.wantKey("e")
	s.wantRequests(0)
}

func TestCachedKeyIsServedDuringRefresh(t *testing.T) {
	s := newKeyServer(t, jwkSet(newECJWK(t, "e")))
	s.wantKey("e")
	s.advance(time.Hour)
	begun, release := make(chan struct{}), make(chan struct{})
	s.setHandler(func(http.ResponseWriter, *http.Request) { close(begun); <-release })
	var leader sync.WaitGroup
	leader.Go(func() { s.wantKey("e") })
	<-begun
	s.wantKey("e")
	close(release)
	leader.Wait()
}

func TestCanceledCallerStillRefreshesKeys(t *testing.T) {
	s := newKeyServer(t, jwkSet(newECJWK(t, "e")))
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := s.source.Key(ended, "e"); err != nil {
		t.Errorf("Key of the canceled caller: error = %v, want nil", err)
	}
	s.wantKey("e")
	s.wantRequests(1)
}

func TestInvalidResponsesAreRejected(t *testing.T) {
	good := jwkSet(newECJWK(t, "e"))
	elsewhere := httptest.NewServer(respond(http.StatusOK, good))
	defer elsewhere.Close()
	text := func(body string) http.HandlerFunc { return respond(http.StatusOK, body) }
	withHeader := func(name, value string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(name, value)
			_, _ = w.Write([]byte(good))
		}
	}
	for fact, serve := range map[string]http.HandlerFunc{
		"redirect elsewhere": http.RedirectHandler(elsewhere.URL, http.StatusFound).ServeHTTP,
		"redirect within":    http.RedirectHandler("/other", http.StatusPermanentRedirect).ServeHTTP,
		"5 MB":               text(`{"keys":[]` + strings.Repeat(" ", 5<<20) + `}`),
		"65,537 bytes":       text(good + strings.Repeat(" ", 64<<10+1-len(good))),
		"5 MB of header":     withHeader("X", strings.Repeat("x", 5<<20)),
		"broken off":         withHeader("Content-Length", "5000"),
		"connection gone":    func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a page":             text("<!doctype html><title>Sign in</title>"),
		"nothing":            text(""),
		"null":               text("null"),
		"a list":             text(`[` + newECJWK(t, "e") + `]`),
		"one key":            text(newECJWK(t, "e")),
		"keys null":          text(`{"keys":null}`),
		"keys an object":     text(`{"keys":{"e":{}}}`),
		"KEYS":               text(strings.Replace(good, "keys", "KEYS", 1)),
		"keys twice":         text(`{"keys":[],` + good[1:]),
		"more after it":      text(good + "{}"),
		"nested":             text(`{"keys":[` + strings.Repeat("[", 60_000)),
		"201":                respond(http.StatusCreated, good),
		"204":                respond(http.StatusNoContent, ""),
		"404":                respond(http.StatusNotFound, good),
		"503":                respond(http.StatusServiceUnavailable, good),
	} {
		t.Run(fact, func(t *testing.T) {
			s := newKeyServer(t, "")
			s.setHandler(serve)
			s.wantError("e", auth.ErrUnavailable)
			s.wantRequests(1)
			s.setBody(good)
			s.advance(time.Minute)
			s.wantKey("e")
			s.setHandler(serve)
			s.advance(time.Hour)
			s.wantKey("e") // stale
		})
	}
}

func TestLongestResponseIsAccepted(t *testing.T) {
	good := jwkSet(newECJWK(t, "e"))
	s := newKeyServer(t, good+strings.Repeat(" ", 64<<10-len(good)))
	s.wantKey("e")
}

func TestEmptyKeySetReplacesCachedKeys(t *testing.T) {
	s := newKeyServer(t, jwkSet(newECJWK(t, "e")))
	s.wantKey("e")
	s.setBody(jwkSet())
	s.advance(time.Hour)
	s.wantError("e", auth.ErrUnavailable)
}

func TestClockSetBackCausesRefresh(t *testing.T) {
	s := newKeyServer(t, jwkSet(newECJWK(t, "e")))
	s.wantKey("e")
	s.advance(-time.Hour)
	s.wantKey("e")
	s.wantRequests(2)
	s.wantKey("e")
	s.wantError("unknown", auth.ErrNotFound)
	s.wantRequests(0)
}

func TestURLsAreValidated(t *testing.T) {
	for url, want := range map[string]struct{ valid, validInDevelopment bool }{
		"https://issuer.example/keys?v=1":       {true, true},
		"http://localhost:1/keys":               {false, true},
		"http://127.0.0.1/keys":                 {false, true},
		"http://[::1]/keys":                     {false, true},
		"http://issuer.example/keys":            {},
		"http://127.0.0.1.example/keys":         {},
		"http://10.0.0.1/keys":                  {},
		"":                                      {},
		"keys":                                  {},
		"https://":                              {},
		"https:///keys":                         {},
		"file:///etc/passwd":                    {},
		"ftp://issuer.example":                  {},
		"https://user:pass@issuer.example/keys": {},
		"https://issuer.example/keys#f":         {},
		"\x00":                                  {},
	} {
		_, err := federation.NewKeySource(federation.KeySourceOptions{URL: url})
		_, loopbackErr := federation.NewKeySource(federation.KeySourceOptions{URL: url, AllowLoopbackHTTP: true})
		if (err == nil) != want.valid || (loopbackErr == nil) != want.validInDevelopment {
			t.Errorf("NewKeySource(%q): errors = %v and %v with AllowLoopbackHTTP, want validity %+v", url, err, loopbackErr, want)
		}
	}
}
