package strictjson_test

import (
	stdjson "encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"cedula/shared/strictjson"
)

// FuzzDecode: what is taken is written and taken again as the same, and every
// other JSON reader takes it too; what is refused is refused with a short reason.
func FuzzDecode(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		var b body
		err := strictjson.Decode(data, &b)
		known := strictjson.DecodeDisallowUnknown(data, new(body))
		if err != nil {
			var own *strictjson.Error
			if !errors.As(err, &own) || len(err.Error()) > 400 || known == nil {
				t.Errorf("refused with %v, strictly with %v", err, known)
			}
			return
		}
		if !stdjson.Valid(data) || !utf8.Valid(data) {
			t.Errorf("%q was taken", data)
		}
		written := strictjson.Encode(b)
		var again body
		if err := strictjson.Decode(written, &again); err != nil {
			t.Fatalf("what was taken is refused when written: %v", err)
		}
		if twice := strictjson.Encode(again); string(twice) != string(written) {
			t.Errorf("written %s\n   again %s", written, twice)
		}
	})
}

// FuzzMerge: two objects make one that has the names of both, each once.
func FuzzMerge(f *testing.F) {
	f.Fuzz(func(t *testing.T, base, over []byte) {
		var a, b strictjson.Object
		if strictjson.Decode(base, &a) != nil || strictjson.Decode(over, &b) != nil {
			return
		}
		merged := strictjson.Merge(a.Value, b.Value)
		var again strictjson.Object
		if err := strictjson.Decode(merged, &again); err != nil {
			t.Fatalf("%s with %s makes %s: %v", base, over, merged, err)
		}
		if twice := strictjson.Merge(merged, b.Value); string(twice) != string(merged) {
			t.Errorf("once %s\ntwice %s", merged, twice)
		}
		for _, name := range slices.Concat(fieldNames(a.Value), fieldNames(b.Value)) {
			want := strictjson.Field(b.Value, name)
			if want == nil {
				want = strictjson.Field(a.Value, name)
			}
			if got := strictjson.Field(merged, name); compactJSON(got) != compactJSON(want) {
				t.Errorf("%q is %s, not %s", name, got, want)
			}
		}
	})
}

func compactJSON(v strictjson.Value) string {
	v = v.Clone()
	_ = v.Compact(jsontext.PreserveRawStrings(false))
	return string(v)
}

func fieldNames(object strictjson.Value) (list []string) {
	d := jsontext.NewDecoder(strings.NewReader(string(object)))
	_, _ = d.ReadToken()
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return list
		}
		list = append(list, name.String())
		if d.SkipValue() != nil {
			return list
		}
	}
	return list
}
