package strictjson

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Optional is a member of a patch (RFC 7396): absent, null, or a value.
type Optional[T any] struct {
	Sent  bool // the member is there, be it null
	Value T    // zero if the member is absent or null
	null  bool
}

// Null reports whether the member was sent as null.
func (o Optional[T]) Null() bool { return o.null }

// UnmarshalJSONFrom is called for a member that is there.
func (o *Optional[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	o.Sent = true
	if o.null = d.PeekKind() == 'n'; o.null {
		return d.SkipValue()
	}
	return json.UnmarshalDecode(d, &o.Value)
}

// ApplyTo writes the value over dst if the member was sent; null clears it.
func (o Optional[T]) ApplyTo(dst *T) {
	if o.Sent {
		*dst = o.Value
	}
}
