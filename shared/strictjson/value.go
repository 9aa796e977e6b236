package strictjson

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Value is one JSON value kept as it was sent, numbers with all their digits.
// Nil is written as null.
type Value = jsontext.Value

// Object is a Value that must be an object or null.
type Object struct{ Value }

// UnmarshalJSON keeps an object and refuses every other value but null.
func (o *Object) UnmarshalJSON(data []byte) error {
	if k := jsontext.Value(data).Kind(); k != '{' && k != 'n' {
		return &Error{Reason: "must be an object"}
	}
	o.Value = cloneValue(data)
	return nil
}

// cloneValue copies a value; null is nil.
func cloneValue(data []byte) Value {
	if jsontext.Value(data).Kind() == 'n' {
		return nil
	}
	return append(Value(nil), data...)
}

// Array is a Value that must be an array or null.
type Array struct{ Value }

// UnmarshalJSON keeps an array and refuses every other value but null.
func (a *Array) UnmarshalJSON(data []byte) error {
	if k := jsontext.Value(data).Kind(); k != '[' && k != 'n' {
		return &Error{Reason: "must be an array"}
	}
	a.Value = cloneValue(data)
	return nil
}

// DecodeString reads a Value that is a string.
func DecodeString(v Value, into *string) error { return json.Unmarshal(v, into) }
