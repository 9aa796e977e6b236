package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cedula/infra/canary"
)

const root = "../../.."

// TestSearch: lines without personal data pass; one planted among them is found,
// and fails.
func TestSearch(t *testing.T) {
	folder := t.TempDir()
	if err := run(new(bytes.Buffer), root, folder); err == nil {
		t.Error("nothing was searched, and it passes")
	}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name+canary.Suffix), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("shared+conomy.1", `{"msg":"request","operation":"create-identity","status":200,"client":"client-1"}`+"\n")
	var out bytes.Buffer
	if err := run(&out, root, folder); err != nil || !strings.Contains(out.String(), "searched 1 lines of 1 packages") {
		t.Fatalf("%v %s", err, &out)
	}
	values, err := personal(root)
	if err != nil {
		t.Fatal(err)
	}
	if missed := planted(values); len(missed) > 0 {
		t.Errorf("not found where it was planted: %q", missed)
	}
	write("shared+blnk.2", "{\"error\":\"\\u003cJuana.Canaria.QZXV\\u003e\"}\n")
	out.Reset()
	if err := run(&out, root, folder); err == nil || !strings.Contains(out.String(), `shared/blnk: "juana.canaria.qzxv" stands in`) {
		t.Errorf("%v %s", err, &out)
	}
}

// TestValues: those of events, golden files and seeds are among what is searched for.
func TestValues(t *testing.T) {
	values, err := personal(root)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d values", len(values))
	for _, v := range []string{"juana.canaria@example.com", "+56900000001", "11.111.111-1", "ana+verifies@example.com", "otra@example.com"} {
		if !slices.Contains(values, v) {
			t.Errorf("%s is not", v)
		}
	}
}
