// Command hello is a minimal Lambda function, with which the size and start-up time of
// the others are compared.
package main

import (
	"context"

	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	lambda.Start(func(context.Context) (string, error) { return "hello", nil })
}
