package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/gateway"
)

// The dialects.
const (
	Conomy = "conomy"
	Blnk   = "blnk"
)

// sampleID is as long as the ids that API Gateway gives.
const sampleID = "0d0d0d0d-0000-4000-8000-000000000000"

// request is one of a client's.
type request struct {
	dialect, route string
	id, channel    string // path parameters
	query          map[string]string
	body, key      string
}

// call finds the route's handler and makes the event, so that what it returns
// does no more than Lambda would.
func (r *Registry) call(q request) (func() (events.APIGatewayProxyResponse, error), error) {
	route, ok := routeOf(r.apis[q.dialect], q.route)
	if !ok {
		return nil, fmt.Errorf("registry: no route %s of %s", q.route, q.dialect)
	}
	var handle handler = gateway.Handler(r.apis[q.dialect], route)
	event := r.event(q, route)
	return func() (events.APIGatewayProxyResponse, error) { return handle(context.Background(), event) }, nil
}

// do runs a request that must succeed, and reads its answer.
func (r *Registry) do(q request, answer any) error {
	call, err := r.call(q)
	if err != nil {
		return err
	}
	got, err := call()
	if err != nil {
		return err
	}
	if got.StatusCode >= 300 {
		return fmt.Errorf("registry: %s of %s answers %d %s", q.route, q.dialect, got.StatusCode, got.Body)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal([]byte(got.Body), answer)
}

func routeOf(api gateway.API, name string) (gateway.Route, bool) {
	for _, route := range api.Routes() {
		if route.Name == name {
			return route, true
		}
	}
	return gateway.Route{}, false
}

// event is the request as API Gateway hands it over.
func (r *Registry) event(q request, route gateway.Route) events.APIGatewayProxyRequest {
	headers := http.Header{
		"Accept": {"*/*"}, "Content-Type": {"application/json"}, "Host": {"api.example.com"}, "User-Agent": {"bench/1.0"},
		"X-Forwarded-For": {"203.0.113.7"}, "X-Forwarded-Proto": {"https"},
	}
	if q.dialect == Conomy {
		headers["Authorization"], headers["X-Api-Key"] = []string{"Bearer " + r.token}, []string{r.shown.ConomyKey}
		headers["Conomyhq-Api-Version"] = []string{"24-04-2025"}
	} else {
		headers["X-Blnk-Key"] = []string{r.shown.BlnkKey}
	}
	if q.key != "" {
		headers["Idempotency-Key"] = []string{q.key}
	}
	params := map[string]string{}
	for name, value := range map[string]string{"id": q.id, "channel": q.channel} {
		if strings.Contains(route.Path, "{"+name+"}") {
			params[name] = value
		}
	}
	return events.APIGatewayProxyRequest{
		Resource: route.Path, Path: route.Path, HTTPMethod: route.Method, MultiValueHeaders: headers,
		QueryStringParameters: maps.Clone(q.query), PathParameters: params, Body: q.body,
		RequestContext: events.APIGatewayProxyRequestContext{
			ResourcePath: route.Path, HTTPMethod: route.Method, RequestID: sampleID,
			DomainName: "api.example.com", Path: "/production" + route.Path, Authorizer: r.caller[q.dialect],
		},
	}
}
