package strictjson

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Encode writes v as JSON in the order of its fields; a nil slice is null. It escapes '<', '>'
// and '&', so that a response shown in a page by mistake is not markup.
// It panics if v cannot be encoded: response types always can.
func Encode(v any) []byte {
	data, err := json.Marshal(v, jsontext.EscapeForHTML(true), json.Deterministic(true), json.FormatNilSliceAsNull(true))
	if err != nil {
		panic("strictjson: cannot encode a response type: " + err.Error())
	}
	return data
}
