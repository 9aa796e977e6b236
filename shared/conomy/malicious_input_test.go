package conomy_test

import (
	"fmt"
	"strings"
	"testing"

	"cedula/infra/privacytest"
	"cedula/shared/gateway"
)

// canary stands for a person's data in every hostile request.
const canary = "Juana.Canaria.Qzxv"

var deeplyNested = strings.Repeat(`{"a":[`, 5_000) + strings.Repeat("]}", 5_000)

// longestScope is a scope of the longest texts.
var longestScope = `{"resource":"` + strings.Repeat("🙂", 256) + `","reference":"` + strings.Repeat("🙂", 256) + `","permissions":["` + strings.Repeat("🙂", 256) + `"]}`

// minimalWith is the minimal request with the value of one member exchanged.
func minimalWith(name, value string) string {
	members := map[string]string{
		"name": `"` + canary + `"`, "email": `"juana.canaria.qzxv@example.com"`, "phone": `"+56911111111"`,
		"documentType": `"RUT"`, "documentNumber": `"1-9"`, "idv": `"iv-1"`,
	}
	members[name] = value
	var list []string
	for _, n := range []string{"name", "email", "phone", "documentType", "documentNumber", "idv", name} {
		if v, ok := members[n]; ok && v != "" {
			list = append(list, fmt.Sprintf("%q:%s", n, v))
			delete(members, n)
		}
	}
	return "{" + strings.Join(list, ",") + "}"
}

var maliciousBodies = []struct {
	name, body   string
	status       int
	code, detail string
}{
	{"no body", "", 400, "14", "body is empty"},
	{"null", "null", 400, "14", "body must not be null"},
	{"list", `["` + canary + `"]`, 400, "11", "body must be an object"},
	{"cut off", `{"name":"` + canary, 400, "14", "name is not valid JSON at byte 27"},
	{"two documents", minimalBody + minimalBody, 400, "14", fmt.Sprintf("body is not valid JSON at byte %d", len(minimalBody))},
	{"name twice", `{"name":"` + canary + `","name":"x"}`, 400, "14", "name stands twice in its object"},
	{"twice in what is ignored", minimalWith("zzz", `[{"b":1,"b":2}]`), 400, "14", "zzz.0.b stands twice in its object"},
	{"status twice", minimalWith("zzz", `1,"status":"ACTIVE","status":"BLOCKED"`), 400, "14", "status stands twice in its object"},
	{"10,000 levels in metadata", minimalWith("metadata", deeplyNested), 400, "14", "body is nested deeper than 16 levels"},
	{"escaped NUL", minimalWith("name", `"Juana.Canaria\u0000"`), 400, "14", "name must not hold a NUL character"},
	{"escaped NUL in metadata", minimalWith("metadata", `{"a":["\u0000"]}`), 400, "14", "metadata.a.0 must not hold a NUL character"},
	{"lone surrogate", minimalWith("name", `"\ud800"`), 400, "14", "name must not hold a lone surrogate"},
	{"not UTF-8", minimalWith("name", "\"\xff\""), 400, "14", "name must be valid UTF-8"},
	{"name is a number", minimalWith("name", "736155281904"), 400, "11", "name must be a string"},
	{"status is an object", minimalWith("status", "{}"), 400, "11", "status must be a string"},
	{"security options are a list", minimalWith("securityOptions", "[]"), 400, "11", "securityOptions must be an object"},
	{"switch is a text", minimalWith("securityOptions", `{"twoFactorAuth":"`+canary+`"}`), 400, "11", "securityOptions.twoFactorAuth must be true or false"},
	{"children are an object", minimalWith("children", `{"id":"x"}`), 400, "11", "children must be an array"},
	{"child is a text", minimalWith("children", `["`+canary+`"]`), 400, "11", "children.0 must be an object"},
	{"child's name is a number", minimalWith("children", `[{"id":"x","name":736155281904}]`), 400, "11", "children.0.name must be a string"},
	{"bank account is a text", minimalWith("bankAccount", `"`+canary+`"`), 400, "11", "bankAccount must be an object"},
	{"account number is a number", minimalWith("bankAccount", `{"accountNumber":736155281904}`), 400, "11", "bankAccount.accountNumber must be a string"},
	{"address is a text", minimalWith("address", `"`+canary+`"`), 400, "11", "address must be an object"},
	{"metadata is a list", minimalWith("metadata", `[1]`), 400, "11", "metadata must be an object"},
	{"extended data is an object", minimalWith("extendedData", `{"a":1}`), 400, "11", "extendedData must be an array"},
	{"no name", minimalWith("name", ""), 400, "12", "name is required"},
	{"empty name", minimalWith("name", `""`), 400, "12", "name is required"},
	{"null name", minimalWith("name", "null"), 400, "12", "name is required"},
	{"no email", minimalWith("email", ""), 400, "12", "email is required"},
	{"no phone", minimalWith("phone", ""), 400, "12", "phone is required"},
	{"no document number", minimalWith("documentNumber", ""), 400, "12", "documentNumber is required"},
	{"no document type", minimalWith("documentType", ""), 400, "12", "documentType is required"},
	{"no idv", minimalWith("idv", ""), 400, "12", "idv is required"},
	{"nothing", "{}", 400, "12", "name is required"},
	{"child without id", minimalWith("children", `[{"id":"1","name":"a","email":"e"},{"name":"b"}]`), 400, "12", "children.1.id is required"},
	{"child that is nobody", minimalWith("children", `[{"id":"`+strings.ToLower(canary[:5])+`736155281904"}]`), 404, "31", "children.0 is no identity of this client"},
	{"child with an id that none can have", minimalWith("children", `[{"id":"`+canary+`"}]`), 404, "31", "children.0 is no identity of this client"},
	{"one child twice", minimalWith("children", `[{"id":"1"},{"id":"2"},{"id":"1"}]`), 400, "11", "children.2 stands twice in the list"},
	{"child null", minimalWith("children", `[null]`), 400, "12", "children.0.id is required"},
	{"bank account without holder", minimalWith("bankAccount", `{"accountNumber":"1","bank":"b","currency":"c"}`), 400, "12", "bankAccount.accountHolder is required"},
	{"access control without scopes", minimalWith("securityOptions", `{"accessControl":{}}`), 400, "12", "securityOptions.accessControl.scopes is required"},
	{"scope without reference", minimalWith("securityOptions", `{"accessControl":{"scopes":[{"resource":"I"}]}}`), 400, "12", "securityOptions.accessControl.scopes.0.reference is required"},
	{"scope without permissions", minimalWith("securityOptions", `{"accessControl":{"scopes":[{"resource":"I","reference":"r"}]}}`), 400, "12", "securityOptions.accessControl.scopes.0.permissions is required"},
	{"unknown type", minimalWith("type", `"`+canary+`"`), 400, "11", "type must be USER or ORGANIZATION"},
	{"type in lower case", minimalWith("type", `"user"`), 400, "11", "type must be USER or ORGANIZATION"},
	{"bad email", minimalWith("email", `"`+canary+`"`), 400, "11", "email must be an email address such as name@example.com"},
	{"bad phone", minimalWith("phone", `"736155281904"`), 400, "11", "phone must be an international number such as +56912345678"},
	{"bad country", minimalWith("country", `"Canaria"`), 400, "11", "country must be three capital letters of ISO 3166-1, such as CHL"},
	{"country in lower case", minimalWith("country", `"chl"`), 400, "11", "country must be three capital letters of ISO 3166-1, such as CHL"},
	{"document number of separators", minimalWith("documentNumber", `" .-/"`), 400, "11", "documentNumber must hold letters or digits"},
	{"bad birth date", minimalWith("birthDate", `"7361-13-01"`), 400, "11", "birthDate must be a date such as 1990-01-15"},
	{"long name", minimalWith("name", `"`+strings.Repeat("Canaria", 40)+`"`), 400, "11", "name must have at most 256 characters"},
	{"long document number", minimalWith("documentNumber", `"`+strings.Repeat("736155281904", 6)+`"`), 400, "11", "documentNumber must have the form of its documentType"},
	{"escape sequence", minimalWith("nickname", `"\u001b[31mCanaria"`), 400, "11", "nickname must not hold control characters"},
	{"31 children", minimalWith("children", "["+strings.Repeat(`{"id":"1"},`, 30)+`{"id":"1"}]`), 400, "11", "children must name at most 30 identities; add more once it is there"},
	{"metadata of 256 KB", minimalWith("metadata", `{"a":"`+strings.Repeat("x", 256<<10)+`"}`), 413, "11", "the identity is too large"},
	{"scopes and metadata of 420 KB", minimalWith("securityOptions", `{"accessControl":{"scopes":[`+strings.Repeat(longestScope+",", 98)+longestScope+`]}},"metadata":{"a":"`+strings.Repeat("x", 120<<10)+`"}`), 413, "11", "the identity is too large"},
	{"1 MiB and a byte", minimalBody + strings.Repeat(" ", gateway.MaxBodyBytes-len(minimalBody)+1), 413, "11", "body must have at most 1 MiB"},
	{"10 MB", minimalWith("name", `"`+strings.Repeat("Canariaqzxv", 1_000_000)+`"`), 413, "11", "body must have at most 1 MiB"},
}

func TestMaliciousBodies(t *testing.T) {
	w := newTestAPI(t)
	for _, tt := range maliciousBodies {
		t.Run(tt.name, func(t *testing.T) {
			w.transcript.Reset()
			before := w.table.Calls().Write
			var got string
			output := privacytest.Capture(t, func() {
				answer := w.send(request{body: tt.body}.withHeader("User-Agent", canary).withHeader("Referer", canary))
				wantStatus(t, answer, tt.status)
				got = answer.Body
			})
			wantJSON(t, got, "code", `"`+tt.code+`"`)
			wantJSON(t, got, "detail", `"`+tt.detail+`"`)
			wantNoCanary(t, got)
			wantNoCanary(t, output)
			if tt.status != 413 && w.table.Calls().Write != before {
				t.Error("the table was asked")
			}
		})
	}
	// What passed the core's rules and not the table's left nothing either: the
	// same person can be created now.
	wantStatus(t, w.send(request{body: minimalWith("x", "1")}), 200)
}

func TestMaliciousHeaders(t *testing.T) {
	tests := []struct{ name, header, value, detail string }{
		{"text", "Content-Type", "text/plain", "Content-Type must be application/json"},
		{"form", "Content-Type", "application/x-www-form-urlencoded", "Content-Type must be application/json"},
		{"text that holds the word", "Content-Type", "text/application/json", "Content-Type must be application/json"},
		{"another JSON", "Content-Type", "application/json-patch+json", "Content-Type must be application/json"},
		{"no media type", "Content-Type", canary, "Content-Type must be application/json"},
		{"broken parameter", "Content-Type", "application/json; =" + canary, "Content-Type must be application/json"},
		{"another charset", "Content-Type", "application/json; charset=iso-8859-1", "Content-Type must have no charset but utf-8"},
		{"compressed", "Content-Encoding", "gzip", "Content-Encoding must be identity, or absent"},
		{"empty idempotency key", "Idempotency-Key", "", "Idempotency-Key must not be empty"},
		{"long idempotency key", "Idempotency-Key", strings.Repeat(canary, 20), "Idempotency-Key must have at most 255 characters"},
		{"idempotency key outside ASCII", "Idempotency-Key", canary + "é", "Idempotency-Key must be printable ASCII"},
	}
	w := newTestAPI(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			output := privacytest.Capture(t, func() { got = w.send(request{body: minimalBody}.withHeader(tt.header, tt.value)).Body })
			wantJSON(t, got, "code", `"11"`)
			wantJSON(t, got, "detail", `"`+tt.detail+`"`)
			wantNoCanary(t, got)
			wantNoCanary(t, output)
		})
	}
	if w.table.Calls().Write > 0 {
		t.Error("the table was asked")
	}
	for _, fine := range []string{"application/json; charset=utf-8", "APPLICATION/JSON", ""} {
		w := newTestAPI(t)
		wantStatus(t, w.send(request{body: minimalBody}.withHeader("Content-Type", fine)), 200)
	}
}

// TestLongFieldNamesAreNotEchoed: an error names the member at fault, and a hostile
// member has a name of a megabyte.
func TestLongFieldNamesAreNotEchoed(t *testing.T) {
	long := strings.Repeat("<", 500_000)
	w := newTestAPI(t)
	for _, body := range []string{
		`{"` + long + `":1,"` + long + `":2}`, `{"` + long + `":{"a":1,"a":2}}`, `{"metadata":{"` + long + `":"\u0000"}}`,
		`{"` + strings.Repeat("é", 250_000) + `":"\ud800"}`,
	} {
		got := w.send(request{body: body})
		wantStatus(t, got, 400)
		if jsonAt(t, got.Body, "code") != `"14"` || len(got.Body) > 8<<10 {
			t.Errorf("response of %d bytes, want code 14 in at most 8 KiB: %.300s", len(got.Body), got.Body)
		}
	}
}

func wantNoCanary(t *testing.T, output string) {
	t.Helper()
	for _, part := range []string{"juana", "canaria", "qzxv", "736155281904"} {
		if strings.Contains(strings.ToLower(output), part) {
			t.Errorf("output has %q, want nothing of the request: %.2000s", part, output)
		}
	}
}
