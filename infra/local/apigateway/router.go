package apigateway

import (
	"strings"

	"cedula/shared/gateway"
)

// router holds an API's routes with their paths already split: every request is compared with all of them.
type router []route

type route struct {
	gateway.Route
	segments []segment
	handler  lambdaHandler
}

// segment is a part of a path: a literal, or the name of a parameter.
type segment struct {
	text        string
	isParameter bool
}

func newRouter(routes []gateway.Route) router {
	list := make(router, len(routes))
	for n, r := range routes {
		list[n].Route = r
		for text := range strings.SplitSeq(r.Path, "/") {
			s := segment{text: text}
			if strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") {
				s = segment{text[1 : len(text)-1], true}
			}
			list[n].segments = append(list[n].segments, s)
		}
	}
	return list
}

// match returns the route of a request and its path parameters, or nil. Like API Gateway it prefers a literal to a
// parameter, segment by segment, then the method itself to any method. An empty parameter matches nothing.
func (routes router) match(method, path string) (*route, map[string]string) {
	segments := strings.Split(path, "/")
	var best *route
	for n := range routes {
		r := &routes[n]
		if r.Method != method && r.Method != gateway.AnyMethod {
			continue
		}
		if r.matches(segments) && (best == nil || r.moreSpecificThan(best)) {
			best = r
		}
	}
	if best == nil {
		return nil, nil
	}
	return best, best.params(segments)
}

func (r *route) matches(segments []string) bool {
	if len(r.segments) != len(segments) {
		return false
	}
	for n, part := range r.segments {
		if part.isParameter {
			if segments[n] == "" {
				return false
			}
		} else if part.text != segments[n] {
			return false
		}
	}
	return true
}

// params returns the parameters in a path that matches; nil if there are none.
func (r *route) params(segments []string) map[string]string {
	var values map[string]string
	for n, part := range r.segments {
		if !part.isParameter {
			continue
		}
		if values == nil {
			values = make(map[string]string, 2)
		}
		values[part.text] = segments[n]
	}
	return values
}

// moreSpecificThan compares two routes that match one path by the first segment that is a literal in only one of them.
func (r *route) moreSpecificThan(other *route) bool {
	for n := range r.segments {
		if r.segments[n].isParameter != other.segments[n].isParameter {
			return other.segments[n].isParameter
		}
	}
	return r.Method != gateway.AnyMethod && other.Method == gateway.AnyMethod
}
