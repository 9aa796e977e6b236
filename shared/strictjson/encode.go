package strictjson

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Encode writes v as JSON in the order of its fields; a nil slice is null. '<', '>' and '&' are
// escaped, so that an answer shown in a page by mistake is still only text.
// It panics if v cannot be written: our own response types always can.
func Encode(v any) []byte {
	data, err := json.Marshal(v, jsontext.EscapeForHTML(true), json.Deterministic(true), json.FormatNilSliceAsNull(true))
	if err != nil {
		panic("strictjson: a response type that is no JSON: " + err.Error())
	}
	return data
}
