package main

import (
	"context"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/table/faults"
)

// TestLimits: a client is slowed over both APIs together, each refusal in its
// dialect's words, and another client is not.
func TestLimits(t *testing.T) {
	w := newWorld(t)
	now := time.Date(2026, 3, 4, 23, 59, 0, 0, time.UTC)
	w.limits.now = func() time.Time { return now }
	limited, unlimited := w.register(t, auth.ScopeAll), w.client
	if _, err := w.data.store.ChangeClient(t.Context(), limited.ClientID, func(c *auth.Client) error {
		c.Limits = auth.Limits{Rate: 2, Burst: 3, Quota: 7}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	token := w.tokenOf(t, limited)
	blnk := func() answer { return call(t, "GET", w.blnk+"/identities/x", "", "X-Blnk-Key", limited.BlnkKey) }
	conomy := func() answer {
		return call(t, "GET", w.conomy+"/identities/x", "", "Authorization", "Bearer "+token, "x-api-key", limited.ConomyKey)
	}
	want := func(a answer, status int, retry, text string) {
		t.Helper()
		if a.status != status || a.header.Get("Retry-After") != retry {
			t.Errorf("got %d, Retry-After %q, want %d, %q", a.status, a.header.Get("Retry-After"), status, retry)
		}
		wantIn(t, string(a.body), text)
	}
	want(blnk(), 404, "", "IDT_NOT_FOUND")
	want(conomy(), 404, "", "notFound")
	want(blnk(), 404, "", "IDT_NOT_FOUND")
	w.calls.Reset()
	want(blnk(), 429, "1", "GEN_RATE_LIMITED")
	want(conomy(), 429, "1", `"code":"32"`)
	if got := w.calls.Reset(); got != (faults.Calls{}) {
		t.Errorf("a refusal took %+v", got)
	}
	want(call(t, "GET", w.blnk+"/identities/x", "", "X-Blnk-Key", unlimited.BlnkKey), 404, "", "IDT_NOT_FOUND")
	now = now.Add(time.Second)
	want(blnk(), 404, "", "IDT_NOT_FOUND")
	want(blnk(), 404, "", "IDT_NOT_FOUND")
	want(blnk(), 429, "1", "GEN_RATE_LIMITED")
	now = now.Add(2 * time.Second)
	want(blnk(), 404, "", "IDT_NOT_FOUND")
	want(conomy(), 404, "", "notFound")
	want(blnk(), 429, "3600", "GEN_RATE_LIMITED")
	want(call(t, "GET", w.conomy+"/docs", ""), 200, "", "redoc") // what is open is nobody's
	now = now.Add(2 * time.Minute)                               // another day
	want(blnk(), 404, "", "IDT_NOT_FOUND")
}

// TestLimitsAreReadAnew: new limits hold within half a minute, and a client
// without any costs one read in that time.
func TestLimitsAreReadAnew(t *testing.T) {
	reads := 0
	limits := auth.Limits{}
	l := newLimiter(func(context.Context, string) (auth.Client, error) {
		reads++
		return auth.Client{Limits: limits}, nil
	})
	now := time.Unix(1_000_000, 0)
	l.now = func() time.Time { return now }
	for range 1000 {
		if got := l.refuse(t.Context(), "a"); got != "" {
			t.Fatal(got)
		}
	}
	limits = auth.Limits{Rate: 1, Burst: 1}
	now = now.Add(limitsFor)
	if l.refuse(t.Context(), "a") != "" || l.refuse(t.Context(), "a") != gateway.Throttled || reads != 2 {
		t.Errorf("the new limits do not hold, or %d reads are not two", reads)
	}
}
