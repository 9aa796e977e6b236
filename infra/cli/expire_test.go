package main

import (
	"bytes"
	"strings"
	"testing"
)

// TestExpireCommand: what is past its time is counted, and then removed with a
// progress line, beside a running server.
func TestExpireCommand(t *testing.T) {
	s := startServer(t)
	made := s.runJSON(t, "clients", "create", "--name", "shop", "--scope", "*", "--tenant", "shop", "--steps", "contact", "--pending-life", "1h")
	if made["steps"] != "contact" || made["pendingLife"] != "1h0m0s" {
		t.Errorf("%v", made)
	}
	key := made["blnkKey"].(string)
	const id = "idt_11111111-1111-4111-8111-111111111111"
	if got := requestStatus(t, "POST", s.blnk+"/identities", `{"identity_id":"`+id+`","email_address":"ana@example.com"}`, "X-Blnk-Key", key); got != 201 {
		t.Fatal(got)
	}
	want := func(words []string, members map[string]float64) {
		t.Helper()
		got := s.runJSON(t, words...)
		for name, value := range members {
			if got[name] != value {
				t.Errorf("%v: %s is %v, want %v", words, name, got[name], value)
			}
		}
	}
	want([]string{"expire"}, map[string]float64{"examined": 0, "expired": 0})
	if got := requestStatus(t, "POST", s.mailbox+"/clock", `{"tenant":"shop","advance":"2h"}`, "Accept", "*/*"); got != 200 {
		t.Fatalf("advance the clock: status %d, want 200", got)
	}
	want([]string{"expire", "--dry-run"}, map[string]float64{"examined": 1, "expired": 1, "failed": 0})
	want([]string{"expire", "--dry-run"}, map[string]float64{"examined": 1, "expired": 1})
	var out, progress bytes.Buffer
	root := newRoot(&out)
	root.SetErr(&progress)
	root.SetArgs([]string{"--data", s.folder, "expire"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(progress.String(), "removing") || !strings.Contains(progress.String(), "1/1") || !strings.Contains(out.String(), "removed") {
		t.Errorf("%q %q", progress.String(), out.String())
	}
	want([]string{"expire", "--dry-run"}, map[string]float64{"examined": 0})
	for _, odd := range [][]string{{"--steps", "screening"}, {"--pending-life", "1m"}, {"--pending-life", "-1h"}} {
		if out, err := s.run(append([]string{"clients", "create", "--name", "x", "--scope", "*"}, odd...)...); err == nil || !strings.Contains(out, "must be") {
			t.Errorf("%v: %s %v", odd, out, err)
		}
	}
}
