package auth_test

import "testing"

func BenchmarkVerify(b *testing.B) {
	w := newWorld(b)
	token := w.token(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.guard.Tokens.Verify(ctx, token, w.now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkBearerWarm(b *testing.B) {
	w := newWorld(b)
	token := w.token(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.guard.Bearer(ctx, token, w.shown.ConomyKey); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkKeyWarm(b *testing.B) {
	w := newWorld(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.guard.Key(ctx, w.shown.BlnkKey); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkKeyFlood is a stranger's well-formed keys, each a new one, once the
// cache is full.
func BenchmarkKeyFlood(b *testing.B) {
	w := newWorld(b)
	head, tail := w.shown.BlnkKey[:29], w.shown.BlnkKey[37:61]
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		n++
		var own [8]byte
		for i := range own {
			own[i] = alphabet[n>>(5*i)&31]
		}
		if _, err := w.guard.Key(ctx, sealed(head+string(own[:])+tail)); err == nil {
			b.Fatal("passed")
		}
	}
}

func BenchmarkIssue(b *testing.B) {
	w := newWorld(b)
	b.ReportAllocs()
	for b.Loop() {
		w.token(b)
	}
}
