package main

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/gateway"
)

// inboundRequest is a request that has found its route.
type inboundRequest struct {
	id      string
	start   time.Time
	rawBody *requestBody
	path    string
	route   gateway.Route
	params  map[string]string
	query   url.Values // once the authorizer has let it pass
	body    string
}

// event is the request as API Gateway's REST proxy event. caller is the
// authorizer's context, nil on a public route.
func (a inboundRequest) event(r *http.Request, caller map[string]any) events.APIGatewayProxyRequest {
	headers, multi := flattenHeaders(r)
	e := events.APIGatewayProxyRequest{
		Resource: a.route.Path, Path: a.path, HTTPMethod: r.Method,
		Headers: headers, MultiValueHeaders: multi,
		QueryStringParameters: lastValues(a.query), MultiValueQueryStringParameters: a.query,
		PathParameters: a.params,
		RequestContext: events.APIGatewayProxyRequestContext{
			ResourcePath: a.route.Path, Path: r.URL.Path, HTTPMethod: r.Method, Protocol: r.Proto,
			RequestID: a.id, Stage: "local", APIID: "local", AccountID: "000000000000",
			RequestTimeEpoch: a.start.UnixMilli(), Authorizer: caller,
			Identity: events.APIGatewayRequestIdentity{SourceIP: sourceIP(r), UserAgent: r.UserAgent()},
		},
	}
	if utf8.ValidString(a.body) {
		e.Body = a.body
	} else {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(a.body)), true
	}
	return e
}

// authorizerEvent is the request as a REQUEST authorizer gets it: without its body.
func (a inboundRequest) authorizerEvent(r *http.Request) events.APIGatewayCustomAuthorizerRequestTypeRequest {
	headers, multi := flattenHeaders(r)
	query := r.URL.Query()
	return events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type:      "REQUEST",
		MethodArn: "arn:aws:execute-api:local:000000000000:local/local/" + r.Method + a.path,
		Resource:  a.route.Path, Path: a.path, HTTPMethod: r.Method,
		Headers: headers, MultiValueHeaders: multi,
		QueryStringParameters: lastValues(query), MultiValueQueryStringParameters: query,
		PathParameters: a.params,
		RequestContext: events.APIGatewayCustomAuthorizerRequestTypeRequestContext{
			Path: r.URL.Path, ResourcePath: a.route.Path, HTTPMethod: r.Method,
			RequestID: a.id, Stage: "local", APIID: "local", AccountID: "000000000000",
		},
	}
}

func flattenHeaders(r *http.Request) (last map[string]string, multi map[string][]string) {
	last = make(map[string]string, len(r.Header)+1)
	for name, values := range r.Header {
		last[name] = values[len(values)-1]
	}
	last["Host"] = r.Host
	multi = r.Header.Clone()
	multi["Host"] = []string{r.Host}
	return last, multi
}

func lastValues(query url.Values) map[string]string {
	last := make(map[string]string, len(query))
	for name, values := range query {
		last[name] = values[len(values)-1]
	}
	return last
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return strings.TrimSpace(r.RemoteAddr)
	}
	return host
}
