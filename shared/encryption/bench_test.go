package encryption_test

import "testing"

func BenchmarkSeal(b *testing.B) {
	w := newFixture(b)
	wrapped := w.mustNewKey(b, tenant)
	b.ReportAllocs()
	for b.Loop() {
		w.mustEncrypt(b, wrapped, "ana@example.com")
	}
}

func BenchmarkOpen(b *testing.B) {
	w := newFixture(b)
	wrapped := w.mustNewKey(b, tenant)
	box := w.mustEncrypt(b, wrapped, "ana@example.com")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.Decrypt(ctx, tenant, wrapped, place, box); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenCold has the data key unwrapped each time, by a local key.
func BenchmarkOpenCold(b *testing.B) {
	w := newFixture(b)
	wrapped := w.mustNewKey(b, tenant)
	box := w.mustEncrypt(b, wrapped, "ana@example.com")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.withEmptyCache().Decrypt(ctx, tenant, wrapped, place, box); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewKey(b *testing.B) {
	w := newFixture(b)
	b.ReportAllocs()
	for b.Loop() {
		w.mustNewKey(b, tenant)
	}
}
