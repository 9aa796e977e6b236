package blnk_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// pinger answers one thing.
type pinger struct{ err error }

func (p pinger) Ping(context.Context) error { return p.err }

var health = request{operation: "get-health", caller: map[string]any{}} // nobody asks

func TestHealth(t *testing.T) {
	w := newWorld(t)
	wantStatus(t, w.send(health), 200)
	wantStatus(t, w.send(health.by(map[string]any{"expires": "1"})), 200) // whoever asks
	if w.table.gets != 2 || w.table.writes != 0 {
		t.Errorf("%d gets, %d writes", w.table.gets, w.table.writes)
	}
	w.api.Health = pinger{errors.New("dial 10.0.0.1:8000: words of another service")}
	var down events.APIGatewayProxyResponse
	output := captured(t, func() { down = w.send(health) })
	wantStatus(t, down, 503)
	if strings.Contains(down.Body, "words") {
		t.Error(down.Body)
	}
	if !strings.Contains(output, "dial 10.0.0.1:8000") {
		t.Errorf("the operator is not told why: %s", output)
	}
	w.golden("health")
}
