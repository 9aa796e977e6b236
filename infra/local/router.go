package main

import (
	"strings"

	"cedula/shared/gateway"
)

// router is an API's routes with their paths taken apart once, since every
// request is held against all of them.
type router []routePattern

type routePattern struct {
	gateway.Route
	segments []pathSegment
}

// pathSegment is a segment of a path: a literal, or the name of a parameter.
type pathSegment struct {
	text        string
	isParameter bool
}

func newRouter(routes []gateway.Route) router {
	r := make(router, len(routes))
	for n, route := range routes {
		r[n].Route = route
		for text := range strings.SplitSeq(route.Path, "/") {
			name, isParameter := parseParameter(text)
			r[n].segments = append(r[n].segments, pathSegment{name, isParameter})
		}
	}
	return r
}

// parseParameter returns the name in braces, or the literal as it is.
func parseParameter(text string) (name string, is bool) {
	if strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") {
		return text[1 : len(text)-1], true
	}
	return text, false
}

// match finds the route of a request as API Gateway does: segment by segment,
// a literal before a parameter, then the method itself before any method. An
// empty parameter matches nothing.
func (r router) match(method, path string) (gateway.Route, map[string]string, bool) {
	segments := strings.Split(path, "/")
	var best *routePattern
	for n := range r {
		p := &r[n]
		if p.Method != method && p.Method != gateway.AnyMethod {
			continue
		}
		if p.matches(segments) && (best == nil || p.moreSpecificThan(best)) {
			best = p
		}
	}
	if best == nil {
		return gateway.Route{}, nil, false
	}
	return best.Route, best.params(segments), true
}

func (p *routePattern) matches(segments []string) bool {
	if len(p.segments) != len(segments) {
		return false
	}
	for n, part := range p.segments {
		if part.isParameter && segments[n] == "" || !part.isParameter && part.text != segments[n] {
			return false
		}
	}
	return true
}

// params are the values of the parameters in a path that fits; nil if there are none.
func (p *routePattern) params(segments []string) map[string]string {
	var values map[string]string
	for n, part := range p.segments {
		if part.isParameter {
			if values == nil {
				values = make(map[string]string, 2)
			}
			values[part.text] = segments[n]
		}
	}
	return values
}

// moreSpecificThan compares two patterns that fit one path: the first segment in which
// one is literal and the other is not decides.
func (p *routePattern) moreSpecificThan(other *routePattern) bool {
	for n := range p.segments {
		if p.segments[n].isParameter != other.segments[n].isParameter {
			return other.segments[n].isParameter
		}
	}
	return p.Method != gateway.AnyMethod && other.Method == gateway.AnyMethod
}
