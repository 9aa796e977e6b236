package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/uuid"

	"cedula/shared/gateway"
)

// maxPayload is the largest request body that API Gateway takes.
const maxPayload = 10 << 20

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
}

type handler func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// restGateway stands in for API Gateway. It does what the template's REST API
// does with a request, in the same order, and calls what a Lambda would run.
type restGateway struct {
	api
	routes   []gateway.Route
	handlers map[string]handler
	canned   map[string]gateway.Canned
	door     *door
}

func newGateway(a api) *restGateway {
	g := &restGateway{
		api: a, routes: a.dialect.Routes(),
		handlers: make(map[string]handler), canned: make(map[string]gateway.Canned),
		door: newDoor(gateway.AuthorizerHandler(a.authorizer), a.sources),
	}
	for _, r := range g.routes {
		g.handlers[r.Name] = gateway.Handler(a.dialect, r)
	}
	for _, c := range a.dialect.GatewayResponses() {
		g.canned[c.Type] = c
	}
	return g
}

// ServeHTTP takes one request through the gateway.
func (g *restGateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start, id := time.Now(), uuid.NewString()
	path := g.withoutStage(r.URL.EscapedPath())
	route, params, found := match(g.routes, r.Method, path)
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPayload))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		g.refuse(w, r, gateway.TooLarge, id, start, nil)
	case err != nil:
		g.refuse(w, r, gateway.BadBody, id, start, nil)
	case !found:
		g.refuse(w, r, gateway.NoSuchRoute, id, start, nil)
	default:
		g.invoke(w, r, arrival{id: id, start: start, path: path, route: route, params: params, body: body})
	}
}

// invoke asks the authorizer unless the route is public, then runs the operation.
func (g *restGateway) invoke(w http.ResponseWriter, r *http.Request, a arrival) {
	var caller map[string]any
	if !a.route.Public {
		verdict := g.door.ask(r, a)
		if verdict.refusal != "" {
			g.refuse(w, r, verdict.refusal, a.id, a.start, verdict.context)
			return
		}
		caller = verdict.context
	}
	answer, err := g.handlers[a.route.Name](r.Context(), a.event(r, caller))
	if err != nil {
		g.refuse(w, r, gateway.Default5XX, a.id, a.start, nil)
		return
	}
	for name, values := range answer.MultiValueHeaders {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.StatusCode)
	_, _ = io.WriteString(w, answer.Body)
}

// refuse sends one of the answers that API Gateway makes by itself.
func (g *restGateway) refuse(w http.ResponseWriter, r *http.Request, kind, id string, start time.Time, values map[string]any) {
	c := g.canned[kind]
	for _, h := range gateway.SecurityHeaders {
		w.Header().Set(h[0], h[1])
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(c.Status)
	_, _ = io.WriteString(w, fill(c.Body, id, values))
	slog.InfoContext(r.Context(), "request", "refused", kind, "status", c.Status,
		"us", time.Since(start).Microseconds(), "trace", id)
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
