package blnk

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"cedula/shared/strictjson"
)

// operand is what an identity has in the field of a condition.
type operand struct {
	text         string
	isNull       bool              // the identity has no value
	incomparable bool              // it compares with nothing: no date, an object, an array
	isDate       bool              // no date equals Blnk's zero time, which normalize makes empty
	isNumber     bool              // the text is a JSON number
	equalFunc    func(string) bool // equality, where that is more than the text's
}

// metadataOperand reads a field of the metadata; nil is an absent one.
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

// satisfies reports whether "o operator values" holds.
func (o operand) satisfies(operator string, values []string) bool {
	switch operator {
	case "isnull":
		return o.isNull
	case "isnotnull":
		return !o.isNull
	case "eq", "in":
		return slices.ContainsFunc(values, o.equals)
	case "ne", "neq":
		return !o.equals(values[0])
	}
	if o.incomparable {
		return false
	}
	switch operator {
	case "gt":
		return o.compare(values[0]) > 0
	case "gte":
		return o.compare(values[0]) >= 0
	case "lt":
		return o.compare(values[0]) < 0
	case "lte":
		return o.compare(values[0]) <= 0
	case "between":
		return o.compare(values[0]) >= 0 && o.compare(values[1]) <= 0
	case "like":
		return len(o.text) <= maxLikeBytes && matchLike(o.text, values[0])
	case "ilike":
		return len(o.text) <= maxLikeBytes && matchLike(strings.ToLower(o.text), strings.ToLower(values[0]))
	}
	return false
}

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

// maxExactDigits bounds the numbers that are compared exactly. A longer one, or one with an
// exponent, could cost any amount of work, and is compared as a float.
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
	x, _ := strconv.ParseFloat(a, 64) // out of range is infinite, which orders
	y, _ := strconv.ParseFloat(b, 64)
	return cmp.Compare(x, y)
}
