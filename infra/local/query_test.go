package main

import (
	"net/http"
	"strings"
	"testing"
)

// TestInvalidQueryIsRejected: a query that cannot be read whole is refused. Without the
// part that cannot, a list would be wider than what was asked for.
func TestInvalidQueryIsRejected(t *testing.T) {
	w := newFixture(t)
	conomyHeaders := []string{"Authorization", "Bearer " + w.token(t), "x-api-key", w.credentials.ConomyKey}
	blnkHeaders := []string{"X-blnk-key", w.credentials.BlnkKey}
	call(t, "GET", w.conomy+"/identities?limit=1", "", conomyHeaders...)
	call(t, "GET", w.blnk+"/identities?limit=1", "", blnkHeaders...)
	for _, tt := range []struct {
		name, query string
		status      int
	}{
		{"a semicolon", "FIELD=Ana;x", 400},
		{"a semicolon between", "limit=1;FIELD=Ana", 400},
		{"a percent sign", "FIELD=50%", 400},
		{"no hexadecimal", "FIELD=%zz", 400},
		{"in the name", "F%ELD=Ana", 400},
		{"in another one", "instance_id=%&FIELD=Ana", 400},
		{"more than anybody reads", strings.Repeat("&", 10_000) + "FIELD=Ana", 400},
		{"a semicolon, encoded", "FIELD=Ana%3Bx", 200},
		{"a percent sign, encoded", "FIELD=50%25", 200},
		{"nothing between", "&&FIELD=Ana&", 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.tableCalls.Reset()
			a := call(t, "GET", w.conomy+"/identities?"+strings.ReplaceAll(tt.query, "FIELD", "email"), "", conomyHeaders...)
			b := call(t, "GET", w.blnk+"/identities?"+strings.ReplaceAll(tt.query, "FIELD", "first_name_eq"), "", blnkHeaders...)
			if a.status != tt.status || b.status != tt.status {
				t.Errorf("got %d %s and %d %s, want %d", a.status, a.body, b.status, b.body, tt.status)
			}
			if tt.status == http.StatusOK {
				return
			}
			if jsonField(t, a, "detail") != "a parameter of the URL cannot be read" || jsonField(t, b, "error") != "A parameter of the URL cannot be read" {
				t.Errorf("got %s and %s", a.body, b.body)
			}
			if got := w.tableCalls.Reset(); got.Total() != 0 {
				t.Errorf("table calls: %+v", got)
			}
		})
	}
	if a := call(t, "GET", w.blnk+"/identities?%", ""); a.status != 401 {
		t.Errorf("nobody: %d %s", a.status, a.body)
	}
}
