package gateway_test

import (
	"net/http"
	"testing"

	"cedula/shared/gateway"
)

func TestConditionalRequests(t *testing.T) {
	tests := []struct {
		name    string
		headers []string
		matches bool // If-Match, for the state 7-a
		fresh   bool // If-None-Match
	}{
		{"the version", []string{`"7-a"`}, true, true},
		{"weak", []string{`W/"7-a"`}, false, true},
		{"any", []string{"*"}, true, true},
		{"another", []string{`"8"`}, false, false},
		{"longer", []string{`"7-aa"`}, false, false},
		{"the version of another", []string{`"7-b"`}, false, false},
		{"the version alone", []string{`"7"`}, false, false},
		{"no quotes", []string{"7-a"}, false, false},
		{"empty", []string{""}, false, false},
		{"list", []string{`"6", "7-a" , "8"`}, true, true},
		{"list of others", []string{`"6","8"`}, false, false},
		{"two headers", []string{`"6"`, `"7-a"`}, true, true},
		{"in lower case", []string{`w/"7-a"`}, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &gateway.Request{Header: http.Header{"If-Match": tt.headers, "If-None-Match": tt.headers}}
			if got := r.IfMatch()("7-a"); got != tt.matches {
				t.Errorf("If-Match: %v; want got == tt.matches", got)
			}
			if got := r.NotModified("7-a"); got != tt.fresh {
				t.Errorf("If-None-Match: %v; want got == tt.fresh", got)
			}
		})
	}
	none := &gateway.Request{Header: http.Header{}}
	if none.IfMatch() != nil || none.NotModified("7-a") {
		t.Error("a request without conditions has some")
	}
	answer := gateway.NotModifiedResponse("7-a")
	if answer.Status != 304 || len(answer.Body) > 0 || answer.Header.Get("ETag") != gateway.ETag("7-a") || gateway.ETag("7-a") != `"7-a"` {
		t.Errorf("%+v; want answer.Status == 304 and len(answer.Body) == 0 and answer.Header.Get(\"ETag\") == gateway.ETag(\"7-a\") and gateway.ETag(\"7-a\") == `\"7-a\"`", answer)
	}
}
