package gateway_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/gateway"
)

// valueOrError is a result or an error's text.
func valueOrError(t *testing.T, value string, err error) string {
	t.Helper()
	var own *gateway.HeaderError
	if err == nil {
		return value
	}
	if !errors.As(err, &own) || value != "" {
		t.Errorf("value = %q with error %v, want no value and a *HeaderError", value, err)
	}
	return err.Error()
}

func TestIdempotencyKey(t *testing.T) {
	for _, tt := range []struct {
		name string
		sent []string
		want string
	}{
		{"none", nil, ""},
		{"one", []string{"k"}, "k"},
		{"empty", []string{""}, "Idempotency-Key must not be empty"},
		{"blank", []string{"  "}, "Idempotency-Key must not be empty"},
		{"two", []string{"k", "l"}, "Idempotency-Key must be sent once"},
		{"the same twice", []string{"k", "k"}, "Idempotency-Key must be sent once"},
	} {
		r := &gateway.Request{Header: http.Header{"Idempotency-Key": tt.sent}}
		key, err := r.IdempotencyKey()
		if got := valueOrError(t, key, err); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMediaType(t *testing.T) {
	const typed, charset, coded = "Content-Type must be application/json", "Content-Type must have no charset but utf-8", "Content-Encoding must be identity, or absent"
	for _, tt := range []struct {
		name           string
		sent, encoding []string
		want           string
	}{
		{"none", nil, nil, ""},
		{"empty", []string{""}, nil, ""},
		{"JSON", []string{"Application/JSON"}, nil, "application/json"},
		{"UTF-8", []string{`application/json; charset="UTF-8"`}, nil, "application/json"},
		{"its other name", []string{"text/plain;charset=utf8"}, nil, "text/plain"},
		{"Latin", []string{"application/json; charset=iso-8859-1"}, nil, charset},
		{"UTF-16", []string{"application/json; charset=utf-16"}, nil, charset},
		{"no charset", []string{"application/json; charset="}, nil, typed},
		{"two charsets", []string{"application/json; charset=utf-8; charset=latin1"}, nil, typed},
		{"two", []string{"application/json", "text/plain"}, nil, "Content-Type must be sent once"},
		{"no type", []string{"x y"}, nil, typed},
		{"identity", []string{"text/plain"}, []string{"Identity"}, "text/plain"},
		{"empty coding", nil, []string{""}, ""},
		{"gzip", []string{"application/json"}, []string{"gzip"}, coded},
		{"gzip too", nil, []string{"identity", "gzip"}, coded},
		{"list", nil, []string{"identity, br"}, coded},
	} {
		r := &gateway.Request{Header: http.Header{"Content-Type": tt.sent, "Content-Encoding": tt.encoding}}
		media, err := r.MediaType()
		if got := valueOrError(t, media, err); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAcceptedLanguages(t *testing.T) {
	for _, tt := range []struct{ header, want string }{
		{"", ""},
		{"es", "es"},
		{"es-419", "es"},
		{"PT-br", "pt"},
		{"pt-BR,pt;q=0.9,en;q=0.8", "pt"},
		{"en-US, es;q=0.9", "en"},
		{"en;q=0.8, es;q=0.9", "es"},
		{"en;q=0.8,es;q=0.8", "en"},
		{"fr-CA, en;q=0.1", "en"},
		{"fr, de", ""},
		{"*", ""},
		{"fr, *;q=0.5", ""},
		{"en;q=0.3, *;q=0.5", ""},
		{"en, *;q=0.5", "en"},
		{"es;q=0", "en pt"},
		{"en;q=0", "en es pt"},
		{"es;q=0, pt;q=0.2", "pt"},
		{"en; q=0.5, es ; Q=0.7", "es"},
		{"es;q=1.5, en;q=-1, pt;q=x", ""},
		{"es;q=NaN", ""},
		{"pt;level=1", ""},
		{";q=1,,,-, ;", ""},
		{strings.Repeat("x,", 10000) + "es", "es"},
	} {
		r := &gateway.Request{Header: http.Header{"Accept-Language": {tt.header}}}
		if got := strings.Join(r.AcceptedLanguages([]string{"en", "es", "pt"}), " "); got != tt.want {
			t.Errorf("AcceptedLanguages(%.60q) = [%s], want [%s]", tt.header, got, tt.want)
		}
	}
}

func TestConditionalRequests(t *testing.T) {
	for name, tt := range map[string]struct {
		headers        []string
		ifMatch, fresh bool // fresh: If-None-Match contains the state
	}{
		"the state":           {[]string{`"7-a"`}, true, true},
		"weak":                {[]string{`W/"7-a"`}, false, true},
		"any":                 {[]string{"*"}, true, true},
		"another":             {[]string{`"8"`}, false, false},
		"longer":              {[]string{`"7-aa"`}, false, false},
		"same version, other": {[]string{`"7-b"`}, false, false},
		"the version alone":   {[]string{`"7"`}, false, false},
		"no quotes":           {[]string{"7-a"}, false, false},
		"empty":               {[]string{""}, false, false},
		"list":                {[]string{`"6", "7-a" , "8"`}, true, true},
		"list of others":      {[]string{`"6","8"`}, false, false},
		"two headers":         {[]string{`"6"`, `"7-a"`}, true, true},
		"weak in lower case":  {[]string{`w/"7-a"`}, false, false},
	} {
		r := &gateway.Request{Header: http.Header{"If-Match": tt.headers, "If-None-Match": tt.headers}}
		if got := r.IfMatch()("7-a"); got != tt.ifMatch {
			t.Errorf("%s: If-Match = %t, want %t", name, got, tt.ifMatch)
		}
		if got := r.NotModified("7-a"); got != tt.fresh {
			t.Errorf("%s: NotModified = %t, want %t", name, got, tt.fresh)
		}
	}
	none := &gateway.Request{Header: http.Header{}}
	if none.IfMatch() != nil || none.NotModified("7-a") {
		t.Error("a request without conditions has a condition")
	}
	want := gateway.Response{Status: http.StatusNotModified, Header: http.Header{"Etag": {`"7-a"`}}}
	if diff := cmp.Diff(want, gateway.NotModifiedResponse("7-a")); diff != "" {
		t.Errorf("NotModifiedResponse (-want +got):\n%s", diff)
	}
}
