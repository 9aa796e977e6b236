package gateway_test

import (
	"errors"
	"strings"
	"testing"

	"cedula/shared/gateway"
)

// fakeDocs is a reference of a few texts.
type fakeDocs map[string]string

func (f fakeDocs) File(path string) (content []byte, mediaType string) {
	if text, ok := f[path]; ok {
		return []byte(text), "text/html"
	}
	return nil, ""
}

func TestServeFile(t *testing.T) {
	held := fakeDocs{"/docs": "<p>"}
	got, err := (&gateway.Request{RoutePath: "/docs"}).ServeFile(held)
	if err != nil || got.Status != 200 || string(got.Body) != "<p>" || got.Header.Get("Content-Type") != "text/html" {
		t.Errorf(`got %+v, %v; want no error and got.Status == 200 and string(got.Body) == "<p>" and got.Header.Get("Content-Type") == "text/html"`, got, err)
	}
	for _, word := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(got.ContentSecurityPolicy, word) {
			t.Errorf("the policy of a page lacks %s: %s; want strings.Contains(got.ContentSecurityPolicy, word)", word, got.ContentSecurityPolicy)
		}
	}
	if _, err := (&gateway.Request{RoutePath: "/secret"}).ServeFile(held); !errors.Is(err, gateway.ErrNoRoute) {
		t.Errorf("another path: %v; want gateway.ErrNoRoute", err)
	}
}
