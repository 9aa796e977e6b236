package gateway_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"cedula/infra/privacytest"
	"cedula/shared/gateway"
)

// jobResult is what a job's handler did with an event.
type jobResult struct {
	inputs   []gateway.JobInput
	response string
	err      error
	printed  []string
	logLines []map[string]any
}

func testMetrics() gateway.Metrics {
	return gateway.Metrics{{"examined", gateway.UnitCount, 12}, {"lagSeconds", gateway.UnitSeconds, 1.5}}
}

// runJob lets a job, which gives figures and then fails with err or panics, take an event.
func runJob(t *testing.T, ctx context.Context, event string, err error) (r jobResult) { //nolint:revive // the test comes first
	t.Helper()
	handler := gateway.JobHandler("expire-pending", func(_ context.Context, in gateway.JobInput) (gateway.Metrics, error) {
		r.inputs = append(r.inputs, in)
		if errors.Is(err, gateway.ErrPanic) {
			panic(canary)
		}
		return testMetrics(), err
	}, func(line string) { r.printed = append(r.printed, line) })
	output := privacytest.Capture(t, func() {
		answer, err := handler.Invoke(ctx, []byte(event))
		r.response, r.err = string(answer), err
	})
	if strings.Contains(output, canary) {
		t.Errorf("logs what the job held: %s; want not strings.Contains(output, canary)", output)
	}
	r.logLines = parseLogLines(t, output)
	return r
}

// schedulerEvent is what EventBridge Scheduler sends unless it is told what to send.
const schedulerEvent = `{"version":"0","id":"6f1d2c3b","detail-type":"Scheduled Event","source":"aws.scheduler","account":"123456789012",` +
	`"time":"2025-11-26T11:30:00Z","region":"us-east-1","resources":["arn:aws:scheduler:us-east-1:123456789012:schedule/default/s"],"detail":"{}"}`

func TestJob(t *testing.T) {
	unreadable := errors.New("the event must be a JSON object, in which dryRun is true or false")
	for _, c := range []struct {
		name, event string
		err         error
		runs, dry   bool
		lines       int // of figures
	}{
		{"an empty event", `{}`, nil, true, false, 1},
		{"the scheduler's", schedulerEvent, nil, true, false, 1},
		{"a dry run", `{"dryRun":true}`, nil, true, true, 0},
		{"none", `{"dryRun":false,"more":{}}`, nil, true, false, 1},
		{"another spelling is another member", `{"dryrun":true}`, nil, true, false, 1},
		{"the table is away", `{}`, errors.New("away\nand more"), true, false, 1},
		{"a panic", `{}`, gateway.ErrPanic, true, false, 1},
		{"nothing", ``, unreadable, false, false, 0},
		{"null", `null`, unreadable, false, false, 0},
		{"a list", `[]`, unreadable, false, false, 0},
		{"half an object", `{"dryRun":true`, unreadable, false, false, 0},
		{"a text", `{"dryRun":"yes"}`, unreadable, false, false, 0},
		{"said twice", `{"dryRun":true,"dryRun":false}`, unreadable, false, false, 0},
		{"said twice elsewhere", `{"a":{"b":1,"b":2}}`, unreadable, false, false, 0},
		{"more behind", `{}{}`, unreadable, false, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := runJob(t, t.Context(), c.event, c.err)
			if fmt.Sprint(r.err) != fmt.Sprint(c.err) || (r.err == nil) != (r.response != "") {
				t.Errorf("answers %q, %v, want %v", r.response, r.err, c.err)
			}
			if c.runs != (len(r.inputs) == 1) || c.runs && r.inputs[0].DryRun != c.dry {
				t.Errorf("runs with %+v; want c.runs == (len(r.inputs) == 1) and (not c.runs or r.inputs[0].DryRun == c.dry)", r.inputs)
			}
			if len(r.printed) != c.lines {
				t.Errorf("prints %q; want len(r.printed) == c.lines", r.printed)
			}
			last := r.logLines[len(r.logLines)-1]
			if wanted := map[bool]string{true: "INFO", false: "ERROR"}[c.err == nil]; last["level"] != wanted || last["msg"] != "job" || last["dryRun"] != c.dry {
				t.Errorf(`logs %v; want last["level"] == wanted and last["msg"] == "job" and last["dryRun"] == c.dry`, last)
			}
			if text := fmt.Sprint(last["error"]); strings.Contains(text, "more") {
				t.Errorf(`logs more than the first line: %q; want not strings.Contains(text, "more")`, text)
			}
		})
	}
}

// The figures are the answer, stand in the log and are what CloudWatch reads.
func TestJobMetrics(t *testing.T) {
	defer func(name string) { lambdacontext.FunctionName = name }(lambdacontext.FunctionName)
	for _, function := range []string{"", "cedula-sandbox-jobs-expire-pending"} {
		lambdacontext.FunctionName = function
		before := time.Now()
		r := runJob(t, t.Context(), `{}`, nil)
		var answer map[string]float64
		if err := json.Unmarshal([]byte(r.response), &answer); err != nil {
			t.Fatal(err)
		}
		if answer["examined"] != 12 || answer["lagSeconds"] != 1.5 || answer["durationMs"] < 0 || len(answer) != 3 {
			t.Errorf(`answers %s; want answer["examined"] == 12 and answer["lagSeconds"] == 1.5 and answer["durationMs"] >= 0 and len(answer) == 3`, r.response)
		}
		if line := r.logLines[0]; line["examined"] != 12.0 || line["lagSeconds"] != 1.5 || line["job"] != "expire-pending" {
			t.Errorf(`logs %v; want line["examined"] == 12.0 and line["lagSeconds"] == 1.5 and line["job"] == "expire-pending"`, line)
		}
		root := parseEMF(t, r.printed[0], before)
		dimensions := map[string]any{"job": "expire-pending"}
		if function != "" {
			dimensions["function"] = function
		}
		for name, value := range dimensions {
			if root[name] != value {
				t.Errorf("%s is %v, want %v", name, root[name], value)
			}
		}
		if len(root) != 1+len(dimensions)+len(answer) || root["examined"] != 12.0 {
			t.Errorf(`prints %s; want len(root) == 1 + len(dimensions) + len(answer) and root["examined"] == 12.0`, r.printed[0])
		}
	}
}

// units are those that CloudWatch knows and we use.
var units = []string{"Count", "Seconds", "Milliseconds"}

// parseEMF checks a line against the rules of CloudWatch's embedded metric format
// (see "Specification: Embedded metric format" in its user guide) and returns the
// root node.
func parseEMF(t *testing.T, line string, notBefore time.Time) map[string]any {
	t.Helper()
	var root map[string]any
	if err := json.Unmarshal([]byte(line), &root); err != nil || strings.ContainsAny(line, "\n\r") || len(line) > 256<<10 {
		t.Fatalf("no JSON object in one line: %v: %q; want no error and not strings.ContainsAny(line, \"\\n\\r\") and len(line) <= 256 << 10", err, line)
	}
	about := wantMembers(t, root["_aws"], "CloudWatchMetrics", "Timestamp")
	if at := time.UnixMilli(int64(about["Timestamp"].(float64))); at.Before(notBefore.Truncate(time.Millisecond)) || at.After(time.Now()) {
		t.Errorf("is of %v; want not at.Before(notBefore.Truncate(time.Millisecond)) and not at.After(time.Now())", at)
	}
	directives := about["CloudWatchMetrics"].([]any)
	if len(directives) != 1 {
		t.Fatalf("%d directives; want len(directives) == 1", len(directives))
	}
	d := wantMembers(t, directives[0], "Dimensions", "Metrics", "Namespace")
	if d["Namespace"] != "Cedula" {
		t.Errorf(`namespace %v; want d["Namespace"] == "Cedula"`, d["Namespace"])
	}
	sets := d["Dimensions"].([]any)
	for _, set := range sets {
		names := set.([]any)
		for _, name := range names {
			if value, ok := root[name.(string)].(string); !ok || value == "" || len(value) > 1024 {
				t.Errorf(`dimension %v has no text at the root: %v; want ok and value != "" and len(value) <= 1024`, name, root[name.(string)])
			}
		}
		if len(names) == 0 || len(names) > 30 {
			t.Errorf("%d dimensions; want len(names) != 0 and len(names) <= 30", len(names))
		}
	}
	seen := map[string]bool{}
	for _, m := range d["Metrics"].([]any) {
		metric := wantMembers(t, m, "Name", "Unit")
		name := metric["Name"].(string)
		if _, ok := root[name].(float64); !ok || name == "" || len(name) > 1024 || seen[name] || !slices.Contains(units, metric["Unit"].(string)) {
			t.Errorf(`metric %v, and %v at the root; want ok and name != "" and len(name) <= 1024 and not seen[name] and slices.Contains(units, metric["Unit"].(string))`, metric, root[name])
		}
		seen[name] = true
	}
	if len(sets) != 1 || len(seen) == 0 || len(seen) > 100 {
		t.Errorf("%d sets of dimensions, %d metrics; want len(sets) == 1 and len(seen) != 0 and len(seen) <= 100", len(sets), len(seen))
	}
	return root
}

// wantMembers are those of an object that has these and no other.
func wantMembers(t *testing.T, v any, names ...string) map[string]any {
	t.Helper()
	object, _ := v.(map[string]any)
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, names) {
		t.Fatalf("has %q, want %q", got, names)
	}
	return object
}

func TestJobStopsInTime(t *testing.T) {
	for _, c := range []struct{ left, margin time.Duration }{
		{15 * time.Minute, 15 * time.Second},
		{time.Minute, 15 * time.Second},
		{8 * time.Second, 2 * time.Second},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), c.left)
		defer cancel()
		deadline, _ := ctx.Deadline()
		got := deadline.Sub(runJob(t, ctx, `{}`, nil).inputs[0].StopAt)
		if got > c.margin || got < c.margin-time.Second {
			t.Errorf("with %v left it stops %v before the end; want got <= c.margin and got >= c.margin - time.Second", c.left, got)
		}
	}
	if left := time.Until(runJob(t, t.Context(), `{}`, nil).inputs[0].StopAt); left > time.Minute || left < 50*time.Second {
		t.Errorf("without an end it stops in %v; want left <= time.Minute and left >= 50 * time.Second", left)
	}
}
