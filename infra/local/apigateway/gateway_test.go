package apigateway

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/auth"
	"cedula/shared/gateway"
)

func TestRequestsAreServed(t *testing.T) {
	g, _ := newFakeGateway(t, auth.Limits{})
	for _, target := range []string{"/things?limit=5", "/stage/things?limit=5", "/things?&&limit=5&", "/things?limit=5&x=%3B"} {
		if w := send(g, "GET", target, "good", http.NoBody); w.Code != 200 || w.Body.String() != "5" {
			t.Errorf("GET %s = %d %s, want 200 5", target, w.Code, w.Body)
		}
	}
}

func TestRejections(t *testing.T) {
	unread := iotest.ErrReader(io.ErrUnexpectedEOF)
	tooLong := strings.Repeat(" ", maxBodyBytes+1)
	for _, tt := range []struct {
		name, method, target, key string
		body                      io.Reader
		limits                    auth.Limits
		want                      string
	}{
		{"unknown path", "GET", "/nothing", "good", nil, auth.Limits{}, gateway.NoSuchRoute},
		{"unknown method", "PUT", "/things", "good", nil, auth.Limits{}, gateway.NoSuchRoute},
		{"stage alone", "GET", "/stage", "good", nil, auth.Limits{}, gateway.NoSuchRoute},
		{"length above the limit", "POST", "/nothing", "", strings.NewReader(tooLong), auth.Limits{}, gateway.RequestTooLarge},
		{"body above the limit", "POST", "/login", "", io.MultiReader(strings.NewReader(tooLong)), auth.Limits{}, gateway.RequestTooLarge},
		{"body that does not arrive", "POST", "/login", "", unread, auth.Limits{}, gateway.BadRequestBody},
		{"no key", "GET", "/things", "", nil, auth.Limits{}, gateway.Unauthorized},
		{"wrong key", "GET", "/things", "wrong", nil, auth.Limits{}, gateway.AccessDenied},
		{"authorizer that fails", "GET", "/things", "broken", nil, auth.Limits{}, gateway.AuthorizerFailure},
		{"rate exceeded", "GET", "/things", "good", nil, auth.Limits{Rate: 0.001, Burst: 1}, gateway.Throttled},
		{"quota exceeded", "GET", "/things", "good", nil, auth.Limits{Quota: 1}, gateway.QuotaExceeded},
		// Without the part that cannot be parsed a list would be wider than asked for.
		{"semicolon", "GET", "/things?limit=1;name=Ana", "good", nil, auth.Limits{}, gateway.BadRequestParameters},
		{"percent sign", "GET", "/things?name=50%", "good", nil, auth.Limits{}, gateway.BadRequestParameters},
		{"no hexadecimal", "GET", "/things?name=%zz", "good", nil, auth.Limits{}, gateway.BadRequestParameters},
		{"percent sign in a name", "GET", "/things?n%ame=Ana", "good", nil, auth.Limits{}, gateway.BadRequestParameters},
		{"too many parameters", "GET", "/things?" + strings.Repeat("&", 10_000), "good", nil, auth.Limits{}, gateway.BadRequestParameters},
		{"invalid query without a key", "GET", "/things?%", "", nil, auth.Limits{}, gateway.Unauthorized},
	} {
		g, a := newFakeGateway(t, tt.limits)
		if tt.limits != (auth.Limits{}) {
			send(g, tt.method, tt.target, tt.key, tt.body) // uses them up
		}
		a.served = 0
		w := send(g, tt.method, tt.target, tt.key, tt.body)
		kind, rest, _ := strings.Cut(w.Body.String(), " ")
		if kind != tt.want || w.Code != 499 || a.served > 0 {
			t.Errorf("%s: %d %s after %d operations, want 499 %s and no operation", tt.name, w.Code, kind, a.served, tt.want)
		}
		if kind == gateway.AccessDenied && !strings.HasSuffix(rest, " 41") {
			t.Errorf("%s: body = %s, want the authorizer's code 41", tt.name, w.Body)
		}
		retry := g.responses[tt.want].RetryAfter()
		if got := w.Header(); got.Get("Retry-After") != retry || got.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: headers = %v, want Retry-After %q and no-store", tt.name, got, retry)
		}
	}
}

// countingAuthorizer denies a request with two values of X-Key, fails for some values, and counts its calls.
type countingAuthorizer struct{ calls int }

func (a *countingAuthorizer) authorize(_ context.Context, e events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	a.calls++
	keys := e.MultiValueHeaders["X-Key"]
	errs := map[string]error{"broken": errors.New("no decision"), "unauthorized": gateway.ErrUnauthorized}
	statement := events.IAMPolicyStatement{Effect: "Allow"}
	if len(keys) > 1 {
		statement.Effect = "Deny"
	}
	policy := events.APIGatewayCustomAuthorizerPolicy{Statement: []events.IAMPolicyStatement{statement}}
	return events.APIGatewayCustomAuthorizerResponse{PolicyDocument: policy}, errs[keys[0]]
}

func requestWithKeys(values ...string) *exchange {
	r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
	r.Header["X-Key"] = values
	return &exchange{r: r, route: &route{}}
}

// TestAuthorizerCacheDistinguishesRepeatedHeaders checks that a decision for one value is never used for two values, nor
// one for two values for a single value, whatever their order.
func TestAuthorizerCacheDistinguishesRepeatedHeaders(t *testing.T) {
	single, repeated, joined := requestWithKeys("a"), requestWithKeys("a", "b"), requestWithKeys("a\x01b")
	want := map[*exchange]string{repeated: gateway.AccessDenied}
	for _, order := range [][]*exchange{{single, repeated, joined}, {repeated, joined, single}, {joined, single, repeated}} {
		a := &countingAuthorizer{}
		c := newAuthorizerCache(a.authorize, []string{"X-Key"}, time.Now)
		for _, x := range slices.Repeat(order, 2) { // cold, then warm
			if got := c.decide(x); got.denial != want[x] {
				t.Errorf("denial for %q = %q, want %q", x.r.Header["X-Key"], got.denial, want[x])
			}
		}
		if a.calls != len(order) {
			t.Errorf("calls of the authorizer = %d, want %d", a.calls, len(order))
		}
	}
}

func TestAuthorizerErrorsAreNotCached(t *testing.T) {
	for key, want := range map[string]string{"broken": gateway.AuthorizerFailure, "unauthorized": gateway.Unauthorized} {
		a := &countingAuthorizer{}
		c := newAuthorizerCache(a.authorize, []string{"X-Key"}, time.Now)
		first, second := c.decide(requestWithKeys(key)), c.decide(requestWithKeys(key))
		if first.denial != want || second.denial != want || a.calls != 2 {
			t.Errorf("denials for %s = %q, %q after %d calls, want %q twice after 2", key, first.denial, second.denial, a.calls, want)
		}
	}
}

// newTestLimiter returns a Limiter of clients with these limits, and how often it read them.
func newTestLimiter(limits *auth.Limits) (l *Limiter, reads *int) {
	reads = new(int)
	return NewLimiter(func(context.Context, string) (auth.Client, error) {
		*reads++
		return auth.Client{Limits: *limits}, nil
	}), reads
}

func TestLimiterRefreshesLimits(t *testing.T) {
	limits, now := auth.Limits{}, time.Unix(1_000_000, 0)
	l, reads := newTestLimiter(&limits)
	for range 1000 {
		if got := l.check(t.Context(), "a", now); got != "" {
			t.Fatalf("check without limits = %q, want none", got)
		}
	}
	limits = auth.Limits{Rate: 1, Burst: 1}
	now = now.Add(limitsTTL)
	first, second := l.check(t.Context(), "a", now), l.check(t.Context(), "a", now)
	if first != "" || second != gateway.Throttled || *reads != 2 {
		t.Errorf("checks with the new limits = %q, %q after %d reads, want none, %q after 2", first, second, *reads, gateway.Throttled)
	}
}

func TestQuotaEndsWithTheDay(t *testing.T) {
	l, _ := newTestLimiter(&auth.Limits{Quota: 2})
	evening := time.Date(2026, 3, 4, 23, 59, 0, 0, time.UTC)
	for n, want := range []string{"", "", gateway.QuotaExceeded, gateway.QuotaExceeded} {
		if got := l.check(t.Context(), "a", evening); got != want {
			t.Errorf("call %d = %q, want %q", n, got, want)
		}
	}
	if got := l.check(t.Context(), "a", evening.Add(2*time.Minute)); got != "" {
		t.Errorf("call on the next day = %q, want none", got)
	}
}

func TestLimiterIsBounded(t *testing.T) {
	l := NewLimiter(func(context.Context, string) (auth.Client, error) { return auth.Client{}, errors.New("unavailable") })
	for n := range maxCacheEntries + 10 {
		l.check(t.Context(), fmt.Sprint(n), time.Now())
	}
	if len(l.usage) > maxCacheEntries {
		t.Errorf("clients = %d, want at most %d", len(l.usage), maxCacheEntries)
	}
}

func TestBodyIsReadUpToTheLimit(t *testing.T) {
	tooLong := strings.Repeat(" ", gateway.MaxBodyBytes+1)
	for _, tt := range []struct {
		name, sent string
		length     int64 // -1: not told
		want       string
	}{
		{"none", "", 0, ""},
		{"short", "{}", 2, "{}"},
		{"short, length not told", "{}", -1, "{}"},
		{"too long for an operation", tooLong + "x", int64(len(tooLong) + 1), tooLong},
		{"too long for an operation, length not told", tooLong + "x", -1, tooLong},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", io.NopCloser(strings.NewReader(tt.sent)))
		r.ContentLength = tt.length
		got, err := (&exchange{r: r}).readBody()
		if rest, _ := io.ReadAll(r.Body); got != tt.want || err != nil || len(rest) > 0 {
			t.Errorf("%s: body of %d bytes, %v, %d left; want %d bytes, none left", tt.name, len(got), err, len(rest), len(tt.want))
		}
	}
}

func TestBodyThatIsNotUTF8IsEncoded(t *testing.T) {
	e := proxyEvent(requestWithKeys("a"), nil, "\xff", nil)
	if want := base64.StdEncoding.EncodeToString([]byte("\xff")); !e.IsBase64Encoded || e.Body != want {
		t.Errorf("body = %q, encoded %t, want %q in base64", e.Body, e.IsBase64Encoded, want)
	}
}
