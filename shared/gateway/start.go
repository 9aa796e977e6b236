package gateway

import (
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// Start serves the named operation of api as a Lambda function. It panics if
// the dialect has no such operation: a function built wrong must not deploy.
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

// StartAuthorizer serves a as a Lambda function.
func StartAuthorizer(a Authorizer) {
	logToLambda()
	lambda.Start(AuthorizerHandler(a))
}

// logToLambda makes every log line JSON with the function's request id.
func logToLambda() {
	slog.SetDefault(slog.New(lambdacontext.NewLogHandler()))
}
