package blnk_test

import (
	"strings"
	"testing"
	"time"

	"cedula/shared/table/faulttable"

	"github.com/google/go-cmp/cmp"
)

// TestCreateAndGet pins whole answers, and that a fetch gives the bytes that
// the creation gave.
func TestCreateAndGet(t *testing.T) {
	tests := []struct {
		golden string
		request
	}{
		{"seed", request{body: seedBody}},
		{"empty", request{body: "{}"}},
		{"everything", request{body: fullBody}},
		{"organization", request{body: `{"identity_type":"organization","organization_name":"Firm Ltd","category":"supplier"}`}},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			w := newTestAPI(t)
			created := w.send(tt.request)
			wantStatus(t, created, 201)
			id := strings.Trim(jsonAt(t, created.Body, "identity_id"), `"`)
			w.now = w.now.Add(time.Hour)
			wantEqual(t, "fetched body", w.send(getRequest(id)).Body, created.Body)
			if diff := cmp.Diff(identityFields, objectKeys(t, created.Body)); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
			w.wantCalls(faulttable.Calls{Get: 1, Write: 1})
			w.checkGolden(tt.golden)
		})
	}
}

func TestFields(t *testing.T) {
	const none = `"0001-01-01T00:00:00Z"`
	tests := []struct{ name, sent, path, want string }{
		{"any phone", `"phone_number":"01234"`, "phone_number", `"01234"`},
		{"null text", `"city":null`, "city", `""`},
		{"no date of birth", `"city":"x"`, "dob", none},
		{"zero date of birth", `"dob":"0001-01-01T00:00:00Z"`, "dob", none},
		{"date of birth with a time", `"dob":"1990-01-15T00:00:00Z"`, "dob", `"1990-01-15T00:00:00Z"`},
		{"date of birth with milliseconds", `"dob":"1990-01-15T00:00:00.000Z"`, "dob", `"1990-01-15T00:00:00Z"`},
		{"date of birth east of Greenwich", `"dob":"1990-01-15T00:30:00+09:00"`, "dob", `"1990-01-15T00:00:00Z"`},
		{"leap day", `"dob":"2000-02-29"`, "dob", `"2000-02-29T00:00:00Z"`},
		{"creation time of another type", `"created_at":5`, "created_at", `"2026-03-04T05:06:07.123456Z"`},
		{"no metadata", `"city":"x"`, "meta_data", "null"},
		{"null metadata", `"meta_data":null`, "meta_data", "null"},
		{"empty metadata", `"meta_data":{}`, "meta_data", "{}"},
		{"metadata with white space", `"meta_data":{ "a" : [ 1.10 , 9007199254740993 ] }`, "meta_data", `{"a":[1.10,9007199254740993]}`},
		{"metadata with the dialect's words", `"meta_data":{"BLNK_GENERATED_BY":"x","identity_id":"y"}`, "meta_data", `{"BLNK_GENERATED_BY":"x","identity_id":"y"}`},
		{"256 letters of a name", `"first_name":"` + strings.Repeat("ñ", 256) + `"`, "first_name", `"` + strings.Repeat("ñ", 256) + `"`},
		{"surrogate pair", `"first_name":"\ud83d\ude00"`, "first_name", `"😀"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newTestAPI(t)
			created := w.send(request{body: "{" + tt.sent + "}"})
			wantStatus(t, created, 201)
			wantEqual(t, tt.path, jsonAt(t, created.Body, tt.path), tt.want)
			found := w.send(getRequest(strings.Trim(jsonAt(t, created.Body, "identity_id"), `"`)))
			wantEqual(t, "fetched body", found.Body, created.Body)
		})
	}
}

func TestClientChosenIDs(t *testing.T) {
	const prefix, suffix = "identity_id must start with the 'idt_' prefix",
		"identity_id suffix after 'idt_' must be a valid UUID in lower case with dashes"
	tests := []struct{ name, id, refused string }{
		{"none", "", ""},
		{"UUID", "idt_ae2b1e04-7a0c-4da9-ae51-93b124d8eee1", ""},
		{"UUID of version 7", "idt_019a7b1e-7a0c-7da9-ae51-93b124d8eee1", ""},
		{"another prefix", "cust_1", prefix},
		{"prefix in capitals", "IDT_ae2b1e04-7a0c-4da9-ae51-93b124d8eee1", prefix},
		{"prefix alone", "idt_", suffix},
		{"space before", " idt_ae2b1e04-7a0c-4da9-ae51-93b124d8eee1", prefix},
		{"space after", "idt_ae2b1e04-7a0c-4da9-ae51-93b124d8eee1 ", suffix},
		{"prefix twice", "idt_idt_ae2b1e04-7a0c-4da9-ae51-93b124d8eee1", suffix},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newTestAPI(t)
			got := w.send(request{body: `{"identity_id":"` + tt.id + `"}`})
			if tt.refused == "" {
				wantStatus(t, got, 201)
				return
			}
			wantError(t, got, 400, "IDT_VALIDATION_ERROR", tt.refused)
			w.wantCalls(faulttable.Calls{})
		})
	}
}

func TestIdempotency(t *testing.T) {
	w := newTestAPI(t)
	first := request{body: seedBody}.withHeader("Idempotency-Key", "key 1")
	created := w.send(first)
	w.now = w.now.Add(time.Hour)
	wantEqual(t, "replayed body", w.send(first).Body, created.Body)
	changed := first
	changed.body += " "
	wantStatus(t, w.send(changed), 422)
	wantStatus(t, w.send(first.withCaller(otherTenantCaller)), 201)       // another tenant's key is another key
	wantStatus(t, w.send(first.withHeader("Idempotency-Key", "k2")), 201) // nothing but the id is unique
	w.checkGolden("idempotency")
}

func TestClientChosenIDIsUnique(t *testing.T) {
	w := newTestAPI(t)
	q := request{body: `{"identity_id":"idt_11111111-1111-4111-8111-111111111111","identity_type":"individual"}`}
	wantStatus(t, w.send(q), 201)
	wantStatus(t, w.send(q), 409)
	wantStatus(t, w.send(q.withCaller(otherTenantCaller)), 201)
	wantStatus(t, w.send(q.withHeader("Idempotency-Key", "k")), 409)
	second := request{body: `{"identity_id":"idt_22222222-2222-4222-8222-222222222222"}`}.withHeader("Idempotency-Key", "l")
	wantStatus(t, w.send(second), 201)
	wantStatus(t, w.send(second), 201)
	wantStatus(t, w.send(request{body: seedBody}), 201)
	wantStatus(t, w.send(request{body: seedBody}), 201) // equal people are two identities here
	w.checkGolden("own-ids")
}

func TestForeignIdentityLooksAbsent(t *testing.T) {
	w := newTestAPI(t)
	id := strings.Trim(jsonAt(t, w.send(request{body: seedBody}).Body, "identity_id"), `"`)
	absent := w.send(getRequest("idt_c415a4dc-4231-453d-a837-a9a50b1070e0"))
	wantStatus(t, absent, 404)
	w.wantCalls(faulttable.Calls{Get: 1, Write: 1})
	wantEqual(t, "body of a foreign identity", w.send(getRequest(id).withCaller(otherTenantCaller)).Body, absent.Body)
	w.wantCalls(faulttable.Calls{Get: 1})
	for _, odd := range []string{"", "a b", "a%00b", "%ff", "\xff", "alice@example.com", "%zz", "..", strings.Repeat("x", 65), id + "#"} {
		wantEqual(t, "body for "+odd, w.send(getRequest(odd)).Body, absent.Body)
	}
	w.wantCalls(faulttable.Calls{})
}
