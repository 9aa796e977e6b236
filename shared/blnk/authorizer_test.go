package blnk_test

import (
	"context"
	"encoding/json"
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

// recordingAuthenticator keeps what it was asked, and lets everybody in.
type recordingAuthenticator struct{ args []string }

func (g *recordingAuthenticator) AuthenticateKey(_ context.Context, _ auth.API, apiKey string) (auth.Caller, error) {
	g.args = []string{apiKey}
	return auth.Caller{Client: "c"}, nil
}

func TestAuthorizerReadsTheHeader(t *testing.T) {
	tests := []struct {
		name    string
		headers http.Header
		asked   []string // nil: refused without asking
	}{
		{"key", http.Header{"X-Blnk-Key": {"k"}}, []string{"k"}},
		{"none", http.Header{}, []string{""}}, // the guard's to refuse
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
	denied := func(code, message string) gateway.Denial {
		return gateway.Denial{Context: map[string]string{"code": code, "message": message}}
	}
	tests := []struct {
		err  error
		want gateway.Denial
	}{
		{auth.ErrInvalid, denied("AUTH_INVALID_API_KEY", "Invalid API key")},
		{auth.ErrExpired, denied("AUTH_EXPIRED_API_KEY", "API key is expired or revoked")},
		{auth.ErrMismatch, denied("AUTH_INVALID_API_KEY", "Invalid API key")},
		{auth.ErrSuspended, denied("AUTH_INVALID_API_KEY", "Invalid API key")},
		{fmt.Errorf("x: %w", auth.ErrExpired), denied("AUTH_EXPIRED_API_KEY", "API key is expired or revoked")},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, new(blnk.Authorizer).Denial(tt.err)); diff != "" {
			t.Errorf("Denial(%v) (-want +got):\n%s", tt.err, diff)
		}
	}
	wantEqual(t, "Unauthorized", new(blnk.Authorizer).Denial(auth.ErrMissing).Unauthorized, true)
}

var gatewayTypes = map[string]int{
	gateway.Unauthorized: 401, gateway.AccessDenied: 401, gateway.InvalidAPIKey: 403, gateway.NoSuchRoute: 404,
	gateway.BadRequestBody: 400, gateway.BadRequestParameters: 400, gateway.RequestTooLarge: 413, gateway.Throttled: 429, gateway.QuotaExceeded: 429,
	gateway.AuthorizerFailure: 503, gateway.AuthorizerMisconfigured: 500, gateway.IntegrationTimeout: 503, gateway.IntegrationFailure: 503,
	gateway.InvalidSignature: 404, gateway.UnsupportedMediaType: 400, gateway.WAFFiltered: 403, gateway.Default4XX: 404, gateway.Default5XX: 500,
}

func TestGatewayResponses(t *testing.T) {
	statuses := make(map[string]int)
	for _, c := range new(blnk.API).GatewayResponses() {
		statuses[c.Type] = c.Status
		var e struct {
			Error  string                         `json:"error"`
			Detail struct{ Code, Message string } `json:"error_detail"`
		}
		if err := json.Unmarshal([]byte(expandContext(c.Body, new(blnk.Authorizer).Denial(auth.ErrExpired).Context)), &e); err != nil {
			t.Fatal(err)
		}
		if e.Error == "" || e.Error != e.Detail.Message || e.Detail.Code == "" || strings.Contains(e.Error+e.Detail.Code, "$") {
			t.Errorf("%s: body = %+v, want a code and one message without variables", c.Type, e)
		}
	}
	if diff := cmp.Diff(gatewayTypes, statuses); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

// expandContext puts an authorizer's context into a body, as API Gateway does: as it is.
func expandContext(body string, values map[string]string) string {
	for name, value := range values {
		body = strings.ReplaceAll(body, "$context.authorizer."+name, value)
	}
	return body
}

// TestGatewayResponsesMatchFunctionErrors: a refusal reads the same whoever makes it.
func TestGatewayResponsesMatchFunctionErrors(t *testing.T) {
	canned := make(map[string]gateway.GatewayResponse)
	for _, c := range new(blnk.API).GatewayResponses() {
		canned[c.Type] = c
	}
	tests := []struct {
		kind string
		err  error
	}{
		{gateway.Unauthorized, auth.ErrMissing},
		{gateway.AccessDenied, auth.ErrInvalid},
		{gateway.AccessDenied, auth.ErrExpired},
		{gateway.AccessDenied, auth.ErrSuspended},
		{gateway.NoSuchRoute, gateway.ErrNoRoute},
		{gateway.InvalidSignature, gateway.ErrNoRoute},
		{gateway.Default4XX, gateway.ErrNoRoute},
		{gateway.Default5XX, gateway.ErrPanic},
		{gateway.IntegrationFailure, identity.ErrUnavailable},
	}
	for _, tt := range tests {
		want := new(blnk.API).Error(tt.err, "")
		got := expandContext(canned[tt.kind].Body, new(blnk.Authorizer).Denial(tt.err).Context)
		wantEqual(t, tt.kind+" body", got, string(want.Body))
		wantEqual(t, tt.kind+" status", canned[tt.kind].Status, want.Status)
	}
}

// TestRoutes pins every route but those that refuse methods, with its scope and
// whether it is open to anybody.
func TestRoutes(t *testing.T) {
	var got []string
	for _, r := range new(blnk.API).Routes() {
		if r.Method != gateway.AnyMethod {
			got = append(got, fmt.Sprintf("%s %s %s %s %v", r.Name, r.Method, r.Path, r.Scope, r.Public))
		}
	}
	want := []string{
		"create-identity POST /identities identity:write false",
		"list-identities GET /identities identity:read false",
		"filter-identities POST /identities/filter identity:search false",
		"get-identity GET /identities/{id} identity:read false",
		"update-identity PUT /identities/{id} identity:write false",
		"delete-identity DELETE /identities/{id} identity:delete false",
		"list-tokenized-fields GET /identities/{id}/tokenized-fields identity:read false",
		"tokenize-field POST /identities/{id}/tokenize/{field} identity:write false",
		"tokenize-identity POST /identities/{id}/tokenize identity:write false",
		"detokenize-field GET /identities/{id}/detokenize/{field} identity:detokenize false",
		"detokenize-identity POST /identities/{id}/detokenize identity:detokenize false",
		"update-metadata POST /{id}/metadata identity:write false",
		"create-api-key POST /api-keys key:write false",
		"list-api-keys GET /api-keys key:read false",
		"revoke-api-key DELETE /api-keys/{id} key:delete false",
		"search POST /search/identities identity:read false",
		"search POST /multi-search identity:read false",
		"balances GET /balances/{id} identity:read false",
		"balances PUT /balances/{id}/identity identity:write false",
		"get-root GET /  true",
		"get-health GET /health  true",
		"get-reference GET /openapi.yaml  true",
		"get-reference GET /docs  true",
		"get-reference GET /docs/redoc.js  true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

// TestRejectedRequests pins the whole answers to those who may not come in.
func TestRejectedRequests(t *testing.T) {
	w := newTestAPI(t)
	wantStatus(t, w.send(request{body: seedBody, caller: map[string]any{"principalId": "x"}}), 401)
	wantStatus(t, w.send(request{body: seedBody, caller: caller("acme", auth.ScopeIdentityRead)}), 403)
	wantStatus(t, w.send(getRequest("a").withCaller(caller("acme", auth.ScopeIdentityWrite))), 403)
	wantStatus(t, w.send(getRequest("a").withCaller(caller("acme"))), 403)
	wantStatus(t, w.send(getRequest("idt_c415a4dc-4231-453d-a837-a9a50b1070e0")), 404)
	w.checkGolden("refused")
	w.wantCalls(faulttable.Calls{Get: 1})
}
