package clock_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cedula/infra/clock"
)

func TestClock(t *testing.T) {
	folder := t.TempDir()
	c, err := clock.Open(folder)
	if err != nil || c.Ahead("a") != 0 || c.Furthest() != 0 {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		by   time.Duration
		want time.Duration // 0: refused
	}{
		{0, 0},
		{-time.Hour, 0},
		{time.Hour, time.Hour},
		{time.Minute, time.Hour + time.Minute},
		{clock.MaxAhead, 0},
		{clock.MaxAhead - time.Hour - time.Minute, clock.MaxAhead},
		{1, 0},
	} {
		got, err := c.Advance("a", tt.by)
		if got != tt.want || (err == nil) != (tt.want != 0) {
			t.Errorf("by %v: %v %v", tt.by, got, err)
		}
	}
	if _, err := c.Advance("b", time.Second); err != nil {
		t.Fatal(err)
	}
	again, err := clock.Open(folder)
	if err != nil || again.Ahead("a") != clock.MaxAhead || again.Ahead("b") != time.Second || again.Ahead("c") != 0 || again.Furthest() != clock.MaxAhead {
		t.Errorf("%v %v", err, again.Ahead("a"))
	}
	if err := os.WriteFile(filepath.Join(folder, clock.File), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := clock.Open(folder); err == nil || !strings.Contains(err.Error(), clock.File) {
		t.Errorf("damaged: %v", err)
	}
}
