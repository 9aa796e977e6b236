package apigateway

import (
	"maps"
	"testing"

	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

func TestRouterPrefersTheMoreSpecificRoute(t *testing.T) {
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
		got := ""
		matched, params := r.match(tt.method, tt.path)
		if matched != nil {
			got = matched.Name
		}
		if got != tt.want || !maps.Equal(params, tt.params) {
			t.Errorf("match(%s %s) = %q %v, want %q %v", tt.method, tt.path, got, params, tt.want, tt.params)
		}
	}
}

func TestEveryRouteMatchesItself(t *testing.T) {
	for _, routes := range [][]gateway.Route{(&conomy.API{}).Routes(), (&blnk.API{}).Routes()} {
		r := newRouter(routes)
		for _, want := range routes {
			if got, _ := r.match(want.Method, want.Path); got == nil || got.Name != want.Name || got.Path != want.Path {
				t.Errorf("match(%s %s) = %+v, want route %s", want.Method, want.Path, got, want.Name)
			}
		}
	}
}
