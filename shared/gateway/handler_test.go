package gateway_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"cedula/shared/gateway"
)

func TestRoute(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*events.APIGatewayProxyRequest)
		ok     bool
	}{
		"its own":                   {func(*events.APIGatewayProxyRequest) {}, true},
		"another path":              {func(e *events.APIGatewayProxyRequest) { e.Path = "/sandbox/identities/x" }, true},
		"another method":            {func(e *events.APIGatewayProxyRequest) { e.HTTPMethod = "DELETE" }, false},
		"a method in lower case":    {func(e *events.APIGatewayProxyRequest) { e.HTTPMethod = "get" }, false},
		"an invalid method":         {func(e *events.APIGatewayProxyRequest) { e.HTTPMethod = "GET /x" }, false},
		"no method":                 {func(e *events.APIGatewayProxyRequest) { e.HTTPMethod = "" }, false},
		"another resource":          {func(e *events.APIGatewayProxyRequest) { e.Resource = "/identities" }, false},
		"a proxy resource":          {func(e *events.APIGatewayProxyRequest) { e.Resource = "/{proxy+}" }, false},
		"no resource":               {func(e *events.APIGatewayProxyRequest) { e.Resource = "" }, false},
		"wrong before unauthorized": {func(e *events.APIGatewayProxyRequest) { e.Resource, e.RequestContext.Authorizer = "", nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
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
	const invalid, tooLarge = "gateway: body is not base64 " + trace, "gateway: body too large " + trace
	full, encoded := strings.Repeat("x", gateway.MaxBodyBytes), base64.StdEncoding.EncodeToString
	for name, tt := range map[string]struct {
		body     string
		isBase64 bool
		want     string // the body that the operation receives, or the error
		status   int
	}{
		"none":                    {"", false, "", 200},
		"text":                    {`{"a":"é"}`, false, `{"a":"é"}`, 200},
		"text like base64":        {"YQ==", false, "YQ==", 200},
		"base64":                  {encoded([]byte("a\x00\xff")), true, "a\x00\xff", 200},
		"empty base64":            {"", true, "", 200},
		"not base64":              {"{}", true, invalid, 400},
		"base64 without padding":  {"YQ", true, invalid, 400},
		"the other alphabet":      {"_-8=", true, invalid, 400},
		"1 MiB":                   {full, false, full, 200},
		"1 MiB and a byte":        {full + "x", false, tooLarge, 413},
		"1 MiB in base64":         {encoded([]byte(full)), true, full, 200},
		"1 MiB and 1 B in base64": {encoded([]byte(full + "x")), true, tooLarge, 413},
		"10 MiB":                  {strings.Repeat(full, 10), false, tooLarge, 413},
	} {
		t.Run(name, func(t *testing.T) {
			e := event()
			e.Body, e.IsBase64Encoded = tt.body, tt.isBase64
			if tt.status != http.StatusOK {
				wantResponse(t, send(t, route(mustNotRun(t)), e), tt.status, tt.want)
				return
			}
			wantResponse(t, send(t, route(func(r *gateway.Request) (gateway.Response, error) {
				if string(r.Body) != tt.want {
					t.Errorf("Body has %d bytes, want %d others", len(r.Body), len(tt.want))
				}
				return okHandler(r)
			}), e), http.StatusOK, "fine")
		})
	}
}

func TestBodyIsNotReadWithoutCaller(t *testing.T) {
	e := event()
	e.RequestContext.Authorizer, e.Body, e.IsBase64Encoded = nil, "{", true
	wantResponse(t, send(t, route(mustNotRun(t)), e), http.StatusUnauthorized, "gateway: no caller "+trace)
}

func TestOperationSeesTheRequest(t *testing.T) {
	type key struct{}
	e := event()
	e.PathParameters = map[string]string{"id": "a%20b+c%2F%C3%A9", "odd": "100%", "worse": "%zz%41"}
	e.MultiValueHeaders = map[string][]string{"x-many": {"1", "2"}, "IDEMPOTENCY-KEY": {"k"}}
	e.Headers = map[string]string{"x-many": "2", "x-single": "not read when there are many-valued ones"}
	e.MultiValueQueryStringParameters = map[string][]string{"q": {"a b&c=d", "é"}, "?#%": {""}, "50%;": {"%zz", "%", ";"}}
	r := route(func(r *gateway.Request) (gateway.Response, error) {
		got := map[string]any{
			"params": [5]string{r.Param("id"), r.Param("odd"), r.Param("worse"), r.Param("absent"), r.Param("")},
			"header": r.Header, "query": r.Query, "trace": r.TraceID, "context": r.Context().Value(key{}),
		}
		want := map[string]any{
			"params": [5]string{"a b+c/é", "100%", "%zz%41", "", ""},
			"header": http.Header{"X-Many": {"1", "2"}, "Idempotency-Key": {"k"}},
			"query":  url.Values{"q": {"a b&c=d", "é"}, "?#%": {""}, "50%;": {"%zz", "%", ";"}},
			"trace":  trace, "context": "value",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
		return okHandler(r)
	})
	got, err := gateway.Handler(testAPI{}, r)(context.WithValue(t.Context(), key{}, "value"), e)
	if err != nil {
		t.Fatal(err)
	}
	wantResponse(t, got, http.StatusOK, "fine")
}

func TestOperationSeesSingleValues(t *testing.T) {
	e := event()
	e.Headers = map[string]string{"x-api-key": "k"}
	e.QueryStringParameters = map[string]string{"q": "a;b", "50%;": "%zz"}
	wantResponse(t, send(t, route(func(r *gateway.Request) (gateway.Response, error) {
		if diff := cmp.Diff(url.Values{"q": {"a;b"}, "50%;": {"%zz"}}, r.Query); diff != "" || r.Header.Get("X-Api-Key") != "k" {
			t.Errorf("header = %v, want X-Api-Key: k; query (-want +got):\n%s", r.Header, diff)
		}
		return okHandler(r)
	}), e), http.StatusOK, "fine")
}

func TestFingerprint(t *testing.T) {
	seen := map[[32]byte]string{}
	for _, request := range []struct{ operation, body string }{{"a", ""}, {"a", "x"}, {"a", "x "}, {"b", "x"}, {"ax", ""}, {"a", "\nx"}} {
		r := gateway.Request{Body: []byte(request.body)}
		f := r.Fingerprint(request.operation, r.Body)
		if other, ok := seen[f]; ok {
			t.Errorf("requests %q and %q have the same fingerprint", request, other)
		}
		if f != r.Fingerprint(request.operation, r.Body) {
			t.Errorf("request %q has two fingerprints", request)
		}
		seen[f] = fmt.Sprintf("%q", request)
	}
}

func TestResponses(t *testing.T) {
	asJSON := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	kept := gateway.JSON(200, []byte("x"))
	kept.CacheControl = "public, max-age=300"
	for name, tt := range map[string]struct {
		response gateway.Response
		err      error
		status   int
		body     string
		extra    http.Header // in addition to the security headers
	}{
		"body":             {gateway.JSON(200, []byte("{}")), nil, 200, "{}", asJSON},
		"no body":          {gateway.EmptyResponse(204), nil, 204, "", nil},
		"own content type": {gateway.JSON(200, []byte("x")).WithHeader("content-type", "text/csv"), nil, 200, "x", http.Header{"Content-Type": {"text/csv"}}},
		"own header": {
			gateway.JSON(201, []byte("x")).WithHeader("Location", "/y"), nil, 201, "x",
			http.Header{"Content-Type": asJSON["Content-Type"], "Location": {"/y"}},
		},
		"two values":      {gateway.Response{Status: 200, Header: http.Header{"Link": {"a", "b"}}}, nil, 200, "", http.Header{"Link": {"a", "b"}}},
		"security header": {gateway.EmptyResponse(200).WithHeader("Cache-Control", "public"), nil, 200, "", nil},
		"cached":          {kept, nil, 200, "x", http.Header{"Content-Type": asJSON["Content-Type"], "Cache-Control": {"public, max-age=300"}}},
		"page": {
			gateway.Response{Status: 200, ContentSecurityPolicy: "default-src 'self'"},
			nil, 200, "",
			http.Header{"Content-Security-Policy": {"default-src 'self'"}},
		},
		"an API's own failure": {gateway.JSON(503, []byte("DOWN")), nil, 503, "DOWN", asJSON},
		"error":                {kept, gateway.ErrInsufficientScope, 403, "gateway: scope not granted " + trace, asJSON},
		"unknown error":        {kept, errors.New("x"), 500, "unexpected " + trace, asJSON},
	} {
		t.Run(name, func(t *testing.T) {
			got := send(t, route(func(*gateway.Request) (gateway.Response, error) { return tt.response, tt.err }), event())
			wantResponse(t, got, tt.status, tt.body)
			want := http.Header{
				"Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"}, "X-Frame-Options": {"DENY"},
				"Referrer-Policy": {"no-referrer"}, "Content-Security-Policy": {"default-src 'none'; frame-ancestors 'none'"},
			}
			maps.Copy(want, tt.extra)
			if diff := cmp.Diff(want, http.Header(got.MultiValueHeaders)); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStartPanicsOnUnknownOperation(t *testing.T) {
	defer func() {
		if got, want := recover(), `gateway: the dialect has no operation "get-nothing"`; got != want {
			t.Errorf("panic = %v, want %s", got, want)
		}
	}()
	gateway.Start(testAPI{[]gateway.Route{route(okHandler)}}, "get-nothing")
}

func TestBaseURL(t *testing.T) {
	for _, tt := range []struct{ domain, path, want string }{
		{"api.example.com", "/sandbox/keys", "https://api.example.com/sandbox"},
		{"api.example.com", "/keys", "https://api.example.com"},
		{"", "/sandbox/keys", ""},
		{"api.example.com", "/sandbox/other", ""},
		{"api.example.com", "", ""},
	} {
		e := event()
		e.Resource, e.Path = "/keys", "/keys"
		e.MultiValueHeaders = map[string][]string{"Host": {"evil.example"}, "X-Forwarded-Host": {"evil.example"}}
		e.RequestContext.DomainName, e.RequestContext.Path = tt.domain, tt.path
		keys := gateway.Route{Name: "keys", Method: "GET", Path: "/keys", Public: true, Serve: func(r *gateway.Request) (gateway.Response, error) {
			return gateway.JSON(http.StatusOK, []byte(r.BaseURL)), nil
		}}
		wantResponse(t, send(t, keys, e), http.StatusOK, tt.want)
	}
}

// fakeDocs holds files by path.
type fakeDocs map[string]string

func (f fakeDocs) File(path string) (content []byte, mediaType string) {
	if text, ok := f[path]; ok {
		return []byte(text), "text/html"
	}
	return nil, ""
}

func TestServeFile(t *testing.T) {
	docs := fakeDocs{"/docs": "<p>"}
	got, err := (&gateway.Request{RoutePath: "/docs"}).ServeFile(docs)
	if err != nil || got.Status != http.StatusOK || string(got.Body) != "<p>" || got.Header.Get("Content-Type") != "text/html" {
		t.Errorf("ServeFile = %+v, %v; want the page as text/html", got, err)
	}
	for _, directive := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(got.ContentSecurityPolicy, directive) {
			t.Errorf("ContentSecurityPolicy = %q, want %q in it", got.ContentSecurityPolicy, directive)
		}
	}
	if _, err := (&gateway.Request{RoutePath: "/secret"}).ServeFile(docs); !errors.Is(err, gateway.ErrNoRoute) {
		t.Errorf("ServeFile of an unknown path = %v, want %v", err, gateway.ErrNoRoute)
	}
}
