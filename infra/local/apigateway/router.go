package apigateway

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"cedula/shared/gateway"
)

// router holds an API's routes, the more specific before the less: every request is compared with all of them.
type router []route

type route struct {
	gateway.Route
	segments []string // of the path
	rank     string   // the path, with { for each parameter and at the end if the method may be any
	handler  lambdaHandler
}

var parameterPattern = regexp.MustCompile(`{[^}]*}`)

// newRouter sorts the routes by API Gateway's preference: a literal before a parameter, segment by segment, then a method
// before any. No literal contains {, which sorts after the characters of literals.
func newRouter(routes []gateway.Route) router {
	list := make(router, len(routes))
	for n, r := range routes {
		list[n] = route{Route: r, segments: strings.Split(r.Path, "/"), rank: parameterPattern.ReplaceAllString(r.Path, "{")}
		if r.Method == gateway.AnyMethod {
			list[n].rank += "{"
		}
	}
	slices.SortStableFunc(list, func(a, b route) int { return cmp.Compare(a.rank, b.rank) })
	return list
}

// match returns the route of a request and its path parameters, or nil.
func (routes router) match(method, path string) (*route, map[string]string) {
	segments := strings.Split(path, "/")
	for n := range routes {
		r := &routes[n]
		if r.Method != method && r.Method != gateway.AnyMethod {
			continue
		}
		if params, ok := r.match(segments); ok {
			return r, params
		}
	}
	return nil, nil
}

// match returns the parameters in a path; nil for a route without parameters. An empty segment matches no parameter.
func (r *route) match(segments []string) (params map[string]string, ok bool) {
	if len(r.segments) != len(segments) {
		return nil, false
	}
	for n, part := range r.segments {
		name, isParameter := strings.CutPrefix(part, "{")
		if !isParameter && part == segments[n] {
			continue
		}
		if !isParameter || segments[n] == "" {
			return nil, false
		}
		if params == nil {
			params = make(map[string]string, 2)
		}
		params[strings.TrimSuffix(name, "}")] = segments[n]
	}
	return params, true
}
