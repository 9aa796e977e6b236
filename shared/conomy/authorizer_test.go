package conomy_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cedula/shared/auth"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

// recordingAuthenticator keeps what it was asked, and lets everybody in.
type recordingAuthenticator struct{ args []string }

func (g *recordingAuthenticator) AuthenticateBearer(_ context.Context, _ auth.API, token, apiKey string) (auth.Caller, error) {
	g.args = []string{token, apiKey}
	return auth.Caller{Client: "c"}, nil
}

func TestAuthorizerReadsHeaders(t *testing.T) {
	tests := []struct {
		name    string
		headers http.Header
		asked   []string // nil: refused without asking
	}{
		{"both", http.Header{"Authorization": {"Bearer t"}, "X-Api-Key": {"k"}}, []string{"t", "k"}},
		{"scheme in lower case", http.Header{"Authorization": {"bearer t"}, "X-Api-Key": {"k"}}, []string{"t", "k"}},
		{"no key", http.Header{"Authorization": {"Bearer t"}}, []string{"t", ""}}, // the guard's to refuse
		{"space within the token", http.Header{"Authorization": {"Bearer t u"}, "X-Api-Key": {"k"}}, []string{"t u", "k"}},
		{"two spaces", http.Header{"Authorization": {"Bearer  t"}, "X-Api-Key": {"k"}}, []string{" t", "k"}},
		{"nothing", http.Header{}, nil},
		{"no token", http.Header{"X-Api-Key": {"k"}}, nil},
		{"scheme alone", http.Header{"Authorization": {"Bearer"}, "X-Api-Key": {"k"}}, nil},
		{"scheme and a space", http.Header{"Authorization": {"Bearer "}, "X-Api-Key": {"k"}}, nil},
		{"token alone", http.Header{"Authorization": {"t"}, "X-Api-Key": {"k"}}, nil},
		{"another scheme", http.Header{"Authorization": {"Basic t"}, "X-Api-Key": {"k"}}, nil},
		{"scheme with a tab", http.Header{"Authorization": {"Bearer\tt"}, "X-Api-Key": {"k"}}, nil},
		{"two tokens", http.Header{"Authorization": {"Bearer t", "Bearer u"}, "X-Api-Key": {"k"}}, nil},
		{"two keys", http.Header{"Authorization": {"Bearer t"}, "X-Api-Key": {"k", "l"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := new(recordingAuthenticator)
			_, err := (&conomy.Authorizer{Authenticator: g}).Caller(context.Background(), tt.headers)
			if !slices.Equal(g.args, tt.asked) {
				t.Errorf("authenticator was asked %q, want %q", g.args, tt.asked)
			}
			if refused := errors.Is(err, auth.ErrMissing); refused != (tt.asked == nil) {
				t.Errorf("error = %v, want ErrMissing: %v", err, tt.asked == nil)
			}
		})
	}
}

func TestAuthorizerDenials(t *testing.T) {
	tests := []struct {
		err          error
		unauthorized bool
	}{
		{auth.ErrMissing, true},
		{auth.ErrInvalid, true},
		{auth.ErrExpired, true},
		{auth.ErrMismatch, false},
		{auth.ErrSuspended, false},
		{fmt.Errorf("x: %w", auth.ErrSuspended), false},
	}
	for _, tt := range tests {
		if got := new(conomy.Authorizer).Denial(tt.err); got.Unauthorized != tt.unauthorized || len(got.Context) > 0 {
			t.Errorf("Denial(%v) = %+v, want Unauthorized %v and no context", tt.err, got, tt.unauthorized)
		}
		// What the function would answer is what API Gateway answers.
		status := new(conomy.API).Error(tt.err, "").Status
		if want := map[bool]int{true: 401, false: 403}[tt.unauthorized]; status != want {
			t.Errorf("%v: status = %d from a function, want %d as from the gateway", tt.err, status, want)
		}
	}
}

// gatewayTypes are the responses that a REST API sends without a function.
var gatewayTypes = map[string]int{
	gateway.Unauthorized: 401, gateway.AccessDenied: 403, gateway.InvalidAPIKey: 403, gateway.NoSuchRoute: 404,
	gateway.BadRequestBody: 400, gateway.BadRequestParameters: 400, gateway.RequestTooLarge: 413, gateway.Throttled: 429, gateway.QuotaExceeded: 429,
	gateway.AuthorizerFailure: 503, gateway.AuthorizerMisconfigured: 500, gateway.IntegrationTimeout: 503, gateway.IntegrationFailure: 503,
	gateway.InvalidSignature: 404, gateway.UnsupportedMediaType: 400, gateway.WAFFiltered: 403, gateway.Default4XX: 404, gateway.Default5XX: 500,
}

func TestGatewayResponses(t *testing.T) {
	seen := make(map[string]bool)
	for _, c := range new(conomy.API).GatewayResponses() {
		t.Run(c.Type, func(t *testing.T) {
			if status, known := gatewayTypes[c.Type]; !known || status != c.Status || seen[c.Type] {
				t.Errorf("status %d, want %d; seen before: %v", c.Status, status, seen[c.Type])
			}
			seen[c.Type] = true
			if strings.Count(c.Body, "$") != 1 || strings.Count(c.Body, gateway.RequestIDVariable) != 1 {
				t.Errorf("body = %s, want one variable, the request id", c.Body)
			}
		})
	}
	for kind := range gatewayTypes {
		if !seen[kind] {
			t.Errorf("no response for %s", kind)
		}
	}
}

// TestGatewayResponsesMatchFunctionErrors: a refusal reads the same whoever makes it.
func TestGatewayResponsesMatchFunctionErrors(t *testing.T) {
	tests := []struct {
		kind string
		err  error
	}{
		{gateway.Unauthorized, auth.ErrMissing},
		{gateway.AccessDenied, auth.ErrMismatch},
		{gateway.NoSuchRoute, gateway.ErrNoRoute},
		{gateway.InvalidSignature, gateway.ErrNoRoute},
		{gateway.Default4XX, gateway.ErrNoRoute},
		{gateway.Default5XX, gateway.ErrPanic},
	}
	for _, tt := range tests {
		for _, c := range new(conomy.API).GatewayResponses() {
			want := string(new(conomy.API).Error(tt.err, traceID).Body)
			if got := strings.ReplaceAll(c.Body, gateway.RequestIDVariable, traceID); c.Type == tt.kind && got != want {
				t.Errorf("%s: body = %s, want %s as from a function", tt.kind, got, want)
			}
		}
	}
}

// TestRoutes compares the routes with Conomy's own list (the contract, sections
// 3 and 14) and derives the rest: a name is the operation's, a reader reads, and
// only the call that gives tokens is public.
func TestRoutes(t *testing.T) {
	contract := strings.Fields(readFile(t, "testdata/contract.txt"))
	documented := make(map[string]bool)
	for n := 0; n < len(contract); n += 2 {
		documented[contract[n]+" "+contract[n+1]] = true
	}
	names := make(map[string]bool)
	parameter := regexp.MustCompile(`\{[^}]+\}`)
	for _, r := range new(conomy.API).Routes() {
		if isExtension(r) {
			continue
		}
		call := r.Method + " " + parameter.ReplaceAllString(r.Path, "{}")
		if !documented[call] {
			t.Errorf("%s is not documented, or twice there", call)
		}
		delete(documented, call)
		if names[r.Name] {
			t.Errorf("two operations are called %s", r.Name)
		}
		names[r.Name] = true
		if want := wantScope(r); r.Scope != want || r.Public != (r.Path == "/auth") {
			t.Errorf("%s: scope %q, want %q; public %v", r.Name, r.Scope, want, r.Public)
		}
	}
	for call := range documented {
		t.Errorf("no route for %s", call)
	}
}

// isExtension are the routes that Conomy has not.
func isExtension(r gateway.Route) bool {
	return slices.Contains([]string{"get-reference", "get-token-keys"}, r.Name) ||
		strings.Contains(r.Path, "/verifications") || r.Scope == auth.ScopeIdentityReview
}

// TestReviewRoutesRequireReviewScope: what leads out of pending by a person's decision has a scope of its own.
func TestReviewRoutesRequireReviewScope(t *testing.T) {
	for _, r := range new(conomy.API).Routes() {
		decides := strings.HasSuffix(r.Path, "/screening") || strings.HasSuffix(r.Path, "/hold")
		if decides != (r.Scope == auth.ScopeIdentityReview) || strings.Contains(r.Path, "/verifications") && r.Scope != auth.ScopeIdentityWrite {
			t.Errorf("%s: scope = %q, want the review scope: %v", r.Name, r.Scope, decides)
		}
	}
}

// wantScope is what a route must ask for: what reads is called get or list.
func wantScope(r gateway.Route) string {
	verb, _, _ := strings.Cut(r.Name, "-")
	switch {
	case r.Path == "/auth":
		return ""
	case r.Name == "search-identities":
		return auth.ScopeIdentitySearch
	case slices.Contains([]string{"get", "list"}, verb):
		return auth.ScopeIdentityRead
	case r.Name == "delete-identity":
		return auth.ScopeIdentityDelete
	}
	return auth.ScopeIdentityWrite
}

// TestRejectedRequests pins the whole answers to those who may not come in, and
// to what no route takes.
func TestRejectedRequests(t *testing.T) {
	w := newTestAPI(t)
	wantStatus(t, w.send(request{body: minimalBody, caller: map[string]any{"principalId": "x"}}), 401)
	wantStatus(t, w.send(request{body: minimalBody, caller: caller("acme", auth.ScopeIdentityRead)}), 403)
	wantStatus(t, w.send(getRequest("a").withCaller(caller("acme", auth.ScopeIdentityWrite))), 403)
	wantStatus(t, w.send(getRequest("a").withCaller(caller("acme"))), 403)
	wantStatus(t, w.send(getRequest("679d26c44a21df7584b38e11")), 404)
	w.checkGolden("refused")
	if w.table.Calls().Get != 1 || w.table.Calls().Write != 0 {
		t.Errorf("%d gets and %d writes, want 1 and 0", w.table.Calls().Get, w.table.Calls().Write)
	}
}
