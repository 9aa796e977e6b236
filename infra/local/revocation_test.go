package main

import (
	"net/http/httptest"
	"testing"
	"time"

	"cedula/shared/auth"
)

// TestRevocationsTakeEffect: with every cache warm, what an operator ends is
// refused within the time that the operator is told.
func TestRevocationsTakeEffect(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func(t *testing.T, o *auth.Admin, c sandboxCredentials) error
		blnk bool // it ends calls of that dialect too
	}{
		{"a key of Blnk's API", func(t *testing.T, o *auth.Admin, c sandboxCredentials) error {
			_, err := o.RevokeKey(t.Context(), c.BlnkKey[4:28])
			return err
		}, true},
		{"a key of Conomy's API", func(t *testing.T, o *auth.Admin, c sandboxCredentials) error {
			_, err := o.RevokeKey(t.Context(), c.ConomyKey[4:28])
			return err
		}, false},
		{"a client", func(t *testing.T, o *auth.Admin, c sandboxCredentials) error {
			_, err := o.SetSuspended(t.Context(), c.ClientID, true)
			return err
		}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newFixture(t)
			now := time.Now()
			clock := func() time.Time { return now }
			w.registry.now = clock
			conomyAPI, blnkAPI := w.registry.apis()
			conomy, blnk := newGateway(conomyAPI), newGateway(blnkAPI)
			conomy.authCache.now, blnk.authCache.now = clock, clock
			token := w.token(t)
			status := func(g *restGateway, headers ...string) int {
				r := httptest.NewRequest("GET", "/identities/x", nil)
				for i := 0; i < len(headers); i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
				answer := httptest.NewRecorder()
				g.ServeHTTP(answer, r)
				return answer.Code
			}
			calls := func() (ofConomy, ofBlnk int) {
				return status(conomy, "Authorization", "Bearer "+token, "X-Api-Key", w.credentials.ConomyKey), status(blnk, "X-Blnk-Key", w.credentials.BlnkKey)
			}
			calls() // the authorizers remember from now on
			now = now.Add(auth.DefaultCacheTTL - time.Second)
			calls() // and the gateways from just before they forget
			o := &auth.Admin{AdminStore: w.registry.store, Hasher: w.registry.hasher, Now: clock}
			if err := tt.end(t, o, w.credentials); err != nil {
				t.Fatal(err)
			}
			if a, b := calls(); a != 404 || b != 404 {
				t.Fatalf("the caches were not warm: %d, %d", a, b)
			}
			now = now.Add(auth.RevocationDelay)
			a, b := calls()
			if ended := b == 401; ended != tt.blnk {
				t.Errorf("Blnk's API answers %d", b)
			}
			if ended := a == 401 || a == 403; ended != (tt.name != "a key of Blnk's API") {
				t.Errorf("Conomy's API answers %d", a)
			}
		})
	}
}

// TestReplacedSecretIsRejected: a login asks the table each time, so a secret that is
// replaced without an overlap is refused at once; a token that it gave lives on
// for its hour, unless the client is suspended.
func TestReplacedSecretIsRejected(t *testing.T) {
	w := newFixture(t)
	old := w.token(t)
	o := &auth.Admin{AdminStore: w.registry.store, Hasher: w.registry.hasher, Now: time.Now}
	_, fresh, _, err := o.RotateSecret(t.Context(), w.credentials.ClientID, auth.Rotation{})
	if err != nil {
		t.Fatal(err)
	}
	login := func(secret string) int {
		return call(t, "POST", w.conomy+"/auth", `{"clientId":"`+w.credentials.ClientID+`","clientSecret":"`+secret+`"}`, "x-api-key", w.credentials.ConomyKey).status
	}
	if login(w.credentials.ClientSecret) != 401 || login(fresh) != 200 {
		t.Error("the old secret is good, or the new one is not")
	}
	a := call(t, "GET", w.conomy+"/identities/x", "", "Authorization", "Bearer "+old, "x-api-key", w.credentials.ConomyKey)
	if a.status != 404 {
		t.Errorf("the token answers %d", a.status)
	}
}
