package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"cedula/shared/table"
)

// conditionExpression is a table.Condition in DynamoDB's language. All fields are nil for ConditionAlways.
type conditionExpression struct {
	expression *string
	names      map[string]string
	values     attributes
}

var (
	exprAbsent          = aws.String("attribute_not_exists(PK)")
	exprExists          = aws.String("attribute_exists(PK)")
	exprVersion         = aws.String("V = :is")
	exprNoVersion       = aws.String("attribute_exists(PK) AND attribute_not_exists(V)")
	exprVersionAndOwner = aws.String("V = :is AND (O = :of OR attribute_not_exists(O))")
	exprOwner           = aws.String("O = :is")
	exprNoOwner         = aws.String("attribute_exists(PK) AND attribute_not_exists(O)")
	exprAbsentOrExpired = aws.String("attribute_not_exists(PK) OR #ttl <= :is")
	exprAlways          = aws.String("attribute_exists(PK) OR attribute_not_exists(PK)")

	expiryAttributeNames = map[string]string{"#ttl": table.AttrExpires} // TTL is a reserved word
)

func newConditionExpression(c table.Condition) conditionExpression {
	switch c.Kind {
	case table.ConditionAbsent:
		return conditionExpression{expression: exprAbsent}
	case table.ConditionExists:
		return conditionExpression{expression: exprExists}
	case table.ConditionVersion:
		if c.Version == 0 {
			return conditionExpression{expression: exprNoVersion}
		}
		return conditionExpression{exprVersion, nil, attributes{":is": numberAttribute(c.Version)}}
	case table.ConditionVersionAndOwner:
		return conditionExpression{exprVersionAndOwner, nil, attributes{":is": numberAttribute(c.Version), ":of": stringAttribute(c.Owner)}}
	case table.ConditionOwner:
		if c.Owner == "" {
			return conditionExpression{expression: exprNoOwner}
		}
		return conditionExpression{exprOwner, nil, attributes{":is": stringAttribute(c.Owner)}}
	case table.ConditionAbsentOrExpired:
		return conditionExpression{exprAbsentOrExpired, expiryAttributeNames, attributes{":is": numberAttribute(c.Now.Unix())}}
	}
	return conditionExpression{}
}
