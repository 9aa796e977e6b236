package apigateway

import (
	"cmp"
	"slices"
	"strings"

	"cedula/shared/gateway"
)

// router holds an API's routes, the more specific before the less: every request is compared with all of them.
type router []route

type route struct {
	gateway.Route
	segments []segment
	rank     string // a digit for each segment, and one for the method: 0 if it is given, 1 if it may be any
	handler  lambdaHandler
}

// segment is a part of a path: a literal, or the name of a parameter.
type segment struct {
	text        string
	isParameter bool
}

// newRouter sorts the routes by API Gateway's preference: a literal before a parameter, segment by segment, then a method
// before any.
func newRouter(routes []gateway.Route) router {
	digit := map[bool]string{false: "0", true: "1"}
	list := make(router, len(routes))
	for n, r := range routes {
		list[n].Route = r
		for text := range strings.SplitSeq(r.Path, "/") {
			name, isParameter := strings.CutPrefix(text, "{")
			list[n].segments = append(list[n].segments, segment{strings.TrimSuffix(name, "}"), isParameter})
			list[n].rank += digit[isParameter]
		}
		list[n].rank += digit[r.Method == gateway.AnyMethod]
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
		if !part.isParameter {
			if part.text != segments[n] {
				return nil, false
			}
			continue
		}
		if segments[n] == "" {
			return nil, false
		}
		if params == nil {
			params = make(map[string]string, 2)
		}
		params[part.text] = segments[n]
	}
	return params, true
}
