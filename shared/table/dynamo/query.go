package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cedula/shared/table"
)

// The key conditions, by which bounds a query has.
var (
	keyExprPartition = aws.String("#p = :p")
	keyExprFrom      = aws.String("#p = :p AND #s >= :f")
	keyExprTo        = aws.String("#p = :p AND #s <= :t")
	keyExprBetween   = aws.String("#p = :p AND #s BETWEEN :f AND :t")
)

// Query implements table.Table.
func (t *Table) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if err := table.CheckQuery(&q, t.indexes); err != nil {
		return table.Page{}, err
	}
	out, _, err := send(ctx, t, t.client.Query, t.queryInput(&q))
	if err != nil {
		return table.Page{}, fmt.Errorf("query: %w", err)
	}
	return toPage(&q, out, t.indexes)
}

func (t *Table) queryInput(q *table.Query) *dynamodb.QueryInput {
	in := &dynamodb.QueryInput{
		TableName:                t.name,
		ExpressionAttributeNames: map[string]string{"#p": q.Index + table.AttrPK},
		ConsistentRead:           aws.Bool(q.Strong),
		ScanIndexForward:         aws.Bool(!q.Descending),
		ExclusiveStartKey:        exclusiveStartKey(q),
		ReturnConsumedCapacity:   types.ReturnConsumedCapacityTotal,
	}
	in.KeyConditionExpression, in.ExpressionAttributeValues = keyCondition(q)
	if in.KeyConditionExpression != keyExprPartition {
		in.ExpressionAttributeNames["#s"] = q.Index + table.AttrSK
	}
	if q.Index != "" {
		in.IndexName = aws.String(IndexName(q.Index))
	}
	if q.Limit > 0 {
		in.Limit = aws.Int32(int32(min(q.Limit, 1<<30)))
	}
	return in
}

func keyCondition(q *table.Query) (*string, attributes) {
	values := attributes{":p": stringAttribute(q.PK)}
	if q.From != "" {
		values[":f"] = stringAttribute(q.From)
	}
	if q.To != "" {
		values[":t"] = stringAttribute(q.To)
	}
	if q.From != "" && q.To != "" {
		return keyExprBetween, values
	}
	if q.From != "" {
		return keyExprFrom, values
	}
	if q.To != "" {
		return keyExprTo, values
	}
	return keyExprPartition, values
}

func exclusiveStartKey(q *table.Query) attributes {
	if q.Start == nil {
		return nil
	}
	a := keyAttributes(q.Start.Key)
	if q.Index != "" {
		a[q.Index+table.AttrPK] = stringAttribute(q.Start.Index.PK)
		a[q.Index+table.AttrSK] = stringAttribute(q.Start.Index.SK)
	}
	return a
}

func toPage(q *table.Query, out *dynamodb.QueryOutput, indexes []string) (table.Page, error) {
	if q.Index != "" {
		indexes = []string{q.Index}
	}
	p := table.Page{Items: make([]table.Item, len(out.Items)), Units: table.Units{Read: capacityUnits(out.ConsumedCapacity)}}
	for i, a := range out.Items {
		var err error
		p.Items[i], err = fromAttributes(a, indexes)
		if err != nil {
			return table.Page{}, err
		}
	}
	if len(out.LastEvaluatedKey) > 0 {
		last, err := fromAttributes(out.LastEvaluatedKey, indexes)
		if err != nil {
			return table.Page{}, err
		}
		p.Next = &table.Position{Key: last.Key, Index: last.Indexes[q.Index]}
	}
	return p, nil
}
