package openapi_test

import (
	"bytes"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"cedula/infra/openapi"
	"cedula/infra/stack"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
	"cedula/shared/reference"
)

func load(t *testing.T) *openapi.Contract {
	t.Helper()
	c, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}

// conomy.yaml in this folder is the contract that the service carries.
func TestOneContract(t *testing.T) {
	here, err := os.ReadFile("conomy.yaml")
	if err != nil || !bytes.Equal(here, reference.Contract) {
		t.Errorf("infra/openapi/conomy.yaml is not shared/reference/conomy.yaml: %v", err)
	}
}

// The contract, the route table and the template have the same operations.
func TestOperations(t *testing.T) {
	c := load(t)
	var contract, table, template []string
	for name := range c.Operations() {
		contract = append(contract, name)
	}
	for _, r := range (&conomy.API{}).Routes() {
		table = append(table, r.Method+" "+r.Path)
		if open := r.Public && r.Path != "/auth"; c.Public(r.Method, r.Path) != open {
			t.Errorf("%s %s: the contract asks for credentials: %v", r.Method, r.Path, open)
		}
	}
	same(t, "contract and route table", contract, table)

	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	deployed, err := stack.Read(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range deployed.Of(stack.TypeFunction) {
		events, _ := stack.At(f.Properties, "Events").(map[string]any)
		for _, e := range events {
			if p := stack.At(e, "Properties"); stack.At(p, "RestApiId", "Ref") == "ConomyApi" {
				template = append(template, strings.ToUpper(stack.At(p, "Method").(string))+" "+stack.At(p, "Path").(string))
			}
		}
	}
	same(t, "contract and template.yaml", contract, template)
}

// What is not declared fails.
func TestCheckRefuses(t *testing.T) {
	c := load(t)
	const failure = `{"status":404,"code":"31","type":"notFound","detail":"identity not found","traceId":"5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab","statusCode":404,"error":"Not Found","message":"identity not found"`
	const list = `{"data":[],"pagination":{"count":0,"next":0,"previous":0,"total":0,"pagination":{"count":0,"next":0,"previous":0,"total":0},"results":[]`
	json := http.Header{"Content-Type": {"application/json; charset=utf-8"}}
	with := func(name, value string) http.Header {
		h := json.Clone()
		h.Set(name, value)
		return h
	}
	for _, tt := range []struct {
		name, method, path string
		status             int
		header             http.Header
		body               string
		ok                 bool
	}{
		{"a failure", "GET", "/identities/{id}", 404, json, failure + "}", true},
		{"a list", "GET", "/identities", 200, json, list + "}}", true},
		{"undeclared status", "GET", "/identities/{id}", 418, json, failure + "}", false},
		{"undeclared status of this operation", "GET", "/identities/{id}", 412, json, failure + "}", false},
		{"undeclared operation", "PUT", "/identities/{id}", 404, json, failure + "}", false},
		{"undeclared member", "GET", "/identities/{id}", 404, json, failure + `,"x":1}`, false},
		{"undeclared member further down", "GET", "/identities", 200, json, list + `,"x":1}}`, false},
		{"missing member", "GET", "/identities", 200, json, `{"data":[]}`, false},
		{"another status inside", "GET", "/identities/{id}", 404, json, strings.Replace(failure, "404", "400", 1) + "}", false},
		{"another code", "GET", "/identities/{id}", 404, json, strings.Replace(failure, "31", "11", 1) + "}", false},
		{"no JSON", "GET", "/identities/{id}", 404, json, "x", false},
		{"another media type", "GET", "/identities/{id}", 404, with("Content-Type", "text/html"), failure + "}", false},
		{"no media type", "GET", "/identities/{id}", 404, http.Header{}, failure + "}", false},
		{"a body where none is declared", "DELETE", "/identities/{id}", 204, json, "{}", false},
		{"no body", "DELETE", "/identities/{id}", 204, http.Header{}, "", true},
		{"an odd version", "DELETE", "/identities/{id}", 204, http.Header{"Conomyhq-Api-Version": {"v9"}}, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := c.Check(tt.method, tt.path, openapi.Answer{Status: tt.status, Header: tt.header, Body: []byte(tt.body)})
			if (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What API Gateway answers by itself is in the contract of every operation that
// it can meet.
func TestGatewayAnswers(t *testing.T) {
	c := load(t)
	for _, canned := range (&conomy.API{}).GatewayResponses() {
		body := strings.ReplaceAll(canned.Body, gateway.RequestID, "5f8f2a8e-4b7c-4a1e-8d3f-1234567890ab")
		a := openapi.Answer{Status: canned.Status, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)}
		for name := range c.Operations() {
			method, path, _ := strings.Cut(name, " ")
			switch canned.Type {
			case gateway.NoSuchRoute, gateway.BadSignature, gateway.Default4XX:
				method, path = "GET", "/identities/{id}" // of no operation: the envelope is what counts
			case gateway.Unauthorized, gateway.AccessDenied, gateway.InvalidAPIKey, gateway.Filtered:
				if c.Public(method, path) {
					continue
				}
			}
			if err := c.Check(method, path, a); err != nil {
				t.Errorf("%s: %v", canned.Type, err)
			}
		}
	}
}
