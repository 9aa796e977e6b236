package cost_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/infra/bench/cost"
	"cedula/infra/bench/registry"
	"cedula/infra/template"
)

var update = flag.Bool("update", false, "write cost.md anew")

// TestPage counts anew and holds cost.md against it.
func TestPage(t *testing.T) {
	root, err := template.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	items := count(t)
	line, err := cost.AccessLine(root)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, "infra", "bench", "cost.md")
	got := cost.Page(items, line)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("cost.md is not what is counted; see that it was meant, then go test ./infra/bench/cost -update\n%s", diff)
	}
}

// TestLines: a request writes at most 0.6 KB to its function's log, and the
// dollars are about those that were planned.
func TestLines(t *testing.T) {
	for _, i := range count(t) {
		if i.LogBytes > 600 {
			t.Errorf("%s of %s writes %d bytes to the log", i.Name, i.Dialect, i.LogBytes)
		}
		sum := i.Bill(400).Sum()
		if i.Name == "fetch" && (sum < 3.5 || sum > 5) || i.Name == "create, with an idempotency key" && (sum < 8 || sum > 12) {
			t.Errorf("a million of %s of %s cost %.2f dollars", i.Name, i.Dialect, sum)
		}
	}
}

func count(t *testing.T) []cost.Item {
	t.Helper()
	r, err := registry.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if err := r.Fill(t.Context(), 1000); err != nil {
		t.Fatal(err)
	}
	items, err := cost.Counts(r)
	if err != nil {
		t.Fatal(err)
	}
	return items
}
