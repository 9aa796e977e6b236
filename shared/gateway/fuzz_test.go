package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/gateway"
)

// FuzzStreamEvent sends a batch of the table's stream to the job that delivers
// messages. The job must report each failure, and deliver nothing else.
func FuzzStreamEvent(f *testing.F) {
	f.Fuzz(func(t *testing.T, event string, fail bool) {
		var e events.DynamoDBEvent
		if json.Unmarshal([]byte(event), &e) != nil || len(e.Records) > 1000 {
			return
		}
		delivered := make(chan string, len(e.Records))
		got, err := gateway.StreamHandler(gateway.StreamConsumer{ItemID: messageID, Handle: func(_ context.Context, id string) error {
			delivered <- id
			if fail {
				return errors.New("unavailable")
			}
			return nil
		}})(context.Background(), e)
		close(delivered)
		want := 0
		if fail {
			want = len(delivered)
		}
		if err != nil || len(got.BatchItemFailures) != want {
			t.Errorf("%d failures, error %v; want %d failures", len(got.BatchItemFailures), err, want)
		}
		for id := range delivered {
			if !strings.Contains(event, "M#") && !strings.Contains(event, `\u`) {
				t.Errorf("delivered %q, which is not the id of a message; want strings.Contains(event, \"M#\") or strings.Contains(event, `\\u`)", id)
			}
		}
	})
}
