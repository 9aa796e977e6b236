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

func (i *issuer) wantKey(kid string) {
	i.Helper()
	if key, err := i.source.Key(ctx, kid); err != nil || key == nil {
		i.Errorf("%s: %v", kid, err)
	}
}

func (i *issuer) wantNone(kid string, want error) {
	i.Helper()
	if key, err := i.source.Key(ctx, kid); !errors.Is(err, want) || key != nil {
		i.Errorf("%s: %v, %v, want %v", kid, key, err, want)
	}
}

func TestKeysAreAskedForWhenNeeded(t *testing.T) {
	i := newIssuer(t, set(ecKey(t, "e"), rsaKey(t, "r", 2048)))
	i.wantAsked(0)
	for range 10 {
		i.wantKey("e")
		i.wantKey("r")
	}
	i.wantAsked(1)
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
	i.wait(5*time.Minute - time.Second)
	i.wantKey("e")
	i.wantAsked(0)
	i.wait(time.Second)
	i.wantKey("e")
	i.wantAsked(1)
}

func TestRotation(t *testing.T) {
	first, second := ecKey(t, "first"), ecKey(t, "second")
	i := newIssuer(t, set(first))
	i.wantKey("first")
	i.says(set(first, second))
	i.wantNone("second", auth.ErrUnknown) // within the pause
	i.wait(30 * time.Second)
	i.wantKey("second")
	i.wantAsked(2)
	i.says(set(second))
	i.wait(5 * time.Minute)
	i.wantNone("first", auth.ErrUnknown)
	i.wantKey("second")
	i.wantAsked(1)
}

func TestFloodOfUnknownKeyIDs(t *testing.T) {
	i := newIssuer(t, set(ecKey(t, "e")))
	i.wantKey("e")
	i.wait(time.Minute)
	i.wantAsked(1)
	for n := range 10_000 {
		i.wantNone(fmt.Sprint("unknown-", n), auth.ErrUnknown)
	}
	i.wantAsked(1)
	i.wantKey("e")
	i.wantAsked(0)
}

func TestFloodAtOnceIsOneRequest(t *testing.T) {
	i := newIssuer(t, "")
	body := set(ecKey(t, "e"))
	i.does(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(50 * time.Millisecond)
		_, _ = w.Write([]byte(body))
	})
	var all sync.WaitGroup
	for n := range 500 {
		all.Go(func() {
			if n%2 == 0 {
				i.wantKey("e")
			} else {
				i.wantNone(fmt.Sprint(n), auth.ErrUnknown)
			}
		})
	}
	all.Wait()
	i.wantAsked(1)
}

func TestIssuerThatFailsIsServedStale(t *testing.T) {
	i := newIssuer(t, set(ecKey(t, "e")))
	i.wantKey("e")
	i.fails()
	for passed := 30 * time.Minute; passed < 24*time.Hour; passed += 30 * time.Minute {
		i.wait(30 * time.Minute)
		i.wantKey("e")
		i.wantNone("another", auth.ErrUnknown)
	}
	i.wantAsked(1 + 47)
	i.wait(30*time.Minute - time.Second)
	i.wantKey("e")
	i.wait(time.Second)
	i.wantNone("e", auth.ErrUnavailable)
	i.wantNone("another", auth.ErrUnavailable)
	i.wantAsked(1)
	i.says(set(ecKey(t, "e")))
	i.wait(30 * time.Second)
	i.wantKey("e")
}

func TestIssuerNeverHeardOf(t *testing.T) {
	i := newIssuer(t, "")
	i.fails()
	for range 100 {
		i.wantNone("e", auth.ErrUnavailable)
	}
	i.wantAsked(1)
	i.says(set(ecKey(t, "e")))
	i.wait(29 * time.Second)
	i.wantNone("e", auth.ErrUnavailable)
	i.wait(time.Second)
	i.wantKey("e")
	i.wantAsked(1)
}

func TestIssuerThatStalls(t *testing.T) {
	i := newIssuer(t, set(ecKey(t, "e")))
	i.wantKey("e")
	for fact, serve := range map[string]http.HandlerFunc{
		"before its answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"within its answer": func(w http.ResponseWriter, r *http.Request) {
			_, _ = w.Write([]byte(`{"keys":[`))
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	} {
		i.does(serve)
		i.wait(time.Hour)
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
func TestOthersAreServedWhileOneAsks(t *testing.T) {
	i := newIssuer(t, set(ecKey(t, "e")))
	i.wantKey("e")
	i.wait(time.Hour)
	begun, release := make(chan struct{}), make(chan struct{})
	i.does(func(http.ResponseWriter, *http.Request) { close(begun); <-release })
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
func TestTheOneWhoAsksLeaves(t *testing.T) {
	i := newIssuer(t, set(ecKey(t, "e")))
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := i.source.Key(ended, "e"); err != nil {
		t.Error(err)
	}
	i.wantKey("e")
	i.wantAsked(1)
}

func TestAnswersThatAreNoKeys(t *testing.T) {
	good := set(ecKey(t, "e"))
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
			i := newIssuer(t, "")
			i.does(serve)
			i.wantNone("e", auth.ErrUnavailable)
			i.wantAsked(1)
			i.says(good)
			i.wait(time.Minute)
			i.wantKey("e")
			i.does(serve)
			i.wait(time.Hour)
			i.wantKey("e") // stale
		})
	}
}

// A set as long as may be is read.
func TestLongestAnswer(t *testing.T) {
	good := set(ecKey(t, "e"))
	i := newIssuer(t, good+strings.Repeat(" ", 64<<10-len(good)))
	i.wantKey("e")
}

// An issuer that withdraws all its keys is believed.
func TestEverythingWithdrawn(t *testing.T) {
	i := newIssuer(t, set(ecKey(t, "e")))
	i.wantKey("e")
	i.says(set())
	i.wait(time.Hour)
	i.wantNone("e", auth.ErrUnavailable)
}

func TestClockThatGoesBack(t *testing.T) {
	i := newIssuer(t, set(ecKey(t, "e")))
	i.wantKey("e")
	i.wait(-time.Hour)
	i.wantKey("e")
	i.wantAsked(2)
	i.wantKey("e")
	i.wantNone("unknown", auth.ErrUnknown)
	i.wantAsked(0)
}

func TestNewRefuses(t *testing.T) {
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
		{URL: "http://issuer.example/keys", Loopback: true},
		{URL: "http://127.0.0.1.example/keys", Loopback: true},
		{URL: "http://10.0.0.1/keys", Loopback: true},
		{URL: "\x00", Loopback: true},
	} {
		if _, err := jwks.New(o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
	for _, o := range []jwks.Options{
		{URL: "https://issuer.example/keys?v=1"}, {URL: "http://localhost:1/keys", Loopback: true}, {URL: "http://[::1]/keys", Loopback: true},
	} {
		if _, err := jwks.New(o); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
}
