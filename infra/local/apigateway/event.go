package apigateway

import (
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// The values of a request's context that a deployed API would have.
const (
	localName    = "local" // of the stage and of the API
	localAccount = "000000000000"
)

// proxyEvent returns the event of API Gateway's Lambda proxy integration. caller is the authorizer's context, nil on a
// public route.
func proxyEvent(x *exchange, query url.Values, body string, caller map[string]any) events.APIGatewayProxyRequest {
	headers, multi := flattenHeaders(x.r)
	source, _, _ := net.SplitHostPort(x.r.RemoteAddr)
	e := events.APIGatewayProxyRequest{
		Resource: x.route.Path, Path: x.path, HTTPMethod: x.r.Method,
		Headers: headers, MultiValueHeaders: multi,
		QueryStringParameters: lastValues(query), MultiValueQueryStringParameters: query,
		PathParameters: x.params, Body: body,
		RequestContext: events.APIGatewayProxyRequestContext{
			ResourcePath: x.route.Path, Path: x.r.URL.Path, HTTPMethod: x.r.Method, Protocol: x.r.Proto,
			RequestID: x.id, Stage: localName, APIID: localName, AccountID: localAccount,
			RequestTimeEpoch: x.start.UnixMilli(), Authorizer: caller,
			Identity: events.APIGatewayRequestIdentity{SourceIP: source, UserAgent: x.r.UserAgent()},
		},
	}
	if !utf8.ValidString(body) {
		e.Body = base64.StdEncoding.EncodeToString([]byte(body))
		e.IsBase64Encoded = true
	}
	return e
}

// authorizerEvent returns the event of a REQUEST authorizer, which has no body.
func authorizerEvent(x *exchange) events.APIGatewayCustomAuthorizerRequestTypeRequest {
	headers, multi := flattenHeaders(x.r)
	query := x.r.URL.Query()
	return events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type:      "REQUEST",
		MethodArn: "arn:aws:execute-api:local:000000000000:local/local/" + x.r.Method + x.path,
		Resource:  x.route.Path, Path: x.path, HTTPMethod: x.r.Method,
		Headers: headers, MultiValueHeaders: multi,
		QueryStringParameters: lastValues(query), MultiValueQueryStringParameters: query,
		PathParameters: x.params,
		RequestContext: events.APIGatewayCustomAuthorizerRequestTypeRequestContext{
			Path: x.r.URL.Path, ResourcePath: x.route.Path, HTTPMethod: x.r.Method,
			RequestID: x.id, Stage: localName, APIID: localName, AccountID: localAccount,
		},
	}
}

func flattenHeaders(r *http.Request) (last map[string]string, multi map[string][]string) {
	multi = r.Header.Clone()
	multi["Host"] = []string{r.Host}
	return lastValues(multi), multi
}

func lastValues(multi map[string][]string) map[string]string {
	last := make(map[string]string, len(multi))
	for name, values := range multi {
		last[name] = values[len(values)-1]
	}
	return last
}
