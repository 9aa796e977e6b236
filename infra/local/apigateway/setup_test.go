package apigateway

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"cedula/infra/privacytest"
	"cedula/shared/auth"
	"cedula/shared/gateway"
)

// fakeAPI has a public and a private operation. Its gateway responses are their own types.
type fakeAPI struct{ served int }

func (a *fakeAPI) Routes() []gateway.Route {
	serve := func(r *gateway.Request) (gateway.Response, error) {
		a.served++
		return gateway.JSON(http.StatusOK, []byte(r.Query.Get("limit"))), nil
	}
	return []gateway.Route{
		{Name: "login", Method: "POST", Path: "/login", Public: true, Serve: serve},
		{Name: "list", Method: "GET", Path: "/things", Scope: "identity:read", Serve: serve},
	}
}

func (a *fakeAPI) Error(error, string) gateway.Response { return gateway.JSON(http.StatusTeapot, nil) }

func (a *fakeAPI) GatewayResponses() []gateway.GatewayResponse {
	var all []gateway.GatewayResponse
	for _, kind := range []string{
		gateway.RequestTooLarge, gateway.NoSuchRoute, gateway.Unauthorized, gateway.AccessDenied, gateway.AuthorizerFailure,
		gateway.Throttled, gateway.QuotaExceeded, gateway.BadRequestParameters, gateway.BadRequestBody, gateway.Default5XX,
	} {
		all = append(all, gateway.GatewayResponse{Type: kind, Status: 499, Body: kind + " " + gateway.RequestIDVariable + " $context.authorizer.code"})
	}
	return all
}

// Caller accepts the key "good".
func (a *fakeAPI) Caller(_ context.Context, h http.Header) (auth.Caller, error) {
	switch h.Get("X-Key") {
	case "good":
		return auth.Caller{Client: "c", Tenant: "t", Scopes: auth.Scopes{auth.ScopeAll}}, nil
	case "broken":
		return auth.Caller{}, io.ErrUnexpectedEOF
	}
	return auth.Caller{}, auth.ErrInvalid
}

// Denial is a policy that denies.
func (a *fakeAPI) Denial(error) gateway.Denial {
	return gateway.Denial{Context: map[string]any{"code": "41"}}
}

// newFakeGateway returns a gateway whose client has these limits.
func newFakeGateway(t *testing.T, limits auth.Limits) (*Gateway, *fakeAPI) {
	t.Helper()
	a := &fakeAPI{}
	limiter := NewLimiter(func(context.Context, string) (auth.Client, error) { return auth.Client{Limits: limits}, nil })
	return New(API{Operations: a, Authorizer: a, IdentitySources: []string{"X-Key"}, Stage: "/stage", Limiter: limiter, Now: time.Now}), a
}

func send(g *Gateway, method, target, key string, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, body)
	if key != "" {
		r.Header.Set("X-Key", key)
	}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	return w
}

func TestMain(m *testing.M) { os.Exit(privacytest.Run(m)) }
