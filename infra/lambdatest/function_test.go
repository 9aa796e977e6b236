package lambdatest_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

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

// TestRuntimeAPI checks that a function sees what Lambda promises, and that its failures are returned.
func TestRuntimeAPI(t *testing.T) {
	f, err := Start(Config{Bootstrap: os.Args[0], Name: "function", Timeout: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Stop)
	var first, next invocationInfo
	invokeInto(t, f, []byte(`{}`), &first)
	if left := time.Until(first.Deadline); left <= 0 || left > time.Second {
		t.Errorf("deadline in %v, want at most a second", left)
	}
	if want := "arn:aws:lambda:us-east-1:123456789012:function:function"; first.ARN != want {
		t.Errorf("ARN = %q, want %q", first.ARN, want)
	}
	invoke := func(event string) error {
		_, err := f.Invoke(requestContext(t), []byte(event))
		return err
	}
	var failed *FunctionError
	if err := invoke(`{"do":"fail"}`); !errors.As(err, &failed) || failed.Message != "as told" {
		t.Errorf("error of a failure = %v, want its own", err)
	}
	if err := invoke(`{"do":"sleep"}`); !errors.Is(err, ErrTimeout) {
		t.Errorf("error of a delay = %v, want %v", err, ErrTimeout)
	}
	invokeInto(t, f, []byte(`{}`), &next)
	if time.Until(next.Deadline) <= 0 || next.RequestID == first.RequestID {
		t.Errorf("invocation = %+v, want a response to this event and not to the late one before", next)
	}
	var gone *ExitError
	for _, event := range []string{`{"do":"exit"}`, `{}`} {
		if err := invoke(event); !errors.As(err, &gone) {
			t.Errorf("error of %s = %v, want the end of the process", event, err)
		}
	}
}

// invokeInto invokes a function and decodes its response.
func invokeInto(t *testing.T, f *Function, event []byte, into any) {
	t.Helper()
	payload, err := f.Invoke(requestContext(t), event)
	if err != nil {
		t.Fatalf("%v\n%s", err, f.Output())
	}
	decode(t, payload, into)
}
