package rest

import (
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

// Kind classifies an error by what it means to a client. The zero Kind is an error that
// clients learn nothing about.
type Kind string

// The kinds of errors that name a field or give a reason: see Failure.
const (
	MalformedBody     Kind = "malformed body" // not JSON
	InvalidBody       Kind = "invalid body"   // JSON of another shape
	InvalidHeader     Kind = "invalid header"
	InvalidField      Kind = "invalid field"
	MissingField      Kind = "missing field"
	DanglingReference Kind = "dangling reference"
	InvalidState      Kind = "invalid state"
	Conflict          Kind = "conflict"
	RateLimited       Kind = "rate limited"
	AlreadyTokenized  Kind = "already tokenized"
	NotTokenized      Kind = "not tokenized"
	NotTokenizable    Kind = "not tokenizable"
	InvalidKey        Kind = "invalid parameter of an API key"
)

// The kinds of errors without detail.
const (
	NotFound           Kind = "not found"
	VersionMismatch    Kind = "version mismatch"
	IdempotencyReused  Kind = "idempotency key reused"
	Busy               Kind = "busy"
	TooLarge           Kind = "too large"
	Unavailable        Kind = "unavailable"
	NoCodeSent         Kind = "no code sent"
	WrongCode          Kind = "wrong code"
	ExpiredCode        Kind = "expired code"
	UsedCode           Kind = "used code"
	TooManyAttempts    Kind = "too many attempts"
	NoCaller           Kind = "no caller"
	InsufficientScope  Kind = "insufficient scope"
	NoRoute            Kind = "no route"
	BodyTooLarge       Kind = "body too large"
	BodyEncoding       Kind = "body encoding"
	MissingCredential  Kind = "missing credential"
	InvalidCredential  Kind = "invalid credential"
	ExpiredCredential  Kind = "expired credential"
	CredentialMismatch Kind = "credential mismatch"
	Suspended          Kind = "suspended"
	KeyNotFound        Kind = "API key not found"
	Escalation         Kind = "escalation"
	TooManyKeys        Kind = "too many keys"
	Throttled          Kind = "throttled"
)

var kinds = []struct {
	err  error
	kind Kind
}{
	{identity.ErrNotFound, NotFound},
	{identity.ErrVersionMismatch, VersionMismatch},
	{identity.ErrIdempotencyReused, IdempotencyReused},
	{identity.ErrBusy, Busy},
	{identity.ErrTooLarge, TooLarge},
	{identity.ErrUnavailable, Unavailable},
	{identity.ErrNoCodeSent, NoCodeSent},
	{identity.ErrWrongCode, WrongCode},
	{identity.ErrExpiredCode, ExpiredCode},
	{identity.ErrUsedCode, UsedCode},
	{identity.ErrTooManyAttempts, TooManyAttempts},
	{identity.ErrAlreadyTokenized, AlreadyTokenized},
	{identity.ErrNotTokenized, NotTokenized},
	{identity.ErrNotTokenizable, NotTokenizable},
	{gateway.ErrNoCaller, NoCaller},
	{gateway.ErrInsufficientScope, InsufficientScope},
	{gateway.ErrNoRoute, NoRoute},
	{gateway.ErrBodyTooLarge, BodyTooLarge},
	{gateway.ErrBodyEncoding, BodyEncoding},
	{auth.ErrMissing, MissingCredential},
	{auth.ErrInvalid, InvalidCredential},
	{auth.ErrExpired, ExpiredCredential},
	{auth.ErrMismatch, CredentialMismatch},
	{auth.ErrSuspended, Suspended},
	{auth.ErrNotFound, KeyNotFound},
	{auth.ErrEscalation, Escalation},
	{auth.ErrTooManyKeys, TooManyKeys},
	{auth.ErrThrottled, Throttled},
	{auth.ErrBusy, Busy},
	{auth.ErrUnavailable, Unavailable},
}

// Failure is what a response may say about an error. It holds no value that a client sent.
type Failure struct {
	Kind       Kind
	Fields     []identity.Field
	Reason     string
	RetryAfter time.Duration // zero if the response has no Retry-After
}

// Classify returns the failure that err stands for; the zero Failure for an error that it
// does not know.
func Classify(err error) Failure {
	if f := classifyRequest(err); f.Kind != "" {
		return f
	}
	if f := classifyDetailed(err); f.Kind != "" {
		return f
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return Failure{Kind: k.kind, Fields: tokenizedField(err), RetryAfter: retryAfter(err, k.kind)}
		}
	}
	return Failure{}
}

// classifyRequest classifies what is wrong with a request's body and headers. The header
// Idempotency-Key counts as a field, as registry reports its length.
func classifyRequest(err error) Failure {
	var (
		body   *strictjson.Error
		header *gateway.HeaderError
	)
	if errors.As(err, &body) && body.Syntax {
		return Failure{Kind: MalformedBody, Reason: body.Error()}
	}
	if errors.As(err, &body) {
		return Failure{Kind: InvalidBody, Reason: body.Error()}
	}
	if errors.As(err, &header) && header.Name == idempotencyHeader {
		return Failure{Kind: InvalidField, Fields: []identity.Field{identity.FieldIdempotencyKey}, Reason: header.Reason}
	}
	if errors.As(err, &header) {
		return Failure{Kind: InvalidHeader, Reason: header.Error()}
	}
	return Failure{}
}

func classifyDetailed(err error) Failure {
	var (
		invalid  *identity.Invalid
		missing  *identity.MissingField
		conflict *identity.Conflict
		state    *identity.StateError
		dangling *identity.DanglingReference
		limited  *identity.RateLimited
		key      *auth.InvalidKeyError
	)
	if errors.As(err, &invalid) {
		return Failure{Kind: InvalidField, Fields: []identity.Field{invalid.Field}, Reason: invalid.Reason}
	}
	if errors.As(err, &missing) {
		return Failure{Kind: MissingField, Fields: []identity.Field{missing.Field}}
	}
	if errors.As(err, &dangling) {
		return Failure{Kind: DanglingReference, Fields: []identity.Field{dangling.Field}}
	}
	if errors.As(err, &state) {
		return Failure{Kind: InvalidState, Reason: state.Reason}
	}
	if errors.As(err, &limited) {
		return Failure{Kind: RateLimited, Reason: limited.Reason, RetryAfter: limited.RetryAfter}
	}
	if errors.As(err, &conflict) {
		return Failure{Kind: Conflict, Fields: conflict.Fields}
	}
	if errors.As(err, &key) {
		return Failure{Kind: InvalidKey, Fields: []identity.Field{identity.Field(key.Field)}, Reason: key.Reason}
	}
	return Failure{}
}

func tokenizedField(err error) []identity.Field {
	var field *identity.FieldError
	if !errors.As(err, &field) {
		return nil
	}
	return []identity.Field{field.Field}
}

func retryAfter(err error, k Kind) time.Duration {
	var throttled *auth.Throttled
	if errors.As(err, &throttled) {
		return throttled.RetryAfter
	}
	if k == Busy || k == Unavailable {
		return time.Second
	}
	return 0
}

// Message returns an API's text with {fields} replaced by the names of the fields and
// {reason} by the reason.
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

// Of returns the API's name of f; f itself if the API has none.
func (n Names) Of(f identity.Field) string {
	if name, ok := n[f]; ok {
		return name
	}
	return string(f)
}
