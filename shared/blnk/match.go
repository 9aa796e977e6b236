package blnk

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"cedula/shared/strictjson"
)

// operand is the value that an identity has in the field of a condition.
type operand struct {
	text         string
	isNull       bool              // the identity has no value
	incomparable bool              // not a date, or an object or array
	isDate       bool              // an absent date equals Blnk's zero time, which normalize returns as ""
	isNumber     bool              // text is a JSON number
	equalFunc    func(string) bool // nil: equality of text
}

// metadataOperand returns the operand of a metadata field; a nil value is an absent field.
func metadataOperand(v strictjson.Value) operand {
	switch v.Kind() {
	case '"':
		var text string
		_ = strictjson.DecodeString(v, &text)
		return operand{text: text}
	case '0':
		return operand{text: string(v), isNumber: true}
	case 't', 'f':
		return operand{text: string(v)}
	case '{', '[':
		return operand{incomparable: true}
	}
	return operand{isNull: true, incomparable: true}
}

// operator is how a condition compares.
type operator struct {
	values  int  // the number of values; -1 is one or more
	ordered bool // an incomparable operand never satisfies it
	holds   func(o operand, values []string) bool
}

var operators = map[string]operator{
	"isnull":    {0, false, func(o operand, _ []string) bool { return o.isNull }},
	"isnotnull": {0, false, func(o operand, _ []string) bool { return !o.isNull }},
	"eq":        {1, false, operand.equalsAny},
	"in":        {-1, false, operand.equalsAny},
	"ne":        {1, false, operand.differs},
	"neq":       {1, false, operand.differs},
	"gt":        {1, true, func(o operand, v []string) bool { return o.compare(v[0]) > 0 }},
	"gte":       {1, true, func(o operand, v []string) bool { return o.compare(v[0]) >= 0 }},
	"lt":        {1, true, func(o operand, v []string) bool { return o.compare(v[0]) < 0 }},
	"lte":       {1, true, func(o operand, v []string) bool { return o.compare(v[0]) <= 0 }},
	"between":   {2, true, func(o operand, v []string) bool { return o.compare(v[0]) >= 0 && o.compare(v[1]) <= 0 }},
	opLike:      {1, true, nil}, // see likePattern
	opILike:     {1, true, nil},
}

const opLike, opILike = "like", "ilike"

const operatorNames = "eq, ne, gt, gte, lt, lte, in, between, like, ilike, isnull or isnotnull"

func (o operand) equalsAny(values []string) bool { return slices.ContainsFunc(values, o.equals) }

func (o operand) differs(values []string) bool { return !o.equals(values[0]) }

func (o operand) equals(v string) bool {
	if o.equalFunc != nil && o.equalFunc(v) {
		return true
	}
	if o.incomparable {
		return o.isDate && v == ""
	}
	return o.compare(v) == 0
}

// compare orders the operand and a value: as numbers if both are, otherwise byte by byte.
func (o operand) compare(v string) int {
	if o.isNumber && strictjson.Value(v).Kind() == '0' && strictjson.Value(v).IsValid() {
		return compareNumbers(o.text, v)
	}
	return strings.Compare(o.text, v)
}

// maxExactDigits is the length up to which numbers are compared exactly: long numbers and exponents cost too much.
const maxExactDigits = 64

// compareNumbers orders two JSON numbers.
func compareNumbers(a, b string) int {
	if len(a) <= maxExactDigits && len(b) <= maxExactDigits && !strings.ContainsAny(a+b, "eE") {
		x, okX := new(big.Rat).SetString(a)
		y, okY := new(big.Rat).SetString(b)
		if okX && okY {
			return x.Cmp(y)
		}
	}
	x, _ := strconv.ParseFloat(a, 64) // out of range is ±Inf, which sorts correctly
	y, _ := strconv.ParseFloat(b, 64)
	return cmp.Compare(x, y)
}
