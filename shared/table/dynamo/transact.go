package dynamo

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cedula/shared/table"
)

// transact sends every operation in one transaction, under one token for all
// attempts. A ConditionError names every condition that did not hold: while
// some operations met a conflict, the transaction is tried again.
func (t *Table) transact(ctx context.Context, ops []table.Op) (table.Units, error) {
	in := &dynamodb.TransactWriteItemsInput{
		TransactItems:          make([]types.TransactWriteItem, len(ops)),
		ClientRequestToken:     aws.String(rand.Text()),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	for i := range ops {
		in.TransactItems[i] = t.transactItem(&ops[i])
	}
	var out *dynamodb.TransactWriteItemsOutput
	_, err := t.withRetries(ctx, func() (err error) {
		out, err = t.client.TransactWriteItems(ctx, in, noSDKRetry)
		return err
	})
	if err != nil {
		return table.Units{}, fmt.Errorf("transaction: %w", t.toConditionError(err))
	}
	return totalUnits(out.ConsumedCapacity, writeUnits), nil
}

func (t *Table) transactItem(op *table.Op) types.TransactWriteItem {
	const old = types.ReturnValuesOnConditionCheckFailureAllOld
	c := newConditionExpression(op.Condition)
	switch op.Action {
	case table.ActionPut:
		return types.TransactWriteItem{Put: &types.Put{
			TableName: t.name, Item: toAttributes(&op.Item),
			ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
			ReturnValuesOnConditionCheckFailure: old,
		}}
	case table.ActionDelete:
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: t.name, Key: keyAttributes(op.Item.Key),
			ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
			ReturnValuesOnConditionCheckFailure: old,
		}}
	default:
		if c.expression == nil {
			c.expression = exprAlways // a check must have one
		}
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: t.name, Key: keyAttributes(op.Item.Key),
			ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
			ReturnValuesOnConditionCheckFailure: old,
		}}
	}
}
