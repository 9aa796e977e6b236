package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"testing"
)

// TestLargeBodiesCostLittleMemory sends bodies of nearly 10 MB all at once, from
// nobody and from a client.
func TestLargeBodiesCostLittleMemory(t *testing.T) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		t.Skip("no /proc to see another process's memory in")
	}
	const bodies, limit = 60, 400 << 20
	s := startServer(t, t.TempDir())
	token := s.token(t)
	before := s.peakMemory(t)
	tests := []struct {
		name, url string
		headers   http.Header
		length    int64 // -1: not told
		size      int64
		status    int
	}{
		{"unknown route", s.conomy + "/nothing", http.Header{}, 10_000_000, 10_000_000, 404},
		{"nobody", s.conomy + "/identities", http.Header{}, 10_000_000, 10_000_000, 401},
		{"nobody, length not told", s.blnk + "/identities", http.Header{}, -1, 10_000_000, 401},
		{"garbage key", s.blnk + "/identities", http.Header{"X-Blnk-Key": {"garbage"}}, 10_000_000, 10_000_000, 401},
		{"public route", s.conomy + "/auth", http.Header{}, 10_000_000, 10_000_000, 413},
		{"public route, length not told", s.conomy + "/auth", http.Header{}, -1, 10_000_000, 413},
		{"client", s.conomy + "/identities", http.Header{"X-Api-Key": {s.credentials.ConomyKey}, "Authorization": {"Bearer " + token}}, -1, 10_000_000, 413},
		{"client, above all limits", s.blnk + "/identities", http.Header{"X-Blnk-Key": {s.credentials.BlnkKey}}, -1, maxBodyBytes + 1, 413},
		{"above all limits", s.blnk + "/identities", http.Header{}, maxBodyBytes + 1, maxBodyBytes + 1, 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var all sync.WaitGroup
			for range bodies {
				all.Go(func() { sendLarge(t, tt.url, tt.headers, tt.length, tt.size, tt.status) })
			}
			all.Wait()
			t.Logf("peak %d MB", s.peakMemory(t)>>20)
		})
	}
	if grown := s.peakMemory(t) - before; grown > limit {
		t.Errorf("%d MB more at the peak", grown>>20)
	}
}

// sendLarge keeps nothing of the body in this process either.
func sendLarge(t *testing.T, url string, headers http.Header, length, size int64, want int) {
	r, err := http.NewRequest(http.MethodPost, url, io.LimitReader(endlessSpaces{}, size))
	if err != nil {
		t.Error(err)
		return
	}
	r.Header, r.ContentLength = headers.Clone(), length
	r.Header.Set("Content-Type", "application/json")
	response, err := httpClient.Do(r)
	if err != nil {
		t.Error(err)
		return
	}
	body, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if response.StatusCode != want {
		t.Errorf("%d %.200s, want %d", response.StatusCode, body, want)
	}
}

// endlessSpaces never end.
type endlessSpaces struct{}

func (endlessSpaces) Read(p []byte) (int, error) {
	return copy(p, oversizedBody), nil
}

// peakMemory is the most memory that the server ever had resident, in bytes.
func (s *server) peakMemory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	kB, err := strconv.Atoi(string(regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kB << 10
}
