package strictjson_test

import (
	stdjson "encoding/json"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"cedula/shared/strictjson"
)

// FuzzDecode checks that accepted documents are valid JSON for other parsers and survive a
// round trip, and that rejected ones get a short error.
func FuzzDecode(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		var b body
		err := strictjson.Decode(data, &b)
		known := strictjson.DecodeDisallowUnknown(data, new(body))
		if err != nil {
			_, own := errors.AsType[*strictjson.Error](err)
			if !own || len(err.Error()) > 400 || known == nil {
				t.Errorf("Decode = %v, DecodeDisallowUnknown = %v; want a short *Error from both", err, known)
			}
			return
		}
		if !stdjson.Valid(data) || !utf8.Valid(data) {
			t.Errorf("Decode accepted %q, want an error: it is not valid JSON in UTF-8", data)
		}
		written := strictjson.Encode(b)
		var again body
		if err := strictjson.Decode(written, &again); err != nil {
			t.Fatalf("Decode(%s) = %v, want no error for an encoded document", written, err)
		}
		if twice := strictjson.Encode(again); string(twice) != string(written) {
			t.Errorf("second Encode = %s\n         want %s", twice, written)
		}
	})
}

// FuzzMerge checks that a merged object has the names of both objects, each once.
func FuzzMerge(f *testing.F) {
	f.Fuzz(func(t *testing.T, base, over []byte) {
		var a, b strictjson.Object
		if strictjson.Decode(base, &a) != nil || strictjson.Decode(over, &b) != nil {
			return
		}
		merged := strictjson.Merge(a.Value, b.Value)
		var again strictjson.Object
		if err := strictjson.Decode(merged, &again); err != nil {
			t.Fatalf("Merge(%s, %s) = %s, which Decode rejects: %v", base, over, merged, err)
		}
		if twice := strictjson.Merge(merged, b.Value); string(twice) != string(merged) {
			t.Errorf("second Merge = %s\n        want %s", twice, merged)
		}
		var names map[string]stdjson.RawMessage
		_ = stdjson.Unmarshal(a.Value, &names) // null has none
		_ = stdjson.Unmarshal(b.Value, &names)
		for name := range names {
			want := strictjson.Field(b.Value, name)
			if want == nil {
				want = strictjson.Field(a.Value, name)
			}
			if got := strictjson.Field(merged, name); compactJSON(got) != compactJSON(want) {
				t.Errorf("Field(%q) = %s, want %s", name, got, want)
			}
		}
	})
}

func compactJSON(v strictjson.Value) string {
	v = v.Clone()
	_ = v.Compact(jsontext.PreserveRawStrings(false))
	return string(v)
}
