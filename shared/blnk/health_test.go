package blnk_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/privacytest"
	"cedula/shared/table/faulttable"
)

// stubPinger answers one thing.
type stubPinger struct{ err error }

func (p stubPinger) Ping(context.Context) error { return p.err }

var healthRequest = request{operation: "get-health", caller: map[string]any{}} // nobody asks

func TestHealth(t *testing.T) {
	w := newTestAPI(t)
	wantStatus(t, w.send(healthRequest), 200)
	wantStatus(t, w.send(healthRequest.withCaller(map[string]any{"expires": "1"})), 200) // whoever asks
	w.wantCalls(faulttable.Calls{Get: 2})
	w.api.Health = stubPinger{errors.New("dial 10.0.0.1:8000: words of another service")}
	var down events.APIGatewayProxyResponse
	output := privacytest.Capture(t, func() { down = w.send(healthRequest) })
	wantStatus(t, down, 503)
	wantEqual(t, "the body shows the error", strings.Contains(down.Body, "words"), false)
	if !strings.Contains(output, "dial 10.0.0.1:8000") {
		t.Errorf("log = %s, want the error in it", output)
	}
	w.checkGolden("health")
}
