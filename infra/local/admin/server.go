package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"sync"
	"time"

	"cedula/shared/auth"
	"cedula/shared/identity"
	"cedula/shared/jobs"
)

// expireOperation is the only operation whose response is a stream.
const expireOperation = "expire"

// Handler serves a registry to clients of Dial: POST /v1/ and an operation's name, request and response in JSON. An error
// is status 422 and a failure. The context of a call ends when its client disconnects.
func Handler(r *Registry) http.Handler {
	mux := http.NewServeMux()
	for _, o := range r.operations() {
		o.serve(mux)
	}
	handle(mux, expireOperation, func(w http.ResponseWriter, request *http.Request, e Expiry) { serveExpire(w, request, r, e) })
	return mux
}

// operation is one function of a Registry, on either side of the socket.
type operation interface {
	serve(*http.ServeMux) // calls the function for each request
	forward(*caller)      // makes the function send requests
}

// operations are all with a single response.
func (r *Registry) operations() []operation {
	return []operation{
		newUnary("create-client", &r.CreateClient),
		newUnary("clients", &r.Clients),
		newUnary("client", &r.Client),
		newUnary("suspend", &r.Suspend),
		newUnary("rotate-secret", &r.RotateSecret),
		newUnary("create-key", &r.CreateKey),
		newUnary("keys", &r.Keys),
		newUnary("rotate-key", &r.RotateKey),
		newUnary("revoke-key", &r.RevokeKey),
	}
}

// unary is an operation with a single response.
type unary[Request, Response any] struct {
	name string
	do   *func(context.Context, Request) (Response, error)
}

func newUnary[Request, Response any](name string, do *func(context.Context, Request) (Response, error)) operation {
	return unary[Request, Response]{name, do}
}

func (o unary[Request, Response]) serve(mux *http.ServeMux) {
	handle(mux, o.name, func(w http.ResponseWriter, r *http.Request, request Request) {
		response, err := (*o.do)(r.Context(), request)
		if err != nil {
			w.WriteHeader(http.StatusUnprocessableEntity)
			_ = json.NewEncoder(w).Encode(newFailure(err))
			return
		}
		_ = json.NewEncoder(w).Encode(response)
	})
}

// handle routes an operation's requests, decoded.
func handle[Request any](mux *http.ServeMux, operation string, serve func(http.ResponseWriter, *http.Request, Request)) {
	mux.HandleFunc("POST /v1/"+operation, func(w http.ResponseWriter, r *http.Request) {
		var request Request
		if err := decode(r.Body, &request); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		serve(w, r, request)
	})
}

// expiryEvent is a line of the response to an expire request: an identity was examined, or the end.
type expiryEvent struct {
	Result  *jobs.Result `json:",omitempty"`
	Failure *failure     `json:",omitempty"`
}

func serveExpire(w http.ResponseWriter, r *http.Request, registry *Registry, e Expiry) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // a run may take longer than the server allows a request
	_ = control.SetWriteDeadline(time.Time{})
	var mu sync.Mutex
	send := func(e expiryEvent) {
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(w).Encode(e)
		_ = control.Flush()
	}
	e.OnExamined = func() { send(expiryEvent{}) }
	result, err := registry.Expire(r.Context(), e)
	end := expiryEvent{Result: result}
	if err != nil {
		end.Failure = newFailure(err)
	}
	send(end)
}

// decode rejects unknown fields: they come from another version of this program.
func decode(body io.Reader, into any) error {
	d := json.NewDecoder(body)
	d.DisallowUnknownFields()
	return d.Decode(into)
}

// failure is an error as JSON: its text, and what errors.Is and errors.As find in it.
type failure struct {
	Text     string
	Kind     string                   `json:",omitempty"` // of kinds
	Client   *auth.InvalidClientError `json:",omitempty"`
	Key      *auth.InvalidKeyError    `json:",omitempty"`
	Rotation *auth.RotationConflict   `json:",omitempty"`
}

var kinds = map[string]error{
	"not found": auth.ErrNotFound, "expired": auth.ErrExpired, "invalid overlap": auth.ErrInvalidOverlap, "unavailable": auth.ErrUnavailable, "core unavailable": identity.ErrUnavailable,
}

func newFailure(err error) *failure {
	f := &failure{Text: err.Error()}
	for kind, known := range kinds {
		if errors.Is(err, known) {
			f.Kind = kind
		}
	}
	_ = errors.As(err, &f.Client) || errors.As(err, &f.Key) || errors.As(err, &f.Rotation)
	return f
}

// Error implements error.
func (f *failure) Error() string { return f.Text }

// Unwrap returns the error that f was made of, as far as it is known.
func (f *failure) Unwrap() error {
	if f.Client != nil {
		return f.Client
	}
	if f.Key != nil {
		return f.Key
	}
	if f.Rotation != nil {
		return f.Rotation
	}
	return kinds[f.Kind]
}
