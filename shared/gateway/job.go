package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Job is a scheduled task. Its metrics are valid even if it returns an error.
type Job func(ctx context.Context, in JobInput) (Metrics, error)

// JobInput is the input of a job.
type JobInput struct {
	DryRun bool      // count without changing anything
	StopAt time.Time // the job must not start new work after this time
}

var errJobInput = errors.New("the event must be a JSON object, in which dryRun is true or false")

// A job stops starting work jobMargin before the Lambda deadline, or when a quarter of its time is left, whichever is
// later, so that work in progress can finish.
const (
	jobMargin          = 15 * time.Second
	defaultJobDuration = time.Minute // without a deadline
)

// StartJob serves a job as a Lambda function.
func StartJob(name string, run Job) {
	logToLambda()
	lambda.Start(JobHandler(name, run, func(line string) {
		fmt.Println(line) //nolint:forbidigo // CloudWatch reads metrics from standard output
	}))
}

// JobHandler returns the Lambda handler of a job. The event, which may be the scheduler's, can contain {"dryRun": true}.
// The handler logs one line and, unless it is a dry run, passes the metrics to out. It returns the metrics, or the error
// of the job.
func JobHandler(name string, run Job, out func(line string)) lambda.Handler {
	return &job{name, run, out}
}

type job struct {
	name string
	run  Job
	out  func(line string)
}

// Invoke implements lambda.Handler.
func (j *job) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	start := time.Now()
	in, err := jobInput(ctx, payload, start)
	ctx, cancel := beforeDeadline(ctx)
	defer cancel()
	if err != nil {
		j.log(ctx, in, nil, err)
		return nil, err
	}
	done, err := j.runSafely(ctx, in)
	done = append(done, Metric{"durationMs", UnitMilliseconds, float64(time.Since(start).Milliseconds())})
	j.log(ctx, in, done, err)
	if !in.DryRun {
		j.out(done.toEMF(j.name, start))
	}
	if err != nil {
		return nil, err
	}
	return done.toJSON(), nil
}

func jobInput(ctx context.Context, payload []byte, now time.Time) (JobInput, error) {
	var event struct {
		DryRun bool `json:"dryRun"`
	}
	in := JobInput{StopAt: now.Add(defaultJobDuration)}
	if deadline, ok := ctx.Deadline(); ok {
		in.StopAt = deadline.Add(-min(jobMargin, deadline.Sub(now)/4))
	}
	if jsontext.Value(payload).Kind() != '{' || json.Unmarshal(payload, &event) != nil {
		return in, errJobInput
	}
	in.DryRun = event.DryRun
	return in, nil
}

// runSafely runs the job and returns a panic as an error.
func (j *job) runSafely(ctx context.Context, in JobInput) (done Metrics, err error) {
	defer recoverPanic(ctx, &err, "operation", j.name)
	return j.run(ctx, in)
}

// log writes one line with the metrics and the error of a run.
func (j *job) log(ctx context.Context, in JobInput, done Metrics, err error) {
	attrs := []slog.Attr{slog.String("job", j.name), slog.Bool("dryRun", in.DryRun)}
	for _, f := range done {
		attrs = append(attrs, slog.Float64(f.Name, f.Value))
	}
	level, attrs := withError(err, attrs...)
	slog.LogAttrs(ctx, level, "job", attrs...)
}

// Metric is one measurement of a job run.
type Metric struct {
	Name  string
	Unit  Unit
	Value float64 `json:"-"`
}

// Metrics are the measurements of a job run. Names are unique.
type Metrics []Metric

// Unit is a unit of CloudWatch metrics.
type Unit string

// The units that jobs use.
const (
	UnitCount        Unit = "Count"
	UnitSeconds      Unit = "Seconds"
	UnitMilliseconds Unit = "Milliseconds"
)

// MetricNamespace is the CloudWatch namespace of the metrics.
const MetricNamespace = "Cedula"

// toEMF returns a line in CloudWatch's embedded metric format (Amazon CloudWatch User Guide, "Specification: Embedded
// metric format"). The dimensions are the job and the function, whose name contains that of the stack.
func (f Metrics) toEMF(job string, at time.Time) string {
	dimensions, known := []string{"job"}, map[string]any{"job": job}
	if lambdacontext.FunctionName != "" {
		dimensions, known["function"] = append(dimensions, "function"), lambdacontext.FunctionName
	}
	for _, m := range f {
		known[m.Name] = m.Value
	}
	known["_aws"] = emfMetadata{at.UnixMilli(), []emfDirective{{MetricNamespace, [][]string{dimensions}, f}}}
	return string(mustEncode(known))
}

type emfMetadata struct {
	Timestamp         int64
	CloudWatchMetrics []emfDirective
}

type emfDirective struct {
	Namespace  string
	Dimensions [][]string
	Metrics    Metrics
}

// toJSON returns the metrics as a JSON object.
func (f Metrics) toJSON() []byte {
	all := make(map[string]float64, len(f))
	for _, m := range f {
		all[m.Name] = m.Value
	}
	return mustEncode(all)
}

func mustEncode(v any) []byte {
	text, err := json.Marshal(v, json.Deterministic(true))
	if err != nil {
		panic("gateway: figures: " + err.Error()) // only for NaN and infinity
	}
	return text
}
