package strictjson_test

import (
	"strings"
	"testing"

	"cedula/shared/strictjson"
)

type body struct {
	Name  string            `json:"name"`
	Flag  bool              `json:"flag"`
	Count int               `json:"count"`
	List  []body            `json:"list"`
	Free  strictjson.Value  `json:"free"`
	Meta  strictjson.Object `json:"meta"`
	Inner *body             `json:"inner"`
}

func TestDecodeRejects(t *testing.T) {
	long := strings.Repeat("<", 10_000)
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	tests := []struct{ name, in, want string }{
		{"empty", "", "body is empty"},
		{"white space", " \n", "body is empty"},
		{"null", " null ", "body must not be null"},
		{"array for an object", "[]", "body must be an object"},
		{"string for an object", `"x"`, "body must be an object"},
		{"cut off", `{"name":`, "name is not valid JSON at byte 8"},
		{"bare word", `{name:1}`, "body is not valid JSON at byte 2"},
		{"trailing text", `{"name":"a"} x`, "body is not valid JSON at byte 13"},
		{"two documents", `{}{}`, "body is not valid JSON at byte 2"},
		{"duplicate", `{"name":"a","name":"b"}`, "name stands twice in its object"},
		{"duplicate with a long name", `{"` + long + `":1,"` + long + `":2}`, long[:256] + "... stands twice in its object"},
		{"duplicate by escape", `{"name":"a","n\u0061me":"b"}`, "name stands twice in its object"},
		{"duplicate in an unknown member", `{"zzz":{"a":1,"a":2}}`, "zzz.a stands twice in its object"},
		{"duplicate in a kept value", `{"free":{"a":{"b":1,"b":2}}}`, "free.a.b stands twice in its object"},
		{"duplicate in an object kept", `{"meta":{"b":1,"b":2}}`, "meta.b stands twice in its object"},
		{"number for a string", `{"name":5}`, "name must be a string"},
		{"string for a boolean", `{"flag":"true"}`, "flag must be true or false"},
		{"fraction for an integer", `{"count":1.5}`, "count must be a whole number"},
		{"object for a list", `{"list":{}}`, "list must be an array"},
		{"nested type", `{"list":[{"name":{}}]}`, "list.0.name must be a string"},
		{"through a pointer", `{"inner":[]}`, "inner must be an object"},
		{"array for an object kept", `{"meta":[1]}`, "meta must be an object"},
		{"NUL", `{"name":"a\u0000b"}`, "name must not hold a NUL character"},
		{"NUL in a kept value", `{"free":{"a":["\u0000"]}}`, "free.a.0 must not hold a NUL character"},
		{"NUL in a member name", `{"free":{"\u0000":1}}`, "free.\x00 must not hold a NUL character"},
		{"raw NUL", "{\"name\":\"a\x00b\"}", "name is not valid JSON at byte 10"},
		{"lone surrogate", `{"name":"\ud800"}`, "name must not hold a lone surrogate"},
		{"reversed surrogates", `{"name":"\udc00\ud800"}`, "name must not hold a lone surrogate"},
		{"invalid UTF-8", "{\"name\":\"\xff\"}", "name must be valid UTF-8"},
		{"deep", deep, "body is nested deeper than 16 levels"},
		{"deep in an unknown member", `{"x":` + deep + `}`, "body is nested deeper than 16 levels"},
		{"byte order mark", "\ufeff{}", "body is not valid JSON at byte 0"},
		{"comment", `{} // x`, "body is not valid JSON at byte 3"},
		{"NaN", `{"count":NaN}`, "count is not valid JSON at byte 9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := strictjson.Decode([]byte(tt.in), new(body))
			if err == nil || err.Error() != tt.want {
				t.Errorf("Decode(%.60q) = %v, want %q", tt.in, err, tt.want)
			}
		})
	}
}

func TestDecodeAccepts(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"exact case only", `{"NAME":"x","name":"y"}`, "y"},
		{"long s is not s", `{"li\u017ft":1,"name":"y"}`, "y"},
		{"surrogate pair", `{"name":"\ud83d\ude00"}`, "😀"},
		{"escaped backslash before u0000", `{"name":"\\u0000"}`, `\u0000`},
		{"sixteen levels", `{"name":"y","free":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`, "y"},
		{"brackets in a string", `{"name":"[[[[[[[[[[[[[[[[[[\""}`, `[[[[[[[[[[[[[[[[[["`},
		{"null for a string", `{"name":null}`, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b body
			err := strictjson.Decode([]byte(tt.in), &b)
			if err != nil || b.Name != tt.want {
				t.Errorf("Decode(%q) read the name %q, error %v; want %q", tt.in, b.Name, err, tt.want)
			}
		})
	}
}

func TestValuesAreKept(t *testing.T) {
	const in = `{"free":{"big":9007199254740993,"z":1.10,"a":[1e400]},"meta":{"n":0.1000}}`
	var b struct {
		Free strictjson.Value  `json:"free"`
		Meta strictjson.Object `json:"meta"`
	}
	if err := strictjson.Decode([]byte(in), &b); err != nil {
		t.Fatal(err)
	}
	if got := string(strictjson.Encode(b)); got != in {
		t.Errorf("Encode = %s\n  want %s", got, in)
	}
}

func TestEncodeEscapesMarkup(t *testing.T) {
	const want = `"\u003ca\u003e\u0026"`
	if got := string(strictjson.Encode("<a>&")); got != want {
		t.Errorf("Encode = %s, want %s", got, want)
	}
}

func TestDecodeDisallowUnknown(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"known members", `{"name":"a","free":{"anything":1}}`, ""},
		{"unknown member", `{"nickname":"a"}`, "nickname is not known"},
		{"unknown member further down", `{"inner":{"x":1}}`, "inner.x is not known"},
		{"another case", `{"Name":"a"}`, "Name is not known"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := strictjson.DecodeDisallowUnknown([]byte(tt.in), new(body))
			got := ""
			if err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("DecodeDisallowUnknown(%s) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
