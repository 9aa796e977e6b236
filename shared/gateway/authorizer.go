package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"

	"cedula/shared/auth"
)

// Authorizer authenticates requests by their headers.
type Authorizer interface {
	// Caller returns the caller. An error for which auth.IsDenial is true denies the request; any other means that no
	// decision was possible.
	Caller(ctx context.Context, h http.Header) (auth.Caller, error)
	// Denial returns the response to a denied request.
	Denial(err error) Denial
}

// Denial is the response to a denied request: API Gateway's UNAUTHORIZED response or, with a policy that denies, its
// ACCESS_DENIED response, which can show the context.
type Denial struct {
	Unauthorized bool
	Context      map[string]any // if not Unauthorized
}

// ErrUnauthorized makes API Gateway respond with 401: it looks for this exact text
// (API Gateway Developer Guide, "Output from an API Gateway Lambda authorizer").
var ErrUnauthorized = errors.New("Unauthorized")

// errUndecided makes API Gateway respond with AuthorizerFailure and not cache the result.
var errUndecided = errors.New("authorizer could not decide")

// AuthorizerHandler returns the Lambda handler of an authorizer. Its policies cover the whole API, because API Gateway
// caches them for all routes.
func AuthorizerHandler(a Authorizer) func(context.Context, events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	return func(ctx context.Context, event events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
		caller, err := a.Caller(ctx, requestHeaders(event))
		if err == nil {
			allow := policyResponse("Allow", event.MethodArn, caller.Client, callerContext(caller))
			allow.UsageIdentifierKey = caller.UsagePlanKey
			return allow, nil
		}
		if !auth.IsDenial(err) {
			slog.ErrorContext(ctx, "authorizer", "trace", event.RequestContext.RequestID, "error", err.Error())
			return events.APIGatewayCustomAuthorizerResponse{}, errUndecided
		}
		denial := a.Denial(err)
		if denial.Unauthorized {
			return events.APIGatewayCustomAuthorizerResponse{}, ErrUnauthorized
		}
		return policyResponse("Deny", event.MethodArn, "refused", denial.Context), nil
	}
}

// requestHeaders returns the event's headers with canonical names; API Gateway does not change them.
func requestHeaders(event events.APIGatewayCustomAuthorizerRequestTypeRequest) http.Header {
	h := make(http.Header)
	for name, values := range event.MultiValueHeaders {
		for _, v := range values {
			h.Add(name, v)
		}
	}
	if len(h) == 0 {
		for name, v := range event.Headers {
			h.Add(name, v)
		}
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

// stageWildcard extends "arn:...:<api>/<stage>/GET/identities/x" to all methods and paths of the stage.
func stageWildcard(methodARN string) string {
	parts := strings.SplitN(methodARN, "/", 3)
	if len(parts) < 2 {
		return methodARN
	}
	return parts[0] + "/" + parts[1] + "/*"
}

// StartAuthorizer serves an authorizer as a Lambda function.
func StartAuthorizer(a Authorizer) {
	logToLambda()
	lambda.Start(AuthorizerHandler(a))
}

// callerContext returns the authorizer's context, which API Gateway passes to a function as strings. "key" is the id of the
// API key; "expires" is in Unix seconds, 0 if the credential does not expire; "steps" and "life", in seconds, are the
// client's policy.
func callerContext(c auth.Caller) map[string]any {
	expires := int64(0)
	if !c.Expires.IsZero() {
		expires = c.Expires.Unix()
	}
	mode := "lenient"
	if c.Strict {
		mode = "strict"
	}
	stage := "live"
	if c.TestMode {
		stage = "test"
	}
	return map[string]any{
		"stage":   stage,
		"steps":   c.Policy.Onboarding,
		"life":    strconv.FormatInt(int64(c.Policy.PendingTTL/time.Second), 10),
		"mode":    mode,
		"tenant":  c.Tenant,
		"client":  c.Client,
		"key":     c.Key,
		"scopes":  c.Scopes.String(),
		"expires": strconv.FormatInt(expires, 10),
	}
}

// callerFrom reads the context. It returns ErrNoCaller if a field is missing or invalid, and auth.ErrExpired if API
// Gateway cached it beyond the caller's expiry.
func callerFrom(values map[string]any, now time.Time) (auth.Caller, error) {
	text := func(name string) string {
		s, _ := values[name].(string)
		return s
	}
	seconds, err := strconv.ParseInt(text("expires"), 10, 64)
	life, _ := strconv.ParseInt(text("life"), 10, 64)
	c := auth.Caller{
		Tenant: text("tenant"),
		Client: text("client"),
		Key:    text("key"),
		Scopes: auth.ParseScopes(text("scopes")),
		Strict: text("mode") == "strict",
		// A client is live unless it is known to be a test client.
		TestMode: text("stage") == "test",
		Policy:   auth.Policy{Onboarding: text("steps"), PendingTTL: time.Duration(life) * time.Second},
	}
	if err != nil || seconds < 0 || c.Tenant == "" || c.Client == "" {
		return auth.Caller{}, ErrNoCaller
	}
	if seconds > 0 {
		c.Expires = time.Unix(seconds, 0)
		if !now.Before(c.Expires) {
			return auth.Caller{}, auth.ErrExpired
		}
	}
	return c, nil
}
