package identity_test

import (
	"testing"
	"time"

	"cedula/shared/identity"
)

func TestNumber(t *testing.T) {
	tests := []struct {
		name    string
		created time.Time
		low     int64
		high    int64
	}{
		{"the epoch", time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), 0, 4095},
		{"one millisecond later", time.Date(2025, 1, 1, 0, 0, 0, 1e6, time.UTC), 4096, 8191},
		{"2094 is below 2^53", time.Date(2094, 1, 1, 0, 0, 0, 0, time.UTC), 1 << 52, 1<<53 - 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			i := identity.Identity{ID: "id", CreatedAt: tt.created}
			if n := i.CreationNumber(); n < tt.low || n > tt.high {
				t.Errorf("%d is not in %d..%d; want n >= tt.low and n <= tt.high", n, tt.low, tt.high)
			}
		})
	}
}
