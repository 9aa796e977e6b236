package main

import (
	"strings"

	"cedula/shared/gateway"
)

// routing is an API's routes with their paths taken apart once, since every
// request is held against all of them.
type routing []pattern

type pattern struct {
	gateway.Route
	parts []part
}

// part is a segment of a path: a literal, or the name of a parameter.
type part struct {
	text      string
	parameter bool
}

func newRouting(routes []gateway.Route) routing {
	r := make(routing, len(routes))
	for n, route := range routes {
		r[n].Route = route
		for text := range strings.SplitSeq(route.Path, "/") {
			name, isParameter := parameter(text)
			r[n].parts = append(r[n].parts, part{name, isParameter})
		}
	}
	return r
}

// parameter returns the name in braces, or the literal as it is.
func parameter(text string) (name string, is bool) {
	if strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") {
		return text[1 : len(text)-1], true
	}
	return text, false
}

// match finds the route of a request as API Gateway does: segment by segment,
// a literal before a parameter, then the method itself before any method. An
// empty parameter matches nothing.
func (r routing) match(method, path string) (gateway.Route, map[string]string, bool) {
	segments := strings.Split(path, "/")
	var best *pattern
	for n := range r {
		p := &r[n]
		if p.Method != method && p.Method != gateway.AnyMethod {
			continue
		}
		if p.fits(segments) && (best == nil || p.before(best)) {
			best = p
		}
	}
	if best == nil {
		return gateway.Route{}, nil, false
	}
	return best.Route, best.params(segments), true
}

func (p *pattern) fits(segments []string) bool {
	if len(p.parts) != len(segments) {
		return false
	}
	for n, part := range p.parts {
		if part.parameter && segments[n] == "" || !part.parameter && part.text != segments[n] {
			return false
		}
	}
	return true
}

// params are the values of the parameters in a path that fits; nil if there are none.
func (p *pattern) params(segments []string) map[string]string {
	var values map[string]string
	for n, part := range p.parts {
		if part.parameter {
			if values == nil {
				values = make(map[string]string, 2)
			}
			values[part.text] = segments[n]
		}
	}
	return values
}

// before compares two patterns that fit one path: the first segment in which
// one is literal and the other is not decides.
func (p *pattern) before(other *pattern) bool {
	for n := range p.parts {
		if p.parts[n].parameter != other.parts[n].parameter {
			return other.parts[n].parameter
		}
	}
	return p.Method != gateway.AnyMethod && other.Method == gateway.AnyMethod
}
