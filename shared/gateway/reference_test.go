package gateway_test

import (
	"errors"
	"strings"
	"testing"

	"cedula/shared/gateway"
)

// files is a reference of a few texts.
type files map[string]string

func (f files) File(path string) (content []byte, mediaType string) {
	if text, ok := f[path]; ok {
		return []byte(text), "text/html"
	}
	return nil, ""
}

func TestFile(t *testing.T) {
	held := files{"/docs": "<p>"}
	got, err := (&gateway.Request{Path: "/docs"}).File(held)
	if err != nil || got.Status != 200 || string(got.Body) != "<p>" || got.Header.Get("Content-Type") != "text/html" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, word := range []string{"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} {
		if !strings.Contains(got.Policy, word) {
			t.Errorf("the policy of a page lacks %s: %s", word, got.Policy)
		}
	}
	if _, err := (&gateway.Request{Path: "/secret"}).File(held); !errors.Is(err, gateway.ErrNoRoute) {
		t.Errorf("another path: %v", err)
	}
}
