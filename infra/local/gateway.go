package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"cedula/shared/gateway"
)

// api is one REST API: a dialect, its authorizer with the headers that are its
// identity sources, and the stage that may stand before every path.
type api struct {
	dialect interface {
		gateway.API
		GatewayResponses() []gateway.GatewayResponse
	}
	authorizer      gateway.Authorizer
	identitySources []string
	stage           string
	limiter         *limiter // one for all APIs
}

type proxyHandler func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// restGateway stands in for API Gateway. It does what the template's REST API
// does with a request, in the same order, and calls what a Lambda would run.
type restGateway struct {
	api
	routes           router
	handlers         map[string]proxyHandler
	gatewayResponses map[string]gateway.GatewayResponse
	authCache        *authorizerCache
}

func newGateway(a api) *restGateway {
	g := &restGateway{
		api: a, routes: newRouter(a.dialect.Routes()),
		handlers: make(map[string]proxyHandler), gatewayResponses: make(map[string]gateway.GatewayResponse),
		authCache: newAuthorizerCache(gateway.AuthorizerHandler(a.authorizer), a.identitySources),
	}
	for _, r := range g.routes {
		g.handlers[r.Method+r.Path] = gateway.Handler(a.dialect, r.Route)
	}
	for _, c := range a.dialect.GatewayResponses() {
		g.gatewayResponses[c.Type] = c
	}
	return g
}

// ServeHTTP takes one request through the gateway. The body is the last thing
// that it reads: who is refused costs no memory.
func (g *restGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := g.stripStage(r.URL.EscapedPath())
	route, params, found := g.routes.match(r.Method, path)
	a := inboundRequest{id: uuid.NewString(), start: time.Now(), path: path, route: route, params: params, rawBody: newRequestBody(w, r)}
	switch {
	case r.ContentLength > maxBodyBytes:
		g.respondError(w, r, a, gateway.RequestTooLarge, nil)
	case !found:
		g.respondError(w, r, a, gateway.NoSuchRoute, nil)
	default:
		g.authorize(w, r, a)
	}
}

// authorize asks the authorizer unless the route is public.
func (g *restGateway) authorize(w http.ResponseWriter, r *http.Request, a inboundRequest) {
	if a.route.Public {
		g.invoke(w, r, a, nil)
		return
	}
	verdict := g.authCache.decide(r, a)
	if verdict.denial != "" {
		g.respondError(w, r, a, verdict.denial, verdict.context)
		return
	}
	client, _ := verdict.context["client"].(string)
	if over := g.limiter.check(r.Context(), client); over != "" {
		g.respondError(w, r, a, over, nil)
		return
	}
	g.invoke(w, r, a, verdict.context)
}

// invoke reads the query and the body and runs the operation. A query that cannot
// be read whole is refused: what was left out of it could have been a filter.
func (g *restGateway) invoke(w http.ResponseWriter, r *http.Request, a inboundRequest, caller map[string]any) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		g.respondError(w, r, a, gateway.BadRequestParameters, nil)
		return
	}
	a.query = query
	body, err := a.rawBody.read()
	if err != nil {
		kind := gateway.BadRequestBody
		if errors.Is(err, errTooLarge) {
			kind = gateway.RequestTooLarge
		}
		g.respondError(w, r, a, kind, nil)
		return
	}
	a.body = body
	answer, err := g.handlers[a.route.Method+a.route.Path](r.Context(), a.event(r, caller))
	if err != nil {
		g.respondError(w, r, a, gateway.Default5XX, nil)
		return
	}
	for name, values := range answer.MultiValueHeaders {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.WriteString(w, answer.Body)
}

// respondError sends one of the answers that API Gateway makes by itself.
func (g *restGateway) respondError(w http.ResponseWriter, r *http.Request, a inboundRequest, kind string, values map[string]any) {
	a.rawBody.drain()
	c := g.gatewayResponses[kind]
	for _, h := range gateway.SecurityHeaders {
		w.Header().Set(h[0], h[1])
	}
	if seconds := c.RetryAfter(); seconds != "" {
		w.Header().Set("Retry-After", seconds)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(c.Status)
	_, _ = io.WriteString(w, renderBody(c.Body, a.id, values))
	line := []any{"refused", kind, "status", c.Status, "us", time.Since(a.start).Microseconds(), "trace", a.id}
	if kind == gateway.BadRequestBody {
		line = append(line, "why", "the body did not arrive")
	}
	slog.InfoContext(r.Context(), "request", line...)
}

// renderBody puts the values of API Gateway's variables into a canned body.
func renderBody(body, id string, values map[string]any) string {
	pairs := []string{gateway.RequestIDVariable, id}
	for name, v := range values {
		text, _ := v.(string)
		pairs = append(pairs, "$context.authorizer."+name, text)
	}
	return strings.NewReplacer(pairs...).Replace(body)
}

// stripStage cuts the stage's name off a path.
func (g *restGateway) stripStage(path string) string {
	if rest, ok := strings.CutPrefix(path, g.stage); g.stage != "" && ok && strings.HasPrefix(rest, "/") {
		return rest
	}
	return path
}
