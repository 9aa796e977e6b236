package main

import (
	"context"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/table/faulttable"
)

// TestClientLimitsSpanBothAPIs: a client is slowed over both APIs together, each refusal in its
// dialect's words, and another client is not.
func TestClientLimitsSpanBothAPIs(t *testing.T) {
	w := newFixture(t)
	now := time.Date(2026, 3, 4, 23, 59, 0, 0, time.UTC)
	w.limiter.now = func() time.Time { return now }
	limited, unlimited := w.createClient(t, auth.ScopeAll), w.credentials
	if _, err := w.registry.store.UpdateClient(t.Context(), limited.ClientID, func(c *auth.Client) error {
		c.Limits = auth.Limits{Rate: 2, Burst: 3, Quota: 7}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	token := w.tokenFor(t, limited)
	blnk := func() httpResponse { return call(t, "GET", w.blnk+"/identities/x", "", "X-Blnk-Key", limited.BlnkKey) }
	conomy := func() httpResponse {
		return call(t, "GET", w.conomy+"/identities/x", "", "Authorization", "Bearer "+token, "x-api-key", limited.ConomyKey)
	}
	want := func(a httpResponse, status int, retry, text string) {
		t.Helper()
		if a.status != status || a.header.Get("Retry-After") != retry {
			t.Errorf("got %d, Retry-After %q, want %d, %q", a.status, a.header.Get("Retry-After"), status, retry)
		}
		wantContains(t, string(a.body), text)
	}
	want(blnk(), 404, "", "IDT_NOT_FOUND")
	want(conomy(), 404, "", "notFound")
	want(blnk(), 404, "", "IDT_NOT_FOUND")
	w.tableCalls.Reset()
	want(blnk(), 429, "1", "GEN_RATE_LIMITED")
	want(conomy(), 429, "1", `"code":"32"`)
	if got := w.tableCalls.Reset(); got != (faulttable.Calls{}) {
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

// TestLimitsAreRefreshed: new limits hold within half a minute, and a client
// without any costs one read in that time.
func TestLimitsAreRefreshed(t *testing.T) {
	reads := 0
	limits := auth.Limits{}
	l := newLimiter(func(context.Context, string) (auth.Client, error) {
		reads++
		return auth.Client{Limits: limits}, nil
	})
	now := time.Unix(1_000_000, 0)
	l.now = func() time.Time { return now }
	for range 1000 {
		if got := l.check(t.Context(), "a"); got != "" {
			t.Fatal(got)
		}
	}
	limits = auth.Limits{Rate: 1, Burst: 1}
	now = now.Add(limitsTTL)
	if l.check(t.Context(), "a") != "" || l.check(t.Context(), "a") != gateway.Throttled || reads != 2 {
		t.Errorf("the new limits do not hold, or %d reads are not two", reads)
	}
}
