package strictjson_test

import (
	"testing"

	"cedula/shared/strictjson"
)

type patch struct {
	Name strictjson.Optional[string] `json:"name"`
	List strictjson.Optional[[]int]  `json:"list"`
	In   strictjson.Optional[struct {
		Flag strictjson.Optional[bool] `json:"flag"`
	}] `json:"in"`
	Free strictjson.Optional[strictjson.Value] `json:"free"`
}

func TestOptional(t *testing.T) {
	tests := []struct {
		body       string
		sent, null bool
		name       string // after ApplyTo on "old"
	}{
		{`{}`, false, false, "old"},
		{`{"name":null}`, true, true, ""},
		{`{"name":""}`, true, false, ""},
		{`{"name":"new"}`, true, false, "new"},
	}
	for _, tt := range tests {
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

func TestOptionalOfNestedTypes(t *testing.T) {
	var p patch
	if err := strictjson.Decode([]byte(`{"in":{"flag":false},"list":[1,2],"free":{"a":1.10}}`), &p); err != nil {
		t.Fatal(err)
	}
	if flag := p.In.Value.Flag; !p.In.Sent || !flag.Sent || flag.Null() {
		t.Errorf("in = %+v, want a flag that was sent", p.In)
	}
	if len(p.List.Value) != 2 {
		t.Errorf("list = %v, want 2 numbers", p.List.Value)
	}
	if got, want := string(p.Free.Value), `{"a":1.10}`; got != want {
		t.Errorf("free = %s, want %s", got, want)
	}
}

func TestOptionalErrorsNameTheField(t *testing.T) {
	for body, want := range map[string]string{
		`{"name":5}`:             "name must be a string",
		`{"in":{"flag":"x"}}`:    "in.flag must be true or false",
		`{"in":[]}`:              "in must be an object",
		`{"list":[1,"x"]}`:       "list.1 must be a whole number",
		`{"name":"a","name":1}`:  "name stands twice in its object",
		`{"in":{"flag":"\ud8"}}`: "in.flag is not valid JSON at byte 15",
		`{"free":{"a":1,"a":2}}`: "free.a stands twice in its object",
		`{"in":{"flags":true}}`:  "in.flags is not known",
	} {
		err := strictjson.DecodeDisallowUnknown([]byte(body), new(patch))
		if err == nil || err.Error() != want {
			t.Errorf("DecodeDisallowUnknown(%s) = %v, want %q", body, err, want)
		}
	}
}
