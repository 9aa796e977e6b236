package main

import (
	"strings"

	"cedula/shared/gateway"
)

// match finds the route of a request as API Gateway does: segment by segment,
// a literal before a parameter, then the method itself before any method. An
// empty parameter matches nothing.
func match(routes []gateway.Route, method, path string) (gateway.Route, map[string]string, bool) {
	segments := strings.Split(path, "/")
	var (
		best   gateway.Route
		params map[string]string
		found  bool
	)
	for _, r := range routes {
		if r.Method != method && r.Method != gateway.AnyMethod {
			continue
		}
		if p, ok := fit(r.Path, segments); ok && (!found || better(r, best)) {
			best, params, found = r, p, true
		}
	}
	return best, params, found
}

func fit(pattern string, segments []string) (map[string]string, bool) {
	parts := strings.Split(pattern, "/")
	if len(parts) != len(segments) {
		return nil, false
	}
	var params map[string]string
	for i, part := range parts {
		name, isParam := parameter(part)
		switch {
		case isParam && segments[i] != "":
			if params == nil {
				params = make(map[string]string, 2)
			}
			params[name] = segments[i]
		case isParam || part != segments[i]:
			return nil, false
		}
	}
	return params, true
}

func parameter(part string) (string, bool) {
	if strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}") {
		return part[1 : len(part)-1], true
	}
	return "", false
}

// moreLiteral compares two patterns that fit one path: the first segment in
// which one is literal and the other is not decides.
func moreLiteral(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	for i := range as {
		_, ap := parameter(as[i])
		_, bp := parameter(bs[i])
		if ap != bp {
			return bp
		}
	}
	return false
}

func better(a, b gateway.Route) bool {
	if a.Path == b.Path {
		return b.Method == gateway.AnyMethod
	}
	return moreLiteral(a.Path, b.Path)
}
