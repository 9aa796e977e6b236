package conomy

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"cedula/shared/auth"
	"cedula/shared/gateway"
)

// Authorizer checks the two headers of every call but POST /auth.
type Authorizer struct{ Guard Guard }

// Guard tells who holds a bearer token and an API key.
type Guard interface {
	// Bearer returns the caller, or a refusal of package auth.
	Bearer(ctx context.Context, token, apiKey string) (auth.Caller, error)
}

// Caller reads "Authorization: Bearer" (RFC 6750, section 2.1) and x-api-key.
func (a *Authorizer) Caller(ctx context.Context, h http.Header) (auth.Caller, error) {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(h["Authorization"]) > 1 || len(h["X-Api-Key"]) > 1 {
		return auth.Caller{}, auth.ErrMissing
	}
	return a.Guard.Bearer(ctx, token, h.Get("X-Api-Key"))
}

// Refusal answers 403 to a caller who is known and may not come in, and 401 to
// everybody else.
func (a *Authorizer) Refusal(err error) gateway.Refusal {
	known := errors.Is(err, auth.ErrMismatch) || errors.Is(err, auth.ErrSuspended)
	return gateway.Refusal{Unauthorized: !known}
}

// GatewayResponses are the answers that API Gateway makes without a function,
// in the dialect's envelope.
func (a *API) GatewayResponses() []gateway.Canned {
	rows := []struct {
		kind string
		problem
		detail string
	}{
		{gateway.Unauthorized, unauthorized, unauthorizedDetail},
		{gateway.AccessDenied, forbiddenOperation, forbiddenDetail},
		{gateway.InvalidAPIKey, forbiddenOperation, forbiddenDetail},
		{gateway.NoSuchRoute, notFound, "no such operation"},
		{gateway.BadBody, invalidParam, "body does not fit the operation"},
		{gateway.BadParameters, invalidParam, "a parameter of the URL cannot be read"},
		{gateway.TooLarge, tooLarge, "body is too large"},
		{gateway.Throttled, tooManyRequests, "too many requests"},
		{gateway.QuotaExceeded, tooManyRequests, "the client's quota is used up"},
		{gateway.AuthorizerFailure, unavailable, "the service is unavailable, try again shortly"},
		{gateway.AuthorizerMisconfigured, serverError, "unexpected error"},
		{gateway.Timeout, unavailable, "the service is unavailable, try again shortly"},
		{gateway.Failure, unavailable, "the service is unavailable, try again shortly"},
		{gateway.BadSignature, notFound, "no such operation"},
		{gateway.BadMediaType, invalidParam, "Content-Type must be application/json"},
		{gateway.Filtered, forbiddenOperation, "the request was refused"},
		{gateway.Default4XX, notFound, "no such operation"},
		{gateway.Default5XX, serverError, "unexpected error"},
	}
	list := make([]gateway.Canned, len(rows))
	for i, r := range rows {
		list[i] = gateway.Canned{Type: r.kind, Status: r.status, Body: string(r.envelope(r.detail, gateway.RequestID))}
	}
	return list
}
