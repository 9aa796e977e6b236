package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"cedula/shared/auth"
)

// print writes v as JSON with --json, or else what lines writes for a person. Errors are ignored: nothing is left to
// write them to.
func (c *cli) print(v any, lines func(w *tabwriter.Writer)) {
	if c.json {
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			panic("cedula: cannot encode the output: " + err.Error())
		}
		_, _ = fmt.Fprintf(c.out, "%s\n", text)
		return
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	lines(w)
	_ = w.Flush()
}

func writeRow(w *tabwriter.Writer, columns ...any) {
	texts := make([]string, len(columns))
	for n, c := range columns {
		texts[n] = fmt.Sprint(c)
	}
	_, _ = fmt.Fprintln(w, strings.Join(texts, "\t"))
}

func formatTime(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

const secretShownOnce = "\nThis is the only time that it is shown. Keep it as you keep a password."

// statusChange says what a client or a key has become, and by when no cache remembers otherwise.
type statusChange struct {
	What        string    `json:"what"`
	ID          string    `json:"id"`
	State       string    `json:"state"`
	EffectiveBy time.Time `json:"seenBy"`
	Made        []string  `json:"made,omitempty"` // the keys made by it that were changed with it
}

// printChange prints a change that was made just now.
func (c *cli) printChange(change statusChange) {
	change.EffectiveBy = time.Now().Add(auth.RevocationDelay)
	c.print(change, func(w *tabwriter.Writer) {
		writeRow(w, change.What, change.ID)
		writeRow(w, "state", change.State)
		writeRow(w, "seen by", formatTime(change.EffectiveBy)+", also where it is remembered")
		for _, id := range change.Made {
			writeRow(w, "made by it", id)
		}
	})
}
