package strictjson_test

import (
	"testing"

	"cedula/shared/strictjson"
)

func TestMerge(t *testing.T) {
	tests := []struct{ name, base, over, want string }{
		{"no base", ``, `{"a":1}`, `{"a":1}`},
		{"base is not an object", `[1]`, `{"a":1}`, `{"a":1}`},
		{"both empty", `{}`, `{}`, `{}`},
		{"a new field comes last", `{"b":1}`, `{"a":2}`, `{"b":1,"a":2}`},
		{"an existing field keeps its place", `{"b":1,"c":2}`, `{"b":3}`, `{"b":3,"c":2}`},
		{"objects are replaced, not merged", `{"a":{"x":1}}`, `{"a":{"y":2}}`, `{"a":{"y":2}}`},
		{"null is a value", `{"a":1}`, `{"a":null}`, `{"a":null}`},
		{"numbers keep their digits", `{"a":1.10}`, `{"b":9007199254740993}`, `{"a":1.10,"b":9007199254740993}`},
		{"names are compared decoded", `{"\u00e9":1}`, `{"é":2}`, `{"é":2}`},
		{"the empty name", `{"":1}`, `{"":2,"a":3}`, `{"":2,"a":3}`},
		{"white space is removed", `{ "a" : 1 }`, `{ "b" : [ 1 , 2 ] }`, `{"a":1,"b":[1,2]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strictjson.Merge(strictjson.Value(tt.base), strictjson.Value(tt.over)); string(got) != tt.want {
				t.Errorf("Merge(%s, %s) = %s, want %s", tt.base, tt.over, got, tt.want)
			}
		})
	}
}

// The examples of RFC 7396, appendix A, and cases of our own.
func TestMergePatch(t *testing.T) {
	for _, tt := range []struct{ base, patch, want string }{
		{`{"a":"b"}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"b"}`, `{"b":"c"}`, `{"a":"b","b":"c"}`},
		{`{"a":"b"}`, `{"a":null}`, `{}`},
		{`{"a":"b","b":"c"}`, `{"a":null}`, `{"b":"c"}`},
		{`{"a":["b"]}`, `{"a":"c"}`, `{"a":"c"}`},
		{`{"a":"c"}`, `{"a":["b"]}`, `{"a":["b"]}`},
		{`{"a":{"b":"c"}}`, `{"a":{"b":"d","c":null}}`, `{"a":{"b":"d"}}`},
		{`{"a":[{"b":"c"}]}`, `{"a":[1]}`, `{"a":[1]}`},
		{`["a","b"]`, `["c","d"]`, `["c","d"]`},
		{`{"a":"b"}`, `["c"]`, `["c"]`},
		{`{"e":null}`, `{"a":1}`, `{"e":null,"a":1}`},
		{`[1,2]`, `{"a":"b","c":null}`, `{"a":"b"}`},
		{`{}`, `{"a":{"bb":{"ccc":null}}}`, `{"a":{"bb":{}}}`},
		{``, `{"a":1.10,"b":null}`, `{"a":1.10}`},
		{`{"a":9007199254740993,"b":1}`, `{"b":[null]}`, `{"a":9007199254740993,"b":[null]}`},
	} {
		if got := strictjson.MergePatch(strictjson.Value(tt.base), strictjson.Value(tt.patch)); string(got) != tt.want {
			t.Errorf("MergePatch(%s, %s) = %s, want %s", tt.base, tt.patch, got, tt.want)
		}
	}
}
