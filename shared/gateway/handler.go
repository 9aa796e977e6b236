package gateway

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/awslabs/aws-lambda-go-api-proxy/httpadapter"
)

// Handler is what a function gives to the Lambda runtime for its route, or for
// several of one name and openness: REST event in, proxy answer out. Its error is always nil; every failure is an
// answer in the dialect's envelope.
func Handler(api API, routes ...Route) func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
	o := operation{api: api, route: routes[0], routes: routes}
	adapter := httpadapter.New(o)
	return func(ctx context.Context, event events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error) {
		ctx, cancel := beforeDeadline(ctx)
		defer cancel()
		ctx = context.WithValue(ctx, invocationKey{}, &invocation{event: event, start: time.Now()})
		return adapter.ProxyWithContext(ctx, sanitized(event))
	}
}

// deadlineMargin is what a function keeps of its time to say that it ran out of it.
const deadlineMargin = 500 * time.Millisecond

// beforeDeadline ends ctx shortly before Lambda would end the process.
func beforeDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-deadlineMargin))
	}
	return ctx, func() {}
}

type invocationKey struct{}

// invocation is an event as it came, and when.
type invocation struct {
	event events.APIGatewayProxyRequest
	start time.Time
}

// sanitized is the event with only that part that the adapter needs: the
// headers. Method and path are fixed, since they may hold what a client wrote
// there, and the adapter prints those of a request that it cannot convert.
func sanitized(event events.APIGatewayProxyRequest) events.APIGatewayProxyRequest {
	event.HTTPMethod, event.Path = http.MethodGet, "/"
	event.QueryStringParameters, event.MultiValueQueryStringParameters = nil, nil
	event.Body, event.IsBase64Encoded = "", false
	event.RequestContext.DomainName = "cedula.invalid"
	return event
}

// operation serves the routes of one name.
type operation struct {
	api    API
	route  Route // the one of the request, once it is known
	routes []Route
}

// ServeHTTP runs the route and logs one line. It is called by the adapter only.
func (o operation) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := r.Context().Value(invocationKey{}).(*invocation)
	trace := a.event.RequestContext.RequestID
	o.route = o.routeOf(&a.event)
	request := &Request{
		Operation: o.route.Name, RoutePath: o.route.Path, Header: r.Header, Query: queryParams(&a.event), TraceID: trace,
		BaseURL: baseURL(&a.event), ctx: r.Context(), params: a.event.PathParameters,
	}
	answer, err := o.serve(request, &a.event)
	if err != nil {
		answer = o.api.Error(err, trace)
	}
	writeResponse(w, answer)
	o.log(r.Context(), request, answer, err, time.Since(a.start))
}

// queryParams is the parameters of an event, which are decoded there. They make no
// detour by a URL: whoever reads one leaves out what it cannot read, and a filter
// that is left out makes a list wider.
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

// baseURL is the URL that a path without parameters stands behind: that of the
// stage, or of the mapping under a domain of the customer's own. API Gateway
// says it, and serves no host but those it knows.
func baseURL(event *events.APIGatewayProxyRequest) string {
	c := event.RequestContext
	before, ok := strings.CutSuffix(c.Path, event.Resource)
	if c.DomainName == "" || !ok {
		return ""
	}
	return "https://" + c.DomainName + before
}

// routeOf is the route of an event; the first if it is none of them.
func (o operation) routeOf(event *events.APIGatewayProxyRequest) Route {
	for _, r := range o.routes {
		if r.matches(event.HTTPMethod, event.Resource) {
			return r
		}
	}
	return o.routes[0]
}

func (o operation) serve(r *Request, event *events.APIGatewayProxyRequest) (_ Response, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = logPanic(r.ctx, p, "operation", o.route.Name, "trace", r.TraceID)
		}
	}()
	if !o.route.matches(event.HTTPMethod, event.Resource) {
		return Response{}, ErrNoRoute
	}
	if err := o.authorize(r, event); err != nil {
		return Response{}, err
	}
	if r.Body, err = readBody(event); err != nil {
		return Response{}, err
	}
	return o.route.Serve(r)
}

// authorize finds the caller and checks the route's scope, from the authorizer's
// context alone. A route that is not public and declares no scope admits nobody.
func (o operation) authorize(r *Request, event *events.APIGatewayProxyRequest) (err error) {
	if o.route.Public {
		return nil
	}
	if r.Caller, err = callerFrom(event.RequestContext.Authorizer, time.Now()); err != nil {
		return err
	}
	if o.route.Scope == "" || !r.Caller.Scopes.Has(o.route.Scope) {
		return ErrInsufficientScope
	}
	return nil
}

func readBody(event *events.APIGatewayProxyRequest) ([]byte, error) {
	data := []byte(event.Body)
	if event.IsBase64Encoded {
		var err error
		if data, err = base64.StdEncoding.DecodeString(event.Body); err != nil {
			return nil, ErrBodyEncoding
		}
	}
	if len(data) > MaxBodyBytes {
		return nil, ErrBodyTooLarge
	}
	return data, nil
}

// writeResponse sends the answer with the headers that every answer carries.
func writeResponse(w http.ResponseWriter, r Response) {
	h := w.Header()
	for name, values := range r.Header {
		h[name] = values
	}
	values := make([]string, len(SecurityHeaders)) // one allocation for all of them
	for i, fixed := range SecurityHeaders {
		values[i] = fixed[1]
		h[fixed[0]] = values[i : i+1 : i+1]
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
		_, _ = io.Writer(w).Write(r.Body)
	}
}

// SecurityHeaders stand on every answer: personal data is not to be cached,
// framed or sniffed (OWASP REST Security Cheat Sheet, "Security Headers"). The
// names are in canonical form.
var SecurityHeaders = [][2]string{
	{"Cache-Control", "no-store"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
}
