package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/gateway"
)

// countingAuthorizer is an authorizer that refuses a header that came twice, and counts.
type countingAuthorizer struct{ calls int }

func (a *countingAuthorizer) authorize(_ context.Context, e events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	a.calls++
	answer := events.APIGatewayCustomAuthorizerResponse{}
	if len(e.MultiValueHeaders["X-Key"]) > 1 {
		answer.PolicyDocument.Statement = []events.IAMPolicyStatement{{Effect: "Deny"}}
		return answer, nil
	}
	if e.MultiValueHeaders["X-Key"][0] == "error" {
		return answer, errors.New("no decision")
	}
	answer.PolicyDocument.Statement = []events.IAMPolicyStatement{{Effect: "Allow"}}
	return answer, nil
}

func requestWithKeys(values ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, v := range values {
		r.Header.Add("X-Key", v)
	}
	return r
}

// TestAuthorizerCacheDistinguishesRepeatedHeaders: neither order of a single and a doubled header
// lets one be answered for the other.
func TestAuthorizerCacheDistinguishesRepeatedHeaders(t *testing.T) {
	single, doubled, joined := requestWithKeys("a"), requestWithKeys("a", "b"), requestWithKeys("a\x01b")
	for _, order := range [][]*http.Request{{single, doubled, joined}, {doubled, joined, single}, {joined, single, doubled}} {
		a := &countingAuthorizer{}
		d := newAuthorizerCache(a.authorize, []string{"X-Key"})
		for range 2 { // cold, then warm
			for _, r := range order {
				want := ""
				if r == doubled {
					want = gateway.AccessDenied
				}
				if got := d.decide(r, inboundRequest{}); got.denial != want {
					t.Errorf("%q: %q, want %q", r.Header["X-Key"], got.denial, want)
				}
			}
		}
		if a.calls != len(order) {
			t.Errorf("asked %d times, want %d", a.calls, len(order))
		}
	}
}

func TestAuthorizerCacheExpiresEntries(t *testing.T) {
	a, now := &countingAuthorizer{}, time.Now()
	d := newAuthorizerCache(a.authorize, []string{"X-Key"})
	d.now = func() time.Time { return now }
	for n := range 100 {
		d.decide(requestWithKeys(fmt.Sprint("key-", n)), inboundRequest{})
	}
	now = now.Add(authorizerTTL)
	d.decide(requestWithKeys("key-0"), inboundRequest{})
	if a.calls != 101 || len(d.decisions) != 1 {
		t.Errorf("asked %d times, %d entries after their time", a.calls, len(d.decisions))
	}
	for n := range maxCacheEntries + 10 {
		d.decide(requestWithKeys(fmt.Sprint(n)), inboundRequest{})
	}
	if len(d.decisions) > maxCacheEntries {
		t.Errorf("%d entries", len(d.decisions))
	}
	for range 2 {
		if v := d.decide(requestWithKeys("error"), inboundRequest{}); v.denial != gateway.AuthorizerFailure {
			t.Errorf("%+v", v)
		}
	}
}

// TestRepeatedCredentialHeadersAreRejected sends a good key alone and twice, in both orders, to both APIs.
func TestRepeatedCredentialHeadersAreRejected(t *testing.T) {
	for _, cold := range []bool{true, false} {
		w := newFixture(t)
		token := w.token(t)
		for _, api := range []struct {
			base    string
			headers http.Header
			doubled string
		}{
			{w.blnk, http.Header{"X-Blnk-Key": {w.credentials.BlnkKey}}, "X-Blnk-Key"},
			{w.conomy, http.Header{"X-Api-Key": {w.credentials.ConomyKey}, "Authorization": {"Bearer " + token}}, "X-Api-Key"},
			{w.conomy, http.Header{"X-Api-Key": {w.credentials.ConomyKey}, "Authorization": {"Bearer " + token}}, "Authorization"},
		} {
			twice := api.headers.Clone()
			twice[api.doubled] = append(twice[api.doubled], "other")
			if !cold {
				wantStatus(t, api.base, api.headers, 404)
			}
			for range 2 {
				wantStatus(t, api.base, twice, 401)
			}
			wantStatus(t, api.base, api.headers, 404)
		}
	}
}

func wantStatus(t *testing.T, base string, headers http.Header, want int) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, base+"/identities/absent", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = headers
	response, err := httpClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != want {
		t.Errorf("%d for %d values, want %d", response.StatusCode, len(headers), want)
	}
}
