package main

import (
	"strings"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
)

// TestExpiredKeyIsRejectedDespiteCaches calls every route with a key that was good when it was
// last used. Whatever still remembers it, the answer is the one of an expired
// key that nobody remembers.
func TestExpiredKeyIsRejectedDespiteCaches(t *testing.T) {
	m := newMatrix(t)
	end := time.Now().Add(-5 * time.Second)
	used := m.clientWithKeys(t, func(k *auth.Key) { k.Expires = end })
	var now time.Time
	m.registry.now = func() time.Time { return now }
	for _, dialect := range []string{"conomy", "blnk"} {
		for _, r := range m.api(dialect).dialect.Routes() {
			if r.Public || r.Method == gateway.AnyMethod {
				continue
			}
			e := sampleEvent(t, dialect, r)
			call := func(g *restGateway) outcome {
				g.authCache.now = m.registry.now
				return m.send(g, r, e, "idt_absent", used[dialect])
			}
			remembering := m.api(dialect)
			warm := newGateway(remembering)
			now = end.Add(-5 * time.Second)
			call(warm) // it is let in, and remembered
			now = time.Now()
			want := call(newGateway(m.api(dialect)))
			if want.status != 401 || dialect == "blnk" && !strings.Contains(want.body, "AUTH_EXPIRED_API_KEY") {
				t.Fatalf("%s %s %s: an expired key answers %d %s", dialect, r.Method, r.Path, want.status, want.body)
			}
			want.calls = m.tableCalls.Reset() // none
			for who, g := range map[string]*restGateway{"the gateway": warm, "the authorizer": newGateway(remembering)} {
				for range 2 {
					if got := call(g); got != want {
						t.Errorf("%s %s %s, %s remembers: got %+v, want %+v", dialect, r.Method, r.Path, who, got, want)
					}
				}
			}
		}
	}
}

// api is a dialect's, with an authorizer that remembers nothing.
func (m *matrix) api(dialect string) api {
	conomyAPI, blnkAPI := m.registry.apis()
	if dialect == "conomy" {
		return conomyAPI
	}
	return blnkAPI
}
