package gateway_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"cedula/shared/gateway"
)

func TestRoute(t *testing.T) {
	tests := []struct {
		name   string
		change func(*events.APIGatewayProxyRequest)
		ok     bool
	}{
		{"its own", func(*events.APIGatewayProxyRequest) {}, true},
		{"another path of the same resource", func(e *events.APIGatewayProxyRequest) { e.Path = "/sandbox/identities/x" }, true},
		{"another method", func(e *events.APIGatewayProxyRequest) { e.HTTPMethod = "DELETE" }, false},
		{"a method in another case", func(e *events.APIGatewayProxyRequest) { e.HTTPMethod = "get" }, false},
		{"a method that is none", func(e *events.APIGatewayProxyRequest) { e.HTTPMethod = "GET /x" }, false},
		{"no method", func(e *events.APIGatewayProxyRequest) { e.HTTPMethod = "" }, false},
		{"another resource", func(e *events.APIGatewayProxyRequest) { e.Resource = "/identities" }, false},
		{"a proxy resource", func(e *events.APIGatewayProxyRequest) { e.Resource = "/{proxy+}" }, false},
		{"no resource", func(e *events.APIGatewayProxyRequest) { e.Resource = "" }, false},
		{"wrong before unauthorized", func(e *events.APIGatewayProxyRequest) {
			e.Resource, e.RequestContext.Authorizer = "", nil
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := event()
			tt.change(&e)
			if tt.ok {
				wantResponse(t, send(t, route(okHandler), e), http.StatusOK, "fine")
				return
			}
			wantResponse(t, send(t, route(mustNotRun(t)), e), http.StatusNotFound, "gateway: no such route "+trace)
		})
	}
}

func TestBody(t *testing.T) {
	full, encoded := strings.Repeat("x", gateway.MaxBodyBytes), base64.StdEncoding.EncodeToString
	tests := []struct {
		name, body string
		isBase64   bool
		want       string // what the operation sees, or the error
		status     int
	}{
		{"none", "", false, "", 200},
		{"text", `{"a":"é"}`, false, `{"a":"é"}`, 200},
		{"text that looks like base64", "YQ==", false, "YQ==", 200},
		{"base64", encoded([]byte("a\x00\xff")), true, "a\x00\xff", 200},
		{"empty base64", "", true, "", 200},
		{"base64 that is none", "{}", true, "gateway: body is not base64", 400},
		{"base64 without padding", "YQ", true, "gateway: body is not base64", 400},
		{"base64 of the other alphabet", "_-8=", true, "gateway: body is not base64", 400},
		{"1 MiB", full, false, full, 200},
		{"1 MiB and a byte", full + "x", false, "gateway: body too large", 413},
		{"1 MiB in base64", encoded([]byte(full)), true, full, 200},
		{"1 MiB and a byte in base64", encoded([]byte(full + "x")), true, "gateway: body too large", 413},
		{"10 MiB", strings.Repeat(full, 10), false, "gateway: body too large", 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := event()
			e.Body, e.IsBase64Encoded = tt.body, tt.isBase64
			ran := false
			answer := send(t, route(func(r *gateway.Request) (gateway.Response, error) {
				if ran = true; string(r.Body) != tt.want {
					t.Errorf("the operation sees %d bytes, want %d", len(r.Body), len(tt.want))
				}
				return okHandler(r)
			}), e)
			switch {
			case ran != (tt.status == 200):
				t.Errorf("the operation ran: %v", ran)
			case ran:
				wantResponse(t, answer, 200, "fine")
			default:
				wantResponse(t, answer, tt.status, tt.want+" "+trace)
			}
		})
	}
}

func TestBodyIsNotReadWithoutCaller(t *testing.T) {
	e := event()
	e.RequestContext.Authorizer, e.Body, e.IsBase64Encoded = nil, "{", true
	wantResponse(t, send(t, route(mustNotRun(t)), e), http.StatusUnauthorized, "gateway: no caller "+trace)
}

func TestOperationSeesTheRequest(t *testing.T) {
	e := event()
	e.PathParameters = map[string]string{"id": "a%20b+c%2F%C3%A9", "odd": "100%", "worse": "%zz%41"}
	e.MultiValueHeaders = map[string][]string{"x-many": {"1", "2"}, "IDEMPOTENCY-KEY": {"k"}}
	e.Headers = map[string]string{"x-many": "2", "x-single": "not read when there are many-valued ones"}
	e.MultiValueQueryStringParameters = map[string][]string{"q": {"a b&c=d", "é"}, "?#%": {""}}
	e.RequestContext.Identity.SourceIP = "192.0.2.1"
	type key struct{}
	ctx := context.WithValue(context.Background(), key{}, "value")
	r := route(func(r *gateway.Request) (gateway.Response, error) {
		got := map[string]any{
			"params": [5]string{r.Param("id"), r.Param("odd"), r.Param("worse"), r.Param("absent"), r.Param("")},
			"header": r.Header, "query": r.Query, "trace": r.TraceID, "context": r.Context().Value(key{}),
		}
		if diff := cmp.Diff(map[string]any{
			"params": [5]string{"a b+c/é", "100%", "%zz%41", "", ""},
			"header": http.Header{"X-Many": {"1", "2"}, "Idempotency-Key": {"k"}},
			"query":  url.Values{"q": {"a b&c=d", "é"}, "?#%": {""}},
			"trace":  trace, "context": "value",
		}, got); diff != "" {
			t.Errorf("diff = %v, want %v", diff, "")
		}
		return okHandler(r)
	})
	answer, err := gateway.Handler(testAPI{}, r)(ctx, e)
	if err != nil {
		t.Fatal(err)
	}
	wantResponse(t, answer, 200, "fine")
}

func TestOperationSeesSingleHeaders(t *testing.T) {
	e := event()
	e.Headers = map[string]string{"x-api-key": "k"}
	e.QueryStringParameters = map[string]string{"q": "a"}
	wantResponse(t, send(t, route(func(r *gateway.Request) (gateway.Response, error) {
		if r.Header.Get("X-Api-Key") != "k" || r.Query.Get("q") != "a" {
			t.Errorf(`r.Header = %v, r.Query = %v; want r.Header.Get("X-Api-Key") == "k" and r.Query.Get("q") == "a"`, r.Header, r.Query)
		}
		return okHandler(r)
	}), e), 200, "fine")
}

// TestOperationSeesEveryParameter: however many there are, and whatever stands in
// them. A filter that got lost would make a list wider.
func TestOperationSeesEveryParameter(t *testing.T) {
	many := make([]string, 20_000)
	for _, e := range []events.APIGatewayProxyRequest{
		{MultiValueQueryStringParameters: map[string][]string{"q": {"a;b"}, "50%;": {"%zz", "%", ";"}, "many": many}},
		{QueryStringParameters: map[string]string{"q": "a;b", "50%;": "%zz"}},
	} {
		whole := event()
		whole.MultiValueQueryStringParameters, whole.QueryStringParameters = e.MultiValueQueryStringParameters, e.QueryStringParameters
		wantResponse(t, send(t, route(func(r *gateway.Request) (gateway.Response, error) {
			if r.Query.Get("q") != "a;b" || r.Query.Get("50%;") != "%zz" || len(r.Query["many"]) != len(e.MultiValueQueryStringParameters["many"]) {
				t.Errorf(`q is %q, the odd one %q, and %d of another; want r.Query.Get("q") == "a;b" and r.Query.Get("50%%;") == "%%zz" and len(r.Query["many"]) == len(e.MultiValueQueryStringParameters["many"])`, r.Query["q"], r.Query["50%;"], len(r.Query["many"]))
			}
			return okHandler(r)
		}), whole), 200, "fine")
	}
}

func TestFingerprint(t *testing.T) {
	requests := []struct{ operation, body string }{
		{"a", ""}, {"a", "x"}, {"a", "x "}, {"b", "x"}, {"ax", ""}, {"a", "\nx"},
	}
	seen := make(map[[32]byte]int)
	for i, q := range requests {
		r := gateway.Request{Body: []byte(q.body)}
		f := r.Fingerprint(q.operation)
		if j, ok := seen[f]; ok {
			t.Errorf("requests %d and %d have one fingerprint; want not ok", i, j)
		}
		if seen[f] = i; f != (&gateway.Request{Body: []byte(q.body)}).Fingerprint(q.operation) {
			t.Errorf("request %d has two fingerprints; want f == (&gateway.Request{Body: []byte(q.body)}).Fingerprint(q.operation)", i)
		}
	}
}

func TestResponses(t *testing.T) {
	tests := []struct {
		name   string
		answer gateway.Response
		err    error
		status int
		body   string
		extra  http.Header
	}{
		{"body", gateway.JSON(200, []byte("{}")), nil, 200, "{}", http.Header{"Content-Type": {"application/json; charset=utf-8"}}},
		{"no body", gateway.Response{Status: 204}, nil, 204, "", nil},
		{"own content type", gateway.JSON(200, []byte("x")).WithHeader("content-type", "text/csv"), nil, 200, "x", http.Header{"Content-Type": {"text/csv"}}},
		{
			"own headers", gateway.JSON(201, []byte("x")).WithHeader("Location", "/y").WithHeader("Retry-After", "1"), nil, 201, "x",
			http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Location": {"/y"}, "Retry-After": {"1"}},
		},
		{
			"two values of a header",
			gateway.Response{Status: 200, Header: http.Header{"Link": {"a", "b"}}},
			nil, 200, "",
			http.Header{"Link": {"a", "b"}},
		},
		{"security header overruled", gateway.Response{Status: 200}.WithHeader("Cache-Control", "public"), nil, 200, "", nil},
		{"a dialect's own failure", gateway.JSON(503, []byte("DOWN")), nil, 503, "DOWN", http.Header{"Content-Type": {"application/json; charset=utf-8"}}},
		{"error", gateway.Response{}, gateway.ErrInsufficientScope, 403, "gateway: scope not granted " + trace, http.Header{"Content-Type": {"application/json; charset=utf-8"}}},
		{"answer and error", gateway.JSON(200, []byte("half")), errors.New("x"), 500, "unexpected " + trace, http.Header{"Content-Type": {"application/json; charset=utf-8"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := send(t, route(func(*gateway.Request) (gateway.Response, error) { return tt.answer, tt.err }), event())
			wantResponse(t, got, tt.status, tt.body)
			headers := http.Header{
				"Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"}, "X-Frame-Options": {"DENY"},
				"Referrer-Policy": {"no-referrer"}, "Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
			}
			for name, values := range tt.extra {
				headers[name] = values
			}
			if diff := cmp.Diff(headers, http.Header(got.MultiValueHeaders)); diff != "" {
				t.Errorf("diff = %v, want %v", diff, "")
			}
		})
	}
}

func TestWithHeaderDoesNotChangeItsReceiver(t *testing.T) {
	plain := gateway.JSON(200, nil)
	if marked := plain.WithHeader("a", "b"); plain.Header != nil || marked.Header.Get("A") != "b" {
		t.Errorf(`plain = %+v, marked = %+v; want plain.Header == nil and marked.Header.Get("A") == "b"`, plain, marked)
	}
}

func TestStartPanicsOnUnknownOperation(t *testing.T) {
	defer func() {
		if p := recover(); p != `gateway: the dialect has no operation "get-nothing"` {
			t.Errorf("got %v; want p == `gateway: the dialect has no operation \"get-nothing\"`", p)
		}
	}()
	gateway.Start(testAPI{[]gateway.Route{route(okHandler)}}, "get-nothing")
}

// TestCacheControl: an answer is nobody's to keep unless the operation says so; a
// refusal never is.
func TestCacheControl(t *testing.T) {
	shared := func(*gateway.Request) (gateway.Response, error) {
		answer := gateway.JSON(http.StatusOK, []byte("fine"))
		answer.CacheControl = "public, max-age=300"
		return answer, nil
	}
	forced := func(r *gateway.Request) (gateway.Response, error) {
		answer, err := okHandler(r)
		return answer.WithHeader("Cache-Control", "public"), err
	}
	for want, serve := range map[string]func(*gateway.Request) (gateway.Response, error){
		"no-store": forced, "public, max-age=300": shared,
	} {
		if got := send(t, route(serve), event()).MultiValueHeaders["Cache-Control"]; len(got) != 1 || got[0] != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	e := event()
	e.RequestContext.Authorizer = nil
	if got := send(t, route(shared), e).MultiValueHeaders["Cache-Control"]; len(got) != 1 || got[0] != "no-store" {
		t.Errorf(`a refusal may be kept: %q; want len(got) == 1 and got[0] == "no-store"`, got)
	}
}

// TestBaseURL: where the API is, from what API Gateway says and no header.
func TestBaseURL(t *testing.T) {
	for _, tt := range []struct{ domain, path, want string }{
		{"api.example.com", "/sandbox/keys", "https://api.example.com/sandbox"},
		{"api.example.com", "/keys", "https://api.example.com"},
		{"", "/sandbox/keys", ""},
		{"api.example.com", "/sandbox/other", ""},
		{"api.example.com", "", ""},
	} {
		got := "unset"
		e := event()
		e.Resource, e.Path = "/keys", "/keys"
		e.MultiValueHeaders = map[string][]string{"Host": {"evil.example"}, "X-Forwarded-Host": {"evil.example"}}
		e.RequestContext.DomainName, e.RequestContext.Path = tt.domain, tt.path
		keys := gateway.Route{Name: "keys", Method: "GET", Path: "/keys", Public: true, Serve: func(r *gateway.Request) (gateway.Response, error) {
			got = r.BaseURL
			return okHandler(r)
		}}
		wantResponse(t, send(t, keys, e), http.StatusOK, "fine")
		if got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.domain, tt.path, got, tt.want)
		}
	}
}
