package strictjson_test

import (
	"testing"

	"cedula/shared/strictjson"
)

func TestOptional(t *testing.T) {
	type patch struct {
		Name strictjson.Optional[string] `json:"name"`
		List strictjson.Optional[[]int]  `json:"list"`
		In   strictjson.Optional[struct {
			Flag strictjson.Optional[bool] `json:"flag"`
		}] `json:"in"`
		Free strictjson.Optional[strictjson.Value] `json:"free"`
	}
	tests := []struct {
		body       string
		sent, null bool
		name       string // after it was set over "old"
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
			t.Errorf("%s: sent %v, null %v, %q", tt.body, p.Name.Sent, p.Name.Null(), name)
		}
	}
	var p patch
	if err := strictjson.Decode([]byte(`{"in":{"flag":false},"list":[1,2],"free":{"a":1.10}}`), &p); err != nil {
		t.Fatal(err)
	}
	if !p.In.Sent || !p.In.Value.Flag.Sent || p.In.Value.Flag.Null() || len(p.List.Value) != 2 || string(p.Free.Value) != `{"a":1.10}` {
		t.Errorf("%+v", p)
	}
	for body, want := range map[string]string{
		`{"name":5}`:             "name must be a string",
		`{"in":{"flag":"x"}}`:    "in.flag must be true or false",
		`{"in":[]}`:              "in must be an object",
		`{"list":[1,"x"]}`:       "list.1 must be a whole number",
		`{"name":"a","name":1}`:  "name stands twice in its object",
		`{"in":{"flag":"\ud8"}}`: "in.flag is not valid JSON at byte 15",
		`{"free":{"a":1,"a":2}}`: "free.a stands twice in its object",
	} {
		if err := strictjson.Decode([]byte(body), new(patch)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
	for body, want := range map[string]string{`{"in":{"flags":true}}`: "in.flags is not known", `{"names":1}`: "names is not known"} {
		if err := strictjson.DecodeDisallowUnknown([]byte(body), new(patch)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", body, err, want)
		}
	}
}
