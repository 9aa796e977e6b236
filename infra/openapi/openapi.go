// Package openapi holds the service to its contract: it tells whether an answer
// of a dialect is one that the dialect's contract declares.
// It knows OpenAPI documents and nothing of how the service works.
package openapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"cedula/shared/apidocs"
)

// Contract is the OpenAPI document, read.
type Contract struct{ document *openapi3.T }

// Load reads the contract that a dialect's functions carry, such as
// reference.Conomy, and checks that it is one.
func Load(f apidocs.Files) (*Contract, error) {
	document, err := openapi3.NewLoader().LoadFromData(f.Contract)
	if err != nil {
		return nil, fmt.Errorf("openapi: %s: %w", f.Dialect, err)
	}
	if err := document.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("openapi: %s: %w", f.Dialect, err)
	}
	return &Contract{document}, nil
}

// Operations are the contract's, as method and path: "GET /identities/{id}",
// each with the statuses that it declares.
func (c *Contract) Operations() map[string][]string {
	all := make(map[string][]string)
	for path, item := range c.document.Paths.Map() {
		for method, operation := range item.Operations() {
			for status := range operation.Responses.Map() {
				all[method+" "+path] = append(all[method+" "+path], status)
			}
		}
	}
	return all
}

// Public reports whether an operation asks for no credentials.
func (c *Contract) Public(method, path string) bool {
	operation := c.operation(method, path)
	return operation != nil && operation.Security != nil && len(*operation.Security) == 0
}

func (c *Contract) operation(method, path string) *openapi3.Operation {
	item := c.document.Paths.Value(path)
	if item == nil {
		return nil
	}
	return item.GetOperation(method)
}

// Response is what a service sent.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Check returns an error unless the operation may give this answer: its status
// declared, its declared headers right, its body of the schema without a member
// more, and no body where none is declared.
func (c *Contract) Check(method, path string, a Response) error {
	operation := c.operation(method, path)
	if operation == nil {
		return fmt.Errorf("openapi: no operation %s %s", method, path)
	}
	declared := operation.Responses.Status(a.Status)
	if declared == nil {
		return fmt.Errorf("openapi: %s %s: status %d is not declared", method, path, a.Status)
	}
	if len(declared.Value.Content) == 0 {
		if len(a.Body) > 0 {
			return fmt.Errorf("openapi: %s %s: status %d has a body", method, path, a.Status)
		}
	} else if a.Header.Get("Content-Type") == "" {
		return errors.New("openapi: no Content-Type")
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
