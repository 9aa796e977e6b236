package blnk_test

import (
	"strings"
	"testing"

	"cedula/shared/gateway"
	"cedula/shared/table/faulttable"
)

// canary stands for personal data in malicious requests.
const canary = "Juana.Canaria.Qzxv"

const (
	malformed  = "GEN_MALFORMED_REQUEST"
	validation = "IDT_VALIDATION_ERROR"
	tooLarge   = "GEN_PAYLOAD_TOO_LARGE"
	dobMessage = "dob must be a date such as 1990-01-15 or 1990-01-15T00:00:00Z"
)

var deeplyNested = strings.Repeat(`{"a":[`, 5_000) + strings.Repeat("]}", 5_000)

// personBody returns a body with the canary and more fields.
func personBody(members string) string {
	return `{"first_name":"` + canary + `","email_address":"juana.canaria.qzxv@example.com",` + members + `}`
}

var maliciousBodies = []struct {
	name, body string
	status     int
	code, text string
}{
	{"no body", "", 400, malformed, "body is empty"},
	{"cut off", `{"first_name":"` + canary, 400, malformed, "first_name is not valid JSON at byte 33"},
	{"twice in metadata", personBody(`"meta_data":{"a":{"b":1,"b":2}}`), 400, malformed, "meta_data.a.b stands twice in its object"},
	{"10,000 levels in metadata", personBody(`"meta_data":` + deeplyNested), 400, malformed, "body is nested deeper than 16 levels"},
	{"city is an object", personBody(`"city":{"a":"` + canary + `"}`), 400, malformed, "city must be a string"},
	{"date of birth is a number", personBody(`"dob":19900115`), 400, malformed, "dob must be a string"},
	{"metadata is a text", personBody(`"meta_data":"` + canary + `"`), 400, malformed, "meta_data must be an object"},
	{"id is a number", personBody(`"identity_id":736155281904`), 400, malformed, "identity_id must be a string"},
	{"odd date of birth", personBody(`"dob":"` + canary + `"`), 400, validation, dobMessage},
	{"date of birth without offset", personBody(`"dob":"1990-01-15T00:00:00"`), 400, validation, dobMessage},
	{"long phone", `{"phone_number":"` + strings.Repeat("736155281904", 6) + `"}`, 400, validation, "phone_number must have at most 64 characters"},
	{"1 MiB and a byte", seedBody + strings.Repeat(" ", gateway.MaxBodyBytes-len(seedBody)+1), 413, tooLarge, "Request body must have at most 1 MiB"},
}

func TestMaliciousBodies(t *testing.T) {
	w := newTestAPI(t)
	for _, tt := range maliciousBodies {
		t.Run(tt.name, func(t *testing.T) {
			w.Transcript.Reset()
			got := w.Send(createRequest(tt.body).WithHeader("User-Agent", canary).WithHeader("Referer", canary))
			wantError(t, got, tt.status, tt.code, tt.text)
		})
	}
	w.WantCalls(faulttable.Calls{})
}

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
	for _, part := range []string{"juana", "canaria", "qzxv", "736155281904"} {
		if strings.Contains(strings.ToLower(output), part) {
			t.Errorf("output contains %q, want nothing of the request: %.2000s", part, output)
		}
	}
}
