package blnk

import (
	"math/big"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"cedula/shared/strictjson"
)

// operand is what an identity has where a condition looks.
type operand struct {
	text         string
	isNull       bool              // nothing is there
	incomparable bool              // it compares with nothing: no date, an object, an array
	isDate       bool              // none is Blnk's zero time, which normalize makes empty
	isNumber     bool              // the text is a JSON number
	equalFunc    func(string) bool // equality, where that is more than the text's
}

// metadataOperand reads a member of the metadata; nil is none.
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

// matches tests an operand.
func (c *condition) matches(o operand) bool {
	switch c.Operator {
	case "isnull":
		return o.isNull
	case "isnotnull":
		return !o.isNull
	case "eq", "in":
		return slices.ContainsFunc(c.Values, o.equals)
	case "ne", "neq":
		return !o.equals(c.Values[0])
	}
	if o.incomparable {
		return false
	}
	switch first := c.Values[0]; c.Operator {
	case "gt":
		return o.compare(first) > 0
	case "gte":
		return o.compare(first) >= 0
	case "lt":
		return o.compare(first) < 0
	case "lte":
		return o.compare(first) <= 0
	case "between":
		return o.compare(first) >= 0 && o.compare(c.Values[1]) <= 0
	case "like":
		return matchLike(o.text, first, false)
	case "ilike":
		return matchLike(o.text, first, true)
	}
	return false
}

func (o operand) equals(v string) bool {
	switch {
	case o.equalFunc != nil && o.equalFunc(v):
		return true
	case o.incomparable:
		return o.isDate && v == ""
	}
	return o.compare(v) == 0
}

// compare orders the operand and a value: as numbers if both are, otherwise
// byte by byte.
func (o operand) compare(v string) int {
	if o.isNumber {
		if c, ok := compareNumbers(o.text, v); ok {
			return c
		}
	}
	return strings.Compare(o.text, v)
}

// maxExactDigits bounds the numbers that are compared exactly. A longer one, or one
// with an exponent, could cost any amount of work, and is compared as a float.
const maxExactDigits = 64

func compareNumbers(a, b string) (order int, ok bool) {
	if strictjson.Value(b).Kind() != '0' || !strictjson.Value(b).IsValid() {
		return 0, false
	}
	if len(a) <= maxExactDigits && len(b) <= maxExactDigits && !strings.ContainsAny(a+b, "eE") {
		x, okX := new(big.Rat).SetString(a)
		y, okY := new(big.Rat).SetString(b)
		if okX && okY {
			return x.Cmp(y), true
		}
	}
	x, _ := strconv.ParseFloat(a, 64) // out of range is infinite, which orders
	y, _ := strconv.ParseFloat(b, 64)
	switch {
	case x < y:
		return -1, true
	case x > y:
		return 1, true
	}
	return 0, true
}

// maxLikeBytes is how much of a text a pattern is held against: metadata can be
// long, and the work grows with the text and the pattern.
const maxLikeBytes = 4096

// matchLike matches SQL's patterns: % is any text, _ any character, a backslash takes
// the next character as it is. A text that is longer than maxLikeBytes fits none.
func matchLike(text, pattern string, fold bool) bool {
	if len(text) > maxLikeBytes {
		return false
	}
	p := parsePattern(pattern, fold)
	var at, star, resume int
	star = -1
	for t := 0; t < len(text); {
		c, size := utf8.DecodeRuneInString(text[t:])
		if fold {
			c = unicode.ToLower(c)
		}
		switch {
		case at < len(p) && p[at].anyString:
			star, resume = at, t
			at++
			continue
		case at < len(p) && (p[at].anyChar || p[at].char == c):
			at++
			t += size
			continue
		case star < 0:
			return false
		}
		_, size = utf8.DecodeRuneInString(text[resume:])
		resume += size
		t, at = resume, star+1
	}
	for at < len(p) && p[at].anyString {
		at++
	}
	return at == len(p)
}

// patternToken is a part of a pattern.
type patternToken struct {
	anyString, anyChar bool
	char               rune
}

func parsePattern(pattern string, fold bool) []patternToken {
	list := make([]patternToken, 0, len(pattern))
	escaped := false
	for _, c := range pattern {
		switch {
		case !escaped && c == '\\':
			escaped = true
			continue
		case !escaped && c == '%':
			list = append(list, patternToken{anyString: true})
		case !escaped && c == '_':
			list = append(list, patternToken{anyChar: true})
		case fold:
			list = append(list, patternToken{char: unicode.ToLower(c)})
		default:
			list = append(list, patternToken{char: c})
		}
		escaped = false
	}
	if escaped { // at the end it is only a backslash
		list = append(list, patternToken{char: '\\'})
	}
	return list
}
