package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeServer responds as both APIs do, counts each request and fails the fetches of one identity.
type fakeServer struct {
	mu       sync.Mutex
	requests map[string]int
}

func (f *fakeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests[fmt.Sprint(r.Method, r.URL.Path, r.Header.Get("X-Blnk-Key"), string(body))]++
	if r.URL.Path == "/identities/7" {
		w.WriteHeader(http.StatusTeapot)
	}
	_, _ = fmt.Fprintf(w, `{"accessToken":"token","id":"%d","identity_id":"%[1]d"}`, len(f.requests)%fetched)
}

func TestLoad(t *testing.T) {
	if _, err := exec.LookPath("wrk"); err != nil {
		t.Skip("wrk is not installed")
	}
	fake := &fakeServer{requests: make(map[string]int)}
	server := httptest.NewServer(fake)
	t.Setenv("CONOMY_URL", server.URL)
	t.Setenv("BLNK_URL", server.URL)
	t.Setenv("BLNK_KEY", "key: 1")
	t.Setenv("SERVER_PID", fmt.Sprint(os.Getpid()))
	t.Setenv("PEER_URL", server.URL+"/")
	var out bytes.Buffer

	err := run(t.Context(), &out, options{connections: []int{2}, length: time.Second, rounds: 1})
	server.Close()

	t.Run("failed requests are an error", func(t *testing.T) {
		if err == nil || !strings.Contains(err.Error(), "method=GET") || strings.Contains(err.Error(), "method=POST") {
			t.Errorf("error = %v, want failed fetches only", err)
		}
	})
	t.Run("each run is a line for benchstat", func(t *testing.T) {
		line := regexp.MustCompile(`(?m)^BenchmarkLoad/server=\S+ \d+ \d+ requests/s \d+ p50-latency-ns \d+ p99-latency-ns`)
		if got, want := len(line.FindAllString(out.String(), -1)), 3*2; got != want {
			t.Errorf("lines = %d, want %d of 3 targets and 2 methods in\n%s", got, want, &out)
		}
		if !strings.Contains(out.String(), "RSS-bytes") {
			t.Errorf("output has no memory of the server:\n%s", &out)
		}
	})
	t.Run("each create has a body of its own", func(t *testing.T) {
		creates := 0
		for request, times := range fake.requests {
			if !strings.HasPrefix(request, "POST/identities") {
				continue
			}
			creates++
			if times > 1 || strings.Contains(request, "@N@") {
				t.Errorf("%d times %q, want once", times, request)
			}
		}
		if creates < 1000 {
			t.Errorf("different creates = %d, want more", creates)
		}
	})
	t.Run("fetches read the identities in turns", func(t *testing.T) {
		if fake.requests["GET/identities/6key: 1"] == 0 || fake.requests["GET/identities/8key: 1"] == 0 {
			t.Errorf("identities 6 and 8 were not fetched")
		}
	})
}
