package openapi_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"cedula/infra/openapi"
	"cedula/infra/privacytest"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func TestMain(m *testing.M) { os.Exit(privacytest.Run(m)) }

const traceID = "5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab"

// api is what the tests know of an API.
type api struct {
	apidocs.Files
	api interface {
		gateway.API
		GatewayResponses() []gateway.GatewayResponse
	}
	denial                 func(error) gateway.Denial
	selfAuthenticatedPaths []string // public paths whose body has credentials
}

var apis = []api{
	{apidocs.Conomy, &conomy.API{Reference: apidocs.Conomy}, (&conomy.Authorizer{}).Denial, []string{"/auth"}},
	{apidocs.Blnk, &blnk.API{Reference: apidocs.Blnk}, (&blnk.Authorizer{}).Denial, nil},
}

func load(t *testing.T, f apidocs.Files) *openapi.Contract {
	t.Helper()
	c, err := openapi.Load(f)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLoadRejectsInvalidContracts(t *testing.T) {
	for _, contract := range []string{"{", "openapi: 3.1.0"} {
		if _, err := openapi.Load(apidocs.Files{Contract: []byte(contract)}); err == nil {
			t.Errorf("error of %q = nil, want one", contract)
		}
	}
}

// TestContractAndRoutesHaveTheSameOperations leaves out the routes for any method, which no client means to call.
func TestContractAndRoutesHaveTheSameOperations(t *testing.T) {
	for _, a := range apis {
		c := load(t, a.Files)
		var want []string
		for _, r := range a.api.Routes() {
			if r.Method == gateway.AnyMethod {
				continue
			}
			want = append(want, r.Method+" "+r.Path)
			if wantPublic := r.Public && !slices.Contains(a.selfAuthenticatedPaths, r.Path); isPublic(c.Operations[r.Method+" "+r.Path]) != wantPublic {
				t.Errorf("%s %s: public in the contract = %v, want %v", r.Method, r.Path, !wantPublic, wantPublic)
			}
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(c.Operations))); diff != "" {
			t.Errorf("operations of %s (-want +got):\n%s", a.Dialect, diff)
		}
	}
}

// isPublic reports whether an operation of a contract asks for no credentials.
func isPublic(operation *openapi3.Operation) bool {
	return operation != nil && operation.Security != nil && len(*operation.Security) == 0
}

// event returns an operation's sample event. Several routes may have one.
func event(t *testing.T, a api, r gateway.Route) (e events.APIGatewayProxyRequest) {
	t.Helper()
	name := strings.ToLower(a.Dialect) + "-" + r.Name + ".json"
	text, err := os.ReadFile(filepath.Join("..", "..", "events", name))
	if err == nil {
		err = json.Unmarshal(text, &e)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if e.Resource != r.Path || e.HTTPMethod != r.Method {
		e.HTTPMethod, e.Resource, e.Path = r.Method, r.Path, r.Path
	}
	return e
}

// wantResponse sends an event, wants a status, and checks the response against the contract.
func wantResponse(t *testing.T, c *openapi.Contract, a api, r gateway.Route, e events.APIGatewayProxyRequest, want int) {
	t.Helper()
	got, err := gateway.Handler(a.api, r)(t.Context(), e)
	if err != nil || got.StatusCode != want {
		t.Errorf("%s %s: status = %d, error = %v, want %d: %.300s", r.Method, r.Path, got.StatusCode, err, want, got.Body)
	}
	if err := c.Check(r.Method, r.Path, openapi.Response{Status: got.StatusCode, Header: http.Header(got.MultiValueHeaders), Body: []byte(got.Body)}); err != nil {
		t.Error(err)
	}
}

// TestCommonErrors checks that every operation rejects a body that is not valid or too large, and a caller who is
// unknown or may not call it.
func TestCommonErrors(t *testing.T) {
	for _, a := range apis {
		c := load(t, a.Files)
		for _, r := range a.api.Routes() {
			if r.Method == gateway.AnyMethod {
				continue
			}
			invalid, large, unknown, forbidden := event(t, a, r), event(t, a, r), event(t, a, r), event(t, a, r)
			invalid.Body, invalid.IsBase64Encoded = "!", true
			wantResponse(t, c, a, r, invalid, 400)
			large.Body = strings.Repeat(" ", gateway.MaxBodyBytes+1)
			wantResponse(t, c, a, r, large, 413)
			if r.Public {
				continue
			}
			unknown.RequestContext.Authorizer = nil
			wantResponse(t, c, a, r, unknown, 401)
			forbidden.RequestContext.Authorizer["scopes"] = "nothing"
			wantResponse(t, c, a, r, forbidden, 403)
		}
	}
}

func TestCheckRejectsUndeclaredResponses(t *testing.T) {
	conomy, blnk := load(t, apidocs.Conomy), load(t, apidocs.Blnk)
	const failure = `{"status":404,"code":"31","type":"notFound","detail":"identity not found","traceId":"5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab","statusCode":404,"error":"Not Found","message":"identity not found"`
	const list = `{"data":[],"pagination":{"count":0,"next":0,"previous":0,"total":0,"pagination":{"count":0,"next":0,"previous":0,"total":0},"results":[]`
	const missing = `{"error":"Identity not found","error_detail":{"code":"IDT_NOT_FOUND","message":"Identity not found","details":{}`
	json := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	for _, tt := range []struct {
		name         string
		c            *openapi.Contract
		method, path string
		status       int
		header       http.Header
		body         string
		ok           bool
	}{
		{"a failure", conomy, "GET", "/identities/{id}", 404, json, failure + "}", true},
		{"a list", conomy, "GET", "/identities", 200, json, list + "}}", true},
		{"undeclared status", conomy, "GET", "/identities/{id}", 418, json, failure + "}", false},
		{"undeclared operation", conomy, "PUT", "/identities/{id}", 404, json, failure + "}", false},
		{"undeclared field", conomy, "GET", "/identities/{id}", 404, json, failure + `,"x":1}`, false},
		{"undeclared field in a nested object", conomy, "GET", "/identities", 200, json, list + `,"x":1}}`, false},
		{"no media type", conomy, "GET", "/identities/{id}", 404, http.Header{}, failure + "}", false},
		{"no JSON", conomy, "GET", "/identities/{id}", 404, json, "x", false},
		{"another media type", conomy, "GET", "/identities/{id}", 404, http.Header{"Content-Type": {"text/html"}}, failure + "}", false},
		{"a body where none is declared", conomy, "DELETE", "/identities/{id}", 204, json, "{}", false},
		{"no body", conomy, "DELETE", "/identities/{id}", 204, http.Header{}, "", true},
		{"an unknown version", conomy, "DELETE", "/identities/{id}", 204, http.Header{"Conomyhq-Api-Version": {"v9"}}, "", false},
		{"Blnk's failure", blnk, "GET", "/identities/{id}", 404, json, missing + "}}", true},
		{"another operation's code", blnk, "GET", "/identities/{id}", 404, json, strings.Replace(missing, "IDT", "META_ENTITY", 1) + "}}", false},
		{"values", blnk, "POST", "/identities/{id}/detokenize", 200, json, `{"fields":{"firstName":"A","Street":""}}`, true},
		{"values of a field that has none", blnk, "POST", "/identities/{id}/detokenize", 200, json, `{"fields":{"city":"A"}}`, false},
		{"null for an empty page", blnk, "GET", "/identities", 200, json, "null", false},
		{"an empty page", blnk, "GET", "/identities", 200, json, "[]", true},
		{"errors of filters", blnk, "GET", "/identities", 400, json, `{"errors":["a"],"error_detail":{"code":"GEN_VALIDATION_ERROR","message":"a"}}`, true},
		{"error and errors", blnk, "GET", "/identities", 400, json, `{"error":"a","errors":["a"],"error_detail":{"code":"GEN_VALIDATION_ERROR","message":"a"}}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.c.Check(tt.method, tt.path, openapi.Response{Status: tt.status, Header: tt.header, Body: []byte(tt.body)})
			if (err == nil) != tt.ok {
				t.Errorf("error = %v, want none: %v", err, tt.ok)
			}
		})
	}
}

// TestGatewayResponsesMatchContract checks that every operation declares the responses of API Gateway that it can meet.
func TestGatewayResponsesMatchContract(t *testing.T) {
	forNoOperation := []string{gateway.NoSuchRoute, gateway.InvalidSignature, gateway.Default4XX} // only the envelope is declared
	ofAuthorizer := []string{gateway.Unauthorized, gateway.AccessDenied, gateway.InvalidAPIKey, gateway.WAFFiltered}
	for _, a := range apis {
		c := load(t, a.Files)
		for _, response := range a.api.GatewayResponses() {
			for _, reason := range []error{auth.ErrInvalid, auth.ErrExpired, auth.ErrMismatch, auth.ErrSuspended} {
				got := openapi.Response{Status: response.Status, Header: http.Header{"Content-Type": {"application/json"}}, Body: fillVariables(response.Body, a.denial(reason))}
				for name := range c.Operations {
					method, path, _ := strings.Cut(name, " ")
					if slices.Contains(forNoOperation, response.Type) {
						method, path = "GET", "/identities/{id}"
					}
					if slices.Contains(ofAuthorizer, response.Type) && isPublic(c.Operations[method+" "+path]) {
						continue
					}
					if err := c.Check(method, path, got); err != nil {
						t.Errorf("%s: %s: %v", a.Dialect, response.Type, err)
					}
				}
			}
		}
	}
}

// fillVariables replaces API Gateway's variables in a body.
func fillVariables(body string, r gateway.Denial) []byte {
	body = strings.ReplaceAll(body, gateway.RequestIDVariable, traceID)
	for name, value := range r.Context {
		body = strings.ReplaceAll(body, "$context.authorizer."+name, value.(string))
	}
	return []byte(body)
}

func TestCompleteFailsWithUncheckedResponses(t *testing.T) {
	c := load(t, apidocs.Conomy)
	before := len(c.Unchecked())
	_ = c.Check("DELETE", "/identities/{id}", openapi.Response{Status: 204})
	if got := len(c.Unchecked()); got != before-1 {
		t.Errorf("%d responses are unchecked, want %d", got, before-1)
	}
	if flag.Lookup("test.run").Value.String() != "" {
		t.Skip("runs without -run")
	}
	code := 0
	out := privacytest.Capture(t, func() { code = c.Complete(0) })
	if want := "POST /identities 200"; code != 1 || !strings.Contains(out, want) {
		t.Errorf("exit code = %d with output %s, want 1 with %s", code, out, want)
	}
}

// TestOperationsHaveCurlSamples checks that the documentation shows a command for each operation, and a response of each
// that succeeds with a body.
func TestOperationsHaveCurlSamples(t *testing.T) {
	for _, f := range []apidocs.Files{apidocs.Conomy, apidocs.Blnk} {
		document, err := openapi3.NewLoader().LoadFromData(f.Contract)
		if err != nil {
			t.Fatal(err)
		}
		for path, item := range document.Paths.Map() {
			for method, operation := range item.Operations() {
				sample := fmt.Sprint(operation.Extensions["x-codeSamples"])
				fixed, _, _ := strings.Cut(path, "{")
				if !strings.Contains(sample, "curl -s") || !strings.Contains(sample, fixed) {
					t.Errorf("%s: %s %s: sample = %s, want a curl command", f.Dialect, method, path, sample)
				}
				if method != http.MethodGet && method != http.MethodPost && !strings.Contains(sample, "-X "+method) {
					t.Errorf("%s: %s %s: sample = %s, want -X %s", f.Dialect, method, path, sample, method)
				}
				for status, response := range operation.Responses.Map() {
					body := response.Value.Content.Get("application/json")
					if status[0] == '2' && body != nil && body.Example == nil && len(body.Examples) == 0 {
						t.Errorf("%s: %s %s %s has no example of a response", f.Dialect, method, path, status)
					}
					if body != nil {
						checkErrorExamples(t, body.Examples)
					}
				}
			}
		}
	}
}

// checkErrorExamples checks that the repeated text of an error is the same in both places.
func checkErrorExamples(t *testing.T, examples openapi3.Examples) {
	t.Helper()
	for _, example := range examples {
		shown, _ := example.Value.Value.(map[string]any)
		if shown["detail"] != nil && shown["detail"] != shown["message"] {
			t.Errorf("example: detail = %q, message = %q, want equal texts", shown["detail"], shown["message"])
		}
		if detail, ok := shown["error_detail"].(map[string]any); ok && shown["errors"] == nil && detail["message"] != shown["error"] {
			t.Errorf("example: error = %q, error_detail.message = %q, want equal texts", shown["error"], detail["message"])
		}
	}
}
