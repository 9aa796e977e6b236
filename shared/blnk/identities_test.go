package blnk_test

import (
	"strings"
	"testing"
	"time"

	"cedula/infra/apitest"
	"cedula/shared/table/faulttable"
)

func TestCreateAndGet(t *testing.T) {
	tests := []struct {
		golden string
		request
	}{
		{"seed", createRequest(seedBody)},
		{"empty", createRequest("{}")},
		{"everything", createRequest(fullBody)},
		{"organization", createRequest(`{"identity_type":"organization","organization_name":"Firm Ltd","category":"supplier"}`)},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			w := newTestAPI(t)
			created := w.Send(tt.request)
			wantStatus(t, created, 201)
			id := text(t, created.Body, "identity_id")
			w.Now = w.Now.Add(time.Hour)
			wantEqual(t, "fetched body", w.Send(getRequest(id)).Body, created.Body)
			w.WantCalls(faulttable.Calls{Get: 1, Write: 1})
			w.CheckGolden(tt.golden)
		})
	}
}

func TestFields(t *testing.T) {
	const none = `"0001-01-01T00:00:00Z"`
	tests := []struct{ name, sent, path, want string }{
		{"no date of birth", `"city":"x"`, "dob", none},
		{"date of birth with a time", `"dob":"1990-01-15T00:00:00Z"`, "dob", `"1990-01-15T00:00:00Z"`},
		{"date of birth east of Greenwich", `"dob":"1990-01-15T00:30:00+09:00"`, "dob", `"1990-01-15T00:00:00Z"`},
		{"creation time of another type", `"created_at":5`, "created_at", `"2026-03-04T05:06:07.123456Z"`},
		{"no metadata", `"city":"x"`, "meta_data", "null"},
		{"metadata with white space", `"meta_data":{ "a" : [ 1.10 , 9007199254740993 ] }`, "meta_data", `{"a":[1.10,9007199254740993]}`},
		{"metadata with the dialect's words", `"meta_data":{"BLNK_GENERATED_BY":"x","identity_id":"y"}`, "meta_data", `{"BLNK_GENERATED_BY":"x","identity_id":"y"}`},
		{"256 letters of a name", `"first_name":"` + strings.Repeat("ñ", 256) + `"`, "first_name", `"` + strings.Repeat("ñ", 256) + `"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newTestAPI(t)
			created := w.Send(createRequest("{" + tt.sent + "}"))
			wantStatus(t, created, 201)
			wantEqual(t, tt.path, jsonAt(t, created.Body, tt.path), tt.want)
			found := w.Send(getRequest(text(t, created.Body, "identity_id")))
			wantEqual(t, "fetched body", found.Body, created.Body)
		})
	}
}

func TestIdempotency(t *testing.T) {
	w := newTestAPI(t)
	first := createRequest(seedBody).WithHeader("Idempotency-Key", "key 1")
	created := w.Send(first)
	w.Now = w.Now.Add(time.Hour)
	wantEqual(t, "replayed body", w.Send(first).Body, created.Body)
	rewritten := first
	rewritten.Body = apitest.MoveFirstMember(first.Body)
	wantEqual(t, "body replayed for the same members in another order", w.Send(rewritten).Body, created.Body)
	changed := first
	changed.Body = strings.Replace(first.Body, "{", `{"category":"x",`, 1)
	wantStatus(t, w.Send(changed), 422)
	wantStatus(t, w.Send(first.WithCaller(otherTenantCaller)), 201)       // keys belong to a tenant
	wantStatus(t, w.Send(first.WithHeader("Idempotency-Key", "k2")), 201) // only the id is unique
	w.CheckGolden("idempotency")
}

func TestClientChosenIDIsUnique(t *testing.T) {
	w := newTestAPI(t)
	q := createRequest(`{"identity_id":"idt_11111111-1111-4111-8111-111111111111","identity_type":"individual"}`)
	wantStatus(t, w.Send(q), 201)
	wantStatus(t, w.Send(q), 409)
	wantStatus(t, w.Send(q.WithCaller(otherTenantCaller)), 201)
	wantStatus(t, w.Send(q.WithHeader("Idempotency-Key", "k")), 409)
	second := createRequest(`{"identity_id":"idt_22222222-2222-4222-8222-222222222222"}`).WithHeader("Idempotency-Key", "l")
	wantStatus(t, w.Send(second), 201)
	wantStatus(t, w.Send(second), 201)
	wantStatus(t, w.Send(createRequest(seedBody)), 201)
	wantStatus(t, w.Send(createRequest(seedBody)), 201) // equal persons are two identities
	w.CheckGolden("own-ids")
}

func TestForeignIdentityLooksAbsent(t *testing.T) {
	w := newTestAPI(t)
	id := text(t, w.Send(createRequest(seedBody)).Body, "identity_id")
	absent := w.Send(getRequest("idt_c415a4dc-4231-453d-a837-a9a50b1070e0"))
	wantStatus(t, absent, 404)
	w.WantCalls(faulttable.Calls{Get: 1, Write: 1})
	wantEqual(t, "body of a foreign identity", w.Send(getRequest(id).WithCaller(otherTenantCaller)).Body, absent.Body)
	w.WantCalls(faulttable.Calls{Get: 1})
	for _, invalid := range []string{"", "a b", "a%00b", "%ff", "\xff", "alice@example.com", "%zz", "..", strings.Repeat("x", 65), id + "#"} {
		wantEqual(t, "body for "+invalid, w.Send(getRequest(invalid)).Body, absent.Body)
	}
	w.WantCalls(faulttable.Calls{})
}
