package load_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/infra/bench/load"
)

// TestTurns drives a server that counts: every create has a body of its own,
// paths are taken in turns, and what the server refuses is said.
func TestTurns(t *testing.T) {
	if _, err := exec.LookPath("wrk"); err != nil {
		t.Skip("wrk is not installed")
	}
	var (
		mu   sync.Mutex
		seen = make(map[string]int)
	)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		text := new(strings.Builder)
		_, _ = fmt.Fprint(text, r.Method, " ", r.URL.Path, " ", r.Header.Get("X-Key"), " ")
		body := make([]byte, 100)
		n, _ := r.Body.Read(body)
		text.Write(body[:n])
		seen[text.String()]++
		if r.URL.Path == "/b" {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	defer server.Close()
	d, err := load.NewDriver(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := &load.Server{Name: "test", URL: server.URL}
	got, err := d.Turns(t.Context(), []load.Job{
		{Server: s, Name: "create", Method: "POST", Headers: []string{"X-Key: k: 1"}, Paths: []string{"/"}, Body: `{"n":"@N@"}`},
		{Server: s, Name: "fetch", Method: "GET", Headers: []string{"X-Key: k: 1"}, Paths: []string{"/a", "/b"}},
	}, 2, 2, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range got {
		if r.PerSecond() < 100 || r.P50 <= 0 || r.P99 < r.P50 || r.Broken > 0 {
			t.Errorf("%+v", r)
		}
	}
	if got[0].Refused != 0 || got[1].Refused == 0 {
		t.Errorf("refused: %d creates and %d fetches", got[0].Refused, got[1].Refused)
	}
	mu.Lock()
	defer mu.Unlock()
	for text, times := range seen {
		if strings.HasPrefix(text, "POST") && (times > 1 || !strings.HasPrefix(text, `POST / k: 1 {"n":"1`)) {
			t.Errorf("%d times %q", times, text)
		}
	}
	if seen["GET /a k: 1 "] == 0 || seen["GET /b k: 1 "] == 0 {
		t.Error("paths are not taken in turns")
	}
}
