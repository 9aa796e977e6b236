package identity_test

import (
	"errors"
	"testing"
	"time"

	"cedula/shared/identity"
)

func TestMessageCount(t *testing.T) {
	limits := identity.MessageLimits{PerClient: 2, PerTenant: 3}
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	var c identity.MessageCount
	for n, tt := range []struct {
		client   string
		after    time.Duration
		wait     time.Duration // 0: counted
		ofTenant bool
	}{
		{"a", 0, 0, false},
		{"a", time.Minute, 0, false},
		{"a", 2 * time.Minute, 58 * time.Minute, false},
		{"b", 3 * time.Minute, 0, false},
		{"b", 4 * time.Minute, 56 * time.Minute, true},
		{"b", time.Hour, 0, false},
		{"a", -24 * time.Hour, 0, false}, // the clock is set back
		{"a", time.Second - 24*time.Hour, 0, false},
		{"a", 2*time.Second - 24*time.Hour, time.Hour - 2*time.Second, false},
	} {
		err := c.Add(tt.client, limits, now.Add(tt.after))
		var limited *identity.RateLimited
		if errors.As(err, &limited) != (tt.wait > 0) || tt.wait > 0 && (limited.RetryAfter != tt.wait || limited.OfTenant != tt.ofTenant) {
			t.Errorf("message %d: error = %+v, want to wait %v", n, limited, tt.wait)
		}
	}
}

func TestParseMessageLimits(t *testing.T) {
	for text, want := range map[string]identity.MessageLimits{
		"": identity.DefaultMessageLimits, "10/20": {PerClient: 10, PerTenant: 20}, "10/10": {PerClient: 10, PerTenant: 10},
		"10": {}, "0/10": {}, "20/10": {}, "a/b": {}, "10/20/30": {}, "-1/5": {},
	} {
		got, err := identity.ParseMessageLimits(text)
		if got != want || (err != nil) != (want == identity.MessageLimits{}) {
			t.Errorf("ParseMessageLimits(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestLimitedAddress(t *testing.T) {
	for address, want := range map[string]string{
		"Ana+shop@Example.com": "ana@example.com", "a.n.a@example.com": "a.n.a@example.com",
		"A.n.a+x@googlemail.com": "ana@gmail.com", "ana@gmail.com": "ana@gmail.com", "x+1@b\u00fccher.example": "x@xn--bcher-kva.example",
	} {
		if got := identity.ChannelEmail.LimitedAddress(address); got != want {
			t.Errorf("LimitedAddress(%q) = %q, want %q", address, got, want)
		}
	}
	if got := identity.ChannelPhone.LimitedAddress("+56912345678"); got != "+56912345678" {
		t.Errorf("LimitedAddress of a phone = %q, want it unchanged", got)
	}
}
