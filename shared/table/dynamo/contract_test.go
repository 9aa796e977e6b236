package dynamo_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cedula/infra/testenv"
	"cedula/shared/table"
	"cedula/shared/table/dynamo"
	"cedula/shared/table/tabletest"
)

// TestContract runs against the DynamoDB at DYNAMODB_ENDPOINT.
func TestContract(t *testing.T) {
	endpoint := testenv.Setting(t, "DYNAMODB_ENDPOINT")
	client := newClient(endpoint, time.Minute)
	tabletest.Run(t, func(t *testing.T) table.Table { return createTable(t, client) })
}

var tableCount atomic.Int64

// createTable creates a table for one test and deletes it afterwards.
func createTable(t *testing.T, client *dynamodb.Client) *dynamo.Table {
	t.Helper()
	name := fmt.Sprintf("cedula-%d-%d", time.Now().UnixNano(), tableCount.Add(1))
	indexes := []string{"L", "E"}
	for range 2 { // creating an existing table again is not an error: a response may have been lost
		if err := dynamo.CreateTable(t.Context(), client, name, indexes); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if _, err := client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: aws.String(name)}); err != nil {
			t.Errorf("delete table: %v", err)
		}
	})
	return dynamo.New(client, name, indexes)
}
