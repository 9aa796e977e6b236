package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/privacytest"
	"cedula/shared/gateway"
)

// streamRecord is a record of a stream as DynamoDB sends it.
func streamRecord(number int, event, pk string) string {
	return fmt.Sprintf(`{"eventID":"e%d","eventName":%q,"eventSource":"aws:dynamodb","dynamodb":{
		"Keys":{"PK":{"S":%q},"SK":{"S":"#"}},"NewImage":{"PK":{"S":%q},"B":{"B":"Y2FuYXJ5"}},"SequenceNumber":"%021d","StreamViewType":"NEW_AND_OLD_IMAGES"}}`,
		number, event, pk, pk, number)
}

// recordingDeliverer collects what is delivered and fails for some ids.
type recordingDeliverer struct {
	mu        sync.Mutex
	delivered []string
	fail      map[string]error // by id
}

func (p *recordingDeliverer) deliver(_ context.Context, id string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delivered = append(p.delivered, id)
	if errors.Is(p.fail[id], gateway.ErrPanic) {
		panic(canary)
	}
	return p.fail[id]
}

func messageID(key map[string]string) (string, bool) { return strings.CutPrefix(key["PK"], "M#") }

// runBatch handles a batch and returns the response as Lambda receives it.
func runBatch(t *testing.T, ctx context.Context, deliver func(context.Context, string) error, records ...string) string { //nolint:revive // the test comes first
	t.Helper()
	var event events.DynamoDBEvent
	if err := json.Unmarshal([]byte(`{"Records":[`+strings.Join(records, ",")+`]}`), &event); err != nil {
		t.Fatal(err)
	}
	response, err := gateway.StreamHandler(gateway.StreamConsumer{ItemID: messageID, Handle: deliver})(ctx, event)
	if err != nil {
		t.Error(err)
	}
	text, err := json.Marshal(response)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestStream(t *testing.T) {
	for name, tt := range map[string]struct {
		records   []string
		delivered []string
		failed    []int // sequence numbers
		wantLog   string
	}{
		"no records": {nil, nil, nil, `"level":"INFO","msg":"batch","records":0,"failed":0`},
		"one message": {
			[]string{streamRecord(1, "INSERT", "M#a")},
			[]string{"a"},
			nil, `"level":"INFO","msg":"batch","records":1,"failed":0`,
		},
		"other items and changes": {[]string{
			streamRecord(1, "INSERT", "T#t#I#M#a"), streamRecord(2, "MODIFY", "M#b"), streamRecord(3, "REMOVE", "M#c"), streamRecord(4, "INSERT", "C#M#"),
			`{"eventName":"INSERT"}`, `{"eventName":"INSERT","dynamodb":{"Keys":{"PK":{"N":"1"}}}}`,
		}, nil, nil, `"level":"INFO","msg":"batch","records":6,"failed":0`},
		"failures are reported in order": {
			[]string{
				streamRecord(1, "INSERT", "M#a"), streamRecord(2, "INSERT", "M#fails"), streamRecord(3, "INSERT", "M#c"), streamRecord(4, "INSERT", "M#busy"),
			},
			[]string{"a", "busy", "c", "fails"},
			[]int{2, 4},
			`"level":"ERROR","msg":"batch","records":4,"failed":2`,
		},
		"a panic fails one message": {
			[]string{streamRecord(1, "INSERT", "M#panics"), streamRecord(2, "INSERT", "M#b")},
			[]string{"b", "panics"},
			[]int{1},
			`"level":"ERROR","msg":"batch","records":2,"failed":1`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := &recordingDeliverer{fail: map[string]error{"fails": errors.New("unavailable"), "busy": errors.New("busy"), "panics": gateway.ErrPanic}}
			var got string
			output := privacytest.Capture(t, func() { got = runBatch(t, t.Context(), p.deliver, tt.records...) })
			slices.Sort(p.delivered)
			if !slices.Equal(p.delivered, tt.delivered) {
				t.Errorf("delivered %q, want %q", p.delivered, tt.delivered)
			}
			var failures []string
			for _, n := range tt.failed {
				failures = append(failures, fmt.Sprintf(`{"itemIdentifier":"%021d"}`, n))
			}
			if want := `{"batchItemFailures":[` + strings.Join(failures, ",") + `]}`; got != want {
				t.Errorf("response = %s, want %s", got, want)
			}
			if strings.Count(output, `"msg":"batch"`) != 1 || !strings.Contains(output, tt.wantLog) {
				t.Errorf("logged %s, want one line with %s", output, tt.wantLog)
			}
			noCanary(t, output)
		})
	}
}

func TestConcurrentDeliveriesAreBounded(t *testing.T) {
	var records []string
	for n := range 100 {
		records = append(records, streamRecord(n, "INSERT", fmt.Sprint("M#", n)))
	}
	var now, most, all atomic.Int64
	got := runBatch(t, t.Context(), func(context.Context, string) error {
		defer now.Add(-1)
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		all.Add(1)
		time.Sleep(time.Millisecond)
		return nil
	}, records...)
	if got != `{"batchItemFailures":[]}` || all.Load() != 100 || most.Load() > 10 || most.Load() < 2 {
		t.Errorf("%d deliveries, %d at a time, response %s; want 100, 2 to 10 at a time, no failure", all.Load(), most.Load(), got)
	}
}

func TestStreamStopsBeforeDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Second) // the last 500 ms are reserved for the response
	defer cancel()
	var records []string
	for n := range 30 {
		records = append(records, streamRecord(n, "INSERT", fmt.Sprint("M#", n)))
	}
	var begun atomic.Int64
	got := runBatch(t, ctx, func(ctx context.Context, id string) error {
		begun.Add(1)
		if len(id) == 1 {
			return nil // the first ten
		}
		<-ctx.Done()
		return ctx.Err()
	}, records...)
	if ctx.Err() != nil {
		t.Error("the response came after the deadline")
	}
	if strings.Count(got, "itemIdentifier") != 20 || !strings.Contains(got, `[{"itemIdentifier":"000000000000000000010"}`) || begun.Load() != 20 {
		t.Errorf("%d deliveries started, response %s; want 20 started and all 20 reported, the first of them first", begun.Load(), got)
	}
}
