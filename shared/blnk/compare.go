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
	text    string
	null    bool              // nothing is there
	unknown bool              // it compares with nothing: no date, an object, an array
	date    bool              // none is Blnk's zero time, which normalize makes empty
	number  bool              // the text is a JSON number
	holds   func(string) bool // equality, where that is more than the text's
}

// operandOf reads a member of the metadata; nil is none.
func operandOf(v strictjson.Value) operand {
	switch v.Kind() {
	case '"':
		var text string
		_ = strictjson.Text(v, &text)
		return operand{text: text}
	case '0':
		return operand{text: string(v), number: true}
	case 't', 'f':
		return operand{text: string(v)}
	case '{', '[':
		return operand{unknown: true}
	}
	return operand{null: true, unknown: true}
}

// fits tests an operand.
func (c *condition) fits(o operand) bool {
	switch c.Operator {
	case "isnull":
		return o.null
	case "isnotnull":
		return !o.null
	case "eq", "in":
		return slices.ContainsFunc(c.Values, o.equals)
	case "ne", "neq":
		return !o.equals(c.Values[0])
	}
	if o.unknown {
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
		return like(o.text, first, false)
	case "ilike":
		return like(o.text, first, true)
	}
	return false
}

func (o operand) equals(v string) bool {
	switch {
	case o.holds != nil && o.holds(v):
		return true
	case o.unknown:
		return o.date && v == ""
	}
	return o.compare(v) == 0
}

// compare orders the operand and a value: as numbers if both are, otherwise
// byte by byte.
func (o operand) compare(v string) int {
	if o.number {
		if c, ok := compareNumbers(o.text, v); ok {
			return c
		}
	}
	return strings.Compare(o.text, v)
}

// plainDigits bounds the numbers that are compared exactly. A longer one, or one
// with an exponent, could cost any amount of work, and is compared as a float.
const plainDigits = 64

func compareNumbers(a, b string) (order int, ok bool) {
	if strictjson.Value(b).Kind() != '0' || !strictjson.Value(b).IsValid() {
		return 0, false
	}
	if len(a) <= plainDigits && len(b) <= plainDigits && !strings.ContainsAny(a+b, "eE") {
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

// likeBytes is how much of a text a pattern is held against: metadata can be
// long, and the work grows with the text and the pattern.
const likeBytes = 4096

// like matches SQL's patterns: % is any text, _ any character, a backslash takes
// the next character as it is. A text that is longer than likeBytes fits none.
func like(text, pattern string, fold bool) bool {
	if len(text) > likeBytes {
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
		case at < len(p) && p[at].any:
			star, resume = at, t
			at++
			continue
		case at < len(p) && (p[at].one || p[at].char == c):
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
	for at < len(p) && p[at].any {
		at++
	}
	return at == len(p)
}

// piece is a part of a pattern.
type piece struct {
	any, one bool
	char     rune
}

func parsePattern(pattern string, fold bool) []piece {
	list := make([]piece, 0, len(pattern))
	escaped := false
	for _, c := range pattern {
		switch {
		case !escaped && c == '\\':
			escaped = true
			continue
		case !escaped && c == '%':
			list = append(list, piece{any: true})
		case !escaped && c == '_':
			list = append(list, piece{one: true})
		case fold:
			list = append(list, piece{char: unicode.ToLower(c)})
		default:
			list = append(list, piece{char: c})
		}
		escaped = false
	}
	if escaped { // at the end it is only a backslash
		list = append(list, piece{char: '\\'})
	}
	return list
}
