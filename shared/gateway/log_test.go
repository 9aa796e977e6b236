package gateway_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"cedula/infra/privacytest"
	"cedula/shared/gateway"
)

func failWith(err error) func(*gateway.Request) (gateway.Response, error) {
	return func(*gateway.Request) (gateway.Response, error) { return gateway.Response{}, err }
}

func TestOneLinePerRequest(t *testing.T) {
	unavailable := func(*gateway.Request) (gateway.Response, error) { return gateway.JSON(503, []byte("x")), nil }
	for name, tt := range map[string]struct {
		serve     func(*gateway.Request) (gateway.Response, error)
		anonymous bool
		status    float64
		level     string
		err       string
	}{
		"fine":           {okHandler, false, 200, "INFO", ""},
		"denied":         {failWith(gateway.ErrInsufficientScope), false, 403, "INFO", ""},
		"without caller": {mustNotRun(t), true, 401, "INFO", ""},
		"failed":         {failWith(errors.New("table unavailable")), false, 500, "ERROR", "table unavailable"},
		"without error":  {unavailable, false, 503, "ERROR", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := eventFilledWith(strings.Repeat(canary, 100))
			want := map[string]any{
				"level": tt.level, "msg": "request", "operation": "get-identity", "status": tt.status, "trace": trace, "client": "client-1",
			}
			if tt.anonymous {
				delete(e.RequestContext.Authorizer, "tenant")
				want["client"] = ""
			}
			if tt.err != "" {
				want["error"] = tt.err
			}
			lines := parseLogLines(t, privacytest.Capture(t, func() { send(t, route(tt.serve), e) }))
			if len(lines) != 1 {
				t.Fatalf("logged %v, want one line", lines)
			}
			if us, ok := lines[0]["us"].(float64); !ok || us < 0 || lines[0]["time"] == nil {
				t.Errorf("logged %v, want a time and a duration", lines[0])
			}
			delete(lines[0], "time")
			delete(lines[0], "us")
			if diff := cmp.Diff(want, lines[0]); diff != "" {
				t.Errorf("log line (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPanicIsLoggedByPlace(t *testing.T) {
	var got events.APIGatewayProxyResponse
	output := privacytest.Capture(t, func() {
		got = send(t, route(func(*gateway.Request) (gateway.Response, error) { panic(errors.New(canary)) }), event())
	})
	wantResponse(t, got, http.StatusInternalServerError, "gateway: operation panicked "+trace)
	lines := parseLogLines(t, output)
	if len(lines) != 2 || lines[1]["msg"] != "request" || lines[1]["error"] != "gateway: operation panicked" {
		t.Fatalf("logged %v, want the panic and the request", lines)
	}
	stack := fmt.Sprint(lines[0]["stack"])
	if !strings.Contains(stack, "TestPanicIsLoggedByPlace") {
		t.Errorf("stack does not name the operation: %s", stack)
	}
	delete(lines[0], "stack")
	delete(lines[0], "time")
	want := map[string]any{
		"level": "ERROR", "msg": "panic", "type": "*errors.errorString", "operation": "get-identity", "trace": trace,
	}
	if diff := cmp.Diff(want, lines[0]); diff != "" {
		t.Errorf("line of the panic (-want +got):\n%s", diff)
	}
}

const canary = "juan.canary@example.com"

// eventFilledWith returns an event with a value in every part that a client controls.
func eventFilledWith(value string) events.APIGatewayProxyRequest {
	e := event()
	e.Path = "/identities/" + value
	e.PathParameters = map[string]string{"id": value}
	e.Body = value
	e.QueryStringParameters = map[string]string{value: value}
	e.MultiValueQueryStringParameters = map[string][]string{value: {value, value}}
	e.Headers = map[string]string{value: value, "User-Agent": value, "Host": value, "Idempotency-Key": value}
	e.MultiValueHeaders = map[string][]string{value: {value}, "Referer": {value}, "Content-Type": {value}}
	e.StageVariables = map[string]string{value: value}
	e.RequestContext.Path, e.RequestContext.DomainName = e.Path, value
	e.RequestContext.Identity.UserAgent, e.RequestContext.Identity.SourceIP = value, value
	return e
}

func TestRequestContentIsNotLogged(t *testing.T) {
	values := map[string]string{
		"plain":              canary,
		"path with a space":  "a " + canary,
		"percent escapes":    "%6auan%2E" + canary,
		"invalid escape":     "%zz" + canary,
		"lone percent":       canary + "%",
		"colon first":        ":" + canary,
		"another host":       "//" + canary + "/x",
		"control characters": canary + "\x00\n\r\x7f",
		"not UTF-8":          canary + "\xff",
		"brackets":           "[" + canary + "]:x",
		"query within":       "?" + canary + "#" + canary,
	}
	broken := errors.New("database said: " + canary)
	operations := map[string]struct {
		serve  func(*gateway.Request) (gateway.Response, error)
		status int
	}{
		"fine":                {okHandler, 200},
		"denied":              {failWith(gateway.ErrInsufficientScope), 403},
		"panic with text":     {func(r *gateway.Request) (gateway.Response, error) { panic(string(r.Body)) }, 500},
		"panic with an error": {func(*gateway.Request) (gateway.Response, error) { panic(broken) }, 500},
		"panic with a value":  {func(r *gateway.Request) (gateway.Response, error) { panic(*r) }, 500},
		"panic with nil":      {func(r *gateway.Request) (gateway.Response, error) { panic(r.Context().Value(0)) }, 500},
	}
	for valueName, value := range values {
		for operationName, o := range operations {
			var got events.APIGatewayProxyResponse
			output := privacytest.Capture(t, func() { got = send(t, route(o.serve), eventFilledWith(value)) })
			if got.StatusCode != o.status {
				t.Errorf("%s, %s: status = %d, want %d", valueName, operationName, got.StatusCode, o.status)
			}
			noCanary(t, output+got.Body+fmt.Sprint(got.MultiValueHeaders))
		}
	}
}

func TestMethodsAreNotLogged(t *testing.T) {
	for _, method := range []string{canary, "GET " + canary, "\n" + canary, "GET\x00" + canary} {
		e := event()
		e.HTTPMethod = method
		var got events.APIGatewayProxyResponse
		output := privacytest.Capture(t, func() { got = send(t, route(mustNotRun(t)), e) })
		wantResponse(t, got, http.StatusNotFound, "gateway: no such route "+trace)
		noCanary(t, output)
	}
}

func noCanary(t *testing.T, output string) {
	t.Helper()
	for _, part := range []string{"juan", "canary", "6auan", "amfulmnhbmfyeq", "6a75616e"} {
		if strings.Contains(strings.ToLower(output), part) {
			t.Errorf("%q is in %s", part, output)
		}
	}
}
