package runtimeapi_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"cedula/infra/runtimeapi"
)

// TestMain lets the test program be a function itself.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		lambda.Start(function)
		return
	}
	code := m.Run()
	if code == 0 && !afterAll() {
		code = 1
	}
	os.Exit(code)
}

// afterAll tells that what all tests together show is as it should be.
var afterAll = func() bool { return true }

type seen struct {
	RequestID, ARN string
	Deadline       time.Time
}

func function(ctx context.Context, event struct{ Do string }) (seen, error) {
	switch event.Do {
	case "fail":
		return seen{}, errors.New("as told")
	case "exit":
		os.Exit(3)
	case "sleep":
		<-ctx.Done()
		time.Sleep(200 * time.Millisecond)
	}
	c, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	return seen{c.AwsRequestID, c.InvokedFunctionArn, deadline}, nil
}

// A function gets an id, an ARN and a deadline, and its answer, failure, delay
// and end reach who invoked it.
func TestInvoke(t *testing.T) {
	f, err := runtimeapi.Start(runtimeapi.Config{Bootstrap: os.Args[0], Name: "function", Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Stop)
	ids := map[string]bool{}
	for range 3 {
		var s seen
		answer(t, f, `{"do":"tell"}`, &s)
		if left := time.Until(s.Deadline); left <= 0 || left > time.Second {
			t.Errorf("%v until the deadline, want at most a second", left)
		}
		if s.ARN != "arn:aws:lambda:us-east-1:123456789012:function:function" {
			t.Errorf("the function is called %q", s.ARN)
		}
		ids[s.RequestID] = true
	}
	if len(ids) != 3 {
		t.Errorf("%d ids for 3 requests", len(ids))
	}
	var failed *runtimeapi.FunctionError
	if _, err := f.Invoke(deadline(t), []byte(`{"do":"fail"}`)); !errors.As(err, &failed) || failed.Message != "as told" {
		t.Errorf("a failure is %v", err)
	}
	if _, err := f.Invoke(deadline(t), []byte(`{"do":"sleep"}`)); !errors.Is(err, runtimeapi.ErrTimeout) {
		t.Errorf("a delay is %v", err)
	}
	var s seen
	answer(t, f, `{"do":"tell"}`, &s) // not the late answer of the request before
	if ids[s.RequestID] || time.Until(s.Deadline) <= 0 {
		t.Errorf("got an old answer: %+v", s)
	}
	var gone *runtimeapi.ExitError
	if _, err := f.Invoke(deadline(t), []byte(`{"do":"exit"}`)); !errors.As(err, &gone) {
		t.Errorf("an end is %v", err)
	}
	if _, err := f.Invoke(deadline(t), nil); !errors.As(err, &gone) {
		t.Errorf("after the end: %v", err)
	}
}

func answer(t *testing.T, f *runtimeapi.Function, event string, into *seen) {
	t.Helper()
	payload, err := f.Invoke(deadline(t), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	decode(t, payload, into)
}
