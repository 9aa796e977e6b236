package dynamo

import (
	"github.com/aws/aws-sdk-go-v2/aws"

	"cedula/shared/table"
)

// condition is a table.Condition in DynamoDB's terms; all nil for Always.
type condition struct {
	expression *string
	names      map[string]string
	values     attributes
}

var (
	absent    = aws.String("attribute_not_exists(PK)")
	exists    = aws.String("attribute_exists(PK)")
	versionIs = aws.String("V = :is")
	noVersion = aws.String("attribute_exists(PK) AND attribute_not_exists(V)")
	versionOf = aws.String("V = :is AND (O = :of OR attribute_not_exists(O))")
	ownerIs   = aws.String("O = :is")
	noOwner   = aws.String("attribute_exists(PK) AND attribute_not_exists(O)")
	expired   = aws.String("attribute_not_exists(PK) OR #ttl <= :is")
	always    = aws.String("attribute_exists(PK) OR attribute_not_exists(PK)")

	expiredNames = map[string]string{"#ttl": table.AttrExpires} // TTL is a reserved word
)

func express(c table.Condition) condition {
	switch c.Test {
	case table.TestAbsent:
		return condition{expression: absent}
	case table.TestExists:
		return condition{expression: exists}
	case table.TestVersion:
		if c.Version == 0 {
			return condition{expression: noVersion}
		}
		return condition{versionIs, nil, attributes{":is": number(c.Version)}}
	case table.TestVersionOf:
		return condition{versionOf, nil, attributes{":is": number(c.Version), ":of": text(c.Owner)}}
	case table.TestOwner:
		if c.Owner == "" {
			return condition{expression: noOwner}
		}
		return condition{ownerIs, nil, attributes{":is": text(c.Owner)}}
	case table.TestAbsentOrExpired:
		return condition{expired, expiredNames, attributes{":is": number(c.Now.Unix())}}
	}
	return condition{}
}
