package blnk_test

import (
	"cedula/shared/table/faulttable"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// seedBody is the example that the documentation sends through its client library.
const seedBody = `{"identity_type":"individual","first_name":"Alice","last_name":"Smith","email_address":"alice.smith@example.com"}`

const fullBody = `{
	"identity_id": "idt_11111111-1111-4111-8111-111111111111", "identity_type": "individual", "organization_name": "Acme <b>&\u00e9\/",
	"category": "customer", "first_name": "Alice \"A\"", "last_name": "Ñandú 王", "other_names": "Bo Cy", "gender": "female",
	"email_address": "not an email", "phone_number": "555 1234", "nationality": "Canadian", "street": "1 Main St", "country": "Canada",
	"state": "Ontario", "post_code": "01234", "city": "Ottawa", "dob": "1990-01-15T23:30:00-05:00",
	"meta_data": {"z": 9007199254740993, "a": 1.10, "m": {"b": [1, 2.50, {"c": "\u00e9<"}]}, "e": 1E5, "neg": -0.0, "n": null},
	"created_at": "2001-01-01T00:00:00Z", "status": "BLOCKED", "tenant": "other", "kyc": {}, "version": 9, "nickname": "x"
}`

// identityFields are all members of an identity, in their order.
var identityFields = []string{
	"identity_id", "identity_type", "organization_name", "category", "first_name", "last_name", "other_names", "gender",
	"email_address", "phone_number", "nationality", "street", "country", "state", "post_code", "city", "dob", "created_at", "meta_data",
}

func objectKeys(t *testing.T, body string) (names []string) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, name.(string))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
	return names
}

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
			if found := w.send(getRequest(id)); found.Body != created.Body || found.StatusCode != 200 {
				t.Errorf("got  %d %s\nwant %s", found.StatusCode, found.Body, created.Body)
			}
			if diff := cmp.Diff(identityFields, objectKeys(t, created.Body)); diff != "" {
				t.Error(diff)
			}
			w.wantCalls(faulttable.Calls{Get: 1, Write: 1})
			w.checkGolden(tt.golden)
		})
	}
}

func TestFields(t *testing.T) {
	const none = `"0001-01-01T00:00:00Z"`
	tests := []struct{ name, sent, path, want string }{
		{"any type", `"identity_type":"alien"`, "identity_type", `"alien"`},
		{"no type", `"first_name":"A"`, "identity_type", `""`},
		{"any email", `"email_address":"not an email"`, "email_address", `"not an email"`},
		{"any phone", `"phone_number":"01234"`, "phone_number", `"01234"`},
		{"null text", `"city":null`, "city", `""`},
		{"no date of birth", `"city":"x"`, "dob", none},
		{"null date of birth", `"dob":null`, "dob", none},
		{"empty date of birth", `"dob":""`, "dob", none},
		{"zero date of birth", `"dob":"0001-01-01T00:00:00Z"`, "dob", none},
		{"date of birth", `"dob":"1990-01-15"`, "dob", `"1990-01-15T00:00:00Z"`},
		{"date of birth with a time", `"dob":"1990-01-15T00:00:00Z"`, "dob", `"1990-01-15T00:00:00Z"`},
		{"date of birth with milliseconds", `"dob":"1990-01-15T00:00:00.000Z"`, "dob", `"1990-01-15T00:00:00Z"`},
		{"date of birth west of Greenwich", `"dob":"1990-01-15T23:30:00-05:00"`, "dob", `"1990-01-15T00:00:00Z"`},
		{"date of birth east of Greenwich", `"dob":"1990-01-15T00:30:00+09:00"`, "dob", `"1990-01-15T00:00:00Z"`},
		{"leap day", `"dob":"2000-02-29"`, "dob", `"2000-02-29T00:00:00Z"`},
		{"creation time is the server's", `"created_at":"2001-01-01T00:00:00Z"`, "created_at", `"2026-03-04T05:06:07.123456Z"`},
		{"creation time of another type", `"created_at":5`, "created_at", `"2026-03-04T05:06:07.123456Z"`},
		{"no metadata", `"city":"x"`, "meta_data", "null"},
		{"null metadata", `"meta_data":null`, "meta_data", "null"},
		{"empty metadata", `"meta_data":{}`, "meta_data", "{}"},
		{"metadata with white space", `"meta_data":{ "a" : [ 1.10 , 9007199254740993 ] }`, "meta_data", `{"a":[1.10,9007199254740993]}`},
		{"metadata with the dialect's words", `"meta_data":{"BLNK_GENERATED_BY":"x","identity_id":"y"}`, "meta_data", `{"BLNK_GENERATED_BY":"x","identity_id":"y"}`},
		{"member in another case", `"First_Name":"x"`, "first_name", `"x"`},
		{"own id", `"identity_id":"idt_00000000-0000-0000-0000-000000000000"`, "identity_id", `"idt_00000000-0000-0000-0000-000000000000"`},
		{"256 letters of a name", `"first_name":"` + strings.Repeat("ñ", 256) + `"`, "first_name", `"` + strings.Repeat("ñ", 256) + `"`},
		{"surrogate pair", `"first_name":"\ud83d\ude00"`, "first_name", `"😀"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newTestAPI(t)
			created := w.send(request{body: "{" + tt.sent + "}"})
			wantStatus(t, created, 201)
			if got := jsonAt(t, created.Body, tt.path); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			found := w.send(getRequest(strings.Trim(jsonAt(t, created.Body, "identity_id"), `"`)))
			if found.Body != created.Body {
				t.Errorf("created %s\nfound   %s", created.Body, found.Body)
			}
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
		{"no prefix", "ae2b1e04-7a0c-4da9-ae51-93b124d8eee1", prefix},
		{"another prefix", "cust_1", prefix},
		{"prefix in capitals", "IDT_ae2b1e04-7a0c-4da9-ae51-93b124d8eee1", prefix},
		{"prefix alone", "idt_", suffix},
		{"no UUID", "idt_xyz", suffix},
		{"capitals", "idt_AE2B1E04-7A0C-4DA9-AE51-93B124D8EEE1", suffix},
		{"no dashes", "idt_ae2b1e047a0c4da9ae5193b124d8eee1", suffix},
		{"braces", "idt_{ae2b1e04-7a0c-4da9-ae51-93b124d8eee1}", suffix},
		{"URN", "idt_urn:uuid:ae2b1e04-7a0c-4da9-ae51-93b124d8eee1", suffix},
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
	if again := w.send(first); again.Body != created.Body || again.StatusCode != 201 {
		t.Errorf("got  %d %s\nwant %s", again.StatusCode, again.Body, created.Body)
	}
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
	if foreign := w.send(getRequest(id).withCaller(otherTenantCaller)); foreign.Body != absent.Body {
		t.Errorf("body of a foreign identity = %s, want that of an absent one %s", foreign.Body, absent.Body)
	}
	w.wantCalls(faulttable.Calls{Get: 1})
	for _, odd := range []string{"", "a b", "a%00b", "%ff", "\xff", "alice@example.com", "%zz", "..", strings.Repeat("x", 65), id + "#"} {
		if got := w.send(getRequest(odd)); got.Body != absent.Body || got.StatusCode != 404 {
			t.Errorf("%q: got %d %s", odd, got.StatusCode, got.Body)
		}
	}
	w.wantCalls(faulttable.Calls{})
}
