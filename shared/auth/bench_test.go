package auth_test

import "testing"

func BenchmarkVerify(b *testing.B) {
	w := newFixture(b)
	token := w.token(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.authenticator.Tokens.Verify(ctx, token, w.now); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAuthenticateBearerCached(b *testing.B) {
	w := newFixture(b)
	token := w.token(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.authenticator.AuthenticateBearer(ctx, conomyAPI, token, w.credentials.Keys["conomy"]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAuthenticateKeyCached(b *testing.B) {
	w := newFixture(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, w.credentials.Keys["blnk"]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAuthenticateScopedKeyCached is BenchmarkAuthenticateKeyCached for a key with scopes of its own.
func BenchmarkAuthenticateScopedKeyCached(b *testing.B) {
	w := newFixture(b)
	_, text := w.createKey(b, w.credentials.Keys["blnk"], w.keyParams("identity:read", "identity:write"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, text); err != nil {
			b.Fatal(err)
		}
	}
}

// TestScopedKeyAllocatesNoMore compares what a warm Guard allocates.
func TestScopedKeyAllocatesNoMore(t *testing.T) {
	w := newFixture(t)
	_, text := w.createKey(t, w.credentials.Keys["blnk"], w.keyParams("identity:read", "identity:write"))
	pass := func(key string) float64 {
		return testing.AllocsPerRun(100, func() { w.caller(t, key) })
	}
	if scoped, master := pass(text), pass(w.credentials.Keys["blnk"]); scoped > master {
		t.Errorf("%v allocations, and %v for a key without scopes of its own; want scoped <= master", scoped, master)
	}
}

// BenchmarkAuthenticateUnknownKeys is a stranger's well-formed keys, each a new one, once the
// cache is full.
func BenchmarkAuthenticateUnknownKeys(b *testing.B) {
	w := newFixture(b)
	head, tail := w.credentials.Keys["blnk"][:29], w.credentials.Keys["blnk"][37:61]
	b.ReportAllocs()
	n := uint64(0)
	for b.Loop() {
		n++
		var own [8]byte
		for i := range own {
			own[i] = alphabet[n>>(5*i)&31]
		}
		if _, err := w.authenticator.AuthenticateKey(ctx, blnkAPI, withChecksum(head+string(own[:])+tail)); err == nil {
			b.Fatal("passed")
		}
	}
}

func BenchmarkIssue(b *testing.B) {
	w := newFixture(b)
	b.ReportAllocs()
	for b.Loop() {
		w.token(b)
	}
}
