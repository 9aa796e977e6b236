package gateway

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"
)

// Errors before an operation runs, which an API renders like any other error.
var (
	// ErrNoCaller means that the authorizer's context is missing or invalid.
	ErrNoCaller = errors.New("gateway: no caller")
	// ErrInsufficientScope means that the caller does not have the route's scope.
	ErrInsufficientScope = errors.New("gateway: scope not granted")
	// ErrNoRoute means that the event is not for a route of this function.
	ErrNoRoute = errors.New("gateway: no such route")
	// ErrBodyTooLarge means that the body is longer than MaxBodyBytes.
	ErrBodyTooLarge = errors.New("gateway: body too large")
	// ErrBodyEncoding means that the event declares its body as base64, and it is not.
	ErrBodyEncoding = errors.New("gateway: body is not base64")
	// ErrPanic means that the operation panicked. The log says where.
	ErrPanic = errors.New("gateway: operation panicked")
)

// Start serves an operation of api as a Lambda function. It panics if the API has no such operation, so that a wrong
// function cannot be deployed.
func Start(api API, operation string) {
	var routes []Route
	for _, route := range api.Routes() {
		if route.Name == operation {
			routes = append(routes, route)
		}
	}
	if len(routes) == 0 {
		panic(fmt.Sprintf("gateway: the dialect has no operation %q", operation))
	}
	logToLambda()
	lambda.Start(Handler(api, routes...))
}

// logToLambda makes log lines JSON with Lambda's request id.
func logToLambda() {
	slog.SetDefault(slog.New(lambdacontext.NewLogHandler()))
}

// Handler returns the Lambda handler of a route, or of several routes with the same name that are all public or all not.
// The handler's error is always nil: api renders every failure as a response.
func Handler(api API, routes ...Route) func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		ctx, cancel := beforeDeadline(ctx)
		defer cancel()
		start := time.Now()
		adapter := httpadapter.New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			route, found := routeOf(&event, routes)
			request := newRequest(r, &event, route)
			response, err := serve(request, &event, route, found)
			if err != nil {
				response = api.Error(err, request.TraceID)
			}
			writeResponse(w, response)
			logRequest(request, response, err, time.Since(start))
		}))
		return adapter.ProxyWithContext(ctx, sanitized(event))
	}
}

// deadlineMargin is the time that a function reserves to respond after a timeout.
const deadlineMargin = 500 * time.Millisecond

// beforeDeadline ends ctx shortly before Lambda would end the process.
func beforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-deadlineMargin))
	}
	return ctx, func() {}
}

// sanitized returns the event with only its headers, which are all that the adapter needs. Method and path are constant,
// because the adapter logs those of a request that it cannot convert, and they may contain personal data.
func sanitized(event events.APIGatewayProxyRequest) events.APIGatewayProxyRequest {
	event.HTTPMethod, event.Path = http.MethodGet, "/"
	event.QueryStringParameters, event.MultiValueQueryStringParameters = nil, nil
	event.Body, event.IsBase64Encoded = "", false
	event.RequestContext.DomainName = "cedula.invalid"
	return event
}

func newRequest(r *http.Request, event *events.APIGatewayProxyRequest, route Route) *Request {
	return &Request{
		Operation: route.Name, RoutePath: route.Path, Header: r.Header, Query: queryParams(event), TraceID: event.RequestContext.RequestID,
		BaseURL: baseURL(event), ctx: r.Context(), params: event.PathParameters,
	}
}

// queryParams returns the query parameters, which API Gateway has decoded. Do not use url.ParseQuery: it drops pairs that
// it cannot parse, and without a filter a list has more results.
func queryParams(event *events.APIGatewayProxyRequest) url.Values {
	if len(event.MultiValueQueryStringParameters) > 0 {
		return event.MultiValueQueryStringParameters
	}
	single := make(url.Values, len(event.QueryStringParameters))
	for name, value := range event.QueryStringParameters {
		single.Set(name, value)
	}
	return single
}

// baseURL returns the URL before a path without parameters: that of the stage, or of a mapping under a custom domain. It
// can be trusted: API Gateway serves no other hosts.
func baseURL(event *events.APIGatewayProxyRequest) string {
	c := event.RequestContext
	before, ok := strings.CutSuffix(c.Path, event.Resource)
	if c.DomainName == "" || !ok {
		return ""
	}
	return "https://" + c.DomainName + before
}

// routeOf returns the route of an event. If none matches, it returns false and the first one, whose name is logged.
func routeOf(event *events.APIGatewayProxyRequest, routes []Route) (_ Route, found bool) {
	n := slices.IndexFunc(routes, func(r Route) bool {
		return (r.Method == event.HTTPMethod || r.Method == AnyMethod) && r.Path == event.Resource
	})
	return routes[max(n, 0)], n >= 0
}

func serve(r *Request, event *events.APIGatewayProxyRequest, route Route, found bool) (_ Response, err error) {
	defer recoverPanic(r.ctx, &err, "operation", route.Name, "trace", r.TraceID)
	if !found {
		return Response{}, ErrNoRoute
	}
	if err := authorize(r, event, route); err != nil {
		return Response{}, err
	}
	r.Body, err = readBody(event)
	if err != nil {
		return Response{}, err
	}
	return route.Serve(r)
}

// authorize sets the caller from the authorizer's context and checks the route's scope. It rejects every caller of a route
// that is neither public nor has a scope.
func authorize(r *Request, event *events.APIGatewayProxyRequest, route Route) error {
	if route.Public {
		return nil
	}
	caller, err := callerFrom(event.RequestContext.Authorizer, time.Now())
	if err != nil {
		return err
	}
	r.Caller = caller
	if route.Scope == "" || !r.Caller.Scopes.Has(route.Scope) {
		return ErrInsufficientScope
	}
	return nil
}

func readBody(event *events.APIGatewayProxyRequest) ([]byte, error) {
	data := []byte(event.Body)
	if event.IsBase64Encoded {
		decoded, err := base64.StdEncoding.DecodeString(event.Body)
		if err != nil {
			return nil, ErrBodyEncoding
		}
		data = decoded
	}
	if len(data) > MaxBodyBytes {
		return nil, ErrBodyTooLarge
	}
	return data, nil
}

// writeResponse writes the response with the security headers.
func writeResponse(w http.ResponseWriter, r Response) {
	h := w.Header()
	maps.Copy(h, r.Header)
	for _, fixed := range SecurityHeaders {
		h.Set(fixed[0], fixed[1])
	}
	if r.CacheControl != "" {
		h.Set("Cache-Control", r.CacheControl)
	}
	if r.ContentSecurityPolicy != "" {
		h.Set("Content-Security-Policy", r.ContentSecurityPolicy)
	}
	if h.Get("Content-Type") == "" && len(r.Body) > 0 {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(r.Status)
	if len(r.Body) > 0 {
		_, _ = w.Write(r.Body)
	}
}

// SecurityHeaders are in every response: personal data must not be cached, framed or sniffed (OWASP REST Security Cheat
// Sheet, "Security Headers").
var SecurityHeaders = [][2]string{
	{"Cache-Control", "no-store"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
}
