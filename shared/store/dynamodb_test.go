package store_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cedula/infra/testenv"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/dynamo"
)

// TestOnDynamoDB runs against the DynamoDB at DYNAMODB_ENDPOINT.
func TestOnDynamoDB(t *testing.T) {
	endpoint := testenv.Setting(t, "DYNAMODB_ENDPOINT")
	client := dynamodb.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(endpoint),
		HTTPClient: &http.Client{Timeout: time.Minute},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
	runSuite(t, func(t *testing.T) table.Table {
		name := "store-" + rand.Text()
		mustSucceed(t, dynamo.CreateTable(ctx, client, name, store.Indexes))
		return dynamo.New(client, name, store.Indexes)
	})
}
