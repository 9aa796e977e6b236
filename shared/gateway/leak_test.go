package gateway_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/privacytest"
	"cedula/shared/gateway"
)

const canary = "juan.canary@example.com"

// eventFilledWith puts the canary wherever a client can write, in every spelling of it.
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
	values := []struct{ name, value string }{
		{"plain", canary},
		{"path with a space", "a " + canary},
		{"percent escapes", "%6auan%2E" + canary},
		{"escape that is none", "%zz" + canary},
		{"lone percent", canary + "%"},
		{"colon first", ":" + canary},
		{"another host", "//" + canary + "/x"},
		{"control characters", canary + "\x00\n\r\x7f"},
		{"not UTF-8", canary + "\xff"},
		{"brackets", "[" + canary + "]:x"},
		{"query within", "?" + canary + "#" + canary},
	}
	broken := errors.New("database said: " + canary)
	operations := []struct {
		name   string
		serve  func(*gateway.Request) (gateway.Response, error)
		status int
	}{
		{"fine", okHandler, 200},
		{"refused", func(*gateway.Request) (gateway.Response, error) {
			return gateway.Response{}, gateway.ErrInsufficientScope
		}, 403},
		{"panic with text", func(r *gateway.Request) (gateway.Response, error) { panic(string(r.Body)) }, 500},
		{"panic with an error", func(*gateway.Request) (gateway.Response, error) { panic(broken) }, 500},
		{"panic with a value", func(r *gateway.Request) (gateway.Response, error) { panic(*r) }, 500},
		{"panic with nil", func(r *gateway.Request) (gateway.Response, error) { panic(r.Context().Value(0)) }, 500},
	}
	for _, v := range values {
		for _, o := range operations {
			t.Run(v.name+", "+o.name, func(t *testing.T) {
				var got events.APIGatewayProxyResponse
				output := privacytest.Capture(t, func() { got = send(t, route(o.serve), eventFilledWith(v.value)) })
				if got.StatusCode != o.status {
					t.Errorf("got %d %q, want %d", got.StatusCode, got.Body, o.status)
				}
				noCanary(t, output)
				noCanary(t, got.Body+fmt.Sprint(got.MultiValueHeaders))
			})
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
	for _, part := range []string{"juan", "canary", "6auan", "amFuLmNhbmFyeQ", "6a75616e"} {
		if strings.Contains(strings.ToLower(output), strings.ToLower(part)) {
			t.Errorf("%q stands in %s; want not strings.Contains(strings.ToLower(output), strings.ToLower(part))", part, output)
		}
	}
}
