package dynamo

import (
	"errors"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"cedula/shared/table"
)

type attributes = map[string]types.AttributeValue

// errMalformedItem means that an item in the table was not written by this package.
var errMalformedItem = errors.New("table: item of an unknown shape")

func stringAttribute(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func numberAttribute(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}

func keyAttributes(k table.Key) attributes {
	return attributes{table.AttrPK: stringAttribute(k.PK), table.AttrSK: stringAttribute(k.SK)}
}

func toAttributes(i *table.Item) attributes {
	a := make(attributes, 6+2*len(i.Indexes))
	a[table.AttrPK], a[table.AttrSK] = stringAttribute(i.PK), stringAttribute(i.SK)
	for index, at := range i.Indexes {
		a[index+table.AttrPK], a[index+table.AttrSK] = stringAttribute(at.PK), stringAttribute(at.SK)
	}
	if i.Version != 0 {
		a[table.AttrVersion] = numberAttribute(i.Version)
	}
	if i.Owner != "" {
		a[table.AttrOwner] = stringAttribute(i.Owner)
	}
	if !i.Expires.IsZero() {
		a[table.AttrExpires] = numberAttribute(i.Expires.Unix())
	}
	if len(i.Body) > 0 {
		a[table.AttrBody] = &types.AttributeValueMemberB{Value: i.Body}
	}
	return a
}

// fromAttributes reads one item. It ignores unknown attributes.
func fromAttributes(a attributes, indexes []string) (i table.Item, err error) {
	key, ok := keyOf(a, "")
	if !ok {
		return i, errMalformedItem
	}
	i.Key = key
	for _, index := range indexes {
		at, ok := keyOf(a, index)
		if !ok {
			continue
		}
		if i.Indexes == nil {
			i.Indexes = make(map[string]table.Key, len(indexes))
		}
		i.Indexes[index] = at
	}
	i.Version, err = numberOf(a[table.AttrVersion])
	if err != nil {
		return i, err
	}
	if expires := a[table.AttrExpires]; expires != nil {
		seconds, err := numberOf(expires)
		if err != nil {
			return i, err
		}
		i.Expires = time.Unix(seconds, 0).UTC()
	}
	i.Owner, _ = stringOf(a[table.AttrOwner])
	if b, ok := a[table.AttrBody].(*types.AttributeValueMemberB); ok && len(b.Value) > 0 {
		i.Body = b.Value
	}
	return i, nil
}

func keyOf(a attributes, index string) (table.Key, bool) {
	pk, hasPK := stringOf(a[index+table.AttrPK])
	sk, hasSK := stringOf(a[index+table.AttrSK])
	return table.Key{PK: pk, SK: sk}, hasPK && hasSK
}

func stringOf(v types.AttributeValue) (string, bool) {
	s, ok := v.(*types.AttributeValueMemberS)
	if !ok {
		return "", false
	}
	return s.Value, true
}

// numberOf returns a number, or 0 for an attribute that the item does not have.
func numberOf(v types.AttributeValue) (int64, error) {
	if v == nil {
		return 0, nil
	}
	s, ok := v.(*types.AttributeValueMemberN)
	if !ok {
		return 0, errMalformedItem
	}
	n, err := strconv.ParseInt(s.Value, 10, 64)
	if err != nil {
		return 0, errMalformedItem
	}
	return n, nil
}
