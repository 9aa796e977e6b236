package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/privacytest"
	"cedula/shared/auth"
	"cedula/shared/gateway"
)

func TestMain(m *testing.M) {
	os.Exit(privacytest.Run(m))
}

const trace = "5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab"

// testAPI renders the text of known errors.
type testAPI struct{ routes []gateway.Route }

func (d testAPI) Routes() []gateway.Route { return d.routes }

func (d testAPI) Error(err error, traceID string) gateway.Response {
	status, known := statuses[err]
	if !known {
		status, err = http.StatusInternalServerError, fmt.Errorf("unexpected")
	}
	return gateway.JSON(status, []byte(err.Error()+" "+traceID))
}

var statuses = map[error]int{
	gateway.ErrNoCaller: 401, gateway.ErrInsufficientScope: 403, gateway.ErrNoRoute: 404, gateway.ErrBodyTooLarge: 413,
	gateway.ErrBodyEncoding: 400, gateway.ErrPanic: 500, auth.ErrExpired: 401,
}

// route returns GET /identities/{id}, which requires the scope identity:read.
func route(serve func(*gateway.Request) (gateway.Response, error)) gateway.Route {
	return gateway.Route{
		Name: "get-identity", Method: "GET", Path: "/identities/{id}", Scope: auth.ScopeIdentityRead, Serve: serve,
	}
}

// okHandler is an operation that returns "fine".
func okHandler(*gateway.Request) (gateway.Response, error) {
	return gateway.JSON(http.StatusOK, []byte("fine")), nil
}

// event returns a valid event for the route of func route.
func event() events.APIGatewayProxyRequest {
	return events.APIGatewayProxyRequest{
		Resource: "/identities/{id}", Path: "/identities/abc", HTTPMethod: "GET",
		PathParameters: map[string]string{"id": "abc"},
		RequestContext: events.APIGatewayProxyRequestContext{
			RequestID: trace, Authorizer: authContext("identity:read identity:write"),
		},
	}
}

func authContext(scopes string) map[string]any {
	return map[string]any{"tenant": "acme", "client": "client-1", "scopes": scopes, "expires": "0"}
}

// send returns the response of a route's handler to an event.
func send(t *testing.T, r gateway.Route, e events.APIGatewayProxyRequest) events.APIGatewayProxyResponse {
	t.Helper()
	response, err := gateway.Handler(testAPI{}, r)(context.Background(), e)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

func wantResponse(t *testing.T, got events.APIGatewayProxyResponse, status int, body string) {
	t.Helper()
	if got.StatusCode != status || got.Body != body || got.IsBase64Encoded {
		t.Errorf("response = %d %q, want %d %q", got.StatusCode, got.Body, status, body)
	}
}

// parseLogLines returns the lines of captured output, which must be JSON objects.
func parseLogLines(t *testing.T, output string) []map[string]any {
	t.Helper()
	var lines []map[string]any
	for d := json.NewDecoder(bytes.NewReader([]byte(output))); ; {
		var line map[string]any
		if err := d.Decode(&line); err == io.EOF {
			return lines
		} else if err != nil {
			t.Fatalf("%v in %s", err, output)
		}
		lines = append(lines, line)
	}
}

func unixSeconds(at time.Time) string { return fmt.Sprint(at.Unix()) }

func mustNotRun(t *testing.T) func(*gateway.Request) (gateway.Response, error) {
	return func(*gateway.Request) (gateway.Response, error) {
		t.Error("the operation ran")
		return gateway.EmptyResponse(http.StatusOK), nil
	}
}
