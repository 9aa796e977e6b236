// Package lambdatest_test runs a Lambda bootstrap on this machine: it serves Lambda's Runtime API to one process.
// It does not know what the function does.
package lambdatest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// Config says what to run.
type Config struct {
	Bootstrap string        // path of the program
	Name      string        // of the function, for AWS_LAMBDA_FUNCTION_NAME
	Env       []string      // "NAME=value"; with Lambda's own variables the whole environment
	Timeout   time.Duration // of one invocation
	Log       io.Writer     // also receives what the process writes; may be nil
}

// Function is a running bootstrap. Like Lambda it gives the process one event at a time.
type Function struct {
	config  Config
	process *exec.Cmd
	server  *httptest.Server

	invokeMu    sync.Mutex // held during an invocation
	invocations chan *invocation
	ready       chan struct{} // closed at the first call of /next
	exited      chan struct{} // closed when the process has ended
	exitErr     error

	mu           sync.Mutex
	started      time.Time
	initDuration time.Duration // from exec to the first call of /next
	current      *invocation
	output       bytes.Buffer
}

// invocation is one event and, later, its result.
type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	result   chan result // has room for one
}

type result struct {
	payload []byte
	err     error
}

// FunctionError is what a function reported in place of a response.
type FunctionError struct {
	Type    string `json:"errorType"`
	Message string `json:"errorMessage"`
}

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// ExitError means that the process has ended.
type ExitError struct {
	Err    error  // of the process; nil if it ended with code 0
	Output string // what it wrote, both streams
}

func (e *ExitError) Error() string { return fmt.Sprintf("bootstrap exited (%v): %s", e.Err, e.Output) }

// ErrTimeout means that a function did not respond in time. It still runs.
var ErrTimeout = errors.New("lambdatest: the function timed out")

// Region is the AWS region of every function.
const Region = "us-east-1"

// Start runs a bootstrap and returns without waiting for its first /next.
func Start(c Config) (*Function, error) {
	f := &Function{config: c, invocations: make(chan *invocation), ready: make(chan struct{}), exited: make(chan struct{})}
	f.server = httptest.NewServer(f.routes())
	f.process = exec.Command(c.Bootstrap)
	f.process.Env = append(f.environment(), c.Env...)
	f.process.Stdout = (*outputWriter)(f)
	f.process.Stderr = f.process.Stdout
	f.mu.Lock()
	defer f.mu.Unlock()
	f.started = time.Now()
	if err := f.process.Start(); err != nil {
		f.server.Close()
		return nil, fmt.Errorf("lambdatest: %w", err)
	}
	go func() {
		f.exitErr = f.process.Wait()
		close(f.exited)
	}()
	return f, nil
}

// environment is what Lambda sets for a function with JSON logs.
func (f *Function) environment() []string {
	return []string{
		"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(f.server.URL, "http://"),
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

// outputWriter collects what the process writes.
type outputWriter Function

func (o *outputWriter) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.output.Write(p)
	if o.config.Log == nil {
		return len(p), nil
	}
	return o.config.Log.Write(p)
}

// Ready waits for the first /next and returns how long it took from exec, or an *ExitError if the process ends before.
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

// Invoke sends an event to the function and returns its response, or a *FunctionError, an *ExitError or ErrTimeout.
func (f *Function) Invoke(ctx context.Context, event []byte) ([]byte, error) {
	f.invokeMu.Lock()
	defer f.invokeMu.Unlock()
	i := &invocation{uuid.NewString(), event, time.Now().Add(f.config.Timeout), make(chan result, 1)}
	ctx, cancel := context.WithDeadlineCause(ctx, i.deadline, ErrTimeout)
	defer cancel()
	next := f.invocations
	for {
		select {
		case next <- i:
			next = nil // sent: wait for the result
		case r := <-i.result:
			return r.payload, r.err
		case <-f.exited:
			return nil, f.exitError()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// Output returns what the process has written so far, both streams.
func (f *Function) Output() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.output.String()
}

// Stop kills the process, as Lambda does.
func (f *Function) Stop() {
	_ = f.process.Process.Kill()
	<-f.exited
	f.server.Close()
}

func (f *Function) exitError() error { return &ExitError{f.exitErr, f.Output()} }

// routes are those of the Runtime API (AWS Lambda Developer Guide, "Using the Lambda runtime API").
func (f *Function) routes() http.Handler {
	const root = "/2018-06-01/runtime"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root+"/invocation/next", f.next)
	mux.HandleFunc("POST "+root+"/invocation/{id}/response", func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		f.complete(w, result{payload, err})
	})
	mux.HandleFunc("POST "+root+"/invocation/{id}/error", func(w http.ResponseWriter, r *http.Request) {
		failed := &FunctionError{Type: r.Header.Get("Lambda-Runtime-Function-Error-Type")}
		_ = json.NewDecoder(r.Body).Decode(failed)
		f.complete(w, result{err: failed})
	})
	return mux
}

// next responds with an event as soon as there is one.
func (f *Function) next(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	if f.initDuration == 0 {
		f.initDuration = time.Since(f.started)
		close(f.ready)
	}
	f.mu.Unlock()
	var i *invocation
	select {
	case i = <-f.invocations:
	case <-r.Context().Done():
		return
	}
	f.mu.Lock()
	f.current = i
	f.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+Region+":123456789012:function:"+f.config.Name)
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")
	_, _ = w.Write(i.event)
}

// complete ends the current invocation, once: a process asks for the next one only after that.
func (f *Function) complete(w http.ResponseWriter, outcome result) {
	f.mu.Lock()
	i := f.current
	f.mu.Unlock()
	i.result <- outcome
	w.WriteHeader(http.StatusAccepted)
}
