package strictjson

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Value is one JSON value, kept as it was sent, including all digits of numbers. Nil is written as null.
type Value = jsontext.Value

// Object is a Value that is an object, or nil for null.
type Object struct{ Value }

// UnmarshalJSON implements json.Unmarshaler. It accepts an object or null.
func (o *Object) UnmarshalJSON(data []byte) error {
	return unmarshalKind(data, '{', "must be an object", &o.Value)
}

// Array is a Value that is an array, or nil for null.
type Array struct{ Value }

// UnmarshalJSON implements json.Unmarshaler. It accepts an array or null.
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

// Optional is a field of a patch (RFC 7396): absent, null, or a value.
type Optional[T any] struct {
	Sent  bool // the field is present, possibly null
	Value T    // zero if the field is absent or null
	null  bool
}

// Null reports whether the field was sent as null.
func (o Optional[T]) Null() bool { return o.null }

// UnmarshalJSONFrom implements json.UnmarshalerFrom. It is only called for fields that are present.
func (o *Optional[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	o.Sent = true
	o.null = d.PeekKind() == 'n'
	if o.null {
		return d.SkipValue()
	}
	return json.UnmarshalDecode(d, &o.Value)
}

// ApplyTo sets dst to the value if the field was sent; null clears it.
func (o Optional[T]) ApplyTo(dst *T) {
	if o.Sent {
		*dst = o.Value
	}
}

// Encode writes v as JSON in the order of its fields; a nil slice is null. It escapes '<', '>' and '&', so that a
// response shown in a page by mistake is not markup. It panics if v cannot be encoded, which response types always can.
func Encode(v any) []byte {
	data, err := json.Marshal(v, jsontext.EscapeForHTML(true), json.Deterministic(true), json.FormatNilSliceAsNull(true))
	if err != nil {
		panic("strictjson: cannot encode a response type: " + err.Error())
	}
	return data
}
