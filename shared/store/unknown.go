package store

import (
	"bytes"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// recordFormat is the newest format of records that this release reads. A record says its format only if that is not 1.
const recordFormat = 1

// strictEncoding also reports members that this release does not know.
var strictEncoding = json.JoinOptions(encoding, json.RejectUnknownMembers(true))

// decodeWithUnknown reads a record, and returns the members that this release does not know, or nil. A
// rewritten record must keep them: a newer release wrote them. Its error names the kind of record and does not quote it.
func decodeWithUnknown[R any](body []byte, what string) (r R, more *unknownMembers, err error) {
	if json.Unmarshal(body, &r, strictEncoding) == nil {
		return r, nil, nil
	}
	var none, lenient R
	var format struct {
		Number int `json:"fmt"`
	}
	if json.Unmarshal(body, &format) == nil && format.Number > recordFormat {
		return none, nil, fmt.Errorf("store: %s has format %d; this release reads up to %d: use a newer release", what, format.Number, recordFormat)
	}
	if json.Unmarshal(body, &lenient, encoding) != nil {
		return none, nil, fmt.Errorf("store: damaged %s", what)
	}
	return lenient, findUnknown(body, mustEncode(lenient)), nil
}

// unknownMembers are the members of a JSON value that this release does not know.
type unknownMembers struct {
	members  map[string]jsontext.Value  // of an object
	nested   map[string]*unknownMembers // in the values of members that it knows
	elements []unknownInElement         // of an array
}

type unknownInElement struct {
	known jsontext.Value // the element without them
	more  *unknownMembers
}

// findUnknown compares a value as it is stored with the same value encoded by this release. It returns nil if the latter has
// every member.
func findUnknown(stored, known jsontext.Value) *unknownMembers {
	u := unknownMembers{members: map[string]jsontext.Value{}, nested: map[string]*unknownMembers{}}
	in, all := elements(stored), elements(known)
	for n := range min(len(in), len(all)) {
		if more := findUnknown(in[n], all[n]); more != nil {
			u.elements = append(u.elements, unknownInElement{all[n], more})
		}
	}
	has := members(known)
	for name, value := range members(stored) {
		if has[name] == nil {
			u.members[name] = value
		} else if more := findUnknown(value, has[name]); more != nil {
			u.nested[name] = more
		}
	}
	if len(u.members)+len(u.nested)+len(u.elements) == 0 {
		return nil
	}
	return &u
}

// addTo returns an encoded value with the unknown members. It leaves out those of objects that are gone.
func (u *unknownMembers) addTo(encoded jsontext.Value) jsontext.Value {
	if u == nil {
		return encoded
	}
	if encoded.Kind() == '[' {
		list := elements(encoded)
		for _, e := range u.elements {
			if n := indexOf(list, e.known); n >= 0 {
				list[n] = e.more.addTo(list[n])
			}
		}
		return mustEncode(list)
	}
	object := members(encoded)
	for name, value := range u.members {
		if object[name] == nil {
			object[name] = value
		}
	}
	for name, more := range u.nested {
		if object[name] != nil {
			object[name] = more.addTo(object[name])
		}
	}
	return mustEncode(object)
}

// indexOf returns the index of an element: the only one with the same first member, which names it, or else the equal one. It
// returns -1 if no element matches.
func indexOf(list []jsontext.Value, element jsontext.Value) int {
	found, count, equal := -1, 0, -1
	for n := range list {
		if firstMember(list[n]) == firstMember(element) {
			found = n
			count++
		}
		if string(list[n]) == string(element) {
			equal = n
		}
	}
	if count == 1 {
		return found
	}
	return equal
}

// firstMember returns the value of an object's first member, "" if it has none.
func firstMember(object jsontext.Value) string {
	d := jsontext.NewDecoder(bytes.NewReader(object))
	_, _ = d.ReadToken()
	_, _ = d.ReadToken()
	value, _ := d.ReadValue()
	return string(value)
}

// members returns an object by name, and elements an array; both are empty for another value.
func members(v jsontext.Value) (m map[string]jsontext.Value) {
	_ = json.Unmarshal(v, &m)
	return m
}

func elements(v jsontext.Value) (list []jsontext.Value) {
	_ = json.Unmarshal(v, &list)
	return list
}
