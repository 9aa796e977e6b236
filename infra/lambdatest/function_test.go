package lambdatest_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"cedula/infra/lambdatest"
	"cedula/infra/privacytest"
	"cedula/infra/testenv"
)

// TestMain lets the test program be a function itself.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") != "" {
		lambda.Start(testHandler)
		return
	}
	code := privacytest.Run(m)
	if code == 0 && testenv.Has(testenv.DynamoDB) && !grantsAreUsed() {
		code = 1
	}
	os.Exit(code)
}

type invocationInfo struct {
	RequestID, ARN string
	Deadline       time.Time
}

func testHandler(ctx context.Context, event struct{ Do string }) (invocationInfo, error) {
	switch event.Do {
	case "fail":
		return invocationInfo{}, errors.New("as told")
	case "exit":
		os.Exit(3)
	case "sleep":
		<-ctx.Done()
		time.Sleep(200 * time.Millisecond)
	}
	c, _ := lambdacontext.FromContext(ctx)
	deadline, _ := ctx.Deadline()
	return invocationInfo{c.AwsRequestID, c.InvokedFunctionArn, deadline}, nil
}

// A function gets an id, an ARN and a deadline, and its answer, failure, delay
// and end reach who invoked it.
func TestInvoke(t *testing.T) {
	f, err := lambdatest.Start(lambdatest.Config{Bootstrap: os.Args[0], Name: "function", Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Stop)
	ids := map[string]bool{}
	for range 3 {
		var s invocationInfo
		invokeInto(t, f, `{"do":"tell"}`, &s)
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
	var failed *lambdatest.FunctionError
	if _, err := f.Invoke(requestContext(t), []byte(`{"do":"fail"}`)); !errors.As(err, &failed) || failed.Message != "as told" {
		t.Errorf("a failure is %v", err)
	}
	if _, err := f.Invoke(requestContext(t), []byte(`{"do":"sleep"}`)); !errors.Is(err, lambdatest.ErrTimeout) {
		t.Errorf("a delay is %v", err)
	}
	var s invocationInfo
	invokeInto(t, f, `{"do":"tell"}`, &s) // not the late answer of the request before
	if ids[s.RequestID] || time.Until(s.Deadline) <= 0 {
		t.Errorf("got an old answer: %+v", s)
	}
	var gone *lambdatest.ExitError
	if _, err := f.Invoke(requestContext(t), []byte(`{"do":"exit"}`)); !errors.As(err, &gone) {
		t.Errorf("an end is %v", err)
	}
	if _, err := f.Invoke(requestContext(t), nil); !errors.As(err, &gone) {
		t.Errorf("after the end: %v", err)
	}
}

func invokeInto(t *testing.T, f *lambdatest.Function, event string, into *invocationInfo) {
	t.Helper()
	payload, err := f.Invoke(requestContext(t), []byte(event))
	if err != nil {
		t.Fatal(err)
	}
	decode(t, payload, into)
}
