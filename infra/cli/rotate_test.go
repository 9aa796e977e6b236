package main

import (
	"strings"
	"testing"
	"time"
)

// remainingTimes reads the ends of old credentials out of an answer.
func remainingTimes(t *testing.T, old ...any) (ends []time.Duration) {
	t.Helper()
	for _, o := range old {
		end, err := time.Parse(time.RFC3339Nano, o.(map[string]any)["goodUntil"].(string))
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, time.Until(end).Round(time.Minute))
	}
	return ends
}

// TestRotationReportsExpiryOfOldCredentials: what was promised once is kept, or broken on
// demand and said again.
func TestRotationReportsExpiryOfOldCredentials(t *testing.T) {
	s := startServer(t)
	made := s.runJSON(t, "clients", "create", "--name", "shop", "--scope", "*")
	client, key := made["id"].(string), made["blnkKey"].(string)[4:28]

	first := s.runJSON(t, "secrets", "rotate", client, "--overlap", "48h")
	if ends := remainingTimes(t, first["old"].([]any)...); len(ends) != 1 || ends[0] != 48*time.Hour {
		t.Errorf("first rotation: %v", ends)
	}
	promised := first["old"].([]any)[0].(map[string]any)["goodUntil"].(string)
	if out, err := s.run("secrets", "rotate", client); err == nil || !strings.Contains(out, promised+"; rotate again after that, or end it sooner with --force") {
		t.Errorf("second rotation: %s", out)
	}
	forced := s.runJSON(t, "secrets", "rotate", client, "--force", "--overlap", "1h")
	if ends := remainingTimes(t, forced["old"].([]any)...); len(ends) != 2 || ends[0] != 0 || ends[1] != time.Hour {
		t.Errorf("forced rotation: %v", ends)
	}
	if out, _ := s.run("secrets", "rotate", client, "--force"); strings.Count(out, "old secret") != 2 {
		t.Errorf("for a person: %s", out)
	}

	if ends := remainingTimes(t, s.runJSON(t, "keys", "rotate", key, "--overlap", "48h")["old"]); ends[0] != 48*time.Hour {
		t.Errorf("key: %v", ends)
	}
	if out, err := s.run("keys", "rotate", key); err == nil || !strings.Contains(out, "give an --overlap that lasts until then, or end it sooner with --force") {
		t.Errorf("second rotation of a key: %s", out)
	}
	old := s.runJSON(t, "keys", "rotate", key, "--overlap", "72h")["old"]
	if ends := remainingTimes(t, old); ends[0] != 48*time.Hour {
		t.Errorf("longer rotation of a key: %v", ends)
	}
	if out, _ := s.run("keys", "list", client); !strings.Contains(out, old.(map[string]any)["goodUntil"].(string)) {
		t.Errorf("a key under rotation is listed without its end: %s", out)
	}
	if out, _ := s.run("keys", "rotate", key, "--overlap", "1h", "--force"); !strings.Contains(out, key+" is good until ") {
		t.Errorf("for a person: %s", out)
	}
}
