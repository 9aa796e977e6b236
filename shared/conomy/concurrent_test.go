package conomy_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/gateway"
	"cedula/shared/store"
)

// sendConcurrently sends n requests at the same moment and counts the answers by status,
// the replayed ones, and the different bodies.
func (w *testAPI) sendConcurrently(n int, q func(i int) request) (statuses map[int]int, replayed, bodies int) {
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
	statuses = make(map[int]int)
	different := make(map[string]bool)
	for _, a := range answers {
		statuses[a.StatusCode]++
		different[a.Body] = true
		if len(a.MultiValueHeaders["Idempotent-Replayed"]) > 0 {
			replayed++
		}
	}
	return statuses, replayed, len(different)
}

func TestConcurrentCreates(t *testing.T) {
	for _, tt := range []struct {
		name     string
		request  func(n int) request
		statuses map[int]int
		replayed int
	}{
		{"retries create one identity", func(int) request {
			return request{body: minimalBody}.withHeader("Idempotency-Key", "k")
		}, map[int]int{200: 50}, 49},
		{"duplicates conflict", func(int) request { return request{body: minimalBody} }, map[int]int{200: 1, 409: 49}, 0},
		{"a key used for two requests is rejected for one", func(n int) request {
			return request{body: minimalBody + strings.Repeat(" ", n%2)}.withHeader("Idempotency-Key", "k")
		}, map[int]int{200: 25, 422: 25}, 24},
	} {
		t.Run(tt.name, func(t *testing.T) {
			statuses, replayed, bodies := newTestAPI(t).sendConcurrently(50, tt.request)
			if !maps.Equal(statuses, tt.statuses) || replayed != tt.replayed || bodies != len(tt.statuses) {
				t.Errorf("got statuses %v, %d replayed, %d different bodies, want %v, %d, %d", statuses, replayed, bodies, tt.statuses, tt.replayed, len(tt.statuses))
			}
		})
	}
}
