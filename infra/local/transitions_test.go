package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"cedula/shared/identity"
)

// TestReadmeShowsTheTransitions: the README's picture is the core's table, no more
// and no less.
func TestReadmeShowsTheTransitions(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, picture, _ := strings.Cut(string(text), "stateDiagram-v2\n")
	picture, _, _ = strings.Cut(picture, "```")
	var want strings.Builder
	for _, row := range identity.Transitions {
		for _, to := range row.To {
			fmt.Fprintf(&want, "  %s --> %s\n", row.From, to)
		}
	}
	if picture != want.String() {
		t.Errorf("the README shows\n%s\nwant\n%s", picture, want.String())
	}
}
