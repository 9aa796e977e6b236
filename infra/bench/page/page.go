// Package page writes results: sections of tables in Markdown, and plots as SVG.
// It knows nothing of what was measured.
package page

import (
	"fmt"
	"strings"
)

// Section is a part of a page of results.
type Section struct {
	Title  string
	Intro  string
	Tables []Table
	Notes  []string
	Plots  []Plot
}

// Table is a head and rows. Every column but the first stands to the right.
type Table struct {
	Head []string
	Rows [][]string
}

// Row adds a row; each value is written with fmt.Sprint, a float by two digits.
func (t *Table) Row(values ...any) {
	row := make([]string, len(values))
	for n, v := range values {
		if f, ok := v.(float64); ok {
			row[n] = fmt.Sprintf("%.2f", f)
			continue
		}
		row[n] = fmt.Sprint(v)
	}
	t.Rows = append(t.Rows, row)
}

// Markdown is the section as text.
func (s *Section) Markdown() string {
	var text strings.Builder
	fmt.Fprintf(&text, "## %s\n\n", s.Title)
	if s.Intro != "" {
		fmt.Fprintf(&text, "%s\n\n", s.Intro)
	}
	for _, t := range s.Tables {
		text.WriteString(t.Markdown() + "\n")
	}
	for _, p := range s.Plots {
		fmt.Fprintf(&text, "![%s](%s)\n\n", p.Title, p.File)
	}
	for _, n := range s.Notes {
		fmt.Fprintf(&text, "- %s\n", n)
	}
	if len(s.Notes) > 0 {
		text.WriteString("\n")
	}
	return text.String()
}

// Markdown is the table as text.
func (t *Table) Markdown() string {
	var text strings.Builder
	line := func(cells []string) { fmt.Fprintf(&text, "| %s |\n", strings.Join(cells, " | ")) }
	line(t.Head)
	rule := make([]string, len(t.Head))
	for n := range rule {
		rule[n] = "--:"
	}
	rule[0] = "---"
	line(rule)
	for _, row := range t.Rows {
		line(row)
	}
	return text.String()
}
