package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cedula/shared/table"
)

// Get implements table.Table: GetItem for one key, BatchGetItem for more.
func (t *Table) Get(ctx context.Context, strong bool, keys ...table.Key) (table.GetResult, error) {
	if err := table.CheckGet(keys); err != nil {
		return table.GetResult{}, err
	}
	if len(keys) == 1 {
		return t.getOne(ctx, strong, keys[0])
	}
	return t.getMany(ctx, strong, keys)
}

func (t *Table) getOne(ctx context.Context, strong bool, k table.Key) (table.GetResult, error) {
	in := &dynamodb.GetItemInput{
		TableName:              t.name,
		Key:                    keyAttributes(k),
		ConsistentRead:         aws.Bool(strong),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	var out *dynamodb.GetItemOutput
	_, err := t.withRetries(ctx, func() (err error) {
		out, err = t.client.GetItem(ctx, in, noSDKRetry)
		return err
	})
	if err != nil {
		return table.GetResult{}, fmt.Errorf("get: %w", err)
	}
	got := table.GetResult{Units: readUnits(out.ConsumedCapacity)}
	if len(out.Item) == 0 {
		return got, nil
	}
	item, err := fromAttributes(out.Item, t.indexes)
	got.Items = []table.Item{item}
	return got, err
}

func (t *Table) getMany(ctx context.Context, strong bool, keys []table.Key) (table.GetResult, error) {
	found := make(map[table.Key]table.Item, len(keys))
	units, err := t.batchGetAll(ctx, t.batchGetInput(strong, keys), found)
	if err != nil {
		return table.GetResult{}, fmt.Errorf("get: %w", err)
	}
	got := table.GetResult{Items: make([]table.Item, 0, len(found)), Units: units}
	for _, k := range keys {
		if item, ok := found[k]; ok {
			got.Items = append(got.Items, item)
		}
	}
	return got, nil
}

func (t *Table) batchGetInput(strong bool, keys []table.Key) *dynamodb.BatchGetItemInput {
	want := make([]map[string]types.AttributeValue, len(keys))
	for i, k := range keys {
		want[i] = keyAttributes(k)
	}
	return &dynamodb.BatchGetItemInput{
		RequestItems:           map[string]types.KeysAndAttributes{*t.name: {Keys: want, ConsistentRead: aws.Bool(strong)}},
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
}

// batchGetAll calls until no key is left over. Keys left over by an answer that
// brought others (16 MB is an answer's limit) are asked for at once; an answer
// that brought none counts as throttled.
func (t *Table) batchGetAll(ctx context.Context, in *dynamodb.BatchGetItemInput, found map[table.Key]table.Item) (table.Units, error) {
	var units table.Units
	for {
		var out *dynamodb.BatchGetItemOutput
		_, err := t.withRetries(ctx, func() (err error) {
			out, err = t.client.BatchGetItem(ctx, in, noSDKRetry)
			if err == nil && len(out.UnprocessedKeys) > 0 && len(out.Responses[*t.name]) == 0 {
				return errUnprocessed
			}
			return err
		})
		if err != nil {
			return units, err
		}
		units = units.Add(totalUnits(out.ConsumedCapacity, readUnits))
		if err := t.decodeRows(out.Responses[*t.name], found); err != nil {
			return units, err
		}
		if len(out.UnprocessedKeys) == 0 {
			return units, nil
		}
		in.RequestItems = out.UnprocessedKeys
	}
}

func (t *Table) decodeRows(rows []map[string]types.AttributeValue, found map[table.Key]table.Item) error {
	for _, a := range rows {
		item, err := fromAttributes(a, t.indexes)
		if err != nil {
			return err
		}
		found[item.Key] = item
	}
	return nil
}

func totalUnits(parts []types.ConsumedCapacity, units func(*types.ConsumedCapacity) table.Units) table.Units {
	var sum table.Units
	for i := range parts {
		sum = sum.Add(units(&parts[i]))
	}
	return sum
}
