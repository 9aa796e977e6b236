package conomy_test

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/infra/apitest"
	"cedula/shared/auth"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/table/faulttable"
)

// recordingAuthenticator records its arguments and authenticates every caller.
type recordingAuthenticator struct{ args []string }

func (g *recordingAuthenticator) AuthenticateBearer(_ context.Context, _ auth.API, token, apiKey string) (auth.Caller, error) {
	g.args = []string{token, apiKey}
	return auth.Caller{Client: "c"}, nil
}

func TestAuthorizerReadsHeaders(t *testing.T) {
	tests := []struct {
		name    string
		headers http.Header
		asked   []string // nil: denied without asking
	}{
		{"both", http.Header{"Authorization": {"Bearer t"}, "X-Api-Key": {"k"}}, []string{"t", "k"}},
		{"scheme in lower case", http.Header{"Authorization": {"bearer t"}, "X-Api-Key": {"k"}}, []string{"t", "k"}},
		{"no key", http.Header{"Authorization": {"Bearer t"}}, []string{"t", ""}}, // the authenticator denies it
		{"no token", http.Header{"X-Api-Key": {"k"}}, nil},
		{"scheme alone", http.Header{"Authorization": {"Bearer"}, "X-Api-Key": {"k"}}, nil},
		{"scheme with a tab", http.Header{"Authorization": {"Bearer\tt"}, "X-Api-Key": {"k"}}, nil},
		{"two tokens", http.Header{"Authorization": {"Bearer t", "Bearer u"}, "X-Api-Key": {"k"}}, nil},
		{"two keys", http.Header{"Authorization": {"Bearer t"}, "X-Api-Key": {"k", "l"}}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := new(recordingAuthenticator)
			_, err := (&conomy.Authorizer{Authenticator: g}).Caller(context.Background(), tt.headers)
			if !slices.Equal(g.args, tt.asked) {
				t.Errorf("authenticated with %q, want %q", g.args, tt.asked)
			}
			if refused := errors.Is(err, auth.ErrMissing); refused != (tt.asked == nil) {
				t.Errorf("error = %v, want ErrMissing: %v", err, tt.asked == nil)
			}
		})
	}
}

// TestDenialsMatchFunctionErrors checks that API Gateway responds to a denied caller as a function does.
func TestDenialsMatchFunctionErrors(t *testing.T) {
	for err, want := range map[error]bool{
		auth.ErrMissing: true, auth.ErrInvalid: true, auth.ErrExpired: true,
		auth.ErrMismatch: false, auth.ErrSuspended: false, fmt.Errorf("x: %w", auth.ErrSuspended): false,
	} {
		got := new(conomy.Authorizer).Denial(err)
		if got.Unauthorized != want || len(got.Context) > 0 {
			t.Errorf("Denial(%v) = %+v, want Unauthorized %v and no context", err, got, want)
		}
		if status := new(conomy.API).Error(err, "").Status; (status == 401) != want {
			t.Errorf("Error(%v) has status %d, want 401: %v", err, status, want)
		}
	}
}

// TestGatewayResponses checks that API Gateway responds to an error as a function does. The template's test pins the statuses.
func TestGatewayResponses(t *testing.T) {
	errs := map[string]error{
		gateway.Unauthorized: auth.ErrMissing, gateway.AccessDenied: auth.ErrMismatch, gateway.NoSuchRoute: gateway.ErrNoRoute,
		gateway.InvalidSignature: gateway.ErrNoRoute, gateway.Default4XX: gateway.ErrNoRoute, gateway.Default5XX: gateway.ErrPanic,
	}
	for _, c := range new(conomy.API).GatewayResponses() {
		body := strings.ReplaceAll(c.Body, gateway.RequestIDVariable, apitest.TraceID)
		if body == c.Body || strings.Contains(body, "$") {
			t.Errorf("%s: body = %s, want the request id as its only variable", c.Type, c.Body)
		}
		if errs[c.Type] == nil {
			continue
		}
		if want := new(conomy.API).Error(errs[c.Type], apitest.TraceID); body != string(want.Body) || c.Status != want.Status {
			t.Errorf("%s: response = %d %s, want %d %s as from a function", c.Type, c.Status, body, want.Status, want.Body)
		}
	}
}

// The contract pins the methods and paths of the routes.
func TestScopesOfRoutes(t *testing.T) {
	want := map[string]string{
		"":                "create-token get-token-keys get-token-keys get-reference get-reference get-reference",
		"identity:read":   "list-identities get-identity list-parents list-permissions list-withdrawal-accounts",
		"identity:search": "search-identities",
		"identity:delete": "delete-identity",
		"identity:review": "decide-screening hold-identity release-identity",
		"identity:write": "create-identity update-identity deactivate-identity reactivate-identity add-children remove-children add-permissions " +
			"remove-permission add-withdrawal-account remove-withdrawal-account start-verification confirm-verification " +
			"add-rules remove-rules add-fees remove-fees remove-fee set-escrow-fee",
	}
	got := make(map[string]string)
	for _, r := range new(conomy.API).Routes() {
		got[r.Scope] = strings.TrimSpace(got[r.Scope] + " " + r.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operations by scope (-want +got):\n%s", diff)
	}
}

//go:embed testdata/contract.txt
var conomyRoutes string

// TestEveryRouteOfConomyIsServed compares the routes with Conomy's own list.
func TestEveryRouteOfConomyIsServed(t *testing.T) {
	parameter := regexp.MustCompile(`\{[^}]+\}`)
	var served []string
	for _, r := range new(conomy.API).Routes() {
		served = append(served, r.Method+" "+parameter.ReplaceAllString(r.Path, "{}"))
	}
	for documented := range strings.Lines(conomyRoutes) {
		if !slices.Contains(served, strings.TrimSpace(documented)) {
			t.Errorf("no route serves %s", documented)
		}
	}
}

func TestRejectedRequests(t *testing.T) {
	w := newTestAPI(t)
	wantStatus(t, w.Send(createRequest(minimalBody).WithCaller(map[string]any{"principalId": "x"})), 401)
	wantStatus(t, w.Send(createRequest(minimalBody).WithCaller(caller("acme", auth.ScopeIdentityRead))), 403)
	wantStatus(t, w.Send(getRequest("a").WithCaller(caller("acme", auth.ScopeIdentityWrite))), 403)
	wantStatus(t, w.Send(getRequest("a").WithCaller(caller("acme"))), 403)
	wantStatus(t, w.Send(getRequest("679d26c44a21df7584b38e11")), 404)
	w.CheckGolden("refused")
	w.WantCalls(faulttable.Calls{Get: 1})
}
