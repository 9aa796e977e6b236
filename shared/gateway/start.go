package gateway

import (
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
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

// StartAuthorizer serves an authorizer as a Lambda function.
func StartAuthorizer(a Authorizer) {
	logToLambda()
	lambda.Start(AuthorizerHandler(a))
}

// logToLambda makes log lines JSON with Lambda's request id.
func logToLambda() {
	slog.SetDefault(slog.New(lambdacontext.NewLogHandler()))
}
