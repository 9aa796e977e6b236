package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"cedula/infra/testenv"
)

// TestBigList fills a running server with 200,000 identities and reads them in
// Blnk's dialect: no answer holds more than a hundred, following the links meets
// each once, a filter that fits few of them goes on in bounded steps, and what
// the process holds in memory does not grow with what it reads.
func TestBigList(t *testing.T) {
	testenv.Need(t, testenv.Soak)
	const size, allowed = 200_000, 64 << 20
	s := startServer(t, t.TempDir())
	s.createIdentities(t, size)
	s.warmUp(t)
	before := s.residentMemory(t)
	for range 500 {
		if list, _ := s.listIDs(t, "/identities"); len(list) != 100 {
			t.Fatalf("an answer of %d identities, want 100", len(list))
		}
	}
	t.Logf("resident after filling %d MB, after 500 lists %d MB", before>>20, s.residentMemory(t)>>20)

	met, pages := s.listAllIDs(t, "/identities")
	if len(met) != size {
		t.Errorf("met %d identities, want %d", len(met), size)
	}
	t.Logf("%d pages met %d identities, resident %d MB", pages, len(met), s.residentMemory(t)>>20)

	rare, pages := s.listAllIDs(t, "/identities?category_eq=rare")
	if len(rare) != size/10_000 || pages < size/10_000 {
		t.Errorf("%d rare ones in %d pages, want %d in at least as many", len(rare), pages, size/10_000)
	}
	after := s.residentMemory(t)
	t.Logf("%d pages of at most 10,000 examined found %d, resident %d MB", pages, len(rare), after>>20)
	if after-before > allowed {
		t.Errorf("%d MB more than before the lists", (after-before)>>20)
	}
}

// createIdentities creates identities over HTTP, one of 10,000 of them rare.
func (s *server) createIdentities(t *testing.T, size int) {
	t.Helper()
	pool := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	parallel(32, size, func(n int) {
		category := "usual"
		if n%10_000 == 0 {
			category = "rare"
		}
		body := fmt.Sprintf(`{"identity_type":"individual","first_name":"Name %d","email_address":"n%d@example.com","category":%q,"country":"PER","meta_data":{"n":%d}}`, n, n, category, n)
		r, err := http.NewRequest(http.MethodPost, s.blnk+"/identities", strings.NewReader(body))
		if err != nil {
			t.Error(err)
			return
		}
		r.Header.Set("X-Blnk-Key", s.credentials.BlnkKey)
		answer, err := pool.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusCreated {
			t.Errorf("create answers %d", answer.StatusCode)
		}
	})
}

// warmUp lets the table's own buffers reach their size: they are the same
// whatever is listed.
func (s *server) warmUp(t *testing.T) {
	t.Helper()
	for range 50 {
		s.listIDs(t, "/identities")
	}
	s.listAllIDs(t, "/identities?category_eq=none")
}

// listIDs returns the ids of an answer, and where it goes on.
func (s *server) listIDs(t *testing.T, target string) (list []string, next string) {
	t.Helper()
	a := call(t, "GET", s.blnk+target, "", "X-Blnk-Key", s.credentials.BlnkKey)
	var page []struct {
		ID string `json:"identity_id"`
	}
	if err := json.Unmarshal(a.body, &page); err != nil || a.status != 200 {
		t.Fatalf("%s: %d %.300s", target, a.status, a.body)
	}
	for _, i := range page {
		list = append(list, i.ID)
	}
	if link := nextLink.FindStringSubmatch(a.header.Get("Link")); link != nil {
		path, _, _ := strings.Cut(target, "?")
		next = path + link[1]
	}
	return list, next
}

var nextLink = regexp.MustCompile(`^<(\?[^>]*)>; rel="next"$`)

// listAllIDs reads a list to its end.
func (s *server) listAllIDs(t *testing.T, target string) (met map[string]bool, pages int) {
	t.Helper()
	met = make(map[string]bool)
	for ; target != ""; pages++ {
		var list []string
		if list, target = s.listIDs(t, target); len(list) > 100 {
			t.Errorf("an answer of %d identities", len(list))
		}
		for _, id := range list {
			if met[id] {
				t.Errorf("%s was met twice", id)
			}
			met[id] = true
		}
	}
	return met, pages
}

// residentMemory is what the server holds in memory now, in bytes.
func (s *server) residentMemory(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	kB, err := strconv.Atoi(string(regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(bytes.TrimSpace(status))[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kB << 10
}
