// Package lambdatest runs a Lambda bootstrap on this machine: it is the other
// side of Lambda's Runtime API, on the loopback, for one process.
// It knows nothing of what the function does.
package lambdatest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"time"
)

// Config says what to run.
type Config struct {
	Bootstrap string        // path of the program
	Name      string        // of the function, for AWS_LAMBDA_FUNCTION_NAME
	Env       []string      // "NAME=value"; with Lambda's own variables the whole environment
	Timeout   time.Duration // of one invocation; zero: 10 seconds
	Log       io.Writer     // also gets what the process writes; may be nil
}

// Function is a running bootstrap. Like Lambda it gives it one event at a time.
type Function struct {
	config  Config
	process *exec.Cmd
	server  *http.Server
	started time.Time

	invocations chan *invocation
	invokeMu    sync.Mutex // held by who invokes

	ready        chan struct{} // closed at the first call of /next
	initDuration time.Duration // from exec to then
	exited       chan struct{} // closed when the process is gone
	exitErr      error

	mu      sync.Mutex
	running map[string]*invocation
	initErr *FunctionError
	output  bytes.Buffer
}

// FunctionError is what a function reported in place of an answer.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// ExitError means that the process is gone.
type ExitError struct {
	Err    error  // of the process; nil if it ended well
	Output string // what it wrote, both streams
}

func (e *ExitError) Error() string { return fmt.Sprintf("bootstrap exited (%v): %s", e.Err, e.Output) }

// ErrTimeout means that a function did not answer in time. It still runs.
var ErrTimeout = errors.New("lambdatest: the function timed out")

// Start runs a bootstrap and returns without waiting for its first /next.
func Start(c Config) (*Function, error) {
	if c.Timeout == 0 {
		c.Timeout = 10 * time.Second
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("lambdatest: %w", err)
	}
	f := &Function{
		config: c, invocations: make(chan *invocation), running: map[string]*invocation{},
		ready: make(chan struct{}), exited: make(chan struct{}),
	}
	f.server = &http.Server{Handler: f.routes(), ReadHeaderTimeout: time.Second}
	go func() { _ = f.server.Serve(listener) }()

	f.process = exec.Command(c.Bootstrap)
	f.process.Env = append(f.environment(listener.Addr().String()), c.Env...)
	var output io.Writer = (*outputWriter)(f)
	if c.Log != nil {
		output = io.MultiWriter(output, c.Log)
	}
	f.process.Stdout = output
	f.process.Stderr = output
	f.mu.Lock()
	f.started = time.Now()
	f.mu.Unlock()
	if err := f.process.Start(); err != nil {
		_ = f.server.Close()
		return nil, fmt.Errorf("lambdatest: %w", err)
	}
	go f.wait()
	return f, nil
}

// environment is what Lambda sets for a function with JSON logs.
func (f *Function) environment(address string) []string {
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + address,
		"AWS_LAMBDA_FUNCTION_NAME=" + f.config.Name,
		"AWS_LAMBDA_FUNCTION_VERSION=$LATEST",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
		"AWS_LAMBDA_LOG_FORMAT=JSON",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand",
		"AWS_REGION=" + Region,
		"AWS_ACCESS_KEY_ID=AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY=example",
		"AWS_SESSION_TOKEN=example",
		"_HANDLER=bootstrap",
		"LAMBDA_TASK_ROOT=/var/task",
		"TZ=:UTC",
	}
}

// Region is where the function believes to be.
const Region = "us-east-1"

func (f *Function) wait() {
	f.exitErr = f.process.Wait()
	close(f.exited)
}

// Ready waits for the first /next and returns how long it took from exec. It
// returns an *ExitError if there was none.
func (f *Function) Ready(ctx context.Context) (time.Duration, error) {
	select {
	case <-f.ready:
		return f.initDuration, nil
	case <-f.exited:
		return 0, f.exitError()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// Invoke hands an event to the function and returns its answer. It returns a
// *FunctionError, an *ExitError or ErrTimeout.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	f.invokeMu.Lock()
	defer f.invokeMu.Unlock()
	i := newInvocation(event, time.Now().Add(f.config.Timeout))
	ctx, cancel := context.WithDeadlineCause(ctx, i.deadline, ErrTimeout)
	defer cancel()
	select {
	case f.invocations <- i:
	case <-f.exited:
		return nil, f.exitError()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	select {
	case r := <-i.result:
		return r.payload, r.err
	case <-f.exited:
		return nil, f.exitError()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Output is all that the process wrote so far, both streams.
func (f *Function) Output() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.output.String()
}

// Stop ends the process as Lambda ends one: with a kill.
func (f *Function) Stop() {
	_ = f.process.Process.Kill()
	<-f.exited
	_ = f.server.Close()
}

func (f *Function) exitError() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.initErr != nil {
		return f.initErr
	}
	return &ExitError{f.exitErr, f.output.String()}
}

// outputWriter collects what the process writes.
type outputWriter Function

func (o *outputWriter) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.output.Write(p)
}
