// Package strictjson decodes and encodes the JSON of requests and responses. It accepts the subset of RFC 8259 that
// all parsers read the same way (I-JSON, RFC 7493) and reports which field of a body is invalid. It must not import
// another package of this module.
package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// MaxDepth is how deeply arrays and objects may be nested.
const MaxDepth = 16

// Error describes an invalid document. Its text may contain field names of the document but never a value.
type Error struct {
	Field  string // dotted path of the invalid field, truncated if long; empty for the document
	Reason string // the end of a sentence: "must be a string"
	Syntax bool   // the document is not strict JSON

	UnknownField bool // only DecodeDisallowUnknown rejects the field
}

// Error returns the path and the reason.
func (e *Error) Error() string {
	if e.Field == "" {
		return "body " + e.Reason
	}
	return e.Field + " " + e.Reason
}

// Decode reads one JSON object or array into v. Field names match by exact case. Fields that v does not have are
// checked like the others and ignored.
//
// Decode returns an *Error if data is empty, null, not JSON, not UTF-8 or nested deeper than MaxDepth, if it has a
// field twice in one object, text after its end, an escaped NUL or an unpaired surrogate, or if a field has another type
// than in v.
func Decode(data []byte, v any) error { return decode(data, v) }

// DecodeCaseInsensitive is Decode, but field names match regardless of the case of their letters, so a field in two
// cases is a duplicate.
func DecodeCaseInsensitive(data []byte, v any) error {
	return decode(data, v, json.MatchCaseInsensitiveNames(true), jsonv1.MatchCaseSensitiveDelimiter(true))
}

// DecodeDisallowUnknown is Decode, but returns an *Error for a field that v does not have.
func DecodeDisallowUnknown(data []byte, v any) error {
	return decode(data, v, json.RejectUnknownMembers(true))
}

func decode(data []byte, v any, options ...json.Options) error {
	trimmed := bytes.TrimSpace(data)
	if len(trimmed) == 0 {
		return &Error{Reason: "is empty", Syntax: true}
	}
	if bytes.Equal(trimmed, []byte("null")) {
		return &Error{Reason: "must not be null", Syntax: true}
	}
	if TooDeep(data) {
		return &Error{Reason: fmt.Sprintf("is nested deeper than %d levels", MaxDepth), Syntax: true}
	}
	if err := json.Unmarshal(data, v, options...); err != nil {
		return toError(err)
	}
	return rejectNUL(data)
}

// TooDeep reports whether data is nested deeper than MaxDepth. It counts the brackets outside of strings before
// anything is decoded, which bounds the work and the stack that malicious data can use.
func TooDeep(data []byte) bool {
	depth := 0
	inString := false
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '\\':
			if inString {
				i++ // skip the escaped character
			}
		case '"':
			inString = !inString
		case '{', '[':
			if !inString {
				depth++
			}
		case '}', ']':
			if !inString {
				depth--
			}
		}
		if depth > MaxDepth {
			return true
		}
	}
	return false
}

// rejectNUL finds an escaped NUL in any string of a valid document: databases and C libraries behind our clients would
// truncate the string there.
func rejectNUL(data []byte) error {
	if !bytes.Contains(data, []byte(`\u0000`)) {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		token, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return toError(err)
		}
		if token.Kind() == '"' && strings.Contains(token.String(), "\x00") {
			return &Error{Field: fieldPath(d.StackPointer()), Reason: "must not contain a NUL character", Syntax: true}
		}
	}
}

// toError converts the decoder's error into one without Go types and values.
func toError(err error) error {
	var syntactic *jsontext.SyntacticError
	if errors.As(err, &syntactic) {
		return &Error{Field: fieldPath(syntactic.JSONPointer), Reason: syntaxReason(syntactic), Syntax: true}
	}
	var semantic *json.SemanticError
	if !errors.As(err, &semantic) {
		return &Error{Reason: "is not valid JSON", Syntax: true}
	}
	var own *Error
	if errors.As(semantic.Err, &own) {
		return &Error{Field: fieldPath(semantic.JSONPointer), Reason: own.Reason}
	}
	if errors.Is(semantic, json.ErrUnknownName) {
		return &Error{Field: fieldPath(semantic.JSONPointer), Reason: "is not known", UnknownField: true}
	}
	return &Error{Field: fieldPath(semantic.JSONPointer), Reason: "must be " + jsonTypeName(semantic.GoType)}
}

func syntaxReason(e *jsontext.SyntacticError) string {
	if errors.Is(e, jsontext.ErrDuplicateName) {
		return "occurs twice in its object"
	}
	if strings.Contains(e.Err.Error(), "UTF-8") {
		return "must be valid UTF-8"
	}
	if strings.Contains(e.Err.Error(), "surrogate") {
		return "must not contain an unpaired surrogate"
	}
	return fmt.Sprintf("is not valid JSON at byte %d", e.ByteOffset)
}

// jsonTypeName returns the JSON type that a Go type is decoded from.
func jsonTypeName(t reflect.Type) string {
	if t == nil {
		return "of another type"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return jsonTypeName(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number"
	}
	return "of another type"
}

// maxPathBytes bounds the path in an Error: names in a malicious document may be very long, and responses contain the
// path.
const maxPathBytes = 256

// fieldPath converts a JSON pointer (RFC 6901) to a path such as "children.0.name", truncated after maxPathBytes.
func fieldPath(p jsontext.Pointer) string {
	path := strings.Join(slices.Collect(p.Tokens()), ".")
	if len(path) > maxPathBytes {
		path = strings.ToValidUTF8(path[:maxPathBytes], "") + "..."
	}
	return path
}
