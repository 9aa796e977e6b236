package vault_test

import "testing"

func BenchmarkSeal(b *testing.B) {
	w := newWorld(b)
	wrapped := w.newKey(b, tenant)
	b.ReportAllocs()
	for b.Loop() {
		w.seal(b, wrapped, "ana@example.com")
	}
}

func BenchmarkOpen(b *testing.B) {
	w := newWorld(b)
	wrapped := w.newKey(b, tenant)
	box := w.seal(b, wrapped, "ana@example.com")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Open(ctx, tenant, wrapped, place, box); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenCold has the data key unwrapped each time, by a local key.
func BenchmarkOpenCold(b *testing.B) {
	w := newWorld(b)
	wrapped := w.newKey(b, tenant)
	box := w.seal(b, wrapped, "ana@example.com")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.again().Open(ctx, tenant, wrapped, place, box); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewKey(b *testing.B) {
	w := newWorld(b)
	b.ReportAllocs()
	for b.Loop() {
		w.newKey(b, tenant)
	}
}
