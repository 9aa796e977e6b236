package auth_test

import "testing"

func BenchmarkAuthenticator(b *testing.B) {
	w := newFixture(b)
	token := w.token(b)
	_, scoped := w.createKey(b, w.blnkKey, "team-a", "identity:read", "identity:write")
	for name, run := range map[string]func() error{
		"verify a token":     func() error { _, err := w.authenticator.Tokens.Verify(ctx, token, w.now); return err },
		"bearer, cached":     func() error { return w.authenticateBearer(token, w.conomyKey) },
		"key, cached":        func() error { return w.authenticateKey(w.blnkKey) },
		"scoped key, cached": func() error { return w.authenticateKey(scoped) },
		"issue a token":      func() error { _, _, err := w.issuer.Issue(ctx, w.client); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := run(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestCachedScopedKeyAllocatesNoMoreThanOthers(t *testing.T) {
	w := newFixture(t)
	_, text := w.createKey(t, w.blnkKey, "team-a", "identity:read", "identity:write")
	allocations := func(key string) float64 { return testing.AllocsPerRun(100, func() { w.caller(t, key) }) }
	if scoped, other := allocations(text), allocations(w.blnkKey); scoped > other {
		t.Errorf("allocations = %v with scopes of its own, %v without, want no more", scoped, other)
	}
}
