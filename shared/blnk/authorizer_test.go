package blnk_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/table/faulttable"
)

// recordingAuthenticator records its arguments and authenticates every caller.
type recordingAuthenticator struct{ args []string }

func (g *recordingAuthenticator) AuthenticateKey(_ context.Context, _ auth.API, apiKey string) (auth.Caller, error) {
	g.args = []string{apiKey}
	return auth.Caller{Client: "c"}, nil
}

func TestAuthorizerReadsTheHeader(t *testing.T) {
	tests := []struct {
		name    string
		headers http.Header
		asked   []string // nil: denied without asking
	}{
		{"key", http.Header{"X-Blnk-Key": {"k"}}, []string{"k"}},
		{"none", http.Header{}, []string{""}}, // the authenticator denies it
		{"bearer", http.Header{"Authorization": {"Bearer k"}}, []string{""}},
		{"key of the other API", http.Header{"X-Api-Key": {"k"}}, []string{""}},
		{"two keys", http.Header{"X-Blnk-Key": {"k", "l"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := new(recordingAuthenticator)
			_, err := (&blnk.Authorizer{Authenticator: g}).Caller(context.Background(), tt.headers)
			if !slices.Equal(g.args, tt.asked) {
				t.Errorf("authenticated keys = %q, want %q", g.args, tt.asked)
			}
			wantEqual(t, "Caller returns ErrMissing", errors.Is(err, auth.ErrMissing), tt.asked == nil)
		})
	}
}

func TestAuthorizerDenials(t *testing.T) {
	for err, want := range map[error][2]string{
		auth.ErrInvalid:                      {"AUTH_INVALID_API_KEY", "Invalid API key"},
		auth.ErrMismatch:                     {"AUTH_INVALID_API_KEY", "Invalid API key"},
		auth.ErrSuspended:                    {"AUTH_INVALID_API_KEY", "Invalid API key"},
		fmt.Errorf("x: %w", auth.ErrExpired): {"AUTH_EXPIRED_API_KEY", "API key is expired or revoked"},
	} {
		denial := gateway.Denial{Context: map[string]any{"code": want[0], "message": want[1]}}
		if diff := cmp.Diff(denial, new(blnk.Authorizer).Denial(err)); diff != "" {
			t.Errorf("Denial(%v) (-want +got):\n%s", err, diff)
		}
	}
	wantEqual(t, "Unauthorized", new(blnk.Authorizer).Denial(auth.ErrMissing).Unauthorized, true)
}

// TestGatewayResponses checks that API Gateway responds to an error as a function does. The template's test pins the statuses.
func TestGatewayResponses(t *testing.T) {
	errs := map[string][]error{
		gateway.Unauthorized: {auth.ErrMissing}, gateway.AccessDenied: {auth.ErrInvalid, auth.ErrExpired, auth.ErrSuspended},
		gateway.NoSuchRoute: {gateway.ErrNoRoute}, gateway.InvalidSignature: {gateway.ErrNoRoute}, gateway.Default4XX: {gateway.ErrNoRoute},
		gateway.Default5XX: {gateway.ErrPanic}, gateway.IntegrationFailure: {identity.ErrUnavailable},
	}
	for _, c := range new(blnk.API).GatewayResponses() {
		for _, err := range errs[c.Type] {
			want := new(blnk.API).Error(err, "")
			wantEqual(t, c.Type+" body", expandContext(c.Body, err), string(want.Body))
			wantEqual(t, c.Type+" status", c.Status, want.Status)
		}
		body := expandContext(c.Body, auth.ErrExpired)
		message := text(t, body, "error")
		if message == "" || message != text(t, body, "error_detail.message") || text(t, body, "error_detail.code") == "" || strings.Contains(body, "$") {
			t.Errorf("%s: body = %s, want a code and one message without variables", c.Type, body)
		}
	}
}

// expandContext inserts the authorizer context of an error into a body, as API Gateway does.
func expandContext(body string, err error) string {
	for name, value := range new(blnk.Authorizer).Denial(err).Context {
		body = strings.ReplaceAll(body, "$context.authorizer."+name, value.(string))
	}
	return body
}

// The contract pins the methods and paths of the routes.
func TestScopesOfRoutes(t *testing.T) {
	want := map[string]string{
		"":                    "get-root get-health get-reference get-reference get-reference",
		"identity:read":       "list-identities get-identity list-tokenized-fields search search balances",
		"identity:write":      "create-identity update-identity tokenize-field tokenize-identity update-metadata balances",
		"identity:search":     "filter-identities",
		"identity:delete":     "delete-identity",
		"identity:detokenize": "detokenize-field detokenize-identity",
		"key:read":            "list-api-keys",
		"key:write":           "create-api-key",
		"key:delete":          "revoke-api-key",
	}
	got := make(map[string]string)
	for _, r := range new(blnk.API).Routes() {
		if r.Method != gateway.AnyMethod {
			got[r.Scope] = strings.TrimSpace(got[r.Scope] + " " + r.Name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operations by scope (-want +got):\n%s", diff)
	}
}

func TestRejectedRequests(t *testing.T) {
	w := newTestAPI(t)
	wantStatus(t, w.Send(createRequest(seedBody).WithCaller(map[string]any{"principalId": "x"})), 401)
	wantStatus(t, w.Send(createRequest(seedBody).WithCaller(caller("acme", auth.ScopeIdentityRead))), 403)
	wantStatus(t, w.Send(getRequest("a").WithCaller(caller("acme", auth.ScopeIdentityWrite))), 403)
	wantStatus(t, w.Send(getRequest("a").WithCaller(caller("acme"))), 403)
	wantStatus(t, w.Send(getRequest("idt_c415a4dc-4231-453d-a837-a9a50b1070e0")), 404)
	w.CheckGolden("refused")
	w.WantCalls(faulttable.Calls{Get: 1})
}
