package local

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"cedula/infra/testenv"
)

// TestBigList reads 200,000 identities of a running server through Blnk's API: a response holds at most a hundred, the
// links lead to each identity once, a filter that matches few continues in bounded steps, and the process's memory does not
// grow with what it reads.
func TestBigList(t *testing.T) {
	testenv.Need(t, testenv.Soak)
	const size, allowed = 200_000, 64 << 20
	s := startServer(t, t.TempDir())
	s.fill(t, size)
	for range 50 { // the table's own buffers reach their size
		s.listIDs(t, "/identities")
	}
	s.listAllIDs(t, "/identities?category_eq=none&partial=true")
	before := s.memory(t, "VmRSS")
	for range 500 {
		if list, _ := s.listIDs(t, "/identities"); len(list) != 100 {
			t.Fatalf("identities in a response = %d, want 100", len(list))
		}
	}
	if ids, _ := s.listAllIDs(t, "/identities"); len(ids) != size {
		t.Errorf("identities = %d, want %d", len(ids), size)
	}
	rare, pages := s.listAllIDs(t, "/identities?category_eq=rare&partial=true")
	if len(rare) != size/10_000 || pages < size/50_000 {
		t.Errorf("rare identities = %d in %d pages, want %d in at least %d", len(rare), pages, size/10_000, size/50_000)
	}
	call(t, "GET", s.blnk+"/identities?category_eq=rare", "", s.blnkHeaders()...).want(t, 400, "GEN_BAD_REQUEST", "partial=true")
	grown := s.memory(t, "VmRSS") - before
	t.Logf("memory %d MB, grown by %d MB", before>>20, grown>>20)
	if grown > allowed {
		t.Errorf("memory grew by %d MB, want at most %d", grown>>20, allowed>>20)
	}
}

// fill creates identities over HTTP, one of 10,000 with the category rare.
func (s *server) fill(t *testing.T, size int) {
	t.Helper()
	parallel(32, size, func(n int) {
		category := "usual"
		if n%10_000 == 0 {
			category = "rare"
		}
		body := fmt.Sprintf(`{"identity_type":"individual","first_name":"Name %d","email_address":"n%d@example.com","category":%q,"country":"PER","meta_data":{"n":%d}}`, n, n, category, n)
		a, err := tryCall("POST", s.blnk+"/identities", body, s.blnkHeaders()...)
		if err != nil || a.status != http.StatusCreated {
			t.Errorf("create %d: %v, status %d, want 201", n, err, a.status)
		}
	})
}

// listIDs returns the ids in a response, and the target of the next one.
func (s *server) listIDs(t *testing.T, target string) (list []string, next string) {
	t.Helper()
	a := call(t, "GET", s.blnk+target, "", s.blnkHeaders()...)
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
func (s *server) listAllIDs(t *testing.T, target string) (ids map[string]bool, pages int) {
	t.Helper()
	ids = make(map[string]bool)
	for ; target != ""; pages++ {
		var list []string
		if list, target = s.listIDs(t, target); len(list) > 100 {
			t.Errorf("identities in a response = %d, want at most 100", len(list))
		}
		for _, id := range list {
			if ids[id] {
				t.Errorf("%s was listed twice", id)
			}
			ids[id] = true
		}
	}
	return ids, pages
}
