package main

import (
	crand "crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/infra/local/datadir"
	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/store"
)

// TestWalk reads a tenant's whole list over HTTP while 8 writers create and delete. Every identity that lives throughout
// must be listed exactly once, and the first and the last page must cost the same whether the list has a thousand entries
// or a hundred thousand.
func TestWalk(t *testing.T) {
	testenv.Need(t, testenv.Soak)
	var costs [][2]float64
	for _, size := range []int{1_000, 100_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) { costs = append(costs, listWhileWriting(t, size)) })
	}
	if len(costs) == 2 && costs[0] != costs[1] {
		t.Errorf("read units of the second and of the last full page = %v for the short and for the long list, want the same", costs)
	}
}

// listWhileWriting returns the read units of the second and of the last full page. The first one also counts the total.
func listWhileWriting(t *testing.T, size int) [2]float64 {
	f := newFixture(t)
	// The writers have a store of their own on the same table, so that their calls are not counted.
	writers := &registry.Registry{Store: store.New(f.data.Table, f.data.Secret), Now: time.Now, Random: crand.Reader}
	var mu sync.Mutex
	listed := make(map[string]int, size)
	parallel(16, size, func(int) {
		id := createNameless(t, writers)
		mu.Lock()
		listed[id] = 0
		mu.Unlock()
	})
	var stop atomic.Bool
	var writing sync.WaitGroup
	var changes atomic.Int64
	for range 8 {
		writing.Go(func() {
			var mine []string
			for !stop.Load() {
				mine = append(mine, createNameless(t, writers))
				if n := rand.IntN(len(mine)); len(mine) > 20 {
					if err := writers.Delete(t.Context(), datadir.SandboxTenant, mine[n], nil); err != nil {
						t.Error(err)
					}
					mine = slices.Delete(mine, n, n+1)
				}
				changes.Add(1)
			}
		})
	}
	pages := f.listPages(t, listed)
	stop.Store(true)
	writing.Wait()
	wrong := 0
	for _, times := range listed {
		if times != 1 {
			wrong++
		}
	}
	if wrong > 0 {
		t.Errorf("identities that were listed never or more than once = %d, want 0", wrong)
	}
	n := len(pages)
	t.Logf("%d identities, %d pages, %d creates and deletes meanwhile; median time of a page in the first tenth %v, in the last %v",
		size, n, changes.Load(), medianTime(pages[1:1+n/10]), medianTime(pages[n-1-n/10:n-1]))
	return [2]float64{pages[1].units, pages[n-2].units}
}

func createNameless(t *testing.T, r *registry.Registry) string {
	made, err := r.Create(t.Context(), registry.Draft{
		Tenant: datadir.SandboxTenant, Profile: identity.Profile{FirstName: "N"}, Trusted: true,
		GenerateID: func(now time.Time, _ io.Reader) (string, error) {
			return fmt.Sprintf("w%016x%08x", rand.Uint64(), now.UnixNano()&0xffffffff), nil
		},
	})
	if err != nil {
		t.Error(err)
	}
	return made.ID
}

type pageCost struct {
	units float64
	took  time.Duration
}

// listPages follows the cursor from the newest to the oldest identity and counts how often each is listed.
func (f *fixture) listPages(t *testing.T, listed map[string]int) []pageCost {
	t.Helper()
	headers := f.conomyHeaders(t)
	call(t, "GET", f.conomy+"/identities/warm", "", headers...)
	var costs []pageCost
	for next := int64(-1); next != 0; {
		url := f.conomy + "/identities?limit=100"
		if next > 0 {
			url += fmt.Sprintf("&next=%d", next)
		}
		f.tableCalls.Reset()
		start := time.Now()
		a := call(t, "GET", url, "", headers...)
		costs = append(costs, pageCost{f.tableCalls.Reset().Units.Read, time.Since(start)})
		var page struct {
			Data       []struct{ ID string }
			Pagination struct{ Next int64 }
		}
		if err := json.Unmarshal(a.body, &page); err != nil || a.status != 200 {
			t.Fatalf("%s: %d %s", url, a.status, a.body)
		}
		for _, i := range page.Data {
			if _, lasting := listed[i.ID]; lasting {
				listed[i.ID]++
			}
		}
		next = page.Pagination.Next
	}
	return costs
}

func medianTime(costs []pageCost) time.Duration {
	times := make([]time.Duration, len(costs))
	for n, c := range costs {
		times[n] = c.took
	}
	slices.Sort(times)
	return times[len(times)/2].Round(time.Microsecond)
}

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
	s.listAllIDs(t, "/identities?category_eq=none")
	before := s.memory(t, "VmRSS")
	for range 500 {
		if list, _ := s.listIDs(t, "/identities"); len(list) != 100 {
			t.Fatalf("identities in a response = %d, want 100", len(list))
		}
	}
	if ids, _ := s.listAllIDs(t, "/identities"); len(ids) != size {
		t.Errorf("identities = %d, want %d", len(ids), size)
	}
	rare, pages := s.listAllIDs(t, "/identities?category_eq=rare")
	if len(rare) != size/10_000 || pages < size/10_000 {
		t.Errorf("rare identities = %d in %d pages, want %d in at least as many", len(rare), pages, size/10_000)
	}
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
