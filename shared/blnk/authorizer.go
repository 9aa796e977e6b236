package blnk

import (
	"context"
	"net/http"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/strictjson"
)

// Authorizer checks the header X-Blnk-Key.
type Authorizer struct{ Authenticator Authenticator }

// Authenticator tells who holds an API key.
type Authenticator interface {
	// AuthenticateKey returns the caller, or a refusal of package auth.
	AuthenticateKey(ctx context.Context, api auth.API, apiKey string) (auth.Caller, error)
}

// Caller reads the key.
func (a *Authorizer) Caller(ctx context.Context, h http.Header) (auth.Caller, error) {
	if len(h["X-Blnk-Key"]) > 1 {
		return auth.Caller{}, auth.ErrMissing // a refusal that API Gateway does not keep: one of the two may be good
	}
	return a.Authenticator.AuthenticateKey(ctx, AuthAPI, h.Get("X-Blnk-Key"))
}

// Denial denies with the code and the text that the ACCESS_DENIED response
// shows, since Blnk tells an invalid key from an expired one.
func (a *Authorizer) Denial(err error) gateway.Denial {
	p, text := classify(err)
	return gateway.Denial{
		Unauthorized: p == missingKey,
		Context:      map[string]string{"code": p.code, "message": text},
	}
}

// GatewayResponses are the answers that API Gateway makes without a function,
// in the dialect's envelope.
func (a *API) GatewayResponses() []gateway.GatewayResponse {
	rows := []struct {
		kind string
		errorCode
		text string
	}{
		{gateway.Unauthorized, missingKey, missingKeyMessage},
		{gateway.AccessDenied, errorCode{invalidKey.status, "$context.authorizer.code"}, "$context.authorizer.message"},
		{gateway.InvalidAPIKey, insufficientPermissions, "API key has no usage plan"},
		{gateway.NoSuchRoute, routeNotFound, "No such route"},
		{gateway.BadRequestBody, badRequest, "Request body does not fit the operation"},
		{gateway.BadRequestParameters, badRequest, "A parameter of the URL cannot be read"},
		{gateway.RequestTooLarge, tooLarge, "Request body is too large"},
		{gateway.Throttled, rateLimited, "Too many requests"},
		{gateway.QuotaExceeded, rateLimited, "The quota of this key is used up"},
		{gateway.AuthorizerFailure, unavailable, unavailableMessage},
		{gateway.AuthorizerMisconfigured, internal, internalMessage},
		{gateway.IntegrationTimeout, unavailable, unavailableMessage},
		{gateway.IntegrationFailure, unavailable, unavailableMessage},
		{gateway.InvalidSignature, routeNotFound, "No such route"},
		{gateway.UnsupportedMediaType, malformedRequest, "Content-Type must be application/json"},
		{gateway.WAFFiltered, insufficientPermissions, "The request was refused"},
		{gateway.Default4XX, routeNotFound, "No such route"},
		{gateway.Default5XX, internal, internalMessage},
	}
	list := make([]gateway.GatewayResponse, len(rows))
	for i, r := range rows {
		body := strictjson.Encode(errorResponse{r.text, errorDetail{Code: r.code, Message: r.text}})
		list[i] = gateway.GatewayResponse{Type: r.kind, Status: r.status, Body: string(body)}
	}
	return list
}
