package gateway_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/auth"
	"cedula/shared/gateway"
)

func TestCallerIsReadFromAuthorizerContext(t *testing.T) {
	in := time.Now().Add(time.Hour).Truncate(time.Second)
	tests := []struct {
		name    string
		context map[string]any
		want    auth.Caller
	}{
		{"without end", authContext("identity:read"), auth.Caller{Tenant: "acme", Client: "client-1", Scopes: auth.Scopes{"identity:read"}}},
		{
			"until later",
			map[string]any{"tenant": "t", "client": "c", "scopes": "b * a", "expires": unixSeconds(in), "stage": "test", "steps": "contact", "life": "7200"},
			auth.Caller{Tenant: "t", Client: "c", Scopes: auth.Scopes{"*", "a", "b"}, Expires: in, TestMode: true, Policy: auth.Policy{Onboarding: "contact", PendingTTL: 2 * time.Hour}},
		},
		{
			"with what API Gateway adds", map[string]any{
				"tenant": "t", "client": "c", "scopes": "*", "expires": "0", "principalId": "c", "integrationLatency": 12.0,
			}, auth.Caller{Tenant: "t", Client: "c", Scopes: auth.Scopes{"*"}},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got auth.Caller
			e := event()
			e.RequestContext.Authorizer = tt.context
			wantResponse(t, send(t, route(func(r *gateway.Request) (gateway.Response, error) {
				got = r.Caller
				return okHandler(r)
			}), e), http.StatusOK, "fine")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("diff = %v, want %v", diff, "")
			}
		})
	}
}

func TestInvalidContextsAreUnauthorized(t *testing.T) {
	without := func(name string) map[string]any {
		c := authContext("*")
		delete(c, name)
		return c
	}
	with := func(name string, value any) map[string]any {
		c := authContext("*")
		c[name] = value
		return c
	}
	tests := []struct {
		name    string
		context map[string]any
	}{
		{"no context", nil},
		{"empty context", map[string]any{}},
		{"a token authorizer's context", map[string]any{"principalId": "client-1"}},
		{"a user pool's context", map[string]any{"claims": map[string]any{"sub": "x", "tenant": "acme"}}},
		{"no tenant", without("tenant")},
		{"empty tenant", with("tenant", "")},
		{"tenant is a number", with("tenant", 1.0)},
		{"tenant is a list", with("tenant", []any{"acme"})},
		{"tenant is null", with("tenant", nil)},
		{"tenant in another case", map[string]any{"Tenant": "acme", "client": "c", "scopes": "*", "expires": "0"}},
		{"no client", without("client")},
		{"empty client", with("client", "")},
		{"client is a boolean", with("client", true)},
		{"no expires", without("expires")},
		{"empty expires", with("expires", "")},
		{"expires is a number", with("expires", 0.0)},
		{"expires is no number", with("expires", "never")},
		{"expires is a fraction", with("expires", "1e12")},
		{"expires has a space", with("expires", " 0")},
		{"expires is negative", with("expires", "-1")},
		{"expires overflows", with("expires", "9223372036854775808")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := event()
			e.RequestContext.Authorizer = tt.context
			wantResponse(t, send(t, route(mustNotRun(t)), e), http.StatusUnauthorized, "gateway: no caller "+trace)
		})
	}
}

// TestExpiredContextIsDenied: a context that was good once is told apart from none, as
// the authorizer tells them apart.
func TestExpiredContextIsDenied(t *testing.T) {
	for name, expires := range map[string]string{
		"long ago": "1", "a second ago": unixSeconds(time.Now().Add(-time.Second)), "now": unixSeconds(time.Now()), "past every clock": "9223372036854775807",
	} {
		t.Run(name, func(t *testing.T) {
			e := event()
			e.RequestContext.Authorizer["expires"] = expires
			wantResponse(t, send(t, route(mustNotRun(t)), e), http.StatusUnauthorized, "auth: credential expired "+trace)
		})
	}
}

func TestScopes(t *testing.T) {
	tests := []struct {
		name, scopes, asked string
		ok                  bool
	}{
		{"the one", "identity:read", "identity:read", true},
		{"among others", "a identity:read z", "identity:read", true},
		{"all", "*", "identity:read", true},
		{"none", "", "identity:read", false},
		{"another", "identity:write", "identity:read", false},
		{"a longer one", "identity:reader", "identity:read", false},
		{"a shorter one", "identity", "identity:read", false},
		{"the resource's all", "identity:*", "identity:read", false},
		{"in another case", "IDENTITY:READ", "identity:read", false},
		{"separated by commas", "identity:read,identity:write", "identity:read", false},
		{"route without scope", "identity:read", "", false},
		{"route without scope, all", "*", "", false},
		{"route without scope, none", "", "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := event()
			e.RequestContext.Authorizer = authContext(tt.scopes)
			r := route(okHandler)
			r.Scope = tt.asked
			if tt.ok {
				wantResponse(t, send(t, r, e), http.StatusOK, "fine")
				return
			}
			r.Serve = mustNotRun(t)
			wantResponse(t, send(t, r, e), http.StatusForbidden, "gateway: scope not granted "+trace)
		})
	}
}

func TestPublicRoute(t *testing.T) {
	for name, context := range map[string]map[string]any{"no context": nil, "a caller": authContext("*")} {
		t.Run(name, func(t *testing.T) {
			r := route(func(r *gateway.Request) (gateway.Response, error) {
				if diff := cmp.Diff(auth.Caller{}, r.Caller); diff != "" {
					t.Error("a public route sees a caller:", diff)
				}
				return okHandler(r)
			})
			r.Scope, r.Public = "", true
			e := event()
			e.RequestContext.Authorizer = context
			wantResponse(t, send(t, r, e), http.StatusOK, "fine")
		})
	}
}

func mustNotRun(t *testing.T) func(*gateway.Request) (gateway.Response, error) {
	return func(*gateway.Request) (gateway.Response, error) {
		t.Error("the operation ran")
		return gateway.Response{Status: http.StatusOK}, nil
	}
}
