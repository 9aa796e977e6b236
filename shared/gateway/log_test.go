package gateway_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"cedula/infra/privacytest"
	"cedula/shared/gateway"
)

func TestOneLinePerRequest(t *testing.T) {
	usual := []string{"client", "level", "msg", "operation", "status", "time", "trace", "us"}
	answer := func(status int) func(*gateway.Request) (gateway.Response, error) {
		return func(*gateway.Request) (gateway.Response, error) { return gateway.JSON(status, []byte("x")), nil }
	}
	fail := func(err error) func(*gateway.Request) (gateway.Response, error) {
		return func(*gateway.Request) (gateway.Response, error) { return gateway.Response{}, err }
	}
	tests := []struct {
		name          string
		serve         func(*gateway.Request) (gateway.Response, error)
		status        float64
		level, failed string
	}{
		{"fine", answer(200), 200, "INFO", ""},
		{"refused", fail(gateway.ErrInsufficientScope), 403, "INFO", ""},
		{"failed", fail(errors.New("the table is away")), 500, "ERROR", "the table is away"},
		{"failed without an error", answer(503), 503, "ERROR", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			output := privacytest.Capture(t, func() { send(t, route(tt.serve), eventFilledWith(strings.Repeat(canary, 100))) })
			lines := parseLogLines(t, output)
			if len(lines) != 1 {
				t.Fatalf("%d lines: %s; want len(lines) == 1", len(lines), output)
			}
			line, keys := lines[0], usual
			if tt.failed != "" {
				keys = append(slices.Clone(usual), "error")
				slices.Sort(keys)
			}
			if diff := cmp.Diff(keys, slices.Sorted(maps.Keys(line))); diff != "" {
				t.Errorf("diff = %v, want %v", diff, "")
			}
			if size := len(output); size > 600 {
				t.Errorf("%d bytes: %s; want size <= 600", size, output)
			}
			if us, ok := line["us"].(float64); !ok || us < 0 {
				t.Errorf("us is %v; want ok and us >= 0", line["us"])
			}
			delete(line, "time")
			delete(line, "us")
			expected := map[string]any{
				"level": tt.level, "msg": "request", "operation": "get-identity", "status": tt.status,
				"trace": trace, "client": "client-1",
			}
			if tt.failed != "" {
				expected["error"] = tt.failed
			}
			if diff := cmp.Diff(expected, line); diff != "" {
				t.Errorf("diff = %v, want %v", diff, "")
			}
		})
	}
}

func TestLogLineWithoutCallerHasNoClient(t *testing.T) {
	e := event()
	delete(e.RequestContext.Authorizer, "tenant")
	lines := parseLogLines(t, privacytest.Capture(t, func() { send(t, route(okHandler), e) }))
	if len(lines) != 1 || lines[0]["client"] != "" || lines[0]["status"] != 401.0 {
		t.Errorf(`lines = %v; want len(lines) == 1 and lines[0]["client"] == "" and lines[0]["status"] == 401.0`, lines)
	}
}

func TestPanicIsLoggedByPlace(t *testing.T) {
	var got events.APIGatewayProxyResponse
	output := privacytest.Capture(t, func() {
		got = send(t, route(func(*gateway.Request) (gateway.Response, error) { panic(errors.New(canary)) }), event())
	})
	wantResponse(t, got, http.StatusInternalServerError, "gateway: operation panicked "+trace)
	lines := parseLogLines(t, output)
	if len(lines) != 2 {
		t.Fatalf("%d lines: %s; want len(lines) == 2", len(lines), output)
	}
	first, second := lines[0], lines[1]
	if first["msg"] != "panic" || first["type"] != "*errors.errorString" || first["operation"] != "get-identity" || first["trace"] != trace {
		t.Errorf(`first = %v; want first["msg"] == "panic" and first["type"] == "*errors.errorString" and first["operation"] == "get-identity" and first["trace"] == trace`, first)
	}
	if stack := fmt.Sprint(first["stack"]); !strings.Contains(stack, "TestPanicIsLoggedByPlace") {
		t.Errorf(`the stack does not lead to the operation: %s; want strings.Contains(stack, "TestPanicIsLoggedByPlace")`, stack)
	}
	if second["msg"] != "request" || second["status"] != 500.0 || second["error"] != "gateway: operation panicked" {
		t.Errorf(`second = %v; want second["msg"] == "request" and second["status"] == 500.0 and second["error"] == "gateway: operation panicked"`, second)
	}
}
