package openapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"cedula/infra/openapi"
	"cedula/infra/template"
	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

// dialect is what the tests of this file know of one.
type dialect struct {
	apidocs.Files
	file string
	api  interface {
		gateway.API
		GatewayResponses() []gateway.GatewayResponse
	}
	denial                 func(error) gateway.Denial
	selfAuthenticatedPaths []string // public paths that ask for credentials of their own
}

var dialects = []dialect{
	{apidocs.Conomy, "conomy.yaml", &conomy.API{}, (&conomy.Authorizer{}).Denial, []string{"/auth"}},
	{apidocs.Blnk, "blnk.yaml", &blnk.API{}, (&blnk.Authorizer{}).Denial, nil},
}

func load(t *testing.T, f apidocs.Files) *openapi.Contract {
	t.Helper()
	c, err := openapi.Load(f)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func assertSameElements(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// Each contract, the route table and the template have the same operations.
func TestOperations(t *testing.T) {
	for _, d := range dialects {
		t.Run(d.Dialect, func(t *testing.T) {
			c := load(t, d.Files)
			var contract, table []string
			for name := range c.Operations() {
				contract = append(contract, name)
			}
			for _, r := range d.api.Routes() {
				if r.Method == gateway.AnyMethod { // what it answers is in no contract: no client means to send it
					continue
				}
				table = append(table, r.Method+" "+r.Path)
				if open := r.Public && !slices.Contains(d.selfAuthenticatedPaths, r.Path); c.Public(r.Method, r.Path) != open {
					t.Errorf("%s %s: the contract asks for credentials: %v", r.Method, r.Path, open)
				}
			}
			assertSameElements(t, "contract and route table", contract, table)
			assertSameElements(t, "contract and template.yaml", contract, templateOperations(t, d.Dialect+"Api"))
		})
	}
}

// templateOperations are the operations of a REST API of the template.
func templateOperations(t *testing.T, api string) (all []string) {
	t.Helper()
	root, err := template.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := template.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range tmpl.ResourcesOfType(template.TypeFunction) {
		events, _ := template.Lookup(f.Properties, "Events").(map[string]any)
		for _, e := range events {
			p := template.Lookup(e, "Properties")
			if method, _ := template.Lookup(p, "Method").(string); template.Lookup(p, "RestApiId", "Ref") == api && method != gateway.AnyMethod {
				all = append(all, strings.ToUpper(method)+" "+template.Lookup(p, "Path").(string))
			}
		}
	}
	return all
}

// What is not declared fails.
func TestCheckRejectsUndeclaredResponses(t *testing.T) {
	conomy, blnk := load(t, apidocs.Conomy), load(t, apidocs.Blnk)
	const failure = `{"status":404,"code":"31","type":"notFound","detail":"identity not found","traceId":"5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab","statusCode":404,"error":"Not Found","message":"identity not found"`
	const list = `{"data":[],"pagination":{"count":0,"next":0,"previous":0,"total":0,"pagination":{"count":0,"next":0,"previous":0,"total":0},"results":[]`
	const missing = `{"error":"Identity not found","error_detail":{"code":"IDT_NOT_FOUND","message":"Identity not found","details":{}`
	json := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	with := func(name, value string) http.Header {
		h := json.Clone()
		h.Set(name, value)
		return h
	}
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
		{"undeclared status of this operation", conomy, "GET", "/identities/{id}", 412, json, failure + "}", false},
		{"undeclared operation", conomy, "PUT", "/identities/{id}", 404, json, failure + "}", false},
		{"undeclared member", conomy, "GET", "/identities/{id}", 404, json, failure + `,"x":1}`, false},
		{"undeclared member further down", conomy, "GET", "/identities", 200, json, list + `,"x":1}}`, false},
		{"missing member", conomy, "GET", "/identities", 200, json, `{"data":[]}`, false},
		{"another status inside", conomy, "GET", "/identities/{id}", 404, json, strings.Replace(failure, "404", "400", 1) + "}", false},
		{"another code", conomy, "GET", "/identities/{id}", 404, json, strings.Replace(failure, "31", "11", 1) + "}", false},
		{"no JSON", conomy, "GET", "/identities/{id}", 404, json, "x", false},
		{"another media type", conomy, "GET", "/identities/{id}", 404, with("Content-Type", "text/html"), failure + "}", false},
		{"no media type", conomy, "GET", "/identities/{id}", 404, http.Header{}, failure + "}", false},
		{"a body where none is declared", conomy, "DELETE", "/identities/{id}", 204, json, "{}", false},
		{"no body", conomy, "DELETE", "/identities/{id}", 204, http.Header{}, "", true},
		{"an odd version", conomy, "DELETE", "/identities/{id}", 204, http.Header{"Conomyhq-Api-Version": {"v9"}}, "", false},
		{"Blnk's failure", blnk, "GET", "/identities/{id}", 404, json, missing + "}}", true},
		{"details that say something", blnk, "GET", "/identities/{id}", 404, json, strings.Replace(missing, "{}", `{"a":1}`, 1) + "}}", false},
		{"undeclared member of the detail", blnk, "GET", "/identities/{id}", 404, json, missing + `,"x":1}}`, false},
		{"another operation's code", blnk, "GET", "/identities/{id}", 404, json, strings.Replace(missing, "IDT", "META_ENTITY", 1) + "}}", false},
		{"values", blnk, "POST", "/identities/{id}/detokenize", 200, json, `{"fields":{"firstName":"A","Street":""}}`, true},
		{"values of a field that has none", blnk, "POST", "/identities/{id}/detokenize", 200, json, `{"fields":{"city":"A"}}`, false},
		{"an empty page", blnk, "GET", "/identities", 200, json, "[]", true},
		{"null for an empty page", blnk, "GET", "/identities", 200, json, "null", false},
		{"errors of filters", blnk, "GET", "/identities", 400, json, `{"errors":["a"],"error_detail":{"code":"GEN_VALIDATION_ERROR","message":"a"}}`, true},
		{"error and errors", blnk, "GET", "/identities", 400, json, `{"error":"a","errors":["a"],"error_detail":{"code":"GEN_VALIDATION_ERROR","message":"a"}}`, false},
		{"errors elsewhere", blnk, "POST", "/identities/filter", 400, json, `{"errors":["a"],"error_detail":{"code":"GEN_VALIDATION_ERROR","message":"a"}}`, false},
		{"an odd link", blnk, "GET", "/identities", 200, with("Link", "next"), "[]", false},
		{"text in place of JSON", blnk, "GET", "/", 200, http.Header{"Content-Type": {"text/plain"}}, `"server running..."`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.c.Check(tt.method, tt.path, openapi.Response{Status: tt.status, Header: tt.header, Body: []byte(tt.body)})
			if (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What API Gateway answers by itself is in the contract of every operation that
// it can meet.
func TestGatewayResponsesMatchContract(t *testing.T) {
	for _, d := range dialects {
		c := load(t, d.Files)
		for _, canned := range d.api.GatewayResponses() {
			for _, why := range []error{auth.ErrInvalid, auth.ErrExpired, auth.ErrMismatch, auth.ErrSuspended} {
				a := openapi.Response{Status: canned.Status, Header: http.Header{"Content-Type": {"application/json"}}, Body: fillVariables(canned.Body, d.denial(why))}
				for name := range c.Operations() {
					method, path, _ := strings.Cut(name, " ")
					switch canned.Type {
					case gateway.NoSuchRoute, gateway.InvalidSignature, gateway.Default4XX:
						method, path = "GET", "/identities/{id}" // of no operation: the envelope is what counts
					case gateway.Unauthorized, gateway.AccessDenied, gateway.InvalidAPIKey, gateway.WAFFiltered:
						if c.Public(method, path) {
							continue
						}
					}
					if err := c.Check(method, path, a); err != nil {
						t.Errorf("%s: %s: %v", d.Dialect, canned.Type, err)
					}
				}
			}
		}
	}
}

// fillVariables is a canned body with API Gateway's variables in it.
func fillVariables(body string, r gateway.Denial) []byte {
	body = strings.ReplaceAll(body, gateway.RequestIDVariable, traceID)
	for name, value := range r.Context {
		body = strings.ReplaceAll(body, "$context.authorizer."+name, value)
	}
	return []byte(body)
}
