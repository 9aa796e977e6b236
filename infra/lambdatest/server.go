package lambdatest

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// invocation is one event on its way to an answer.
type invocation struct {
	id       string
	event    []byte
	deadline time.Time
	result   chan result // takes one without waiting
}

type result struct {
	payload []byte
	err     error
}

func newInvocation(event []byte, deadline time.Time) *invocation {
	return &invocation{uuid.NewString(), event, deadline, make(chan result, 1)}
}

// routes are those of the Runtime API (AWS Lambda Developer Guide, "Using the
// Lambda runtime API").
func (f *Function) routes() http.Handler {
	const root = "/2018-06-01/runtime"
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+root+"/invocation/next", f.next)
	mux.HandleFunc("POST "+root+"/invocation/{id}/response", f.response)
	mux.HandleFunc("POST "+root+"/invocation/{id}/error", f.invocationError)
	mux.HandleFunc("POST "+root+"/init/error", f.initError)
	return mux
}

// next answers with an event as soon as there is one.
func (f *Function) next(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	if f.initDuration == 0 {
		f.initDuration = time.Since(f.started)
		close(f.ready)
	}
	f.mu.Unlock()
	select {
	case i := <-f.invocations:
		f.writeInvocation(w, i)
	case <-r.Context().Done():
	}
}

func (f *Function) writeInvocation(w http.ResponseWriter, i *invocation) {
	f.mu.Lock()
	f.running[i.id] = i
	f.mu.Unlock()
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Lambda-Runtime-Aws-Request-Id", i.id)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(i.deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:"+Region+":123456789012:function:"+f.config.Name)
	h.Set("Lambda-Runtime-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0")
	_, _ = w.Write(i.event)
}

func (f *Function) response(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(r.Body)
	f.complete(w, r, result{payload, err})
}

func (f *Function) invocationError(w http.ResponseWriter, r *http.Request) {
	f.complete(w, r, result{err: functionError(r)})
}

// complete ends an invocation. Each can end once.
func (f *Function) complete(w http.ResponseWriter, r *http.Request, outcome result) {
	f.mu.Lock()
	i := f.running[r.PathValue("id")]
	delete(f.running, r.PathValue("id"))
	f.mu.Unlock()
	if i == nil {
		http.Error(w, `{"errorType":"InvalidRequestID"}`, http.StatusBadRequest)
		return
	}
	i.result <- outcome
	w.WriteHeader(http.StatusAccepted)
}

func (f *Function) initError(w http.ResponseWriter, r *http.Request) {
	e := functionError(r)
	f.mu.Lock()
	f.initErr = e
	f.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

func functionError(r *http.Request) *FunctionError {
	e := &FunctionError{Type: r.Header.Get("Lambda-Runtime-Function-Error-Type")}
	_ = json.NewDecoder(r.Body).Decode(e)
	return e
}
