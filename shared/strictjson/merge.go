package strictjson

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Merge returns the fields of base, replaced by those of the same name in over, followed by the new fields of over in
// their order. Values are not changed. A base that is nil or not an object counts as empty. Both must be valid
// without duplicate fields, as after Decode.
func Merge(base, over Value) Value {
	return merge(base, over, func(_, value Value) Value { return value })
}

// MergePatch applies a merge patch (RFC 7396): fields that are objects are merged, those that are null are removed, and
// anything else replaces the existing value. Base and patch are as for Merge.
func MergePatch(base, patch Value) Value {
	if patch.Kind() != '{' {
		return patch
	}
	return merge(base, patch, func(old, value Value) Value {
		if value.Kind() == 'n' {
			return nil
		}
		return MergePatch(old, value)
	})
}

// merge calls combine with each field of over and its value in base, or nil. The result becomes the field's value; nil
// removes the field.
func merge(base, over Value, combine func(old, value Value) Value) Value {
	merged := fields(base)
	places := make(map[string]int, len(merged))
	for n, f := range merged {
		places[f.name] = n
	}
	for _, f := range fields(over) {
		if n, ok := places[f.name]; ok {
			merged[n].value = combine(merged[n].value, f.value)
			continue
		}
		merged = append(merged, field{f.name, combine(nil, f.value)})
	}
	return object(merged)
}

// Field returns the value of an object's field, or nil if it has none.
func Field(object Value, name string) Value {
	for _, f := range fields(object) {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

type field struct {
	name  string
	value Value
}

// fields returns the fields of an object in their order; it yields none for any other value.
func fields(object Value) []field {
	if object.Kind() != '{' {
		return nil
	}
	var list []field
	d := jsontext.NewDecoder(bytes.NewReader(object))
	_, _ = d.ReadToken()
	for d.PeekKind() == '"' {
		token, _ := d.ReadToken()
		name := token.String() // before ReadValue, which invalidates the token
		value, err := d.ReadValue()
		if err != nil {
			return list
		}
		list = append(list, field{name, value.Clone()})
	}
	return list
}

// object writes the fields that have a value.
func object(list []field) Value {
	var out bytes.Buffer
	e := jsontext.NewEncoder(&out)
	_ = e.WriteToken(jsontext.BeginObject)
	for _, f := range list {
		if f.value != nil {
			_ = e.WriteToken(jsontext.String(f.name))
			_ = e.WriteValue(f.value)
		}
	}
	_ = e.WriteToken(jsontext.EndObject)
	return Value(bytes.TrimSpace(out.Bytes()))
}
