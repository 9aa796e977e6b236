package gateway_test

import (
	"errors"
	"net/http"
	"testing"

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
		t.Errorf(`%q, %v; want a *gateway.HeaderError and value == ""`, value, err)
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
			t.Errorf("%s: %q; want got == tt.want", tt.name, got)
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
			t.Errorf("%s: %q; want got == tt.want", tt.name, got)
		}
	}
}
