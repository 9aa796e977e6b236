package conomy

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"cedula/shared/auth"
	"cedula/shared/gateway"
)

// AuthAPI is what package auth knows of the Conomy API.
var AuthAPI = auth.API{Name: "conomy", KeyPrefix: "cak"}

// Authorizer checks the two headers of every call but POST /auth.
type Authorizer struct{ Authenticator Authenticator }

// Authenticator tells who holds a bearer token and an API key.
type Authenticator interface {
	// AuthenticateBearer returns the caller, or a refusal of package auth.
	AuthenticateBearer(ctx context.Context, api auth.API, token, apiKey string) (auth.Caller, error)
}

// Caller reads "Authorization: Bearer" (RFC 6750, section 2.1) and x-api-key.
func (a *Authorizer) Caller(ctx context.Context, h http.Header) (auth.Caller, error) {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(h["Authorization"]) > 1 || len(h["X-Api-Key"]) > 1 {
		return auth.Caller{}, auth.ErrMissing
	}
	return a.Authenticator.AuthenticateBearer(ctx, AuthAPI, token, h.Get("X-Api-Key"))
}

// Denial answers 403 to a caller who is known and may not come in, and 401 to
// everybody else.
func (a *Authorizer) Denial(err error) gateway.Denial {
	known := errors.Is(err, auth.ErrMismatch) || errors.Is(err, auth.ErrSuspended)
	return gateway.Denial{Unauthorized: !known}
}

// GatewayResponses are the answers that API Gateway makes without a function,
// in the dialect's envelope.
func (a *API) GatewayResponses() []gateway.GatewayResponse {
	rows := []struct {
		kind string
		errorCode
		detail string
	}{
		{gateway.Unauthorized, unauthorized, unauthorizedDetail},
		{gateway.AccessDenied, forbiddenOperation, forbiddenDetail},
		{gateway.InvalidAPIKey, forbiddenOperation, forbiddenDetail},
		{gateway.NoSuchRoute, notFound, "no such operation"},
		{gateway.BadRequestBody, invalidParam, "body does not fit the operation"},
		{gateway.BadRequestParameters, invalidParam, "a parameter of the URL cannot be read"},
		{gateway.RequestTooLarge, tooLarge, "body is too large"},
		{gateway.Throttled, tooManyRequests, "too many requests"},
		{gateway.QuotaExceeded, tooManyRequests, "the client's quota is used up"},
		{gateway.AuthorizerFailure, unavailable, "the service is unavailable, try again shortly"},
		{gateway.AuthorizerMisconfigured, serverError, "unexpected error"},
		{gateway.IntegrationTimeout, unavailable, "the service is unavailable, try again shortly"},
		{gateway.IntegrationFailure, unavailable, "the service is unavailable, try again shortly"},
		{gateway.InvalidSignature, notFound, "no such operation"},
		{gateway.UnsupportedMediaType, invalidParam, "Content-Type must be application/json"},
		{gateway.WAFFiltered, forbiddenOperation, "the request was refused"},
		{gateway.Default4XX, notFound, "no such operation"},
		{gateway.Default5XX, serverError, "unexpected error"},
	}
	list := make([]gateway.GatewayResponse, len(rows))
	for i, r := range rows {
		list[i] = gateway.GatewayResponse{Type: r.kind, Status: r.status, Body: string(r.envelope(r.detail, gateway.RequestIDVariable))}
	}
	return list
}
