package page_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"cedula/infra/bench/page"
)

func TestMarkdown(t *testing.T) {
	table := page.Table{Head: []string{"what", "how much"}}
	table.Row("a", 1.5)
	table.Row("b", 12)
	s := page.Section{
		Title: "Title", Intro: "Intro.", Tables: []page.Table{table}, Notes: []string{"note"},
		Plots: []page.Plot{{File: "a.svg", Title: "A"}},
	}
	want := "## Title\n\nIntro.\n\n| what | how much |\n| --- | --: |\n| a | 1.50 |\n| b | 12 |\n\n![A](a.svg)\n\n- note\n\n"
	if got := s.Markdown(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A plot is XML, whatever stands in it, and has a bar for every value.
func TestPlot(t *testing.T) {
	for _, lines := range []bool{false, true} {
		p := page.Plot{
			Title: `a < "b" & c`, Unit: "ms", Lines: lines, Labels: []string{"x", "y<"}, Mark: 3, MarkName: "target",
			Series: []page.Series{{"one", []float64{0, 20_000}}, {"two", []float64{2, 3}}},
		}
		text := p.SVG()
		for d := xml.NewDecoder(strings.NewReader(text)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		if bars := strings.Count(text, "<rect") - 1 - 2; lines && strings.Count(text, "<polyline") != 2 || !lines && bars != 4 {
			t.Errorf("%d bars in %s", bars, text)
		}
	}
	if empty := (&page.Plot{Labels: []string{"x"}, Series: []page.Series{{"one", []float64{0}}}}).SVG(); strings.Contains(empty, "NaN") {
		t.Error(empty)
	}
}
