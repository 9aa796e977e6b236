// Package openapi checks that an API's responses are those that its contract declares, and all of those.
// It must not import an API.
package openapi

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"cedula/shared/apidocs"
)

// Contract is an OpenAPI document. It is safe for concurrent use.
type Contract struct {
	Operations map[string]*openapi3.Operation // by method and path: "GET /identities/{id}"

	document *openapi3.T
	checked  sync.Map // the responses that Check was given: "GET /identities 200"
}

// unicodeEscape is \u2028 in a pattern, in a YAML string in double quotes. JSON Schema has it from ECMA-262; package
// regexp writes \x{2028}.
var unicodeEscape = regexp.MustCompile(`\\\\u([0-9a-f]{4})`)

// Load reads the contract that an API serves, such as apidocs.Conomy, and validates it.
func Load(f apidocs.Files) (*Contract, error) {
	document, err := openapi3.NewLoader().LoadFromData(unicodeEscape.ReplaceAll(f.Contract, []byte(`\\x{$1}`)))
	if err != nil {
		return nil, fmt.Errorf("openapi: %s: %w", f.Dialect, err)
	}
	if err := document.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("openapi: %s: %w", f.Dialect, err)
	}
	all := make(map[string]*openapi3.Operation)
	for path, item := range document.Paths.Map() {
		for method, operation := range item.Operations() {
			all[method+" "+path] = operation
		}
	}
	return &Contract{Operations: all, document: document}, nil
}

// commonStatuses are the statuses that many operations have for the same reason. The tests of this package and of the
// gateway bring about each of them for each operation, where a request can: 429, 431, 500 and 503 may be API Gateway's own.
var commonStatuses = []string{"400", "401", "403", "409", "413", "429", "431", "500", "503"}

// Unchecked returns the declared responses that Check was not given, apart from the common ones.
func (c *Contract) Unchecked() (missing []string) {
	for name, operation := range c.Operations {
		for status := range operation.Responses.Map() {
			response := name + " " + status
			if _, done := c.checked.Load(response); !done && !slices.Contains(commonStatuses, status) {
				missing = append(missing, response)
			}
		}
	}
	slices.Sort(missing)
	return missing
}

// Complete returns the exit code of a package's tests, given the code that they ended with. They fail if they leave
// declared responses unchecked, unless a flag selects some of the tests.
func (c *Contract) Complete(code int) int {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return code
		}
	}
	missing := c.Unchecked()
	if code == 0 && len(missing) > 0 {
		fmt.Printf("FAIL: the contract declares responses that no test has received:\n%s\n", strings.Join(missing, "\n"))
		return 1
	}
	return code
}

// Response is a response of an API.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Check returns an error unless an operation declares the response: its status, its headers, and a body that has the
// fields of the schema and no others, or no body.
func (c *Contract) Check(method, path string, a Response) error {
	c.checked.Store(fmt.Sprintf("%s %s %d", method, path, a.Status), true)
	operation, ok := c.Operations[method+" "+path]
	if !ok {
		return fmt.Errorf("openapi: no operation %s %s", method, path)
	}
	declared := operation.Responses.Status(a.Status)
	if declared == nil {
		return fmt.Errorf("openapi: %s %s: status %d is not declared", method, path, a.Status)
	}
	hasContent := len(declared.Value.Content) > 0
	if !hasContent && len(a.Body) > 0 {
		return fmt.Errorf("openapi: %s %s: status %d has a body", method, path, a.Status)
	}
	if hasContent && a.Header.Get("Content-Type") == "" {
		return fmt.Errorf("openapi: %s %s: status %d has no Content-Type", method, path, a.Status)
	}
	request := &openapi3filter.RequestValidationInput{
		Request: &http.Request{Method: method},
		Route:   &routers.Route{Spec: c.document, Path: path, PathItem: c.document.Paths.Value(path), Method: method, Operation: operation},
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request, Status: a.Status, Header: a.Header,
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	}
	input.SetBodyBytes(a.Body)
	if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
		return fmt.Errorf("openapi: %s %s: %w", method, path, err)
	}
	return nil
}
