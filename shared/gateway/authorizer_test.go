package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
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

type authorizerRequest = events.APIGatewayCustomAuthorizerRequestTypeRequest

// fakeAuthorizer returns the same result for every request, and records the headers.
type fakeAuthorizer struct {
	caller  auth.Caller
	err     error
	denial  gateway.Denial
	headers http.Header
}

func (a *fakeAuthorizer) Caller(_ context.Context, h http.Header) (auth.Caller, error) {
	a.headers = h
	return a.caller, a.err
}

func (a *fakeAuthorizer) Denial(error) gateway.Denial { return a.denial }

const stageARN = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/production/"

func (a *fakeAuthorizer) invoke() (events.APIGatewayCustomAuthorizerResponse, error) {
	return gateway.AuthorizerHandler(a)(context.Background(), authorizerRequest{
		MethodArn:         stageARN + "GET/identities/" + canary,
		MultiValueHeaders: map[string][]string{"x-api-key": {canary}},
		RequestContext:    events.APIGatewayCustomAuthorizerRequestTypeRequestContext{RequestID: trace},
	})
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

// TestAuthorizedCallerReachesTheOperation passes the context of an authorizer to a function, as API Gateway does.
func TestAuthorizedCallerReachesTheOperation(t *testing.T) {
	until := time.Now().Add(time.Hour).Truncate(time.Second)
	for name, tt := range map[string]struct {
		caller  auth.Caller
		context map[string]any // in addition to tenant and client
	}{
		"test client": {
			auth.Caller{Key: "c1k1", Scopes: auth.Scopes{"a", "b"}, TestMode: true},
			map[string]any{"key": "c1k1", "scopes": "a b", "expires": "0", "mode": "lenient", "stage": "test", "steps": "", "life": "0"},
		},
		"expiring": {
			auth.Caller{Scopes: auth.Scopes{"*"}, Expires: until, Policy: auth.Policy{Onboarding: "contact", PendingTTL: time.Hour}},
			map[string]any{"key": "", "scopes": "*", "expires": unixSeconds(until), "mode": "lenient", "stage": "live", "steps": "contact", "life": "3600"},
		},
		"strict": {
			auth.Caller{Scopes: auth.Scopes{"*"}, Strict: true},
			map[string]any{"key": "", "scopes": "*", "expires": "0", "mode": "strict", "stage": "live", "steps": "", "life": "0"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			caller := tt.caller
			caller.Tenant, caller.Client = "acme", "c1"
			tt.context["tenant"], tt.context["client"] = "acme", "c1"
			got, err := (&fakeAuthorizer{caller: caller}).invoke()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(policy("Allow", "c1", stageARN+"*", tt.context), got); diff != "" {
				t.Errorf("authorizer's response (-want +got):\n%s", diff)
			}
			e := event()
			e.RequestContext.Authorizer = maps.Clone(got.Context)
			e.RequestContext.Authorizer["principalId"], e.RequestContext.Authorizer["integrationLatency"] = "c1", 12.0
			r := route(func(r *gateway.Request) (gateway.Response, error) {
				if diff := cmp.Diff(caller, r.Caller); diff != "" {
					t.Errorf("Caller (-want +got):\n%s", diff)
				}
				return okHandler(r)
			})
			r.Scope = caller.Scopes[0]
			wantResponse(t, send(t, r, e), http.StatusOK, "fine")
		})
	}
}

func TestAuthorizerDenies(t *testing.T) {
	const undecided = "authorizer could not decide"
	none := events.APIGatewayCustomAuthorizerResponse{}
	denial := gateway.Denial{Context: map[string]any{"code": "C", "message": "m"}}
	denied := policy("Deny", "refused", stageARN+"*", map[string]any{"code": "C", "message": "m"})
	deniedBare := policy("Deny", "refused", stageARN+"*", nil)
	for name, tt := range map[string]struct {
		err     error
		denial  gateway.Denial
		want    events.APIGatewayCustomAuthorizerResponse
		wantErr string
	}{
		"as unauthorized":   {auth.ErrMissing, gateway.Denial{Unauthorized: true}, none, "Unauthorized"},
		"with a context":    {auth.ErrInvalid, denial, denied, "<nil>"},
		"without a context": {auth.ErrMismatch, gateway.Denial{}, deniedBare, "<nil>"},
		"wrapped":           {fmt.Errorf("x: %w", auth.ErrExpired), denial, denied, "<nil>"},
		"suspended":         {auth.ErrSuspended, gateway.Denial{}, deniedBare, "<nil>"},
		"unknown to store":  {auth.ErrNotFound, denial, none, undecided},
		"table unavailable": {errors.New("timeout"), denial, none, undecided},
		"canceled":          {context.Canceled, gateway.Denial{Unauthorized: true}, none, undecided},
	} {
		t.Run(name, func(t *testing.T) {
			a := &fakeAuthorizer{caller: auth.Caller{Tenant: "acme", Client: "c1"}, err: tt.err, denial: tt.denial}
			var got events.APIGatewayCustomAuthorizerResponse
			var err error
			output := privacytest.Capture(t, func() { got, err = a.invoke() })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("response (-want +got):\n%s", diff)
			}
			if fmt.Sprint(err) != tt.wantErr {
				t.Errorf("error = %v, want %s", err, tt.wantErr)
			}
			noCanary(t, output)
			if got, want := strings.Contains(output, trace), tt.wantErr == undecided; got != want {
				t.Errorf("logged = %t, want %t: %q", got, want, output)
			}
		})
	}
}

func TestAuthorizerGetsCanonicalHeaders(t *testing.T) {
	for name, tt := range map[string]struct {
		many   map[string][]string
		single map[string]string
		want   http.Header
	}{
		"lower case":             {map[string][]string{"authorization": {"a"}, "x-api-key": {"b"}}, nil, http.Header{"Authorization": {"a"}, "X-Api-Key": {"b"}}},
		"sent twice":             {map[string][]string{"X-Blnk-Key": {"a", "b"}}, nil, http.Header{"X-Blnk-Key": {"a", "b"}}},
		"many-valued before one": {map[string][]string{"A": {"1"}}, map[string]string{"A": "2", "B": "2"}, http.Header{"A": {"1"}}},
		"single only":            {nil, map[string]string{"x-blnk-key": "a"}, http.Header{"X-Blnk-Key": {"a"}}},
		"two cases, single":      {nil, map[string]string{"x-api-key": "a", "X-API-KEY": "a"}, http.Header{"X-Api-Key": {"a", "a"}}},
		"two cases, many":        {map[string][]string{"x-api-key": {"a"}, "X-API-KEY": {"a"}}, nil, http.Header{"X-Api-Key": {"a", "a"}}},
		"none":                   {nil, nil, http.Header{}},
	} {
		a := &fakeAuthorizer{err: auth.ErrMissing, denial: gateway.Denial{Unauthorized: true}}
		_, _ = gateway.AuthorizerHandler(a)(t.Context(), authorizerRequest{MultiValueHeaders: tt.many, Headers: tt.single})
		if diff := cmp.Diff(tt.want, a.headers); diff != "" {
			t.Errorf("%s: headers (-want +got):\n%s", name, diff)
		}
	}
}

func TestPolicyCoversTheStage(t *testing.T) {
	for method, want := range map[string]string{
		"arn:aws:execute-api:eu-west-1:1:api/sandbox/POST/identities":      "arn:aws:execute-api:eu-west-1:1:api/sandbox/*",
		"arn:aws:execute-api:eu-west-1:1:api/sandbox/GET/identities/a/b/c": "arn:aws:execute-api:eu-west-1:1:api/sandbox/*",
		"arn:aws:execute-api:eu-west-1:1:api/sandbox/GET/":                 "arn:aws:execute-api:eu-west-1:1:api/sandbox/*",
		"arn:aws:execute-api:eu-west-1:1:api/production":                   "arn:aws:execute-api:eu-west-1:1:api/production/*",
		"arn:aws-cn:execute-api:cn-north-1:1:api/test-invoke-stage/GET/x":  "arn:aws-cn:execute-api:cn-north-1:1:api/test-invoke-stage/*",
		"odd": "odd",
		"":    "",
	} {
		a := &fakeAuthorizer{caller: auth.Caller{Tenant: "acme", Client: "c1"}}
		got, err := gateway.AuthorizerHandler(a)(t.Context(), authorizerRequest{MethodArn: method})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{want}, got.PolicyDocument.Statement[0].Resource); diff != "" {
			t.Errorf("resources for %s (-want +got):\n%s", method, diff)
		}
	}
}
