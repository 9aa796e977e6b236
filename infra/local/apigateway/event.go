package apigateway

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// proxyEvent returns the event of API Gateway's Lambda proxy integration, as far as the handlers read it. caller is the
// authorizer's context, nil on a public route.
func proxyEvent(x *exchange, query url.Values, body string, caller map[string]any) events.APIGatewayProxyRequest {
	e := events.APIGatewayProxyRequest{
		Resource: x.route.Path, Path: x.path, HTTPMethod: x.r.Method, MultiValueHeaders: headersWithHost(x.r),
		MultiValueQueryStringParameters: query, PathParameters: x.params, Body: body,
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: x.id, Path: x.r.URL.Path, Authorizer: caller},
	}
	if !utf8.ValidString(body) {
		e.Body = base64.StdEncoding.EncodeToString([]byte(body))
		e.IsBase64Encoded = true
	}
	return e
}

// authorizerEvent returns the event of a REQUEST authorizer, which has no body, as far as authorizers read it.
func authorizerEvent(x *exchange) events.APIGatewayCustomAuthorizerRequestTypeRequest {
	return events.APIGatewayCustomAuthorizerRequestTypeRequest{
		Type: "REQUEST", MethodArn: "arn:aws:execute-api:local:000000000000:local/local/" + x.r.Method + x.path,
		Resource: x.route.Path, Path: x.path, HTTPMethod: x.r.Method, MultiValueHeaders: headersWithHost(x.r), PathParameters: x.params,
		RequestContext: events.APIGatewayCustomAuthorizerRequestTypeRequestContext{RequestID: x.id},
	}
}

func headersWithHost(r *http.Request) map[string][]string {
	all := r.Header.Clone()
	all["Host"] = []string{r.Host}
	return all
}
