package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/auth"
)

// Authorizer decides who sends a request, from its headers.
type Authorizer interface {
	// Caller returns who it is; auth.ErrMissing or auth.ErrInvalid for nobody;
	// another error of auth for somebody who may not come in. Any error that
	// is none of auth's means that no decision could be made.
	Caller(ctx context.Context, h http.Header) (auth.Caller, error)
	// Denial says how the dialect wants a refusal: with a 401 that API
	// Gateway makes itself, or by a policy that denies, whose context the
	// dialect's ACCESS_DENIED response shows.
	Denial(err error) Denial
}

// Denial is an authorizer's no.
type Denial struct {
	Unauthorized bool              // answer 401 by API Gateway's UNAUTHORIZED response
	Context      map[string]string // otherwise: for the ACCESS_DENIED response
}

// ErrUnauthorized makes API Gateway answer 401: it looks for this very text
// (API Gateway Developer Guide, "Output from an API Gateway Lambda authorizer").
var ErrUnauthorized = errors.New("Unauthorized")

// errUndecided makes API Gateway answer AuthorizerFailure and keep nothing in its cache.
var errUndecided = errors.New("authorizer could not decide")

// AuthorizerHandler is what an authorizer function gives to the Lambda runtime.
// Its policy covers the whole API, since API Gateway keeps it for every route.
func AuthorizerHandler(a Authorizer) func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	return func(ctx context.Context, event events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
		caller, err := a.Caller(ctx, requestHeaders(event))
		switch {
		case err == nil:
			allow := policyResponse("Allow", event.MethodArn, caller.Client, callerContext(caller))
			allow.UsageIdentifierKey = caller.UsagePlanKey
			return allow, nil
		case !auth.IsDenial(err):
			slog.ErrorContext(ctx, "authorizer", "trace", event.RequestContext.RequestID, "error", err.Error())
			return events.APIGatewayCustomAuthorizerResponse{}, errUndecided
		}
		refusal := a.Denial(err)
		if refusal.Unauthorized {
			return events.APIGatewayCustomAuthorizerResponse{}, ErrUnauthorized
		}
		values := make(map[string]any, len(refusal.Context))
		for k, v := range refusal.Context {
			values[k] = v
		}
		return policyResponse("Deny", event.MethodArn, "refused", values), nil
	}
}

// requestHeaders canonicalises the event's headers: API Gateway hands them on as they came.
func requestHeaders(event events.APIGatewayCustomAuthorizerRequestTypeRequest) http.Header {
	h := make(http.Header, len(event.MultiValueHeaders))
	for name, values := range event.MultiValueHeaders {
		for _, v := range values {
			h.Add(name, v)
		}
	}
	if len(h) > 0 {
		return h
	}
	for name, v := range event.Headers {
		h.Add(name, v)
	}
	return h
}

func policyResponse(effect, methodARN, principal string, values map[string]any) events.APIGatewayCustomAuthorizerResponse {
	return events.APIGatewayCustomAuthorizerResponse{
		PrincipalID: principal,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version: "2012-10-17",
			Statement: []events.IAMPolicyStatement{{
				Action:   []string{"execute-api:Invoke"},
				Effect:   effect,
				Resource: []string{stageWildcard(methodARN)},
			}},
		},
		Context: values,
	}
}

// stageWildcard widens "arn:...:<api>/<stage>/GET/identities/x" to every method
// and path of the stage.
func stageWildcard(methodARN string) string {
	parts := strings.SplitN(methodARN, "/", 3)
	if len(parts) < 2 {
		return methodARN
	}
	return parts[0] + "/" + parts[1] + "/*"
}
