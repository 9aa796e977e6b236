package dynamo

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cedula/shared/table"
)

// returnOld asks for the item that made a condition fail.
const returnOld = types.ReturnValuesOnConditionCheckFailureAllOld

// Write implements table.Table. A single put or delete costs half a transaction and is sent as PutItem or DeleteItem.
// After any error, including a failed condition, the units are zero: DynamoDB does not return them.
func (t *Table) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	if err := table.CheckWrite(ops, t.indexes); err != nil {
		return table.Units{}, err
	}
	if len(ops) > 1 || ops[0].Action == table.ActionCheck {
		return t.transact(ctx, ops)
	}
	if ops[0].Action == table.ActionPut {
		return t.put(ctx, &ops[0])
	}
	return t.delete(ctx, &ops[0])
}

func (t *Table) put(ctx context.Context, op *table.Op) (table.Units, error) {
	c := newConditionExpression(op.Condition)
	out, unseen, err := send(ctx, t, t.client.PutItem, &dynamodb.PutItemInput{
		TableName: t.name, Item: toAttributes(&op.Item),
		ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
		ReturnValuesOnConditionCheckFailure: returnOld,
		ReturnConsumedCapacity:              types.ReturnConsumedCapacityTotal,
	})
	if err == nil {
		return table.Units{Write: capacityUnits(out.ConsumedCapacity)}, nil
	}
	err = t.toConditionError(err)
	if failed := firstFailure(err); unseen && failed != nil {
		found := failed.Current
		if found != nil && equalItems(found, &op.Item) {
			return table.Units{}, nil
		}
		if found == nil || found.Version > op.Item.Version {
			err = fmt.Errorf("%w: another change followed, on this put or instead", table.ErrUnavailable)
		}
	}
	return table.Units{}, fmt.Errorf("put: %w", err)
}

func (t *Table) delete(ctx context.Context, op *table.Op) (table.Units, error) {
	c := newConditionExpression(op.Condition)
	out, unseen, err := send(ctx, t, t.client.DeleteItem, &dynamodb.DeleteItemInput{
		TableName: t.name, Key: keyAttributes(op.Item.Key),
		ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
		ReturnValuesOnConditionCheckFailure: returnOld,
		ReturnConsumedCapacity:              types.ReturnConsumedCapacityTotal,
	})
	if err == nil {
		return table.Units{Write: capacityUnits(out.ConsumedCapacity)}, nil
	}
	err = t.toConditionError(err)
	if failed := firstFailure(err); unseen && failed != nil && failed.Current == nil {
		err = fmt.Errorf("%w: deleted, by this call or another", table.ErrUnavailable)
	}
	return table.Units{}, fmt.Errorf("delete: %w", err)
}

// transact sends every operation in one transaction, with one token for all attempts.
func (t *Table) transact(ctx context.Context, ops []table.Op) (table.Units, error) {
	in := &dynamodb.TransactWriteItemsInput{
		TransactItems:          make([]types.TransactWriteItem, len(ops)),
		ClientRequestToken:     aws.String(rand.Text()),
		ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	}
	for i := range ops {
		in.TransactItems[i] = t.transactItem(&ops[i])
	}
	out, _, err := send(ctx, t, t.client.TransactWriteItems, in)
	if err != nil {
		return table.Units{}, fmt.Errorf("transaction: %w", t.toConditionError(err))
	}
	return table.Units{Write: totalCapacityUnits(out.ConsumedCapacity)}, nil
}

func (t *Table) transactItem(op *table.Op) types.TransactWriteItem {
	c := newConditionExpression(op.Condition)
	switch op.Action {
	case table.ActionPut:
		return types.TransactWriteItem{Put: &types.Put{
			TableName: t.name, Item: toAttributes(&op.Item),
			ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
			ReturnValuesOnConditionCheckFailure: returnOld,
		}}
	case table.ActionDelete:
		return types.TransactWriteItem{Delete: &types.Delete{
			TableName: t.name, Key: keyAttributes(op.Item.Key),
			ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
			ReturnValuesOnConditionCheckFailure: returnOld,
		}}
	default:
		if c.expression == nil {
			c.expression = exprAlways // a check requires a condition
		}
		return types.TransactWriteItem{ConditionCheck: &types.ConditionCheck{
			TableName: t.name, Key: keyAttributes(op.Item.Key),
			ConditionExpression: c.expression, ExpressionAttributeNames: c.names, ExpressionAttributeValues: c.values,
			ReturnValuesOnConditionCheckFailure: returnOld,
		}}
	}
}

// toConditionError turns DynamoDB's failed conditions into a *table.ConditionError and returns any other error unchanged.
func (t *Table) toConditionError(err error) error {
	if failed := new(types.ConditionalCheckFailedException); errors.As(err, &failed) {
		return t.newConditionError(types.CancellationReason{Code: aws.String(conditionalCheckFailed), Item: failed.Item})
	}
	if cancelled := new(types.TransactionCanceledException); errors.As(err, &cancelled) {
		return t.newConditionError(cancelled.CancellationReasons...)
	}
	return err
}

const conditionalCheckFailed = "ConditionalCheckFailed"

func (t *Table) newConditionError(reasons ...types.CancellationReason) error {
	failed := new(table.ConditionError)
	for i, r := range reasons {
		if aws.ToString(r.Code) != conditionalCheckFailed {
			continue
		}
		f := table.Failure{Op: i}
		if len(r.Item) > 0 {
			current, err := fromAttributes(r.Item, t.indexes)
			if err != nil {
				return err
			}
			f.Current = &current
		}
		failed.Failures = append(failed.Failures, f)
	}
	return failed
}

func firstFailure(err error) *table.Failure {
	var failed *table.ConditionError
	if !errors.As(err, &failed) {
		return nil
	}
	return failed.FailureOf(0)
}

// equalItems reports whether the item found has exactly the fields of the item to be put.
func equalItems(found, put *table.Item) bool {
	return found.Key == put.Key && found.Version == put.Version && found.Owner == put.Owner &&
		found.Expires.IsZero() == put.Expires.IsZero() && found.Expires.Unix() == put.Expires.Unix() &&
		maps.Equal(found.Indexes, put.Indexes) && bytes.Equal(found.Body, put.Body)
}
