package registry_test

import (
	"testing"

	"cedula/infra/bench/registry"
)

// TestFlat: every operation keeps its budget of table calls and units, and takes
// no more of a longer list, unless it counts it. `make bench` says so up to a
// million identities.
func TestFlat(t *testing.T) {
	r, err := registry.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	first := make(map[string]registry.Count)
	for _, size := range []int{100, 3000} {
		if err := r.Fill(t.Context(), size); err != nil {
			t.Fatal(err)
		}
		for _, o := range registry.Operations() {
			c, err := r.Count(o)
			if err != nil {
				t.Fatal(err)
			}
			if err := o.Over(c); err != nil {
				t.Errorf("at %d: %v", size, err)
			}
			name := o.Dialect + o.Name
			if was, ok := first[name]; ok && was != c && !o.Bounded {
				t.Errorf("%s of %s: %+v, and %+v at %d identities", o.Name, o.Dialect, was, c, size)
			}
			first[name] = c
		}
	}
}

// TestStill: what runs on a table that stands still runs as often as it likes.
func TestStill(t *testing.T) {
	r, err := registry.Open(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	if err := r.Fill(t.Context(), 50); err != nil {
		t.Fatal(err)
	}
	for _, o := range registry.Operations() {
		if !o.Pure {
			continue
		}
		if c, err := r.Cost(o); err != nil || c.Time <= 0 || c.Allocations <= 0 {
			t.Errorf("%+v, %v", c, err)
		}
	}
}
