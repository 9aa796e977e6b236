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
