package dynamo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cedula/shared/table"
)

// Write implements table.Table. One put or delete costs half a transaction and
// is sent as PutItem or DeleteItem. After a failed condition or any other error
// the units are zero: DynamoDB does not tell them.
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
	in := &dynamodb.PutItemInput{
		TableName:                           t.name,
		Item:                                toAttributes(&op.Item),
		ConditionExpression:                 c.expression,
		ExpressionAttributeNames:            c.names,
		ExpressionAttributeValues:           c.values,
		ReturnConsumedCapacity:              types.ReturnConsumedCapacityTotal,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	var out *dynamodb.PutItemOutput
	unseen, err := t.withRetries(ctx, func() (err error) {
		out, err = t.client.PutItem(ctx, in, noSDKRetry)
		return err
	})
	if err == nil {
		return writeUnits(out.ConsumedCapacity), nil
	}
	err = t.toConditionError(err)
	if failed := firstFailure(err); unseen && failed != nil {
		switch there := failed.Current; {
		case there != nil && equalItems(there, &op.Item):
			return table.Units{}, nil
		case there == nil, there.Version > op.Item.Version:
			err = fmt.Errorf("%w: another change followed, on this put or instead", table.ErrUnavailable)
		}
	}
	return table.Units{}, fmt.Errorf("put: %w", err)
}

func (t *Table) delete(ctx context.Context, op *table.Op) (table.Units, error) {
	c := newConditionExpression(op.Condition)
	in := &dynamodb.DeleteItemInput{
		TableName:                           t.name,
		Key:                                 keyAttributes(op.Item.Key),
		ConditionExpression:                 c.expression,
		ExpressionAttributeNames:            c.names,
		ExpressionAttributeValues:           c.values,
		ReturnConsumedCapacity:              types.ReturnConsumedCapacityTotal,
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	}
	var out *dynamodb.DeleteItemOutput
	unseen, err := t.withRetries(ctx, func() (err error) {
		out, err = t.client.DeleteItem(ctx, in, noSDKRetry)
		return err
	})
	if err == nil {
		return writeUnits(out.ConsumedCapacity), nil
	}
	err = t.toConditionError(err)
	if failed := firstFailure(err); unseen && failed != nil && failed.Current == nil {
		err = fmt.Errorf("%w: deleted, by this call or another", table.ErrUnavailable)
	}
	return table.Units{}, fmt.Errorf("delete: %w", err)
}

// toConditionError turns DynamoDB's failed conditions into a *table.ConditionError and
// returns any other error as it is.
func (t *Table) toConditionError(err error) error {
	if failed := new(types.ConditionalCheckFailedException); errors.As(err, &failed) {
		return t.conditionErrorFor(types.CancellationReason{Code: &conditionalCheckFailed, Item: failed.Item})
	}
	if cancelled := new(types.TransactionCanceledException); errors.As(err, &cancelled) {
		return t.conditionErrorFor(cancelled.CancellationReasons...)
	}
	return err
}

var conditionalCheckFailed = "ConditionalCheckFailed"

func (t *Table) conditionErrorFor(reasons ...types.CancellationReason) error {
	failed := new(table.ConditionError)
	for i := range reasons {
		if reasonCode(&reasons[i]) != conditionalCheckFailed {
			continue
		}
		f := table.Failure{Op: i}
		if len(reasons[i].Item) > 0 {
			current, err := fromAttributes(reasons[i].Item, t.indexes)
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

// equalItems tells whether the item found is, field by field, the one to be put.
func equalItems(found, put *table.Item) bool {
	return found.Key == put.Key && found.Version == put.Version && found.Owner == put.Owner &&
		found.Expires.IsZero() == put.Expires.IsZero() && found.Expires.Unix() == put.Expires.Unix() &&
		maps.Equal(found.Indexes, put.Indexes) && bytes.Equal(found.Body, put.Body)
}
