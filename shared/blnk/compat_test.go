package blnk_test

import (
	"strings"
	"testing"

	"cedula/shared/table/faulttable"
)

// compatCases are bodies that a client of Blnk may send, with the responses of Blnk 0.15.2 and of this API. Where the two
// differ, why gives the reason.
var compatCases = []struct {
	name, body string
	blnk       string // Blnk's status and code
	status     int
	code, text string // if the response is an error
	path, want string // otherwise
	why        string
}{
	{"an empty object", `{}`, "201", 201, "", "", "identity_type", `""`, ""},
	{"null", `null`, "201", 400, malformed, "body must not be null", "", "", "null is not an object"},
	{"no type", `{"first_name":"A"}`, "201", 201, "", "", "identity_type", `""`, ""},
	{"an unknown type", `{"identity_type":"alien"}`, "201", 201, "", "", "identity_type", `"alien"`, ""},
	{"no email address", `{"email_address":"not an email"}`, "201", 201, "", "", "email_address", `"not an email"`, ""},
	{"a type that is a number", `{"identity_type":5}`, "400 GEN_MALFORMED_REQUEST", 400, malformed, "identity_type must be a string", "", "", ""},
	{"an unknown member", `{"nickname":"x"}`, "201", 201, "", "", "nickname", "", ""},
	{"cut off", `{"identity_type":`, "400 GEN_MALFORMED_REQUEST", 400, malformed, "identity_type is not valid JSON at byte 17", "", "", ""},
	{"nothing", ``, "400 GEN_MALFORMED_REQUEST", 400, malformed, "body is empty", "", "", ""},
	{"a bare name", `{identity_type:"x"}`, "400", 400, malformed, "body is not valid JSON at byte 1", "", "", ""},
	{"trailing text", `{"identity_type":"individual"} garbage`, "201", 400, malformed, "body is not valid JSON at byte 31", "", "", "half of what was sent would be lost"},
	{"a list", `[]`, "400 GEN_MALFORMED_REQUEST", 400, malformed, "body must be an object", "", "", ""},
	{"a text", `"x"`, "400 GEN_MALFORMED_REQUEST", 400, malformed, "body must be an object", "", "", ""},
	{"a member twice", `{"first_name":"a","first_name":"b"}`, "201, the last wins", 400, malformed, "first_name occurs twice in its object", "", "", "which one is meant is not known"},
	{"a member in capitals", `{"IDENTITY_TYPE":"x"}`, "201, case folded", 201, "", "", "identity_type", `"x"`, ""},
	{"a member in another case too", `{"first_name":"a","First_Name":"b"}`, "201, the last wins", 400, malformed, "First_Name occurs twice in its object", "", "", "as above"},
	{"a member without its underscore", `{"identitytype":"x"}`, "201", 201, "", "", "identity_type", `""`, ""},
	{"metadata in capitals", `{"META_DATA":{"A":1,"a":2}}`, "201", 201, "", "", "meta_data", `{"A":1,"a":2}`, ""},
	{"a date of birth", `{"dob":"1990-01-15"}`, "400", 201, "", "", "dob", `"1990-01-15T00:00:00Z"`, "a date is a date"},
	{"an empty date of birth", `{"dob":""}`, "400", 201, "", "", "dob", `"0001-01-01T00:00:00Z"`, "empty means unknown, as in the other fields"},
	{"a null date of birth", `{"dob":null}`, "201", 201, "", "", "dob", `"0001-01-01T00:00:00Z"`, ""},
	{"a date of birth with an offset", `{"dob":"1990-01-15T23:30:00-05:00"}`, "201, another text at the next fetch", 201, "", "", "dob", `"1990-01-15T00:00:00Z"`, "the create answers what a fetch will"},
	{"a date of birth without offset", `{"dob":"1990-01-15T00:00:00"}`, "400", 400, validation, dobMessage, "", "", ""},
	{"a creation time", `{"created_at":"2001-01-01T00:00:00Z"}`, "201, ignored", 201, "", "", "created_at", `"2026-03-04T05:06:07.123456Z"`, ""},
	{"metadata that is a list", `{"meta_data":[1]}`, "400 GEN_MALFORMED_REQUEST", 400, malformed, "meta_data must be an object", "", "", ""},
	{"NUL", `{"first_name":"a\u0000b"}`, "500 GEN_INTERNAL", 400, malformed, "first_name must not contain a NUL character", "", "", "it is the client's mistake"},
	{"NUL in metadata", `{"meta_data":{"a":"\u0000"}}`, "500 GEN_INTERNAL", 400, malformed, "meta_data.a must not contain a NUL character", "", "", "as above"},
	{"an unpaired surrogate", `{"first_name":"\ud800"}`, "201, stored as U+FFFD", 400, malformed, "first_name must not contain an unpaired surrogate", "", "", "nothing is changed in silence"},
	{"a large integer", `{"meta_data":{"big":9007199254740993}}`, "201, comes back as ...992", 201, "", "", "meta_data", `{"big":9007199254740993}`, "values are kept as sent"},
	{"an id without the prefix", `{"identity_id":"cust_1"}`, "400 IDT_VALIDATION_ERROR", 400, validation, ownIDPrefix, "", "", ""},
	{"an id whose prefix is in capitals", `{"identity_id":"IDT_ae2b1e04-7a0c-4da9-ae51-93b124d8eee1"}`, "400 IDT_VALIDATION_ERROR", 400, validation, ownIDPrefix, "", "", ""},
	{"an id that is the prefix alone", `{"identity_id":"idt_"}`, "400 IDT_VALIDATION_ERROR", 400, validation, ownIDMessage, "", "", ""},
	{"an empty id", `{"identity_id":""}`, "201", 201, "", "", "identity_type", `""`, ""},
	{"a UUID of version 7", `{"identity_id":"idt_019a7b1e-7a0c-7da9-ae51-93b124d8eee1"}`, "201", 201, "", "", "identity_type", `""`, ""},
	{"an id without a UUID", `{"identity_id":"idt_xyz"}`, "400 IDT_VALIDATION_ERROR", 400, validation, ownIDMessage, "", "", ""},
	{"an id in capitals", `{"identity_id":"idt_AE2B1E04-7A0C-4DA9-AE51-93B124D8EEE1"}`, "201", 400, validation, ownIDMessage, "", "", "one UUID would be several ids"},
	{"an id without dashes", `{"identity_id":"idt_ae2b1e047a0c4da9ae5193b124d8eee1"}`, "201", 400, validation, ownIDMessage, "", "", "as above"},
	{"an id in braces", `{"identity_id":"idt_{ae2b1e04-7a0c-4da9-ae51-93b124d8eee1}"}`, "201", 400, validation, ownIDMessage, "", "", "as above"},
	{"an id with urn:uuid:", `{"identity_id":"idt_urn:uuid:ae2b1e04-7a0c-4da9-ae51-93b124d8eee1"}`, "201", 400, validation, ownIDMessage, "", "", "as above"},
	{"the zero UUID", `{"identity_id":"idt_00000000-0000-0000-0000-000000000000"}`, "201", 201, "", "", "identity_id", `"idt_00000000-0000-0000-0000-000000000000"`, ""},
	{"a name of 1 MB", `{"first_name":"` + strings.Repeat("x", 1_000_000) + `"}`, "201", 400, validation, "first_name must have at most 256 characters", "", "", "no name is so long, and an item holds 400 KB"},
	{"metadata of 900 KB", `{"meta_data":{"a":"` + strings.Repeat("x", 900_000) + `"}}`, "201, up to 4 MB", 413, tooLarge, "Identity is too large", "", "", "an item holds 400 KB"},
	{"a body of 6 MB", `{"first_name":"` + strings.Repeat("x", 6<<20) + `"}`, "400 GEN_MALFORMED_REQUEST", 413, tooLarge, "Request body must have at most 1 MiB", "", "", "the code that Blnk documents for it"},
	{"metadata 9,000 deep", `{"meta_data":` + strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_001), "201", 400, malformed, "body is nested deeper than 16 levels", "", "", "other readers could not read it"},
	{"metadata 20,000 deep", `{"meta_data":` + strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_001), "400", 400, malformed, "body is nested deeper than 16 levels", "", "", ""},
}

const (
	dobMessage   = "dob must be a date such as 1990-01-15 or 1990-01-15T00:00:00Z"
	ownIDPrefix  = "identity_id must start with the 'idt_' prefix"
	ownIDMessage = "identity_id suffix after 'idt_' must be a valid UUID in lower case with dashes"
)

func TestBlnkCompatibilityOfBodies(t *testing.T) {
	for _, tt := range compatCases {
		t.Run(tt.name, func(t *testing.T) {
			w := newTestAPI(t)
			got := w.Send(createRequest(tt.body))
			if tt.status != 201 {
				wantError(t, got, tt.status, tt.code, tt.text)
				w.WantCalls(faulttable.Calls{})
				return
			}
			wantStatus(t, got, 201)
			wantEqual(t, tt.path, jsonAt(t, got.Body, tt.path), tt.want)
			found := w.Send(getRequest(text(t, got.Body, "identity_id")))
			wantEqual(t, "fetched body", found.Body, got.Body)
		})
		if same := strings.HasPrefix(tt.blnk, map[bool]string{true: "201", false: "400"}[tt.status == 201]); !same && tt.why == "" {
			t.Errorf("%s: status = %d, Blnk's is %s, and the case gives no reason", tt.name, tt.status, tt.blnk)
		}
	}
}

// TestBlnkCompatibilityOfRequests compares requests by other parts than the body.
func TestBlnkCompatibilityOfRequests(t *testing.T) {
	w := newTestAPI(t)
	own := `{"identity_id":"idt_11111111-1111-4111-8111-111111111111","identity_type":"individual"}`
	w.Send(createRequest(own))
	w.Send(createRequest(own)) // Blnk: 400 with the database error; 409 is documented
	w.Send(createRequest(own).WithHeader("Idempotency-Key", "k"))
	w.Send(createRequest(`{"identity_type":"individual"}`).WithHeader("Content-Type", "text/plain"))
	w.Send(getRequest("abc"))
	w.Send(getRequest("a%00b")) // Blnk: 500
	w.Send(getRequest("%ff"))   // Blnk: 500
	w.Send(getRequest("idt_c415a4dc-4231-453d-a837-a9a50b1070e0"))
	w.CheckGolden("odd")
}
