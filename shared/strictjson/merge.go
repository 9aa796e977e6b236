package strictjson

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// Merge returns the members of an object with those of another in the place of
// those of the same name; new ones follow in their order. Values are kept as
// they are. A base that is nil, or no object, counts as an empty one. Both must
// be valid and must not hold a name twice, as after Decode.
func Merge(base, over Value) Value {
	return merge(base, over, func(_, value Value) Value { return value })
}

// MergePatch returns a value with a merge patch applied to it (RFC 7396): members
// that are objects are merged, those that are null are taken away, anything else
// takes the place of what is there. Base and patch are as for Merge.
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

// merge makes of each member of over, and of what base has in its place or nil, the
// value that it has in the answer; nil: none.
func merge(base, over Value, combine func(old, value Value) Value) Value {
	patch := fields(over)
	replaced := make(map[string]Value, len(patch))
	for _, m := range patch {
		replaced[m.name] = m.value
	}
	var out bytes.Buffer
	e := jsontext.NewEncoder(&out)
	write := func(name string, v Value) {
		if v == nil {
			return
		}
		_ = e.WriteToken(jsontext.String(name))
		_ = e.WriteValue(v)
	}
	_ = e.WriteToken(jsontext.BeginObject)
	for _, m := range fields(base) {
		if v, ok := replaced[m.name]; ok {
			m.value = combine(m.value, v)
			delete(replaced, m.name)
		}
		write(m.name, m.value)
	}
	for _, m := range patch {
		if _, left := replaced[m.name]; left {
			write(m.name, combine(nil, m.value))
		}
	}
	_ = e.WriteToken(jsontext.EndObject)
	return Value(bytes.TrimSpace(out.Bytes()))
}

// Field is the value of an object's member; nil if there is none.
func Field(object Value, name string) Value {
	for _, m := range fields(object) {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// field is one of an object's.
type field struct {
	name  string
	value Value
}

func fields(object Value) (list []field) {
	if object.Kind() != '{' {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(object))
	_, _ = d.ReadToken()
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return list
		}
		m := field{name: name.String()}
		v, err := d.ReadValue()
		if err != nil {
			return list
		}
		m.value = v.Clone()
		list = append(list, m)
	}
	return list
}
