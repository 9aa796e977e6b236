package main

import (
	"maps"
	"testing"

	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

// TestRouterMatch: a literal goes before a parameter, a method before any method.
func TestRouterMatch(t *testing.T) {
	r := newRouter([]gateway.Route{
		{Name: "any", Method: gateway.AnyMethod, Path: "/a/{id}"},
		{Name: "one", Method: "GET", Path: "/a/{id}"},
		{Name: "literal", Method: gateway.AnyMethod, Path: "/a/b"},
		{Name: "below", Method: "GET", Path: "/a/{id}/{part}"},
		{Name: "root", Method: "GET", Path: "/"},
	})
	for _, tt := range []struct {
		method, path, want string
		params             map[string]string
	}{
		{"GET", "/a/1", "one", map[string]string{"id": "1"}},
		{"PUT", "/a/1", "any", map[string]string{"id": "1"}},
		{"GET", "/a/b", "literal", nil},
		{"GET", "/a/b/c", "below", map[string]string{"id": "b", "part": "c"}},
		{"GET", "/", "root", nil},
		{"GET", "/a/", "", nil},
		{"GET", "/a/1/", "", nil},
		{"GET", "/b", "", nil},
		{"PUT", "/", "", nil},
	} {
		got, params, found := r.match(tt.method, tt.path)
		if got.Name != tt.want || found != (tt.want != "") || !maps.Equal(params, tt.params) {
			t.Errorf("%s %s: %q %v %v", tt.method, tt.path, got.Name, params, found)
		}
	}
}

// Every route of both dialects finds itself.
func TestEveryRouteIsFound(t *testing.T) {
	for _, routes := range [][]gateway.Route{(&conomy.API{}).Routes(), (&blnk.API{}).Routes()} {
		r := newRouter(routes)
		for _, route := range routes {
			if got, _, _ := r.match(route.Method, route.Path); got.Name != route.Name || got.Path != route.Path {
				t.Errorf("%s %s is served by %s %s", route.Method, route.Path, got.Name, got.Path)
			}
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	r := newRouter((&blnk.API{}).Routes())
	b.ReportAllocs()
	for b.Loop() {
		r.match("GET", "/identities/idt_11111111-1111-4111-8111-111111111111")
	}
}
