package blnk_test

import (
	"strings"
	"testing"

	"cedula/shared/gateway"
	"cedula/shared/table/faulttable"
)

// canary stands for a person's data in every hostile request.
const canary = "Juana.Canaria.Qzxv"

const (
	malformed  = "GEN_MALFORMED_REQUEST"
	validation = "IDT_VALIDATION_ERROR"
	tooLarge   = "GEN_PAYLOAD_TOO_LARGE"
	dobMessage = "dob must be a date such as 1990-01-15 or 1990-01-15T00:00:00Z"
)

var deeplyNested = strings.Repeat(`{"a":[`, 5_000) + strings.Repeat("]}", 5_000)

// personBody is a body with the canary in it and more members.
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
	{"form", "first_name=" + canary, 400, malformed, "body is not valid JSON at byte 1"},
	{"twice in metadata", personBody(`"meta_data":{"a":{"b":1,"b":2}}`), 400, malformed, "meta_data.a.b stands twice in its object"},
	{"twice in what is ignored", personBody(`"zzz":[{"b":1,"b":2}]`), 400, malformed, "zzz.0.b stands twice in its object"},
	{"10,000 levels in metadata", personBody(`"meta_data":` + deeplyNested), 400, malformed, "body is nested deeper than 16 levels"},
	{"10,000 open brackets", strings.Repeat("[", 10_000), 400, malformed, "body is nested deeper than 16 levels"},
	{"lone surrogate in metadata", personBody(`"meta_data":{"a":"\udfff"}`), 400, malformed, "meta_data.a must not hold a lone surrogate"},
	{"not UTF-8", "{\"first_name\":\"Canaria\xff\"}", 400, malformed, "first_name must be valid UTF-8"},
	{"city is an object", personBody(`"city":{"a":"` + canary + `"}`), 400, malformed, "city must be a string"},
	{"date of birth is a number", personBody(`"dob":19900115`), 400, malformed, "dob must be a string"},
	{"metadata is a text", personBody(`"meta_data":"` + canary + `"`), 400, malformed, "meta_data must be an object"},
	{"id is a number", personBody(`"identity_id":736155281904`), 400, malformed, "identity_id must be a string"},
	{"odd id", personBody(`"identity_id":"` + canary + `"`), 400, validation, "identity_id must start with the 'idt_' prefix"},
	{"odd date of birth", personBody(`"dob":"` + canary + `"`), 400, validation, dobMessage},
	{"date of birth that is no day", personBody(`"dob":"7361-02-30"`), 400, validation, dobMessage},
	{"date of birth without offset", personBody(`"dob":"1990-01-15T00:00:00"`), 400, validation, dobMessage},
	{"long phone", `{"phone_number":"` + strings.Repeat("736155281904", 6) + `"}`, 400, validation, "phone_number must have at most 64 characters"},
	{"escape sequence", personBody(`"city":"\u001b[31mCanaria"`), 400, validation, "city must not hold control characters"},
	{"right-to-left override", personBody(`"last_name":"Canaria\u202e"`), 400, validation, "last_name must not hold bidirectional control characters"},
	{"replacement character", personBody(`"last_name":"Canaria\ufffd"`), 400, validation, "last_name must be valid Unicode text"},
	{"1 MiB and a byte", seedBody + strings.Repeat(" ", gateway.MaxBodyBytes-len(seedBody)+1), 413, tooLarge, "Request body must have at most 1 MiB"},
}

// What the tests log is checked by privacytest.Run.
func TestMaliciousBodies(t *testing.T) {
	w := newTestAPI(t)
	for _, tt := range maliciousBodies {
		t.Run(tt.name, func(t *testing.T) {
			w.transcript.Reset()
			got := w.send(request{body: tt.body}.withHeader("User-Agent", canary).withHeader("Referer", canary))
			wantError(t, got, tt.status, tt.code, tt.text)
		})
	}
	w.wantCalls(faulttable.Calls{})
}

func TestContentTypes(t *testing.T) {
	w := newTestAPI(t)
	for _, accepted := range []string{"Application/JSON; charset=utf-8", "", "text/plain", "application/x-www-form-urlencoded"} {
		wantStatus(t, w.send(request{body: seedBody}.withHeader("Content-Type", accepted)), 201)
	}
	w.wantCalls(faulttable.Calls{Write: 4})
	for _, rejected := range []string{"application/xml", "multipart/form-data; boundary=x", "text/html", "application/json-patch+json", canary, "application/json; =" + canary} {
		got := w.send(request{body: seedBody}.withHeader("Content-Type", rejected))
		wantError(t, got, 400, malformed, "Content-Type must be application/json")
	}
	w.wantCalls(faulttable.Calls{})
}

func wantNoCanary(t *testing.T, output string) {
	t.Helper()
	for _, part := range []string{"juana", "canaria", "qzxv", "736155281904"} {
		if strings.Contains(strings.ToLower(output), part) {
			t.Errorf("%q stands in %.2000s", part, output)
		}
	}
}
