package dynamo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cedula/shared/table"
)

// CreateTable creates a table for New, for tests and local use: on demand, with a keys-only index for each name and with
// expiry. It returns once the table is usable. An existing table of that name is not an error, because the response to an
// earlier attempt may have been lost. The stack's template creates deployed tables.
func CreateTable(ctx context.Context, client *dynamodb.Client, name string, indexes []string) error {
	in := &dynamodb.CreateTableInput{
		TableName:   aws.String(name),
		BillingMode: types.BillingModePayPerRequest,
		KeySchema:   keySchema(""),
	}
	for _, index := range indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName:  aws.String(IndexName(index)),
			KeySchema:  keySchema(index),
			Projection: &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly},
		})
	}
	for _, index := range append([]string{""}, indexes...) {
		for _, k := range keySchema(index) {
			in.AttributeDefinitions = append(in.AttributeDefinitions,
				types.AttributeDefinition{AttributeName: k.AttributeName, AttributeType: types.ScalarAttributeTypeS})
		}
	}
	var there *types.ResourceInUseException
	if _, err := client.CreateTable(ctx, in); err != nil && !errors.As(err, &there) {
		return fmt.Errorf("create table: %w", err)
	}
	ready := dynamodb.NewTableExistsWaiter(client)
	if err := ready.Wait(ctx, &dynamodb.DescribeTableInput{TableName: in.TableName}, 2*time.Minute); err != nil {
		return fmt.Errorf("create table: %w", err)
	}
	_, err := client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName: in.TableName,
		TimeToLiveSpecification: &types.TimeToLiveSpecification{
			AttributeName: aws.String(table.AttrExpires),
			Enabled:       aws.Bool(true),
		},
	})
	if err != nil {
		return fmt.Errorf("time to live: %w", err)
	}
	return nil
}

func keySchema(index string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: aws.String(index + table.AttrPK), KeyType: types.KeyTypeHash},
		{AttributeName: aws.String(index + table.AttrSK), KeyType: types.KeyTypeRange},
	}
}
