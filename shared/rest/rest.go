// Package rest contains what all APIs share between package gateway and package registry: it reads requests, classifies
// errors and marks responses. It must not import an API, or anything below the registry's ports.
package rest

import (
	"io"
	"slices"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/strictjson"
)

const (
	jsonMediaType     = "application/json"
	idempotencyHeader = "Idempotency-Key"
)

// Dialect holds the conventions by which one API reads its requests.
type Dialect struct {
	Name              string   // distinguishes equal requests to two APIs
	FingerprintQuery  bool     // whether requests with different query strings differ
	MediaTypes        []string // accepted besides application/json and none
	DecodeLenient     func(data []byte, into any) error
	DefaultOnboarding identity.Onboarding
	GenerateID        func(now time.Time, random io.Reader) (string, error)
}

// Decode decodes the body of a request. It rejects fields that into does not have if the client is strict. It returns a
// *gateway.HeaderError or a *strictjson.Error.
func (d *Dialect) Decode(r *gateway.Request, into any) error {
	media, err := r.MediaType()
	if err != nil {
		return err
	}
	if media != "" && media != jsonMediaType && !slices.Contains(d.MediaTypes, media) {
		return &gateway.HeaderError{Name: "Content-Type", Reason: "must be application/json"}
	}
	if r.Caller.Strict {
		return strictjson.DecodeDisallowUnknown(r.Body, into)
	}
	return d.DecodeLenient(r.Body, into)
}

// Handler serves an operation.
type Handler = func(*gateway.Request) (gateway.Response, error)

// WithBody returns the handler of an operation whose request has a body of type T.
func WithBody[T any](d *Dialect, serve func(*gateway.Request, *T) (gateway.Response, error)) Handler {
	return func(r *gateway.Request) (gateway.Response, error) {
		var body T
		if err := d.Decode(r, &body); err != nil {
			return gateway.Response{}, err
		}
		return serve(r, &body)
	}
}

// Idempotency returns the request's idempotency key, with the fingerprint of the request: bodies with equal JSON values are
// equal. Without a key it returns the zero value. It returns a *gateway.HeaderError.
func (d *Dialect) Idempotency(r *gateway.Request) (identity.Idempotency, error) {
	key, err := r.IdempotencyKey()
	if key == "" || err != nil {
		return identity.Idempotency{}, err
	}
	operation := d.Name + " " + r.Operation
	if d.FingerprintQuery {
		operation += " " + r.Query.Encode()
	}
	once := identity.Idempotency{Key: key, ByteFingerprint: r.Fingerprint(operation, r.Body)}
	canonical, err := strictjson.Canonical(r.Body)
	if err != nil {
		canonical = r.Body // a request without a JSON body
	}
	once.Fingerprint = r.Fingerprint(operation, canonical)
	return once, nil
}

// NewDraft returns a draft without a profile, with the caller's tenant, policy and rights and the request's idempotency
// key. It returns a *gateway.HeaderError.
func (d *Dialect) NewDraft(r *gateway.Request) (registry.Draft, error) {
	key, err := d.Idempotency(r)
	return registry.Draft{
		Tenant:  r.Caller.Tenant,
		Trusted: r.Caller.Scopes.Has(auth.ScopeIdentityStatusWrite),
		Policy: identity.Policy{
			Onboarding: identity.Onboarding(r.Caller.Policy.Onboarding), PendingTTL: r.Caller.Policy.PendingTTL,
		},
		DefaultOnboarding: d.DefaultOnboarding,
		TestMode:          r.Caller.TestMode,
		GenerateID:        d.GenerateID,
		Idempotency:       key,
	}, err
}

// NewChange returns an empty change of the identity in the path parameter id, with the caller's tenant and the
// conditions in the request's headers. It returns a *gateway.HeaderError.
func (d *Dialect) NewChange(r *gateway.Request) (registry.Change, error) {
	key, err := d.Idempotency(r)
	return registry.Change{
		Tenant: r.Caller.Tenant, ID: r.Param("id"), Client: r.Caller.Client, IfMatch: r.IfMatch(), Idempotency: key, GenerateID: d.GenerateID,
	}, err
}

// Update changes the identity in the path parameter id by the Apply and Children of c.
func (d *Dialect) Update(r *gateway.Request, identities *registry.Registry, c registry.Change) (identity.WriteResult, error) {
	change, err := d.NewChange(r)
	if err != nil {
		return identity.WriteResult{}, err
	}
	change.Apply = c.Apply
	change.Children = c.Children
	return identities.Update(r.Context(), change)
}

// Map returns the results of f for the elements of list. It returns an empty slice for nil.
func Map[T, U any](list []T, f func(*T) U) []U {
	mapped := make([]U, len(list))
	for n := range list {
		mapped[n] = f(&list[n])
	}
	return mapped
}

// JSON returns a response with the JSON of body.
func JSON(status int, body any) gateway.Response {
	return gateway.JSON(status, strictjson.Encode(body))
}

// WriteResponse returns a response to a write: the JSON of body with the identity's ETag, marked if it is a replay.
func WriteResponse(status int, result identity.WriteResult, body any) gateway.Response {
	r := JSON(status, body).WithHeader("ETag", gateway.ETag(result.ETag()))
	return MarkReplay(r, result.Replayed)
}

// MarkReplay adds the header Idempotent-Replayed to a response if it repeats an earlier one.
func MarkReplay(r gateway.Response, replayed bool) gateway.Response {
	if !replayed {
		return r
	}
	return r.WithHeader("Idempotent-Replayed", "true")
}

// ReferenceRoutes returns the routes of an API's reference documentation.
func ReferenceRoutes(docs gateway.APIDocs) []gateway.Route {
	serve := func(r *gateway.Request) (gateway.Response, error) { return r.ServeFile(docs) }
	var routes []gateway.Route
	for _, path := range []string{"/openapi.yaml", "/docs", "/docs/redoc.js"} {
		routes = append(routes, gateway.Route{Name: "get-reference", Method: "GET", Path: path, Public: true, Serve: serve})
	}
	return routes
}
