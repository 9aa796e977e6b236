package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"cedula/infra/privacytest"
	"cedula/shared/auth"
	"cedula/shared/gateway"
)

// fakeAuthorizer answers one thing to everybody, and keeps the headers that it saw.
type fakeAuthorizer struct {
	caller  auth.Caller
	err     error
	denial  gateway.Denial
	headers http.Header
}

func (d *fakeAuthorizer) Caller(_ context.Context, h http.Header) (auth.Caller, error) {
	d.headers = h
	return d.caller, d.err
}

func (d *fakeAuthorizer) Denial(error) gateway.Denial { return d.denial }

const arn = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/production/"

func invokeAuthorizer(d *fakeAuthorizer) (events.APIGatewayCustomAuthorizerResponse, error) {
	return gateway.AuthorizerHandler(d)(context.Background(), events.APIGatewayCustomAuthorizerRequestTypeRequest{
		MethodArn:         arn + "GET/identities/" + canary,
		MultiValueHeaders: map[string][]string{"x-api-key": {canary}},
		RequestContext:    events.APIGatewayCustomAuthorizerRequestTypeRequestContext{RequestID: trace},
	})
}

func TestAuthorizerAllows(t *testing.T) {
	until := time.Unix(1772600767, 999)
	tests := []struct {
		name   string
		caller auth.Caller
		want   map[string]any
	}{
		{
			"without end",
			auth.Caller{Tenant: "acme", Client: "c1", Key: "c1k1", Scopes: auth.Scopes{"a", "b"}, TestMode: true},
			map[string]any{"tenant": "acme", "client": "c1", "key": "c1k1", "scopes": "a b", "expires": "0", "mode": "lenient", "stage": "test", "steps": "", "life": "0"},
		},
		{
			"until later",
			auth.Caller{
				Tenant: "acme", Client: "c1", Scopes: auth.Scopes{"*"}, Expires: until,
				Policy: auth.Policy{Onboarding: "contact", PendingTTL: time.Hour},
			},
			map[string]any{"tenant": "acme", "client": "c1", "key": "", "scopes": "*", "expires": "1772600767", "mode": "lenient", "stage": "live", "steps": "contact", "life": "3600"},
		},
		{
			"strict, without scopes",
			auth.Caller{Tenant: "acme", Client: "c1", Strict: true, TestMode: true},
			map[string]any{"tenant": "acme", "client": "c1", "key": "", "scopes": "", "expires": "0", "mode": "strict", "stage": "test", "steps": "", "life": "0"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := invokeAuthorizer(&fakeAuthorizer{caller: tt.caller})
			if err != nil {
				t.Fatal(err)
			}
			expected := policy("Allow", "c1", arn+"*", tt.want)
			if diff := cmp.Diff(expected, got); diff != "" {
				t.Errorf("diff = %v, want %v", diff, "")
			}
		})
	}
}

// TestContextReachesTheHandler: what the authorizer gives is what a function reads.
func TestContextReachesTheHandler(t *testing.T) {
	who := auth.Caller{
		Tenant: "acme", Client: "c1", Key: "c1k1", Scopes: auth.Scopes{"identity:read", "identity:write"},
		Expires: time.Now().Add(time.Hour).Truncate(time.Second),
	}
	given, err := invokeAuthorizer(&fakeAuthorizer{caller: who})
	if err != nil {
		t.Fatal(err)
	}
	e := event()
	e.RequestContext.Authorizer = given.Context
	wantResponse(t, send(t, route(func(r *gateway.Request) (gateway.Response, error) {
		if diff := cmp.Diff(who, r.Caller); diff != "" {
			t.Errorf("diff = %v, want %v", diff, "")
		}
		return okHandler(r)
	}), e), http.StatusOK, "fine")
}

func TestAuthorizerDenies(t *testing.T) {
	denied := gateway.Denial{Context: map[string]string{"code": "C", "message": "m"}}
	tests := []struct {
		name    string
		err     error
		refusal gateway.Denial
		want    events.APIGatewayCustomAuthorizerResponse
		failure string
	}{
		{"as unauthorized", auth.ErrMissing, gateway.Denial{Unauthorized: true}, events.APIGatewayCustomAuthorizerResponse{}, "Unauthorized"},
		{"with a context", auth.ErrInvalid, denied, policy("Deny", "refused", arn+"*", map[string]any{"code": "C", "message": "m"}), ""},
		{"without a context", auth.ErrMismatch, gateway.Denial{}, policy("Deny", "refused", arn+"*", map[string]any{}), ""},
		{"wrapped", fmt.Errorf("x: %w", auth.ErrExpired), denied, policy("Deny", "refused", arn+"*", map[string]any{"code": "C", "message": "m"}), ""},
		{"suspended", auth.ErrSuspended, gateway.Denial{}, policy("Deny", "refused", arn+"*", map[string]any{}), ""},
		{"unknown to a store", auth.ErrNotFound, denied, events.APIGatewayCustomAuthorizerResponse{}, "authorizer could not decide"},
		{"table away", errors.New("timeout"), denied, events.APIGatewayCustomAuthorizerResponse{}, "authorizer could not decide"},
		{"cancelled", context.Canceled, gateway.Denial{Unauthorized: true}, events.APIGatewayCustomAuthorizerResponse{}, "authorizer could not decide"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// A caller beside an error must not come in.
			d := &fakeAuthorizer{caller: auth.Caller{Tenant: "acme", Client: "c1"}, err: tt.err, denial: tt.refusal}
			var got events.APIGatewayCustomAuthorizerResponse
			var err error
			output := privacytest.Capture(t, func() { got, err = invokeAuthorizer(d) })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("diff = %v, want %v", diff, "")
			}
			if failure := fmt.Sprint(err); err != nil && failure != tt.failure || err == nil && tt.failure != "" {
				t.Errorf("got %v, want %q", err, tt.failure)
			}
			noCanary(t, output)
			if undecided := tt.failure == "authorizer could not decide"; undecided != strings.Contains(output, trace) {
				t.Errorf("logged: %q; want undecided == strings.Contains(output, trace)", output)
			}
		})
	}
}

func TestAuthorizerGetsCanonicalHeaders(t *testing.T) {
	tests := []struct {
		name   string
		many   map[string][]string
		single map[string]string
		want   http.Header
	}{
		{"lower case", map[string][]string{"authorization": {"a"}, "x-api-key": {"b"}}, nil, http.Header{"Authorization": {"a"}, "X-Api-Key": {"b"}}},
		{"twice", map[string][]string{"X-Blnk-Key": {"a", "b"}}, nil, http.Header{"X-Blnk-Key": {"a", "b"}}},
		{"many-valued before single", map[string][]string{"A": {"1"}}, map[string]string{"A": "2", "B": "2"}, http.Header{"A": {"1"}}},
		{"single only", nil, map[string]string{"x-blnk-key": "a"}, http.Header{"X-Blnk-Key": {"a"}}},
		{"none", nil, nil, http.Header{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := &fakeAuthorizer{err: auth.ErrMissing, denial: gateway.Denial{Unauthorized: true}}
			_, _ = gateway.AuthorizerHandler(d)(context.Background(), events.APIGatewayCustomAuthorizerRequestTypeRequest{
				MultiValueHeaders: tt.many, Headers: tt.single,
			})
			if diff := cmp.Diff(tt.want, d.headers); diff != "" {
				t.Errorf("diff = %v, want %v", diff, "")
			}
		})
	}
}

// TestHeaderInTwoCasesIsMerged: a dialect that refuses a header sent twice must see
// both, in whatever case they came.
func TestHeaderInTwoCasesIsMerged(t *testing.T) {
	for _, e := range []events.APIGatewayCustomAuthorizerRequestTypeRequest{
		{Headers: map[string]string{"x-api-key": "a", "X-API-KEY": "b"}},
		{MultiValueHeaders: map[string][]string{"x-api-key": {"a"}, "X-API-KEY": {"b"}}},
	} {
		d := &fakeAuthorizer{err: auth.ErrMissing}
		_, _ = gateway.AuthorizerHandler(d)(context.Background(), e)
		if len(d.headers["X-Api-Key"]) != 2 {
			t.Errorf(`saw %v; want len(d.headers["X-Api-Key"]) == 2`, d.headers)
		}
	}
}

func TestPolicyCoversTheStage(t *testing.T) {
	tests := []struct{ method, want string }{
		{"arn:aws:execute-api:eu-west-1:1:api/sandbox/POST/identities", "arn:aws:execute-api:eu-west-1:1:api/sandbox/*"},
		{"arn:aws:execute-api:eu-west-1:1:api/sandbox/GET/identities/a/b/c", "arn:aws:execute-api:eu-west-1:1:api/sandbox/*"},
		{"arn:aws:execute-api:eu-west-1:1:api/sandbox/GET/", "arn:aws:execute-api:eu-west-1:1:api/sandbox/*"},
		{"arn:aws:execute-api:eu-west-1:1:api/production", "arn:aws:execute-api:eu-west-1:1:api/production/*"},
		{"arn:aws-cn:execute-api:cn-north-1:1:api/test-invoke-stage/GET/x", "arn:aws-cn:execute-api:cn-north-1:1:api/test-invoke-stage/*"},
		{"odd", "odd"},
		{"", ""},
	}
	for _, tt := range tests {
		got, err := gateway.AuthorizerHandler(&fakeAuthorizer{caller: auth.Caller{Client: "c"}})(context.Background(),
			events.APIGatewayCustomAuthorizerRequestTypeRequest{MethodArn: tt.method})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{tt.want}, got.PolicyDocument.Statement[0].Resource); diff != "" {
			t.Errorf(`%s: %s; want diff == ""`, tt.method, diff)
		}
	}
}

func policy(effect, principal, resource string, values map[string]any) events.APIGatewayCustomAuthorizerResponse {
	return events.APIGatewayCustomAuthorizerResponse{
		PrincipalID: principal, Context: values,
		PolicyDocument: events.APIGatewayCustomAuthorizerPolicy{
			Version:   "2012-10-17",
			Statement: []events.IAMPolicyStatement{{Action: []string{"execute-api:Invoke"}, Effect: effect, Resource: []string{resource}}},
		},
	}
}
