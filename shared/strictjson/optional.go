package strictjson

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

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
