package timetravel_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cedula/infra/local/timetravel"
)

func TestClock(t *testing.T) {
	folder := t.TempDir()
	c, err := timetravel.Open(folder)
	if err != nil || c.Offset("a") != 0 || c.LargestOffset() != 0 {
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
		{timetravel.MaxOffset, 0},
		{timetravel.MaxOffset - time.Hour - time.Minute, timetravel.MaxOffset},
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
	again, err := timetravel.Open(folder)
	if err != nil || again.Offset("a") != timetravel.MaxOffset || again.Offset("b") != time.Second || again.Offset("c") != 0 || again.LargestOffset() != timetravel.MaxOffset {
		t.Errorf("%v %v", err, again.Offset("a"))
	}
	if err := os.WriteFile(filepath.Join(folder, timetravel.FileName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := timetravel.Open(folder); err == nil || !strings.Contains(err.Error(), timetravel.FileName) {
		t.Errorf("damaged: %v", err)
	}
}
