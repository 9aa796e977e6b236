package blnk

import (
	"context"
	"net/http"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/strictjson"
)

// Authorizer authenticates requests by the header X-Blnk-Key.
type Authorizer struct{ Authenticator Authenticator }

// Authenticator authenticates the holder of an API key.
type Authenticator interface {
	// AuthenticateKey returns the caller, or an error of package auth.
	AuthenticateKey(ctx context.Context, api auth.API, apiKey string) (auth.Caller, error)
}

// Caller returns the holder of the key in the header.
func (a *Authorizer) Caller(ctx context.Context, h http.Header) (auth.Caller, error) {
	if len(h["X-Blnk-Key"]) > 1 {
		return auth.Caller{}, auth.ErrMissing // API Gateway does not cache it: one of the two may be valid
	}
	return a.Authenticator.AuthenticateKey(ctx, AuthAPI, h.Get("X-Blnk-Key"))
}

// Denial returns the code and the text that the ACCESS_DENIED response shows: Blnk distinguishes expired keys.
func (a *Authorizer) Denial(err error) gateway.Denial {
	p, text := classify(err)
	return gateway.Denial{
		Unauthorized: p == missingKey,
		Context:      map[string]string{"code": p.code, "message": text},
	}
}

// GatewayResponses returns the responses of API Gateway that involve no function.
func (a *API) GatewayResponses() []gateway.GatewayResponse {
	response := func(kind string, code errorCode, text string) gateway.GatewayResponse {
		body := strictjson.Encode(errorResponse{text, errorDetail{Code: code.code, Message: text}})
		return gateway.GatewayResponse{Type: kind, Status: code.status, Body: string(body)}
	}
	return []gateway.GatewayResponse{
		response(gateway.Unauthorized, missingKey, missingKeyMessage),
		response(gateway.AccessDenied, errorCode{invalidKey.status, "$context.authorizer.code"}, "$context.authorizer.message"),
		response(gateway.InvalidAPIKey, insufficientPermissions, "API key has no usage plan"),
		response(gateway.NoSuchRoute, routeNotFound, "No such route"),
		response(gateway.BadRequestBody, badRequest, "Request body does not fit the operation"),
		response(gateway.BadRequestParameters, badRequest, "A parameter of the URL cannot be read"),
		response(gateway.RequestTooLarge, tooLarge, "Request body is too large"),
		response(gateway.Throttled, rateLimited, "Too many requests"),
		response(gateway.QuotaExceeded, rateLimited, "The quota of this key is used up"),
		response(gateway.AuthorizerFailure, unavailable, unavailableMessage),
		response(gateway.AuthorizerMisconfigured, internal, internalMessage),
		response(gateway.IntegrationTimeout, unavailable, unavailableMessage),
		response(gateway.IntegrationFailure, unavailable, unavailableMessage),
		response(gateway.InvalidSignature, routeNotFound, "No such route"),
		response(gateway.UnsupportedMediaType, malformedRequest, "Content-Type must be application/json"),
		response(gateway.WAFFiltered, insufficientPermissions, "The request was refused"),
		response(gateway.Default4XX, routeNotFound, "No such route"),
		response(gateway.Default5XX, internal, internalMessage),
	}
}
