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

// asked is an authorizer that refuses a header that came twice, and counts.
type asked struct{ times int }

func (a *asked) authorize(_ context.Context, e events.APIGatewayCustomAuthorizerRequestTypeRequest) (events.APIGatewayCustomAuthorizerResponse, error) {
	a.times++
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

func keyed(values ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for _, v := range values {
		r.Header.Add("X-Key", v)
	}
	return r
}

// TestDoorTellsDoubledHeaders: neither order of a single and a doubled header
// lets one be answered for the other.
func TestDoorTellsDoubledHeaders(t *testing.T) {
	single, doubled, joined := keyed("a"), keyed("a", "b"), keyed("a\x01b")
	for _, order := range [][]*http.Request{{single, doubled, joined}, {doubled, joined, single}, {joined, single, doubled}} {
		a := &asked{}
		d := newDoor(a.authorize, []string{"X-Key"})
		for range 2 { // cold, then warm
			for _, r := range order {
				want := ""
				if r == doubled {
					want = gateway.AccessDenied
				}
				if got := d.ask(r, arrival{}); got.refusal != want {
					t.Errorf("%q: %q, want %q", r.Header["X-Key"], got.refusal, want)
				}
			}
		}
		if a.times != len(order) {
			t.Errorf("asked %d times, want %d", a.times, len(order))
		}
	}
}

func TestDoorForgets(t *testing.T) {
	a, now := &asked{}, time.Now()
	d := newDoor(a.authorize, []string{"X-Key"})
	d.now = func() time.Time { return now }
	for n := range 100 {
		d.ask(keyed(fmt.Sprint("key-", n)), arrival{})
	}
	now = now.Add(doorTTL)
	d.ask(keyed("key-0"), arrival{})
	if a.times != 101 || len(d.kept) != 1 {
		t.Errorf("asked %d times, %d entries after their time", a.times, len(d.kept))
	}
	for n := range doorMax + 10 {
		d.ask(keyed(fmt.Sprint(n)), arrival{})
	}
	if len(d.kept) > doorMax {
		t.Errorf("%d entries", len(d.kept))
	}
	for range 2 {
		if v := d.ask(keyed("error"), arrival{}); v.refusal != gateway.AuthorizerFailure {
			t.Errorf("%+v", v)
		}
	}
}

// TestDoubledKeys sends a good key alone and twice, in both orders, to both APIs.
func TestDoubledKeys(t *testing.T) {
	for _, cold := range []bool{true, false} {
		w := newWorld(t)
		token := w.token(t)
		for _, api := range []struct {
			base    string
			headers http.Header
			doubled string
		}{
			{w.blnk, http.Header{"X-Blnk-Key": {w.client.BlnkKey}}, "X-Blnk-Key"},
			{w.conomy, http.Header{"X-Api-Key": {w.client.ConomyKey}, "Authorization": {"Bearer " + token}}, "X-Api-Key"},
			{w.conomy, http.Header{"X-Api-Key": {w.client.ConomyKey}, "Authorization": {"Bearer " + token}}, "Authorization"},
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
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != want {
		t.Errorf("%d for %d values, want %d", response.StatusCode, len(headers), want)
	}
}
