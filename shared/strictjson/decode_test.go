package strictjson_test

import (
	"fmt"
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
		{"cut off", `{"name":`, "name is not valid JSON at byte 8"},
		{"bare word", `{name:1}`, "body is not valid JSON at byte 2"},
		{"trailing text", `{"name":"a"} x`, "body is not valid JSON at byte 13"},
		{"duplicate", `{"name":"a","name":"b"}`, "name occurs twice in its object"},
		{"duplicate with a long name", `{"` + long + `":1,"` + long + `":2}`, long[:256] + "... occurs twice in its object"},
		{"duplicate by escape", `{"name":"a","n\u0061me":"b"}`, "name occurs twice in its object"},
		{"duplicate in an unknown member", `{"zzz":{"a":1,"a":2}}`, "zzz.a occurs twice in its object"},
		{"duplicate in a kept value", `{"free":{"a":{"b":1,"b":2}}}`, "free.a.b occurs twice in its object"},
		{"number for a string", `{"name":5}`, "name must be a string"},
		{"string for a boolean", `{"flag":"true"}`, "flag must be true or false"},
		{"fraction for an integer", `{"count":1.5}`, "count must be a whole number"},
		{"object for a list", `{"list":{}}`, "list must be an array"},
		{"nested type", `{"list":[{"name":{}}]}`, "list.0.name must be a string"},
		{"through a pointer", `{"inner":[]}`, "inner must be an object"},
		{"array for an object kept", `{"meta":[1]}`, "meta must be an object"},
		{"NUL", `{"name":"a\u0000b"}`, "name must not contain a NUL character"},
		{"NUL in a kept value", `{"free":{"a":["\u0000"]}}`, "free.a.0 must not contain a NUL character"},
		{"NUL in a member name", `{"free":{"\u0000":1}}`, "free.\x00 must not contain a NUL character"},
		{"raw NUL", "{\"name\":\"a\x00b\"}", "name is not valid JSON at byte 10"},
		{"lone surrogate", `{"name":"\ud800"}`, "name must not contain an unpaired surrogate"},
		{"invalid UTF-8", "{\"name\":\"\xff\"}", "name must be valid UTF-8"},
		{"deep", deep, "body is nested deeper than 16 levels"},
		{"byte order mark", "\ufeff{}", "body is not valid JSON at byte 0"},
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

func TestEncodeKeepsValuesAndEscapesMarkup(t *testing.T) {
	const in = `{"free":{"big":9007199254740993,"z":1.10,"a":[1e400]},"meta":{"n":0.1000},"text":"\u003ca\u003e\u0026"}`
	var b struct {
		Free strictjson.Value  `json:"free"`
		Meta strictjson.Object `json:"meta"`
		Text string            `json:"text"`
	}
	if err := strictjson.Decode([]byte(in), &b); err != nil {
		t.Fatal(err)
	}
	if got := string(strictjson.Encode(b)); got != in || b.Text != "<a>&" {
		t.Errorf("Encode = %s for the string %q\n  want %s for <a>&", got, b.Text, in)
	}
}

type patch struct {
	Name strictjson.Optional[string] `json:"name"`
	List strictjson.Optional[[]int]  `json:"list"`
	In   strictjson.Optional[struct {
		Flag strictjson.Optional[bool] `json:"flag"`
	}] `json:"in"`
	Free strictjson.Optional[strictjson.Value] `json:"free"`
}

func TestDecodeDisallowUnknown(t *testing.T) {
	for _, tt := range []struct {
		in, want string
		into     any
	}{
		{`{"name":"a","free":{"anything":1}}`, "<nil>", new(body)},
		{`{"nickname":"a"}`, "nickname is not known", new(body)},
		{`{"inner":{"x":1}}`, "inner.x is not known", new(body)},
		{`{"Name":"a"}`, "Name is not known", new(body)},
		{`{"name":5}`, "name must be a string", new(patch)},
		{`{"in":{"flag":"x"}}`, "in.flag must be true or false", new(patch)},
		{`{"in":[]}`, "in must be an object", new(patch)},
		{`{"list":[1,"x"]}`, "list.1 must be a whole number", new(patch)},
		{`{"name":"a","name":1}`, "name occurs twice in its object", new(patch)},
		{`{"in":{"flag":"\ud8"}}`, "in.flag is not valid JSON at byte 15", new(patch)},
		{`{"free":{"a":1,"a":2}}`, "free.a occurs twice in its object", new(patch)},
		{`{"in":{"flags":true}}`, "in.flags is not known", new(patch)},
	} {
		if got := fmt.Sprint(strictjson.DecodeDisallowUnknown([]byte(tt.in), tt.into)); got != tt.want {
			t.Errorf("DecodeDisallowUnknown(%s) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestOptional(t *testing.T) {
	for _, tt := range []struct {
		body       string
		sent, null bool
		name       string // after ApplyTo on "old"
	}{
		{`{}`, false, false, "old"},
		{`{"name":null}`, true, true, ""},
		{`{"name":""}`, true, false, ""},
		{`{"name":"new"}`, true, false, "new"},
	} {
		var p patch
		if err := strictjson.Decode([]byte(tt.body), &p); err != nil {
			t.Fatal(err)
		}
		name := "old"
		p.Name.ApplyTo(&name)
		if p.Name.Sent != tt.sent || p.Name.Null() != tt.null || name != tt.name {
			t.Errorf("%s: Sent = %v, Null = %v, name = %q; want %v, %v, %q", tt.body, p.Name.Sent, p.Name.Null(), name, tt.sent, tt.null, tt.name)
		}
	}
}
