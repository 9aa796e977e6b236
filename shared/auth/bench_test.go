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

// BenchmarkScopedKeyWarm is BenchmarkKeyWarm for a key with scopes of its own.
func BenchmarkScopedKeyWarm(b *testing.B) {
	w := newWorld(b)
	_, text := w.made(b, w.shown.BlnkKey, w.wanted("identity:read", "identity:write"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.guard.Key(ctx, text); err != nil {
			b.Fatal(err)
		}
	}
}

// TestScopedKeyCostsNoMore compares what a warm Guard allocates.
func TestScopedKeyCostsNoMore(t *testing.T) {
	w := newWorld(t)
	_, text := w.made(t, w.shown.BlnkKey, w.wanted("identity:read", "identity:write"))
	pass := func(key string) float64 {
		return testing.AllocsPerRun(100, func() { w.caller(t, key) })
	}
	if scoped, master := pass(text), pass(w.shown.BlnkKey); scoped > master {
		t.Errorf("%v allocations, and %v for a key without scopes of its own", scoped, master)
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
