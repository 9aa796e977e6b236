package strictjson_test

import (
	"encoding/json"
	"math/big"
	"testing"

	"cedula/shared/strictjson"
)

func TestCanonical(t *testing.T) {
	for want, texts := range map[string][]string{
		`{"a":1e0,"b":[true,null,"x"]}`: {
			`{"a":1,"b":[true,null,"x"]}`, ` { "b" : [ true , null , "\u0078" ] , "a" : 1.0 }` + "\n", `{"b":[true,null,"x"],"a":10e-1}`, `{"a":0.1E+1,"b":[true,null,"x"]}`,
		},
		`9007199254740993e0`:         {`9007199254740993`, `9007199254740993.00`, `9.007199254740993e15`, `90071992547409930e-1`},
		`9007199254740992e0`:         {`9007199254740992`},
		`0`:                          {`0`, `-0`, `0.00`, `0e7`, `-0.0E-3`},
		`-12e-3`:                     {`-0.012`, `-12e-3`, `-1.2E-2`},
		`1e2147483647`:               {`1e2147483647`, `10e2147483646`},
		`1e99999999999999999999`:     {`1e99999999999999999999`},
		`[true,false,null,"e1",1e0]`: {`[true,false,null,"e1",1]`},
		`"a\\\"1.0"`:                 {`"a\\\"1.0"`},
		`{"a":{"b":1e0,"c":2e0}}`:    {`{"a":{"c":2,"b":1}}`},
		`"é / <"`:                    {`"é \/ <"`, `"\u00e9 / \u003c"`},
		`[{"x":1e0,"y":2e0},"2e0"]`:  {`[{"y":2,"x":1},"2e0"]`},
		`1e2`:                        {`100`, `1e2`, `1E+2`, `100.0`},
		`""`:                         {`""`},
		`{}`: {`{}`, ` {
		} `},
	} {
		for _, text := range texts {
			got, err := strictjson.Canonical([]byte(text))
			if err != nil || string(got) != want {
				t.Errorf("Canonical(%s) = %s, %v, want %s", text, got, err, want)
			}
		}
	}
	for _, text := range []string{"", "{", "1 2", `{"a":1,"a":2}`, "nul"} {
		if got, err := strictjson.Canonical([]byte(text)); err == nil {
			t.Errorf("Canonical(%q) = %s, want an error", text, got)
		}
	}
}

// FuzzCanonical checks that a canonical text is its own canonical text, and that numbers keep their value.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{`{"b":[1.50,-0e9,1e-400],"a":"\ud83d\ude00"}`, `12345678901234567890.1e3`, `[[],{}]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		once, err := strictjson.Canonical(text)
		if err != nil {
			return
		}
		twice, err := strictjson.Canonical(once)
		if err != nil || string(twice) != string(once) {
			t.Errorf("Canonical(%s) = %s, %v, want the same text", once, twice, err)
		}
		var number json.Number
		if len(text) > 8 || once[0] == '"' || json.Unmarshal(text, &number) != nil || number == "" {
			return // big.Rat writes out powers of ten
		}
		want, ok := new(big.Rat).SetString(number.String())
		got, isNumber := new(big.Rat).SetString(string(once))
		if !ok || !isNumber || want.Cmp(got) != 0 {
			t.Errorf("Canonical(%s) = %s, want the same number", text, once)
		}
	})
}
