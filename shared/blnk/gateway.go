package blnk

import (
	"context"
	"net/http"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/strictjson"
)

// Authorizer checks the header X-Blnk-Key.
type Authorizer struct{ Guard Guard }

// Guard tells who holds an API key.
type Guard interface {
	// Key returns the caller, or a refusal of package auth.
	Key(ctx context.Context, apiKey string) (auth.Caller, error)
}

// Caller reads the key.
func (a *Authorizer) Caller(ctx context.Context, h http.Header) (auth.Caller, error) {
	if len(h["X-Blnk-Key"]) > 1 {
		return auth.Caller{}, auth.ErrMissing // a refusal that API Gateway does not keep: one of the two may be good
	}
	return a.Guard.Key(ctx, h.Get("X-Blnk-Key"))
}

// Refusal denies with the code and the text that the ACCESS_DENIED response
// shows, since Blnk tells an invalid key from an expired one.
func (a *Authorizer) Refusal(err error) gateway.Refusal {
	p, text := classify(err)
	return gateway.Refusal{
		Unauthorized: p == missingKey,
		Context:      map[string]string{"code": p.code, "message": text},
	}
}

// GatewayResponses are the answers that API Gateway makes without a function,
// in the dialect's envelope.
func (a *API) GatewayResponses() []gateway.Canned {
	rows := []struct {
		kind string
		problem
		text string
	}{
		{gateway.Unauthorized, missingKey, missingKeyText},
		{gateway.AccessDenied, problem{invalidKey.status, "$context.authorizer.code"}, "$context.authorizer.message"},
		{gateway.InvalidAPIKey, insufficient, "API key has no usage plan"},
		{gateway.NoSuchRoute, noRoute, "No such route"},
		{gateway.BadBody, badRequest, "Request body does not fit the operation"},
		{gateway.BadParameters, badRequest, "A parameter of the URL cannot be read"},
		{gateway.TooLarge, tooLarge, "Request body is too large"},
		{gateway.Throttled, rateLimited, "Too many requests"},
		{gateway.QuotaExceeded, rateLimited, "The quota of this key is used up"},
		{gateway.AuthorizerFailure, unavailable, unavailableText},
		{gateway.AuthorizerMisconfigured, internal, internalText},
		{gateway.Timeout, unavailable, unavailableText},
		{gateway.Failure, unavailable, unavailableText},
		{gateway.BadSignature, noRoute, "No such route"},
		{gateway.BadMediaType, malformed, "Content-Type must be application/json"},
		{gateway.Filtered, insufficient, "The request was refused"},
		{gateway.Default4XX, noRoute, "No such route"},
		{gateway.Default5XX, internal, internalText},
	}
	list := make([]gateway.Canned, len(rows))
	for i, r := range rows {
		body := strictjson.Encode(envelopeWire{r.text, detailWire{Code: r.code, Message: r.text}})
		list[i] = gateway.Canned{Type: r.kind, Status: r.status, Body: string(body)}
	}
	return list
}
