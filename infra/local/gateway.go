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
		GatewayResponses() []gateway.Canned
	}
	authorizer gateway.Authorizer
	sources    []string
	stage      string
	limits     *limiter // one for all APIs
}

type handler func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// restGateway stands in for API Gateway. It does what the template's REST API
// does with a request, in the same order, and calls what a Lambda would run.
type restGateway struct {
	api
	routes   routing
	handlers map[string]handler
	canned   map[string]gateway.Canned
	door     *door
}

func newGateway(a api) *restGateway {
	g := &restGateway{
		api: a, routes: newRouting(a.dialect.Routes()),
		handlers: make(map[string]handler), canned: make(map[string]gateway.Canned),
		door: newDoor(gateway.AuthorizerHandler(a.authorizer), a.sources),
	}
	for _, r := range g.routes {
		g.handlers[r.Method+r.Path] = gateway.Handler(a.dialect, r.Route)
	}
	for _, c := range a.dialect.GatewayResponses() {
		g.canned[c.Type] = c
	}
	return g
}

// ServeHTTP takes one request through the gateway. The body is the last thing
// that it reads: who is refused costs no memory.
func (g *restGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := g.withoutStage(r.URL.EscapedPath())
	route, params, found := g.routes.match(r.Method, path)
	a := arrival{id: uuid.NewString(), start: time.Now(), path: path, route: route, params: params, sent: newPayload(w, r)}
	switch {
	case r.ContentLength > maxPayload:
		g.refuse(w, r, a, gateway.TooLarge, nil)
	case !found:
		g.refuse(w, r, a, gateway.NoSuchRoute, nil)
	default:
		g.admit(w, r, a)
	}
}

// admit asks the authorizer unless the route is public.
func (g *restGateway) admit(w http.ResponseWriter, r *http.Request, a arrival) {
	if a.route.Public {
		g.invoke(w, r, a, nil)
		return
	}
	verdict := g.door.ask(r, a)
	if verdict.refusal != "" {
		g.refuse(w, r, a, verdict.refusal, verdict.context)
		return
	}
	client, _ := verdict.context["client"].(string)
	if over := g.limits.refuse(r.Context(), client); over != "" {
		g.refuse(w, r, a, over, nil)
		return
	}
	g.invoke(w, r, a, verdict.context)
}

// invoke reads the query and the body and runs the operation. A query that cannot
// be read whole is refused: what was left out of it could have been a filter.
func (g *restGateway) invoke(w http.ResponseWriter, r *http.Request, a arrival, caller map[string]any) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		g.refuse(w, r, a, gateway.BadParameters, nil)
		return
	}
	a.query = query
	body, err := a.sent.read()
	if err != nil {
		kind := gateway.BadBody
		if errors.Is(err, errTooLarge) {
			kind = gateway.TooLarge
		}
		g.refuse(w, r, a, kind, nil)
		return
	}
	a.body = body
	answer, err := g.handlers[a.route.Method+a.route.Path](r.Context(), a.event(r, caller))
	if err != nil {
		g.refuse(w, r, a, gateway.Default5XX, nil)
		return
	}
	for name, values := range answer.MultiValueHeaders {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.WriteString(w, answer.Body)
}

// refuse sends one of the answers that API Gateway makes by itself.
func (g *restGateway) refuse(w http.ResponseWriter, r *http.Request, a arrival, kind string, values map[string]any) {
	a.sent.drain()
	c := g.canned[kind]
	for _, h := range gateway.SecurityHeaders {
		w.Header().Set(h[0], h[1])
	}
	if seconds := c.RetryAfter(); seconds != "" {
		w.Header().Set("Retry-After", seconds)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(c.Status)
	_, _ = io.WriteString(w, fill(c.Body, a.id, values))
	line := []any{"refused", kind, "status", c.Status, "us", time.Since(a.start).Microseconds(), "trace", a.id}
	if kind == gateway.BadBody {
		line = append(line, "why", "the body did not arrive")
	}
	slog.InfoContext(r.Context(), "request", line...)
}

// fill puts the values of API Gateway's variables into a canned body.
func fill(body, id string, values map[string]any) string {
	pairs := []string{gateway.RequestID, id}
	for name, v := range values {
		text, _ := v.(string)
		pairs = append(pairs, "$context.authorizer."+name, text)
	}
	return strings.NewReplacer(pairs...).Replace(body)
}

// withoutStage cuts the stage's name off a path.
func (g *restGateway) withoutStage(path string) string {
	if rest, ok := strings.CutPrefix(path, g.stage); g.stage != "" && ok && strings.HasPrefix(rest, "/") {
		return rest
	}
	return path
}
