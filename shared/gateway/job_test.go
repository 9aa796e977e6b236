package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"

	"cedula/infra/privacytest"
	"cedula/shared/gateway"
)

// jobResult is the outcome of invoking a job's handler with an event.
type jobResult struct {
	inputs   []gateway.JobInput
	response string
	err      error
	printed  []string
	logLines []map[string]any
}

// runJob invokes a job, which returns metrics and err, or panics.
func runJob(t *testing.T, ctx context.Context, event string, err error) (r jobResult) { //nolint:revive // the test comes first
	t.Helper()
	handler := gateway.JobHandler("expire-pending", func(_ context.Context, in gateway.JobInput) (gateway.Metrics, error) {
		r.inputs = append(r.inputs, in)
		if errors.Is(err, gateway.ErrPanic) {
			panic(canary)
		}
		return gateway.Metrics{{"examined", gateway.UnitCount, 12}, {"lagSeconds", gateway.UnitSeconds, 1.5}}, err
	}, func(line string) { r.printed = append(r.printed, line) })
	output := privacytest.Capture(t, func() {
		response, err := handler.Invoke(ctx, []byte(event))
		r.response, r.err = string(response), err
	})
	noCanary(t, output)
	r.logLines = parseLogLines(t, output)
	return r
}

// schedulerEvent is what EventBridge Scheduler sends by default.
const schedulerEvent = `{"version":"0","id":"6f1d2c3b","detail-type":"Scheduled Event","source":"aws.scheduler","account":"123456789012",` +
	`"time":"2025-11-26T11:30:00Z","region":"us-east-1","resources":["arn:aws:scheduler:us-east-1:123456789012:schedule/default/s"],"detail":"{}"}`

func TestJob(t *testing.T) {
	for _, event := range []string{
		``, `null`, `[]`, `{"dryRun":true`, `{"dryRun":"yes"}`, `{"dryRun":true,"dryRun":false}`, `{"a":{"b":1,"b":2}}`, `{}{}`,
	} {
		r := runJob(t, t.Context(), event, nil)
		if got, want := fmt.Sprint(r.err), "the event must be a JSON object, in which dryRun is true or false"; got != want || r.response != "" {
			t.Errorf("event %s: response %q with error %s, want none with %s", event, r.response, got, want)
		}
		if len(r.inputs)+len(r.printed) != 0 || r.logLines[0]["level"] != "ERROR" {
			t.Errorf("event %s: ran with %v, printed %q, logged %v; want one error logged", event, r.inputs, r.printed, r.logLines)
		}
	}
	for _, tt := range []struct {
		event  string
		dryRun bool
		err    error
	}{
		{`{}`, false, nil},
		{schedulerEvent, false, nil},
		{`{"dryRun":true}`, true, nil},
		{`{"dryRun":false,"more":{}}`, false, nil},
		{`{"dryrun":true}`, false, nil},
		{`{}`, false, errors.New("unavailable\nand more")},
		{`{}`, false, gateway.ErrPanic},
	} {
		r := runJob(t, t.Context(), tt.event, tt.err)
		if fmt.Sprint(r.err) != fmt.Sprint(tt.err) || (r.err == nil) != (r.response != "") {
			t.Errorf("event %s: response %q with error %v, want error %v", tt.event, r.response, r.err, tt.err)
		}
		if len(r.inputs) != 1 || r.inputs[0].DryRun != tt.dryRun || len(r.printed) == 1 == tt.dryRun {
			t.Errorf("event %s: ran with %+v, printed %q; want one run with DryRun = %t, and metrics unless it is a dry run", tt.event, r.inputs, r.printed, tt.dryRun)
		}
		last := r.logLines[len(r.logLines)-1]
		wantLevel := map[bool]string{true: "INFO", false: "ERROR"}[tt.err == nil]
		if last["level"] != wantLevel || last["msg"] != "job" || last["dryRun"] != tt.dryRun || strings.Contains(fmt.Sprint(last["error"]), "more") {
			t.Errorf("event %s: logged %v, want level %s, dryRun %t and the first line of the error", tt.event, last, wantLevel, tt.dryRun)
		}
	}
}

// The expected lines follow "Specification: Embedded metric format" in the Amazon CloudWatch User Guide.
func TestJobMetrics(t *testing.T) {
	defer func(name string) { lambdacontext.FunctionName = name }(lambdacontext.FunctionName)
	const metrics = `[{"Name":"examined","Unit":"Count"},{"Name":"lagSeconds","Unit":"Seconds"},{"Name":"durationMs","Unit":"Milliseconds"}]`
	timestamp, duration := regexp.MustCompile(`"Timestamp":(\d+)`), regexp.MustCompile(`"durationMs":\d+`)
	for function, dimensions := range map[string][2]string{
		"":               {`["job"]`, ``},
		"cedula-sandbox": {`["job","function"]`, `"function":"cedula-sandbox",`},
	} {
		lambdacontext.FunctionName = function
		before := time.Now()
		r := runJob(t, t.Context(), `{}`, nil)
		want := `{"_aws":{"Timestamp":0,"CloudWatchMetrics":[{"Namespace":"Cedula","Dimensions":[` + dimensions[0] + `],"Metrics":` + metrics + `}]},` +
			`"durationMs":0,"examined":12,` + dimensions[1] + `"job":"expire-pending","lagSeconds":1.5}`
		got := timestamp.ReplaceAllString(duration.ReplaceAllString(r.printed[0], `"durationMs":0`), `"Timestamp":0`)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("printed (-want +got):\n%s", diff)
		}
		ms, err := strconv.ParseInt(timestamp.FindStringSubmatch(r.printed[0])[1], 10, 64)
		if err != nil || ms < before.UnixMilli() || ms > time.Now().UnixMilli() {
			t.Errorf("Timestamp = %d, %v; want the start of the job", ms, err)
		}
		if got, want := duration.ReplaceAllString(r.response, `"durationMs":0`), `{"durationMs":0,"examined":12,"lagSeconds":1.5}`; got != want {
			t.Errorf("response = %s, want %s", got, want)
		}
		if line := r.logLines[0]; line["examined"] != 12.0 || line["lagSeconds"] != 1.5 || line["job"] != "expire-pending" {
			t.Errorf("logged %v, want the metrics of expire-pending", line)
		}
	}
}

func TestJobStopsInTime(t *testing.T) {
	for left, margin := range map[time.Duration]time.Duration{
		15 * time.Minute: 15 * time.Second,
		time.Minute:      15 * time.Second,
		8 * time.Second:  2 * time.Second,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), left)
		defer cancel()
		deadline, _ := ctx.Deadline()
		if got := deadline.Sub(runJob(t, ctx, `{}`, nil).inputs[0].StopAt); got > margin || got < margin-time.Second {
			t.Errorf("with %v left, the job stops %v before the deadline, want %v", left, got, margin)
		}
	}
	if left := time.Until(runJob(t, t.Context(), `{}`, nil).inputs[0].StopAt); left > time.Minute || left < 50*time.Second {
		t.Errorf("without a deadline the job stops in %v, want a minute", left)
	}
}
