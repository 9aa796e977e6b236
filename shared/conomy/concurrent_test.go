package conomy_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/gateway"
	"cedula/shared/store"
)

// sendConcurrently sends n requests at the same moment and counts the answers by status,
// the replayed ones, and the different bodies.
func (w *testAPI) sendConcurrently(n int, q func(i int) request) (statuses map[int]int, replayed int, bodies map[string]int) {
	w.Helper()
	w.api.Identities.Store = store.New(w.table, bytes.Repeat([]byte("s"), 32))
	w.api.Identities.Random = rand.Reader
	r := routeOf(w, w.api, "create-identity")
	handle, start := gateway.Handler(w.api, r), make(chan struct{})
	answers := make([]events.APIGatewayProxyResponse, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			<-start
			var err error
			if answers[i], err = handle(context.Background(), q(i).event(r)); err != nil {
				w.Error(err)
			}
		})
	}
	close(start)
	group.Wait()
	statuses, bodies = make(map[int]int), make(map[string]int)
	for _, a := range answers {
		statuses[a.StatusCode]++
		bodies[a.Body]++
		if len(a.MultiValueHeaders["Idempotent-Replayed"]) > 0 {
			replayed++
		}
	}
	return statuses, replayed, bodies
}

func TestConcurrentRetriesCreateOneIdentity(t *testing.T) {
	w := newTestAPI(t)
	statuses, replayed, bodies := w.sendConcurrently(50, func(int) request { return request{body: minimalBody}.withHeader("Idempotency-Key", "k") })
	if statuses[200] != 50 || replayed != 49 || len(bodies) != 1 {
		t.Errorf("got statuses %v, %d replayed, %d different bodies, want 50 of 200, 49, 1", statuses, replayed, len(bodies))
	}
}

func TestConcurrentDuplicatesConflict(t *testing.T) {
	w := newTestAPI(t)
	statuses, replayed, bodies := w.sendConcurrently(50, func(int) request { return request{body: minimalBody} })
	if statuses[200] != 1 || statuses[409] != 49 || replayed != 0 || len(bodies) != 2 {
		t.Errorf("got statuses %v, %d replayed, %d different bodies, want one of 200, 0, 2", statuses, replayed, len(bodies))
	}
}

func TestConcurrentIdempotencyKeyReuseIsRejected(t *testing.T) {
	w := newTestAPI(t)
	statuses, replayed, _ := w.sendConcurrently(50, func(i int) request {
		q := request{body: minimalBody}.withHeader("Idempotency-Key", "k")
		if i%2 == 0 {
			q.body += " "
		}
		return q
	})
	if statuses[200] != 25 || statuses[422] != 25 || replayed != 24 {
		t.Errorf("got statuses %v, %d replayed, want 25 of 200 and 422, 24", statuses, replayed)
	}
}
