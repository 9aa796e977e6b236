package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Job is work that a schedule starts. The figures of what was done hold also
// where there is an error.
type Job func(ctx context.Context, in JobInput) (Metrics, error)

// JobInput is what a job is told.
type JobInput struct {
	DryRun bool      // count, and change nothing
	StopAt time.Time // when to begin nothing more
}

var errJobInput = errors.New("the event must be a JSON object, in which dryRun is true or false")

// A job is told to stop so long before Lambda would end it, or when a quarter of
// its time is left if that is later: what was begun ends in it, with all retries.
const (
	jobMargin          = 15 * time.Second
	defaultJobDuration = time.Minute // where Lambda sets no end
)

// StartJob serves a job as a Lambda function.
func StartJob(name string, run Job) {
	logToLambda()
	lambda.Start(JobHandler(name, run, func(line string) {
		fmt.Println(line) //nolint:forbidigo // CloudWatch takes the figures from standard output, as they are
	}))
}

// JobHandler is what a function gives to the Lambda runtime for a job. Of the
// event, which may be the scheduler's, it reads {"dryRun": true}. It logs a line,
// and prints the figures as another unless it was a dry run, which would be
// mistaken for work done. It answers with the figures; a job's error fails the
// invocation after that.
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

// runSafely runs the job. A panic is an error.
func (j *job) runSafely(ctx context.Context, in JobInput) (done Metrics, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = logPanic(ctx, p, "operation", j.name)
		}
	}()
	return j.run(ctx, in)
}

// log writes a run's one line: figures, and why it failed.
func (j *job) log(ctx context.Context, in JobInput, done Metrics, err error) {
	attrs := []slog.Attr{slog.String("job", j.name), slog.Bool("dryRun", in.DryRun)}
	for _, f := range done {
		attrs = append(attrs, slog.Float64(f.Name, f.Value))
	}
	level, attrs := withError(err, attrs...)
	slog.LogAttrs(ctx, level, "job", attrs...)
}
