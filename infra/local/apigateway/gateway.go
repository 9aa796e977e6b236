// Package apigateway serves a REST API on this machine as Amazon API Gateway does with the template's: routes, a cached
// custom authorizer, usage plans, quotas, and the responses that the gateway itself gives. It calls what a Lambda runs.
// It must not import an API's package or a store.
package apigateway

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

// API is one REST API.
type API struct {
	Operations interface {
		gateway.API
		GatewayResponses() []gateway.GatewayResponse
	}
	Authorizer      gateway.Authorizer
	IdentitySources []string // headers, in canonical form
	Stage           string   // may come before every path, such as "/sandbox"
	Limiter         *Limiter // may be shared by several APIs
	Now             func() time.Time
}

// Gateway serves one API over HTTP.
type Gateway struct {
	api        API
	routes     router
	responses  map[string]gateway.GatewayResponse
	authorizer *authorizerCache
}

type lambdaHandler func(context.Context, events.APIGatewayProxyRequest) (events.APIGatewayProxyResponse, error)

// New returns a gateway whose authorizer cache is empty.
func New(a API) *Gateway {
	g := &Gateway{
		api: a, routes: newRouter(a.Operations.Routes()), responses: make(map[string]gateway.GatewayResponse),
		authorizer: newAuthorizerCache(gateway.AuthorizerHandler(a.Authorizer), a.IdentitySources, a.Now),
	}
	for n := range g.routes {
		g.routes[n].handler = gateway.Handler(a.Operations, g.routes[n].Route)
	}
	for _, r := range a.Operations.GatewayResponses() {
		g.responses[r.Type] = r
	}
	return g
}

// exchange is a request, its route, and where to write the response.
type exchange struct {
	w      http.ResponseWriter
	r      *http.Request
	id     string
	start  time.Time
	path   string // without the stage
	route  *route // nil: none matches
	params map[string]string
}

// ServeHTTP checks a request in the order of API Gateway. It reads the body last, so that a rejected request costs no
// memory.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxBodyBytes)
	path := g.stripStage(r.URL.EscapedPath())
	matched, params := g.routes.match(r.Method, path)
	x := &exchange{w: w, r: r, id: uuid.NewString(), start: time.Now(), path: path, route: matched, params: params}
	if r.ContentLength > maxBodyBytes {
		g.reject(x, gateway.RequestTooLarge, nil)
		return
	}
	if x.route == nil {
		g.reject(x, gateway.NoSuchRoute, nil)
		return
	}
	if x.route.Public {
		g.invoke(x, nil)
		return
	}
	decided := g.authorizer.decide(x)
	if decided.denial != "" {
		g.reject(x, decided.denial, decided.context)
		return
	}
	client, _ := decided.context["client"].(string)
	if exceeded := g.api.Limiter.check(r.Context(), client, g.api.Now()); exceeded != "" {
		g.reject(x, exceeded, nil)
		return
	}
	g.invoke(x, decided.context)
}

// stripStage removes the stage from the start of a path.
func (g *Gateway) stripStage(path string) string {
	rest, ok := strings.CutPrefix(path, g.api.Stage)
	if g.api.Stage != "" && ok && strings.HasPrefix(rest, "/") {
		return rest
	}
	return path
}

// invoke runs the operation. It rejects a query that cannot be parsed completely: the part left out could be a filter.
func (g *Gateway) invoke(x *exchange, caller map[string]any) {
	query, err := url.ParseQuery(x.r.URL.RawQuery)
	if err != nil {
		g.reject(x, gateway.BadRequestParameters, nil)
		return
	}
	body, err := x.readBody()
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		g.reject(x, gateway.RequestTooLarge, nil)
		return
	}
	if err != nil {
		g.reject(x, gateway.BadRequestBody, nil)
		return
	}
	response, _ := x.route.handler(x.r.Context(), proxyEvent(x, query, body, caller)) // its error is always nil
	for name, values := range response.MultiValueHeaders {
		x.w.Header()[name] = values
	}
	x.w.WriteHeader(response.StatusCode)
	_, _ = io.WriteString(x.w, response.Body)
}

// reject writes a response of the gateway itself, with values for its variables.
func (g *Gateway) reject(x *exchange, kind string, values map[string]any) {
	x.drainBody()
	response := g.responses[kind]
	h := x.w.Header()
	for _, fixed := range gateway.SecurityHeaders {
		h.Set(fixed[0], fixed[1])
	}
	if seconds := response.RetryAfter(); seconds != "" {
		h.Set("Retry-After", seconds)
	}
	h.Set("Content-Type", "application/json; charset=utf-8")
	x.w.WriteHeader(response.Status)
	_, _ = io.WriteString(x.w, renderBody(response.Body, x.id, values))
	line := []any{"refused", kind, "status", response.Status, "us", time.Since(x.start).Microseconds(), "trace", x.id}
	if kind == gateway.BadRequestBody {
		line = append(line, "why", "the body did not arrive")
	}
	slog.InfoContext(x.r.Context(), "request", line...)
}

// renderBody replaces API Gateway's variables in the body of a gateway response.
func renderBody(body, id string, values map[string]any) string {
	pairs := []string{gateway.RequestIDVariable, id}
	for name, v := range values {
		text, _ := v.(string)
		pairs = append(pairs, "$context.authorizer."+name, text)
	}
	return strings.NewReplacer(pairs...).Replace(body)
}
