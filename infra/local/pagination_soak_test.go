package main

import (
	"context"
	crand "crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/store"
)

const pageSize = 100

// TestWalk walks a tenant's whole list page by page over HTTP while 8 writers
// create and delete. Every identity that lived throughout must be met exactly
// once, and a page must cost the same, the first and the last, of a thousand
// and of a hundred thousand.
func TestWalk(t *testing.T) {
	testenv.Need(t, testenv.Soak)
	var costs []pageUnits
	for _, size := range []int{1_000, 100_000} {
		t.Run(fmt.Sprint(size), func(t *testing.T) { costs = append(costs, listWhileWriting(t, size)) })
	}
	if len(costs) == 2 && (costs[0].first != costs[1].first || costs[0].last != costs[1].last) {
		t.Errorf("units of a page differ with the size of the list: %+v", costs)
	}
}

// pageUnits is the units of the first and of the last full page.
type pageUnits struct{ first, last float64 }

func listWhileWriting(t *testing.T, size int) pageUnits {
	w := newFixture(t)
	tenant := w.credentials.ClientID
	// Another store on the same table: what the writers do is not counted.
	writers := &registry.Registry{Store: store.New(w.registry.table, make([]byte, secretBytes)), Now: time.Now, Random: crand.Reader}
	lasting := make(map[string]int, size)
	var mu sync.Mutex
	parallel(16, size, func(int) {
		id := createIdentity(t, writers, tenant)
		mu.Lock()
		lasting[id] = 0
		mu.Unlock()
	})

	var stop atomic.Bool
	var writing sync.WaitGroup
	var changes atomic.Int64
	for range 8 {
		writing.Go(func() {
			var mine []string
			for !stop.Load() {
				mine = append(mine, createIdentity(t, writers, tenant))
				if n := rand.IntN(len(mine)); len(mine) > 20 {
					if err := writers.Delete(context.Background(), tenant, mine[n], nil); err != nil {
						t.Error(err)
					}
					mine = slices.Delete(mine, n, n+1)
				}
				changes.Add(1)
			}
		})
	}
	pages := listPages(t, w, lasting)
	stop.Store(true)
	writing.Wait()

	missed, twice := 0, 0
	for _, times := range lasting {
		if times == 0 {
			missed++
		}
		if times > 1 {
			twice++
		}
	}
	if missed > 0 || twice > 0 {
		t.Errorf("%d missed, %d met more than once", missed, twice)
	}
	first, middle, last := pages[1], pages[len(pages)/2], pages[len(pages)-2]
	t.Logf("%d identities, %d pages, %d creates and deletes meanwhile; read units of a page: second %.1f, middle %.1f, last %.1f; the first counts the total: %.1f",
		size, len(pages), changes.Load(), first.units, middle.units, last.units, pages[0].units)
	t.Logf("median page time of the first tenth %v, of the last tenth %v", median(pages[1:1+len(pages)/10]), median(pages[len(pages)-1-len(pages)/10:len(pages)-1]))
	return pageUnits{first.units, last.units}
}

type pageCost struct {
	units float64
	took  time.Duration
}

// listPages follows the cursor from the newest to the oldest.
func listPages(t *testing.T, w *fixture, lasting map[string]int) []pageCost {
	t.Helper()
	headers := []string{"Authorization", "Bearer " + w.token(t), "x-api-key", w.credentials.ConomyKey}
	call(t, "GET", w.conomy+"/identities/warm", "", headers...)
	var costs []pageCost
	for next := int64(-1); next != 0; {
		url := fmt.Sprintf("%s/identities?limit=%d", w.conomy, pageSize)
		if next > 0 {
			url += fmt.Sprintf("&next=%d", next)
		}
		w.tableCalls.Reset()
		begin := time.Now()
		a := call(t, "GET", url, "", headers...)
		costs = append(costs, pageCost{w.tableCalls.Reset().Units.Read, time.Since(begin)})
		var page struct {
			Data       []struct{ ID string }
			Pagination struct{ Next int64 }
		}
		if err := json.Unmarshal(a.body, &page); err != nil || a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		for _, i := range page.Data {
			if _, ok := lasting[i.ID]; ok {
				lasting[i.ID]++
			}
		}
		next = page.Pagination.Next
	}
	return costs
}

func createIdentity(t *testing.T, s *registry.Registry, tenant string) string {
	made, err := s.Create(context.Background(), registry.Draft{
		Tenant: tenant, Profile: identity.Profile{FirstName: "N"}, Trusted: true,
		GenerateID: func(now time.Time, _ io.Reader) (string, error) {
			return fmt.Sprintf("w%016x%08x", rand.Uint64(), now.UnixNano()&0xffffffff), nil
		},
	})
	if err != nil {
		t.Error(err)
	}
	return made.ID
}

func median(costs []pageCost) time.Duration {
	times := make([]time.Duration, len(costs))
	for n, c := range costs {
		times[n] = c.took
	}
	slices.Sort(times)
	return times[len(times)/2].Round(time.Microsecond)
}
