package blnk_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/privacytest"
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
	{"white space", " \r\n\t", 400, malformed, "body is empty"},
	{"null", "null", 400, malformed, "body must not be null"},
	{"list", `["` + canary + `"]`, 400, malformed, "body must be an object"},
	{"text", `"` + canary + `"`, 400, malformed, "body must be an object"},
	{"cut off", `{"first_name":"` + canary, 400, malformed, "first_name is not valid JSON at byte 33"},
	{"not JSON", canary, 400, malformed, "body is not valid JSON at byte 0"},
	{"form", "first_name=" + canary, 400, malformed, "body is not valid JSON at byte 1"},
	{"bare names", `{first_name:"` + canary + `"}`, 400, malformed, "body is not valid JSON at byte 2"},
	{"trailing text", seedBody + " garbage", 400, malformed, fmt.Sprintf("body is not valid JSON at byte %d", len(seedBody)+1)},
	{"name twice", personBody(`"first_name":"x"`), 400, malformed, "first_name stands twice in its object"},
	{"twice in metadata", personBody(`"meta_data":{"a":{"b":1,"b":2}}`), 400, malformed, "meta_data.a.b stands twice in its object"},
	{"twice in what is ignored", personBody(`"zzz":[{"b":1,"b":2}]`), 400, malformed, "zzz.0.b stands twice in its object"},
	{"10,000 levels", deeplyNested, 400, malformed, "body is nested deeper than 16 levels"},
	{"10,000 levels in metadata", personBody(`"meta_data":` + deeplyNested), 400, malformed, "body is nested deeper than 16 levels"},
	{"10,000 open brackets", strings.Repeat("[", 10_000), 400, malformed, "body is nested deeper than 16 levels"},
	{"escaped NUL", `{"first_name":"Canaria\u0000"}`, 400, malformed, "first_name must not hold a NUL character"},
	{"escaped NUL in metadata", personBody(`"meta_data":{"a":["\u0000"]}`), 400, malformed, "meta_data.a.0 must not hold a NUL character"},
	{"lone surrogate", `{"first_name":"Canaria\ud800"}`, 400, malformed, "first_name must not hold a lone surrogate"},
	{"lone surrogate in metadata", personBody(`"meta_data":{"a":"\udfff"}`), 400, malformed, "meta_data.a must not hold a lone surrogate"},
	{"not UTF-8", "{\"first_name\":\"Canaria\xff\"}", 400, malformed, "first_name must be valid UTF-8"},
	{"type is a number", personBody(`"identity_type":736155281904`), 400, malformed, "identity_type must be a string"},
	{"city is an object", personBody(`"city":{"a":"` + canary + `"}`), 400, malformed, "city must be a string"},
	{"date of birth is a number", personBody(`"dob":19900115`), 400, malformed, "dob must be a string"},
	{"metadata is a list", personBody(`"meta_data":["` + canary + `"]`), 400, malformed, "meta_data must be an object"},
	{"metadata is a text", personBody(`"meta_data":"` + canary + `"`), 400, malformed, "meta_data must be an object"},
	{"id is a number", personBody(`"identity_id":736155281904`), 400, malformed, "identity_id must be a string"},
	{"odd id", personBody(`"identity_id":"` + canary + `"`), 400, validation, "identity_id must start with the 'idt_' prefix"},
	{"odd date of birth", personBody(`"dob":"` + canary + `"`), 400, validation, dobMessage},
	{"date of birth that is no day", personBody(`"dob":"7361-02-30"`), 400, validation, dobMessage},
	{"date of birth without offset", personBody(`"dob":"1990-01-15T00:00:00"`), 400, validation, dobMessage},
	{"long name", `{"last_name":"` + strings.Repeat("Canaria", 40) + `"}`, 400, validation, "last_name must have at most 256 characters"},
	{"long phone", `{"phone_number":"` + strings.Repeat("736155281904", 6) + `"}`, 400, validation, "phone_number must have at most 64 characters"},
	{"escape sequence", personBody(`"city":"\u001b[31mCanaria"`), 400, validation, "city must not hold control characters"},
	{"right-to-left override", personBody(`"last_name":"Canaria\u202e"`), 400, validation, "last_name must not hold bidirectional control characters"},
	{"replacement character", personBody(`"last_name":"Canaria\ufffd"`), 400, validation, "last_name must be valid Unicode text"},
	{"metadata of 256 KB", personBody(`"meta_data":{"a":"` + strings.Repeat("x", 256<<10) + `"}`), 413, tooLarge, "Identity is too large"},
	{"1 MiB and a byte", seedBody + strings.Repeat(" ", gateway.MaxBodyBytes-len(seedBody)+1), 413, tooLarge, "Request body must have at most 1 MiB"},
	{"10 MB", `{"first_name":"` + strings.Repeat("Canariaqzxv", 1_000_000) + `"}`, 413, tooLarge, "Request body must have at most 1 MiB"},
}

func TestMaliciousBodies(t *testing.T) {
	w := newTestAPI(t)
	for _, tt := range maliciousBodies {
		t.Run(tt.name, func(t *testing.T) {
			w.transcript.Reset()
			var got events.APIGatewayProxyResponse
			output := privacytest.Capture(t, func() {
				got = w.send(request{body: tt.body}.withHeader("User-Agent", canary).withHeader("Referer", canary))
			})
			wantError(t, got, tt.status, tt.code, tt.text)
			wantNoCanary(t, got.Body)
			wantNoCanary(t, output)
		})
	}
	w.wantCalls(faulttable.Calls{})
}

func TestContentTypes(t *testing.T) {
	tests := []struct {
		sent string
		ok   bool
	}{
		{"application/json", true},
		{"application/json; charset=utf-8", true},
		{"Application/JSON", true},
		{"", true},
		{"text/plain", true},                        // Blnk does not look
		{"application/x-www-form-urlencoded", true}, // what curl says of itself
		{"application/xml", false},
		{"multipart/form-data; boundary=x", false},
		{"text/html", false},
		{"application/json-patch+json", false},
		{canary, false},
		{"application/json; =" + canary, false},
	}
	for _, tt := range tests {
		t.Run(tt.sent, func(t *testing.T) {
			w := newTestAPI(t)
			var got events.APIGatewayProxyResponse
			output := privacytest.Capture(t, func() { got = w.send(request{body: seedBody}.withHeader("Content-Type", tt.sent)) })
			if tt.ok {
				wantStatus(t, got, 201)
				return
			}
			wantError(t, got, 400, malformed, "Content-Type must be application/json")
			wantNoCanary(t, got.Body+output)
			w.wantCalls(faulttable.Calls{})
		})
	}
}

func TestMaliciousIdempotencyKeys(t *testing.T) {
	w := newTestAPI(t)
	for key, reason := range map[string]string{
		"": "must not be empty", strings.Repeat(canary, 20): "must have at most 255 characters", canary + "é": "must be printable ASCII",
	} {
		got := w.send(request{body: seedBody}.withHeader("Idempotency-Key", key))
		wantError(t, got, 400, validation, "Idempotency-Key "+reason)
	}
	w.wantCalls(faulttable.Calls{})
}

// TestLongFieldNamesAreNotEchoed: an error names the member at fault, and a hostile
// member has a name of a megabyte.
func TestLongFieldNamesAreNotEchoed(t *testing.T) {
	long := strings.Repeat("<", 500_000)
	got := newTestAPI(t).send(request{body: `{"` + long + `":1,"` + long + `":2}`})
	wantStatus(t, got, 400)
	if len(got.Body) > 8<<10 {
		t.Errorf("an answer of %d bytes: %.300s", len(got.Body), got.Body)
	}
}

func wantNoCanary(t *testing.T, output string) {
	t.Helper()
	for _, part := range []string{"juana", "canaria", "qzxv", "736155281904"} {
		if strings.Contains(strings.ToLower(output), part) {
			t.Errorf("%q stands in %.2000s", part, output)
		}
	}
}
