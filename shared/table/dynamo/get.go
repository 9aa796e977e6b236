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
	get := t.getMany
	if len(keys) == 1 {
		get = t.getOne
	}
	got, err := get(ctx, strong, keys)
	if err != nil {
		return table.GetResult{}, fmt.Errorf("get: %w", err)
	}
	return got, nil
}

func (t *Table) getOne(ctx context.Context, strong bool, keys []table.Key) (table.GetResult, error) {
	out, _, err := send(ctx, t, t.client.GetItem, &dynamodb.GetItemInput{
		TableName:              t.name,
		Key:                    keyAttributes(keys[0]),
		ConsistentRead:         aws.Bool(strong),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil {
		return table.GetResult{}, err
	}
	got := table.GetResult{Units: table.Units{Read: capacityUnits(out.ConsumedCapacity)}}
	if len(out.Item) == 0 {
		return got, nil
	}
	item, err := fromAttributes(out.Item, t.indexes)
	got.Items = []table.Item{item}
	return got, err
}

// getMany calls BatchGetItem until no key is unprocessed. Keys that a response with other items left over (it holds at
// most 16 MB) are requested immediately; a response without any item counts as throttled.
func (t *Table) getMany(ctx context.Context, strong bool, keys []table.Key) (table.GetResult, error) {
	request := types.KeysAndAttributes{ConsistentRead: aws.Bool(strong)}
	for _, k := range keys {
		request.Keys = append(request.Keys, keyAttributes(k))
	}
	in := &dynamodb.BatchGetItemInput{
		RequestItems:           map[string]types.KeysAndAttributes{*t.name: request},
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	found := make(map[table.Key]table.Item, len(keys))
	var got table.GetResult
	for len(in.RequestItems) > 0 {
		out, _, err := send(ctx, t, t.batchGetItem, in)
		if err != nil {
			return table.GetResult{}, err
		}
		got.Units.Read += totalCapacityUnits(out.ConsumedCapacity)
		for _, a := range out.Responses[*t.name] {
			item, err := fromAttributes(a, t.indexes)
			if err != nil {
				return table.GetResult{}, err
			}
			found[item.Key] = item
		}
		in.RequestItems = out.UnprocessedKeys
	}
	for _, k := range keys {
		if item, ok := found[k]; ok {
			got.Items = append(got.Items, item)
		}
	}
	return got, nil
}

// batchGetItem is the client's BatchGetItem with an error for a response that brings nothing.
func (t *Table) batchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, options ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	out, err := t.client.BatchGetItem(ctx, in, options...)
	if err == nil && len(out.UnprocessedKeys) > 0 && len(out.Responses[*t.name]) == 0 {
		return nil, errUnprocessed
	}
	return out, err
}
