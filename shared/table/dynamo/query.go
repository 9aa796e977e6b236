package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cedula/shared/table"
)

// The key conditions by their bounds.
var (
	whole   = aws.String("#p = :p")
	from    = aws.String("#p = :p AND #s >= :f")
	upTo    = aws.String("#p = :p AND #s <= :t")
	between = aws.String("#p = :p AND #s BETWEEN :f AND :t")
)

// Query implements table.Table.
func (t *Table) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if err := table.CheckQuery(&q, t.indexes); err != nil {
		return table.Page{}, err
	}
	in := t.queryInput(&q)
	var out *dynamodb.QueryOutput
	_, err := t.attempt(ctx, func() (err error) {
		out, err = t.client.Query(ctx, in, once)
		return err
	})
	if err != nil {
		return table.Page{}, fmt.Errorf("query: %w", err)
	}
	return page(&q, out, t.indexes)
}

func (t *Table) queryInput(q *table.Query) *dynamodb.QueryInput {
	in := &dynamodb.QueryInput{
		TableName:                t.name,
		ExpressionAttributeNames: map[string]string{"#p": q.Index + table.AttrPK},
		ConsistentRead:           aws.Bool(q.Strong),
		ScanIndexForward:         aws.Bool(!q.Descending),
		ExclusiveStartKey:        start(q),
		ReturnConsumedCapacity:   types.ReturnConsumedCapacityTotal,
	}
	in.KeyConditionExpression, in.ExpressionAttributeValues = bounds(q)
	if in.KeyConditionExpression != whole {
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

func bounds(q *table.Query) (*string, attributes) {
	values := attributes{":p": text(q.PK)}
	if q.From != "" {
		values[":f"] = text(q.From)
	}
	if q.To != "" {
		values[":t"] = text(q.To)
	}
	switch {
	case q.From != "" && q.To != "":
		return between, values
	case q.From != "":
		return from, values
	case q.To != "":
		return upTo, values
	}
	return whole, values
}

func start(q *table.Query) attributes {
	if q.Start == nil {
		return nil
	}
	a := keyAttributes(q.Start.Key)
	if q.Index != "" {
		a[q.Index+table.AttrPK] = text(q.Start.Index.PK)
		a[q.Index+table.AttrSK] = text(q.Start.Index.SK)
	}
	return a
}

func page(q *table.Query, out *dynamodb.QueryOutput, indexes []string) (table.Page, error) {
	if q.Index != "" {
		indexes = []string{q.Index}
	}
	p := table.Page{Items: make([]table.Item, len(out.Items)), Units: readUnits(out.ConsumedCapacity)}
	for i, a := range out.Items {
		var err error
		if p.Items[i], err = fromAttributes(a, indexes); err != nil {
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
