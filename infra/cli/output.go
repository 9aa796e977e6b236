package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"cedula/shared/auth"
)

// row is a line of a table for a person.
type row []any

// print writes v as JSON with --json, or else the table. It ignores errors of the output, which could not be shown.
func (c *cli) print(v any, table []row) error {
	if c.json {
		text, err := json.MarshalIndent(v, "", "  ")
		_, _ = fmt.Fprintf(c.out, "%s\n", text)
		return err
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, r := range table {
		_, _ = fmt.Fprintf(w, strings.Repeat("%v\t", len(r)-1)+"%v\n", r...)
	}
	_ = w.Flush()
	return nil
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

var secretShownOnce = row{"\nIt is not shown again. Store it like a password."}

// statusChange is the new state of a client or key, and when it is effective everywhere.
type statusChange struct {
	What        string    `json:"what"`
	ID          string    `json:"id"`
	State       string    `json:"state"`
	EffectiveBy time.Time `json:"seenBy"`
	Made        []string  `json:"made,omitempty"` // the keys made by it that were changed with it
}

// printChange prints a change that was made just now.
func (c *cli) printChange(change statusChange) error {
	change.EffectiveBy = time.Now().Add(auth.RevocationDelay)
	table := []row{
		{change.What, change.ID},
		{"state", change.State},
		{"effective by", formatTime(change.EffectiveBy) + " everywhere"},
	}
	for _, id := range change.Made {
		table = append(table, row{"created by it", id})
	}
	return c.print(change, table)
}
