package blnk_test

import (
	"strings"
	"testing"

	"cedula/shared/table/faulttable"
)

// canary represents personal data in malicious requests.
const canary = "Juana.Canaria.Quix"

const (
	malformed  = "GEN_MALFORMED_REQUEST"
	validation = "IDT_VALIDATION_ERROR"
	tooLarge   = "GEN_PAYLOAD_TOO_LARGE"
)

func TestContentTypes(t *testing.T) {
	w := newTestAPI(t)
	for _, accepted := range []string{"Application/JSON; charset=utf-8", "", "text/plain", "application/x-www-form-urlencoded"} {
		wantStatus(t, w.Send(createRequest(seedBody).WithHeader("Content-Type", accepted)), 201)
	}
	w.WantCalls(faulttable.Calls{Write: 4})
	for _, rejected := range []string{"application/xml", "multipart/form-data; boundary=x", "text/html", "application/json-patch+json", canary, "application/json; =" + canary} {
		got := w.Send(createRequest(seedBody).WithHeader("Content-Type", rejected))
		wantError(t, got, 400, malformed, "Content-Type must be application/json")
	}
	w.WantCalls(faulttable.Calls{})
}

func wantNoCanary(t *testing.T, output string) {
	t.Helper()
	for _, part := range []string{"juana", "canaria", "quix", "736155281904"} {
		if strings.Contains(strings.ToLower(output), part) {
			t.Errorf("output contains %q, want no part of the request: %.2000s", part, output)
		}
	}
}
