package gateway_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/auth"
	"cedula/shared/gateway"
)

func TestInvalidContextsAreUnauthorized(t *testing.T) {
	contexts := []map[string]any{
		nil,
		{},
		{"principalId": "client-1"}, // a token authorizer's
		{"claims": map[string]any{"sub": "x", "tenant": "acme"}},                // a user pool's
		{"Tenant": "acme", "client": "client-1", "scopes": "*", "expires": "0"}, // different case
	}
	for _, field := range []struct {
		name  string
		value any
	}{
		{"tenant", nil},
		{"tenant", ""},
		{"tenant", 1.0},
		{"tenant", []any{"acme"}},
		{"client", nil},
		{"client", ""},
		{"client", true},
		{"expires", nil},
		{"expires", ""},
		{"expires", 0.0},
		{"expires", "never"},
		{"expires", "1e12"},
		{"expires", " 0"},
		{"expires", "-1"},
		{"expires", "9223372036854775808"},
	} {
		c := authContext("*")
		c[field.name] = field.value
		contexts = append(contexts, c)
	}
	for _, c := range contexts {
		e := event()
		e.RequestContext.Authorizer = c
		if got := send(t, route(mustNotRun(t)), e); got.StatusCode != http.StatusUnauthorized || got.Body != "gateway: no caller "+trace {
			t.Errorf("response to the context %v = %d %q, want 401 for no caller", c, got.StatusCode, got.Body)
		}
	}
}

func TestExpiredContextIsDenied(t *testing.T) {
	for _, expires := range []string{
		"1", unixSeconds(time.Now().Add(-time.Second)), unixSeconds(time.Now()), "9223372036854775807", // beyond any clock
	} {
		e := event()
		e.RequestContext.Authorizer["expires"] = expires
		wantResponse(t, send(t, route(mustNotRun(t)), e), http.StatusUnauthorized, "auth: credential expired "+trace)
	}
}

func TestScopes(t *testing.T) {
	for _, tt := range []struct {
		granted, required string
		ok                bool
	}{
		{"identity:read", "identity:read", true},
		{"a identity:read z", "identity:read", true},
		{"*", "identity:read", true},
		{"", "identity:read", false},
		{"identity:write", "identity:read", false},
		{"identity:reader", "identity:read", false},
		{"identity", "identity:read", false},
		{"identity:*", "identity:read", false},
		{"IDENTITY:READ", "identity:read", false},
		{"identity:read,identity:write", "identity:read", false},
		{"identity:read", "", false}, // a route without a scope
		{"*", "", false},
		{"", "", false},
	} {
		e := event()
		e.RequestContext.Authorizer = authContext(tt.granted)
		r := route(okHandler)
		r.Scope = tt.required
		status, body := http.StatusOK, "fine"
		if !tt.ok {
			r.Serve = mustNotRun(t)
			status, body = http.StatusForbidden, "gateway: scope not granted "+trace
		}
		if got := send(t, r, e); got.StatusCode != status || got.Body != body {
			t.Errorf("scopes %q for %q: response = %d %q, want %d", tt.granted, tt.required, got.StatusCode, got.Body, status)
		}
	}
}

func TestPublicRouteHasNoCaller(t *testing.T) {
	for _, context := range []map[string]any{nil, authContext("*")} {
		r := route(func(r *gateway.Request) (gateway.Response, error) {
			if diff := cmp.Diff(auth.Caller{}, r.Caller); diff != "" {
				t.Errorf("Caller (-want +got):\n%s", diff)
			}
			return okHandler(r)
		})
		r.Scope, r.Public = "", true
		e := event()
		e.RequestContext.Authorizer = context
		wantResponse(t, send(t, r, e), http.StatusOK, "fine")
	}
}
