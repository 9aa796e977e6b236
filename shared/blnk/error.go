package blnk

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// problem is one of Blnk's error codes with its status.
type problem struct {
	status int
	code   string
}

// Blnk's codes, as far as a registry uses them. GEN_IDEMPOTENCY_REUSED and
// GEN_UNAVAILABLE are ours: Blnk has no idempotency keys and answers 500 when
// its database is away. So is GEN_METHOD_NOT_ALLOWED: Blnk answers 404.
var (
	malformed         = problem{http.StatusBadRequest, "GEN_MALFORMED_REQUEST"}
	validation        = problem{http.StatusBadRequest, "IDT_VALIDATION_ERROR"}
	badRequest        = problem{http.StatusBadRequest, "GEN_BAD_REQUEST"}
	tokenized         = problem{http.StatusConflict, "IDT_FIELD_ALREADY_TOKENIZED"}
	notTokenized      = problem{http.StatusBadRequest, "IDT_FIELD_NOT_TOKENIZED"}
	notTokenizable    = problem{http.StatusBadRequest, "IDT_FIELD_NOT_TOKENIZABLE"}
	invalidRequest    = problem{http.StatusBadRequest, "GEN_VALIDATION_ERROR"}
	invalidEntity     = problem{http.StatusBadRequest, "META_INVALID_ENTITY_ID"}
	noEntity          = problem{http.StatusNotFound, "META_ENTITY_NOT_FOUND"}
	noSearch          = problem{http.StatusBadRequest, "SRCH_QUERY_INVALID"}
	noMethod          = problem{http.StatusMethodNotAllowed, "GEN_METHOD_NOT_ALLOWED"}
	noBalance         = problem{http.StatusNotFound, "BAL_NOT_FOUND"}
	notFound          = problem{http.StatusNotFound, "IDT_NOT_FOUND"}
	noRoute           = problem{http.StatusNotFound, "GEN_NOT_FOUND"}
	conflict          = problem{http.StatusConflict, "GEN_CONFLICT"}
	idempotencyReused = problem{http.StatusUnprocessableEntity, "GEN_IDEMPOTENCY_REUSED"}
	stale             = problem{http.StatusPreconditionFailed, "GEN_PRECONDITION_FAILED"}
	tooLarge          = problem{http.StatusRequestEntityTooLarge, "GEN_PAYLOAD_TOO_LARGE"}
	rateLimited       = problem{http.StatusTooManyRequests, "GEN_RATE_LIMITED"}
	internal          = problem{http.StatusInternalServerError, "GEN_INTERNAL"}
	unavailable       = problem{http.StatusServiceUnavailable, "GEN_UNAVAILABLE"}
	missingKey        = problem{http.StatusUnauthorized, "AUTH_MISSING_API_KEY"}
	invalidKey        = problem{http.StatusUnauthorized, "AUTH_INVALID_API_KEY"}
	expiredKey        = problem{http.StatusUnauthorized, "AUTH_EXPIRED_API_KEY"}
	insufficient      = problem{http.StatusForbidden, "AUTH_INSUFFICIENT_PERMISSIONS"}
)

const (
	missingKeyText  = "Authentication required. Use X-Blnk-Key header"
	unavailableText = "Service is unavailable, try again shortly"
	internalText    = "Internal server error"
)

// refusal is an error of this dialect alone.
type refusal struct {
	problem
	text  string
	list  []string // the faults of a list's parameters, for Blnk's errors
	allow string   // for the header Allow
}

// Error is what the client reads.
func (r *refusal) Error() string { return r.text }

var (
	errCursor      = &refusal{problem: invalidRequest, text: "cursor is none that this list gave out"}
	errOtherCursor = &refusal{problem: invalidRequest, text: "cursor belongs to another list: send the same filters and order with it"}

	errOperatorAlone = &refusal{problem: invalidRequest, text: "logical_operator must not be sent with a cursor but beside its filters"}

	errNothing   = &refusal{problem: badRequest, text: "No fields provided for update"}
	errOwners    = &refusal{problem: badRequest, text: "owner must be sent once"}
	errNoFields  = &refusal{problem: invalidRequest, text: "fields must name at least one field"}
	errEntityID  = &refusal{problem: invalidEntity, text: "No entity has an id of this form"}
	errNoEntity  = &refusal{problem: noEntity, text: "Entity not found"}
	errNoSearch  = &refusal{problem: noSearch, text: "Search is not set up: use POST /identities/filter"}
	errNoBalance = &refusal{problem: noBalance, text: "Balance not found: an identity registry keeps none"}
)

// answer adds what a refusal has besides its text. The faults of a list's
// parameters take the place of the text, under another name.
func (r *refusal) answer(a gateway.Response) gateway.Response {
	if r.list != nil {
		a.Body = strictjson.Encode(faultsWire{r.list, detailWire{Code: r.code, Message: r.text}})
	}
	if r.allow != "" {
		a = a.With("Allow", r.allow)
	}
	return a
}

// ofEntity says of an entity what err says of an identity.
func ofEntity(err error) error {
	if errors.Is(err, identity.ErrNotFound) {
		return errNoEntity
	}
	return err
}

var tooManyKeysText = fmt.Sprintf("A client has at most %d live API keys, and %d with those that ended within %d days",
	auth.MaxLiveKeys, auth.MaxKeptKeys, auth.KeptFor/(24*time.Hour))

// sentinels pairs the errors that carry no detail with what the client reads.
var sentinels = []struct {
	err error
	problem
	text string
}{
	{identity.ErrNotFound, notFound, "Identity not found"},
	{identity.ErrStale, stale, "Identity has another version than If-Match names"},
	{identity.ErrIdempotencyReused, idempotencyReused, "Idempotency-Key was used with another request"},
	{identity.ErrBusy, conflict, "An equal request is still running, try again shortly"},
	{identity.ErrTooLarge, tooLarge, "Identity is too large"},
	{identity.ErrUnavailable, unavailable, unavailableText},
	{gateway.ErrNoCaller, invalidKey, "Invalid API key"},
	{gateway.ErrScope, insufficient, "Insufficient permissions for this operation"},
	{gateway.ErrNoRoute, noRoute, "No such route"},
	{gateway.ErrBodyTooLarge, tooLarge, "Request body must have at most 1 MiB"},
	{gateway.ErrBodyEncoding, malformed, "Request body is not valid base64"},
	{auth.ErrMissing, missingKey, missingKeyText},
	{auth.ErrExpired, expiredKey, "API key is expired or revoked"},
	{auth.ErrInvalid, invalidKey, "Invalid API key"},
	{auth.ErrMismatch, invalidKey, "Invalid API key"},
	{auth.ErrSuspended, invalidKey, "Invalid API key"},
	{auth.ErrUnknown, noRoute, "API key not found"},
	{auth.ErrEscalation, insufficient, "An API key can be given neither more scopes than the key that makes it nor another owner"},
	{auth.ErrTooManyKeys, conflict, tooManyKeysText},
}

// Error renders err in Blnk's envelope. An error it does not know reads
// "Internal server error". Blnk has no request id in its answers, nor have we.
func (a *API) Error(err error, _ string) gateway.Response {
	p, text := classify(err)
	e := envelopeWire{text, detailWire{Code: p.code, Message: text}}
	if p == notFound {
		e.Detail.Details = strictjson.Value("{}")
	}
	r := gateway.JSON(p.status, strictjson.Encode(e))
	if own := new(refusal); errors.As(err, &own) {
		r = own.answer(r)
	}
	if p == unavailable || errors.Is(err, identity.ErrBusy) {
		r = r.With("Retry-After", "1")
	}
	return r
}

func classify(err error) (problem, string) {
	var (
		body    *strictjson.Error
		invalid *identity.Invalid
		field   *identity.FieldError
		own     *refusal
		taken   *identity.Taken
		key     *auth.InvalidKey
		header  *gateway.HeaderError
	)
	switch {
	case errors.As(err, &body):
		return malformed, body.Error()
	case errors.As(err, &header) && header.Name == string(identity.FieldIdempotencyKey):
		return validation, header.Error()
	case errors.As(err, &header):
		return malformed, header.Error()
	case errors.As(err, &invalid):
		return validation, wireName(invalid.Field) + " " + invalid.Reason
	case errors.As(err, &own):
		return own.problem, own.text
	case errors.As(err, &field):
		return ofField(field)
	case errors.As(err, &key):
		return invalidRequest, keyMember(key.Field) + " " + key.Reason
	case errors.As(err, &taken):
		return conflict, "An identity with the same " + fieldList(taken.Fields) + " already exists"
	}
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			return s.problem, s.text
		}
	}
	return internal, internalText
}

// ofField renders what is wrong with a field that is to be tokenized or read.
func ofField(e *identity.FieldError) (problem, string) {
	text := "Field " + tokenName(e.Field)
	switch {
	case errors.Is(e, identity.ErrTokenized):
		return tokenized, text + " is tokenized already"
	case errors.Is(e, identity.ErrNotTokenized):
		return notTokenized, text + " is not tokenized"
	}
	return notTokenizable, text + " is not tokenizable"
}

func fieldList(fields []identity.Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = wireName(f)
	}
	return strings.Join(names, ", ")
}

type envelopeWire struct {
	Error  string     `json:"error"`
	Detail detailWire `json:"error_detail"`
}

type faultsWire struct {
	Errors []string   `json:"errors"`
	Detail detailWire `json:"error_detail"`
}

type detailWire struct {
	Code    string           `json:"code"`
	Message string           `json:"message"`
	Details strictjson.Value `json:"details,omitzero"`
}
