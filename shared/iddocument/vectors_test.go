package iddocument_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cedula/shared/iddocument"
)

// vector is one line of testdata: a number with the oracle's verdict. testdata/gen makes them.
type vector struct {
	kind, country, number string
	oracle                iddocument.Verdict
}

// lines returns the lines of a file without its comments.
func lines(t testing.TB, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			list = append(list, strings.TrimSuffix(line, "\n"))
		}
	}
	return list
}

// vectors returns those of all files named kind-country.txt.
func vectors(t testing.TB) []vector {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(paths) != 23 {
		t.Fatalf("testdata has %d files of vectors (%v), want 23", len(paths), err)
	}
	var list []vector
	for _, path := range paths {
		name := strings.ToUpper(strings.TrimSuffix(filepath.Base(path), ".txt"))
		kind, country, _ := strings.Cut(name, "-")
		for _, line := range lines(t, path) {
			number, verdict, _ := strings.Cut(line, " ")
			list = append(list, vector{kind, country, number, iddocument.Verdict(verdict)})
		}
	}
	return list
}

// testdata/disagreements.tsv lists where Check differs from the oracle, each with its reason.
// A line there that is not a disagreement fails too.
func TestVerdictsMatchOracle(t *testing.T) {
	type key struct {
		kind, country, number string
		ours                  iddocument.Verdict
	}
	expected := map[key]bool{}
	for _, line := range lines(t, filepath.Join("testdata", "disagreements.tsv")) {
		f := strings.Split(line, "\t")
		if len(f) != 5 || len(f[4]) < 20 {
			t.Fatalf("line %q: want kind, country, number, our verdict and a reason", line)
		}
		expected[key{f[0], f[1], f[2], iddocument.Verdict(f[3])}] = true
	}
	for _, v := range vectors(t) {
		got := iddocument.Check(v.kind, v.country, v.number)
		k := key{v.kind, v.country, v.number, got.Verdict}
		if got.Verdict != v.oracle && !expected[k] {
			t.Errorf("Check(%q, %q, %q) = %v, want %s as the oracle says", v.kind, v.country, v.number, got, v.oracle)
		}
		if got.Verdict != v.oracle {
			delete(expected, k)
		}
	}
	for k := range expected {
		t.Errorf("disagreements.tsv lists %v, but Check agrees with the oracle", k)
	}
}
