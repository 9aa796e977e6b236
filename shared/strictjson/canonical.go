package strictjson

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Canonical returns a JSON text that is the same for every text with an equal value. The order of members, white space,
// escapes and the notation of numbers make no difference. Numbers are compared as decimals, never as float64: 1, 1.0 and
// 1e0 are equal, 9007199254740993 and 9007199254740992 are not. It returns an error for a text that is not one JSON value.
func Canonical(text []byte) ([]byte, error) {
	sorted := jsontext.Value(bytes.Clone(text))
	err := sorted.Format(jsontext.ReorderRawObjects(true), jsontext.PreserveRawStrings(false))
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(sorted))
	for rest := []byte(sorted); len(rest) > 0; {
		n := tokenLength(rest)
		if c := rest[0]; c == '-' || c >= '0' && c <= '9' {
			out = appendNumber(out, string(rest[:n]))
		} else {
			out = append(out, rest[:n]...)
		}
		rest = rest[n:]
	}
	return out, nil
}

// tokenLength returns the length of the string or number at the start of a compact JSON text, or 1.
func tokenLength(text []byte) int {
	if text[0] != '"' {
		n := bytes.IndexFunc(text, func(r rune) bool { return !strings.ContainsRune("-+.0123456789eE", r) })
		if n < 0 {
			n = len(text)
		}
		return max(n, 1)
	}
	for n := 1; n < len(text); n++ {
		switch text[n] {
		case '\\':
			n++
		case '"':
			return n + 1
		}
	}
	return len(text)
}

// appendNumber appends a JSON number as an integer without trailing zeros and a power of ten. A number whose exponent has
// more than 32 bits stays as it is.
func appendNumber(out []byte, number string) []byte {
	mantissa, power, hasPower := strings.Cut(number, "e")
	if !hasPower {
		mantissa, power, hasPower = strings.Cut(number, "E")
	}
	exponent := int64(0)
	if hasPower {
		n, err := strconv.ParseInt(power, 10, 32)
		if err != nil {
			return append(out, number...)
		}
		exponent = n
	}
	mantissa, negative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return append(out, '0')
	}
	if negative {
		out = append(out, '-')
	}
	out = append(append(out, significant...), 'e')
	return strconv.AppendInt(out, exponent+int64(len(digits)-len(significant)-len(fraction)), 10)
}
