package strictjson

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Value is one JSON value, kept as it was sent, including all digits of numbers.
// Nil is written as null.
type Value = jsontext.Value

// Object is a Value that is an object, or nil for null.
type Object struct{ Value }

// UnmarshalJSON accepts an object or null.
func (o *Object) UnmarshalJSON(data []byte) error {
	return unmarshalKind(data, '{', "must be an object", &o.Value)
}

// Array is a Value that is an array, or nil for null.
type Array struct{ Value }

// UnmarshalJSON accepts an array or null.
func (a *Array) UnmarshalJSON(data []byte) error {
	return unmarshalKind(data, '[', "must be an array", &a.Value)
}

// unmarshalKind copies data to dst. reason is the error if data is of another kind.
func unmarshalKind(data Value, kind jsontext.Kind, reason string, dst *Value) error {
	switch data.Kind() {
	case 'n':
		*dst = nil
	case kind:
		*dst = data.Clone()
	default:
		return &Error{Reason: reason}
	}
	return nil
}

// DecodeString reads a Value that is a string.
func DecodeString(v Value, into *string) error { return json.Unmarshal(v, into) }
