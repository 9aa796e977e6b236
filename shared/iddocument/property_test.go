package iddocument_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cedula/shared/iddocument"
)

func TestSeparatorsAndCaseDoNotMatter(t *testing.T) {
	all := vectors(t)
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SampledFrom(all).Draw(t, "vector")
		var written strings.Builder
		for _, c := range v.number {
			written.WriteString(rapid.StringMatching(`[ ./()–-]{0,2}`).Draw(t, "separators"))
			if rapid.Bool().Draw(t, "lower") {
				written.WriteString(strings.ToLower(string(c)))
			} else {
				written.WriteRune(c)
			}
		}
		want := iddocument.Check(v.kind, v.country, v.number)
		canonical := iddocument.Canonical(v.kind, v.country, v.number)
		if got := iddocument.Canonical(v.kind, v.country, written.String()); got != canonical || !slices.Contains(iddocument.CanonicalForms(written.String()), got) {
			t.Errorf("Canonical(%q, %q, %q) = %q, want %q, one of the forms", v.kind, v.country, written.String(), got, canonical)
		}
		if got := iddocument.Check(v.kind, v.country, written.String()); got != want {
			t.Errorf("Check(%q, %q, %q) = %v, want %v", v.kind, v.country, written.String(), got, want)
		}
		if want.Verdict != invalid && !iddocument.PlausibleFormat(v.kind, v.country, written.String()) {
			t.Errorf("PlausibleFormat(%q, %q, %q) = false, want true for a number that is %s", v.kind, v.country, written.String(), want.Verdict)
		}
	})
}

// FuzzCheck looks for panics, unknown verdicts and valid numbers with an implausible format.
func FuzzCheck(f *testing.F) {
	for i, v := range vectors(f) {
		if i%50 == 0 {
			f.Add(v.kind, v.country, v.number)
		}
	}
	f.Fuzz(func(t *testing.T, kind, country, number string) {
		got := iddocument.Check(kind, country, number)
		if got.Verdict != valid && got.Verdict != invalid && got.Verdict != unchecked || got.Reason == "" {
			t.Errorf("Check(%q, %q, %q) = %v, want a known verdict with a reason", kind, country, number, got)
		}
		if got.Verdict == valid && !iddocument.PlausibleFormat(kind, country, number) {
			t.Errorf("PlausibleFormat(%q, %q, %q) = false, want true for a valid number", kind, country, number)
		}
	})
}
