package conomy_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/privacytest"
	"cedula/shared/gateway"
	"cedula/shared/table/faulttable"
)

// canary represents personal data in malicious requests.
const canary = "Juana.Canaria.Quix"

var deeplyNested = strings.Repeat(`{"a":[`, 5_000) + strings.Repeat("]}", 5_000)

// minimalWith returns the fields that the API requires, with the value of one field replaced or added; "" removes it.
func minimalWith(name, value string) string {
	fields := map[string]string{
		"name": `"` + canary + `"`, "email": `"juana.canaria.quix@example.com"`, "phone": `"+56911111111"`,
		"documentType": `"RUT"`, "documentNumber": `"1-9"`, "idv": `"iv-1"`,
	}
	fields[name] = value
	var list []string
	for _, n := range slices.Sorted(maps.Keys(fields)) {
		if fields[n] != "" {
			list = append(list, fmt.Sprintf("%q:%s", n, fields[n]))
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
	{"cut off", `{"name":"` + canary, 400, "14", "name is not valid JSON at byte 27"},
	{"name twice", `{"name":"` + canary + `","name":"x"}`, 400, "14", "name occurs twice in its object"},
	{"10,000 levels in metadata", minimalWith("metadata", deeplyNested), 400, "14", "body is nested deeper than 16 levels"},
	{"escaped NUL", minimalWith("name", `"Juana.Canaria\u0000"`), 400, "14", "name must not contain a NUL character"},
	{"child is a text", minimalWith("children", `["`+canary+`"]`), 400, "11", "children.0 must be an object"},
	{"child without id", minimalWith("children", `[{"id":"1","name":"a","email":"e"},{"name":"b"}]`), 400, "12", "children.1.id is required"},
	{"child that does not exist", minimalWith("children", `[{"id":"`+strings.ToLower(canary[:5])+`736155281904"}]`), 404, "31", "children.0 does not refer to an existing identity"},
	{"bank account without holder", minimalWith("bankAccount", `{"accountNumber":"1","bank":"b","currency":"c"}`), 400, "12", "bankAccount.accountHolder is required"},
	{"access control without scopes", minimalWith("securityOptions", `{"accessControl":{}}`), 400, "12", "securityOptions.accessControl.scopes is required"},
	{"scope without reference", minimalWith("securityOptions", `{"accessControl":{"scopes":[{"resource":"I"}]}}`), 400, "12", "securityOptions.accessControl.scopes.0.reference is required"},
	{"unknown type", minimalWith("type", `"`+canary+`"`), 400, "11", "type must be USER or ORGANIZATION"},
	{"bad phone", minimalWith("phone", `"736155281904"`), 400, "11", "phone must be an international number such as +56912345678"},
	{"bad country", minimalWith("country", `"Canaria"`), 400, "11", "country must be three capital letters of ISO 3166-1, such as CHL"},
	{"document number of separators", minimalWith("documentNumber", `" .-/"`), 400, "11", "documentNumber must hold letters or digits"},
	{"bad birth date", minimalWith("birthDate", `"7361-13-01"`), 400, "11", "birthDate must be a date such as 1990-01-15"},
	{"long document number", minimalWith("documentNumber", `"`+strings.Repeat("736155281904", 6)+`"`), 400, "11", "documentNumber must have the form of its documentType"},
	{"metadata of 256 KB", minimalWith("metadata", `{"a":"`+strings.Repeat("x", 256<<10)+`"}`), 413, "11", "the identity is too large"},
	{"1 MiB and a byte", minimalBody + strings.Repeat(" ", gateway.MaxBodyBytes-len(minimalBody)+1), 413, "11", "body must have at most 1 MiB"},
	{"10 MB", minimalWith("name", `"`+strings.Repeat("Canariaquix", 1_000_000)+`"`), 413, "11", "body must have at most 1 MiB"},
}

// TestMaliciousBodies also checks that no personal data is returned or logged, and that nothing is written.
func TestMaliciousBodies(t *testing.T) {
	w := newTestAPI(t)
	for _, tt := range maliciousBodies {
		t.Run(tt.name, func(t *testing.T) {
			w.Transcript.Reset()
			w.Table.Reset()
			var got events.APIGatewayProxyResponse
			output := privacytest.Capture(t, func() {
				got = w.Send(createRequest(tt.body).WithHeader("User-Agent", canary).WithHeader("Referer", canary))
			})
			wantError(t, got, tt.status, tt.code, tt.detail)
			wantNoCanary(t, got.Body+output)
			if writes := w.Table.Reset().Write; tt.status != 413 && writes > 0 {
				t.Errorf("%d table writes, want none", writes)
			}
		})
	}
	// The person can be created, because the identity that was too large left no claim.
	wantStatus(t, w.Send(createRequest(minimalWith("x", "1"))), 200)
}

func TestRequiredFields(t *testing.T) {
	w := newTestAPI(t)
	for _, field := range []string{"name", "email", "phone", "documentType", "documentNumber", "idv"} {
		for _, missing := range []string{"", `""`, "null", `"   "`, `"\u200b"`, `"\u3164\u00a0"`} {
			wantError(t, w.Send(createRequest(minimalWith(field, missing))), 400, "12", field+" is required")
		}
	}
}

func TestHeaders(t *testing.T) {
	w := newTestAPI(t)
	for _, tt := range []struct{ name, header, value, detail string }{
		{"a media type that is accepted by other APIs", "Content-Type", "text/plain", "Content-Type must be application/json"},
		{"not a media type", "Content-Type", canary, "Content-Type must be application/json"},
		{"a long idempotency key", "Idempotency-Key", strings.Repeat(canary, 20), "Idempotency-Key must have at most 255 characters"},
		{"an idempotency key outside ASCII", "Idempotency-Key", canary + "é", "Idempotency-Key must be printable ASCII"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got events.APIGatewayProxyResponse
			output := privacytest.Capture(t, func() { got = w.Send(createRequest(minimalBody).WithHeader(tt.header, tt.value)) })
			wantError(t, got, 400, "11", tt.detail)
			wantNoCanary(t, got.Body+output)
		})
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
