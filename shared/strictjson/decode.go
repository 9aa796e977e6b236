// Package strictjson is the one JSON decoder and encoder of the registry: it
// takes the subset of RFC 8259 that every reader understands alike (I-JSON,
// RFC 7493) and says where a body leaves it.
// It knows no field of any dialect and no HTTP.
package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// MaxDepth is how deep arrays and objects may be nested.
const MaxDepth = 16

// Error says what is wrong with a document. Its text may name member names of
// the document but never a value.
type Error struct {
	Field  string // dotted path of the member at fault, a long one cut off; empty for the document
	Reason string // the end of a sentence: "must be a string"
	Syntax bool   // the document is not (strict) JSON at all

	UnknownField bool // only DecodeDisallowUnknown refuses the member
}

// Error is the path and the reason.
func (e *Error) Error() string {
	if e.Field == "" {
		return "body " + e.Reason
	}
	return e.Field + " " + e.Reason
}

// Decode reads one JSON object or array into v and returns an *Error if data
// is empty, null, no JSON, not UTF-8, nested deeper than MaxDepth, has a member
// name twice in one object, text after its end, an escaped NUL or a lone
// surrogate, or a member of another type than v has. Names match by exact
// case; members that v does not have are checked like the others and dropped.
func Decode(data []byte, v any) error { return decode(data, v) }

// DecodeCaseInsensitive is Decode, but names match whatever the case of their letters; one
// that stands there in two cases stands there twice.
func DecodeCaseInsensitive(data []byte, v any) error {
	return decode(data, v, json.MatchCaseInsensitiveNames(true), jsonv1.MatchCaseSensitiveDelimiter(true))
}

// DecodeDisallowUnknown is Decode, but a member that v does not have is an *Error too.
func DecodeDisallowUnknown(data []byte, v any) error {
	return decode(data, v, json.RejectUnknownMembers(true))
}

func decode(data []byte, v any, options ...json.Options) error {
	switch trimmed := bytes.TrimSpace(data); {
	case len(trimmed) == 0:
		return &Error{Reason: "is empty", Syntax: true}
	case bytes.Equal(trimmed, []byte("null")):
		return &Error{Reason: "must not be null", Syntax: true}
	case tooDeep(data):
		return &Error{Reason: fmt.Sprintf("is nested deeper than %d levels", MaxDepth), Syntax: true}
	}
	if err := json.Unmarshal(data, v, options...); err != nil {
		return toError(err)
	}
	return rejectNUL(data)
}

// tooDeep counts brackets outside strings, before anything is decoded: it
// bounds the work and the stack that a hostile body can ask for.
func tooDeep(data []byte) bool {
	depth, inString := 0, false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// rejectNUL finds an escaped NUL in any string of a valid document. Databases
// and C libraries behind our clients end a text there.
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
			return &Error{Field: fieldPath(d.StackPointer()), Reason: "must not hold a NUL character", Syntax: true}
		}
	}
}

// toError turns the decoder's error into one that names no Go type and no value.
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
	return &Error{Field: fieldPath(semantic.JSONPointer), Reason: "must be " + jsonTypeName(semantic)}
}

func syntaxReason(e *jsontext.SyntacticError) string {
	switch {
	case errors.Is(e, jsontext.ErrDuplicateName):
		return "stands twice in its object"
	case strings.Contains(e.Err.Error(), "UTF-8"):
		return "must be valid UTF-8"
	case strings.Contains(e.Err.Error(), "surrogate"):
		return "must not hold a lone surrogate"
	}
	return fmt.Sprintf("is not valid JSON at byte %d", e.ByteOffset)
}

// jsonTypeName says which JSON type a Go type is read from.
func jsonTypeName(e *json.SemanticError) string {
	if e.GoType == nil {
		return "of another type"
	}
	for e.GoType.Kind().String() == "ptr" {
		e.GoType = e.GoType.Elem()
	}
	switch kind := e.GoType.Kind().String(); {
	case kind == "string":
		return "a string"
	case kind == "bool":
		return "true or false"
	case kind == "struct" || kind == "map":
		return "an object"
	case kind == "slice" || kind == "array":
		return "an array"
	case strings.HasPrefix(kind, "int") || strings.HasPrefix(kind, "uint"):
		return "a whole number"
	case strings.HasPrefix(kind, "float"):
		return "a number"
	}
	return "of another type"
}

// maxPathBytes bounds the path in an Error, in bytes: a hostile document may have
// names as long as itself, and an answer repeats the path.
const maxPathBytes = 256

// fieldPath writes a JSON pointer (RFC 6901) as a path such as "children.0.name",
// cut off after maxPath bytes.
func fieldPath(p jsontext.Pointer) string {
	var parts []string
	for token := range p.Tokens() {
		parts = append(parts, token)
	}
	path := strings.Join(parts, ".")
	if len(path) > maxPathBytes {
		path = strings.ToValidUTF8(path[:maxPathBytes], "") + "..."
	}
	return path
}
