package rest

import (
	"cmp"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// kind represents an error type whose values name a field or give a reason.
type kind string

// Error implements error.
func (k kind) Error() string { return string(k) }

// The kinds of errors: see Failure. Any other kind is an error of package identity, gateway or auth.
const (
	MalformedBody     kind = "malformed body" // not JSON
	InvalidBody       kind = "invalid body"   // JSON with wrong fields or types
	InvalidHeader     kind = "invalid header"
	InvalidField      kind = "invalid field"
	MissingField      kind = "missing field"
	DanglingReference kind = "dangling reference"
	InvalidState      kind = "invalid state"
	Conflict          kind = "conflict"
	RateLimited       kind = "rate limited"
	InvalidKey        kind = "invalid parameter of an API key"
)

// sentinels are the errors that are each their own kind.
var sentinels = []error{
	identity.ErrNotFound, identity.ErrVersionMismatch, identity.ErrIdempotencyReused, identity.ErrBusy, identity.ErrTooLarge,
	identity.ErrUnavailable, identity.ErrNoCodeSent, identity.ErrWrongCode, identity.ErrExpiredCode, identity.ErrUsedCode,
	identity.ErrTooManyAttempts, identity.ErrAlreadyTokenized, identity.ErrNotTokenized, identity.ErrNotTokenizable,
	gateway.ErrNoCaller, gateway.ErrInsufficientScope, gateway.ErrNoRoute, gateway.ErrBodyTooLarge, gateway.ErrBodyEncoding,
	auth.ErrMissing, auth.ErrInvalid, auth.ErrExpired, auth.ErrMismatch, auth.ErrSuspended, auth.ErrNotFound, auth.ErrEscalation,
	auth.ErrTooManyKeys, auth.ErrThrottled, auth.ErrBusy, auth.ErrUnavailable,
}

// equivalents maps errors to the sentinel that means the same to a client.
var equivalents = map[error]error{auth.ErrBusy: identity.ErrBusy, auth.ErrUnavailable: identity.ErrUnavailable}

// Failure is the part of an error that a response may show. It contains no value that a client sent.
type Failure struct {
	Kind       error // nil for an internal error
	Fields     []identity.Field
	Reason     string
	RetryAfter time.Duration // zero if the response has no Retry-After
}

// Classify returns the Failure for err, the zero Failure for an unknown error.
func Classify(err error) Failure {
	if f := classifyRequest(err); f.Kind != nil {
		return f
	}
	if f := classifyDetailed(err); f.Kind != nil {
		return f
	}
	for _, known := range sentinels {
		if errors.Is(err, known) {
			meant := cmp.Or(equivalents[known], known)
			return Failure{Kind: meant, Fields: tokenizedField(err), RetryAfter: retryAfter(err, meant)}
		}
	}
	return Failure{}
}

// classifyRequest classifies errors in a request's body and headers. It treats Idempotency-Key as a field, because
// registry reports its length.
func classifyRequest(err error) Failure {
	if body, ok := errors.AsType[*strictjson.Error](err); ok {
		if body.Syntax {
			return Failure{Kind: MalformedBody, Reason: body.Error()}
		}
		return Failure{Kind: InvalidBody, Reason: body.Error()}
	}
	header, ok := errors.AsType[*gateway.HeaderError](err)
	if !ok {
		return Failure{}
	}
	if header.Name == idempotencyHeader {
		return Failure{Kind: InvalidField, Fields: []identity.Field{identity.FieldIdempotencyKey}, Reason: header.Reason}
	}
	return Failure{Kind: InvalidHeader, Reason: header.Error()}
}

func classifyDetailed(err error) Failure {
	if e, ok := errors.AsType[*identity.Invalid](err); ok {
		return Failure{Kind: InvalidField, Fields: []identity.Field{e.Field}, Reason: e.Reason}
	}
	if e, ok := errors.AsType[*identity.MissingField](err); ok {
		return Failure{Kind: MissingField, Fields: []identity.Field{e.Field}}
	}
	if e, ok := errors.AsType[*identity.DanglingReference](err); ok {
		return Failure{Kind: DanglingReference, Fields: []identity.Field{e.Field}}
	}
	if e, ok := errors.AsType[*identity.StateError](err); ok {
		return Failure{Kind: InvalidState, Reason: e.Reason}
	}
	if e, ok := errors.AsType[*identity.RateLimited](err); ok {
		return Failure{Kind: RateLimited, Reason: e.Reason, RetryAfter: e.RetryAfter}
	}
	if e, ok := errors.AsType[*identity.Conflict](err); ok {
		return Failure{Kind: Conflict, Fields: e.Fields}
	}
	if e, ok := errors.AsType[*auth.InvalidKeyError](err); ok {
		return Failure{Kind: InvalidKey, Fields: []identity.Field{identity.Field(e.Field)}, Reason: e.Reason}
	}
	return Failure{}
}

func tokenizedField(err error) []identity.Field {
	if e, ok := errors.AsType[*identity.FieldError](err); ok {
		return []identity.Field{e.Field}
	}
	return nil
}

func retryAfter(err, meant error) time.Duration {
	if e, ok := errors.AsType[*auth.Throttled](err); ok {
		return e.RetryAfter
	}
	if errors.Is(meant, identity.ErrBusy) || errors.Is(meant, identity.ErrUnavailable) {
		return time.Second
	}
	return 0
}

// Message returns an API's text with {fields} replaced by the names of the fields and {reason} by the reason.
func (f Failure) Message(text string, names Names) string {
	list := make([]string, len(f.Fields))
	for n, field := range f.Fields {
		list[n] = names.Of(field)
	}
	return strings.NewReplacer("{fields}", strings.Join(list, ", "), "{reason}", f.Reason).Replace(text)
}

// WithRetryAfter adds the header Retry-After, in whole seconds rounded up, if waiting helps.
func (f Failure) WithRetryAfter(r gateway.Response) gateway.Response {
	if f.RetryAfter == 0 {
		return r
	}
	return r.WithHeader("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
}

// Names are the names that an API gives to the core's fields.
type Names map[identity.Field]string

// Of returns the API's name of f, given the names of fields or of what contains them; f itself if the API has none.
func (n Names) Of(f identity.Field) string {
	for at := len(f); at > 0; at = strings.LastIndexByte(string(f[:at]), '.') {
		name, found := n[f[:at]]
		if found {
			return name + string(f[at:])
		}
	}
	return string(f)
}
