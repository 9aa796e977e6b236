package conomy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/table/faulttable"
)

// mustCreate creates an identity, from nothing but its body, and returns its id.
func (w *testAPI) mustCreate(q request) string {
	w.Helper()
	created := w.send(q)
	wantStatus(w, created, 200)
	return strings.Trim(jsonAt(w, created.Body, "id"), `"`)
}

// advanceHour lets an hour pass.
func (w *testAPI) advanceHour() { w.now = w.now.Add(time.Hour) }

// TestUpdate pins whole answers of a life: everything set, merged, cleared.
func TestUpdate(t *testing.T) {
	w := newTestAPI(t)
	for _, id := range []string{"c1", "c2", "c3"} {
		w.createPerson(id)
	}
	id := w.mustCreate(request{body: fullBody, caller: trustedCaller})
	for _, body := range []string{
		`{"nickname":"Thomas"}`,
		`{"nickname":"Thomas"}`, // nothing new: no version
		`{}`,
		`{"address":{"street":"New","zipcode":null},"securityOptions":{"signTrx":false},"bankAccount":{"bank":"Other","nickname":null}}`,
		`{"children":[{"id":"c3"},{"id":"c1","name":"not looked at"}]}`,
		`{"rules":[1.10],"extendedData":["z"],"metadata":{"only":true},"securityOptions":{"accessControl":{"scopes":[]}}}`,
		`{"type":"ORGANIZATION","documentType":[],"documentNumber":"1","idv":null,"status":"BLOCKED","id":"mine","kyc":{},"createdAt":"x"}`,
		`{"nickname":null,"lastname":null,"country":null,"externalId":null,"gender":null,"birthDate":null,"nationality":null,"rules":null,` +
			`"extendedData":null,"metadata":null,"securityOptions":null,"address":null,"bankAccount":null,"children":null}`,
		`{"bankAccount":{"accountNumber":"2","bank":"B","currency":"CLP","accountHolder":"A","accountHolderDni":"1","country":"CHL"},"birthDate":"2001-02-03","address":{"country":"PER"}}`,
	} {
		w.advanceHour()
		updated := w.send(patchRequest(id, body))
		wantStatus(t, updated, 200)
		if found := w.send(getRequest(id)); found.Body != updated.Body || found.MultiValueHeaders["Etag"][0] != updated.MultiValueHeaders["Etag"][0] {
			t.Errorf("after %s: fetched %s, want %s as updated", body, found.Body, updated.Body)
		}
	}
	w.checkGolden("update")
}

// TestMergePatchOfJSONFields: what is of a client's own making is merged as the rest is (RFC
// 7396), also what the other dialect put there.
func TestMergePatchOfJSONFields(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(request{body: minimalBody, caller: trustedCaller})
	for _, tt := range []struct{ body, metadata, rules string }{
		{`{"metadata":{"a":{"b":1,"c":9007199254740993},"d":1.10},"rules":{"b":2}}`, `{"a":{"b":1,"c":9007199254740993},"d":1.10}`, `{"b":2}`},
		{`{"metadata":{"a":{"b":null}},"rules":{"a":null,"c":[1]}}`, `{"a":{"c":9007199254740993},"d":1.10}`, `{"b":2,"c":[1]}`},
		{`{"metadata":{"q":1},"rules":[1]}`, `{"a":{"c":9007199254740993},"d":1.10,"q":1}`, `[1]`},
		{`{"metadata":{},"rules":{"x":1}}`, `{"a":{"c":9007199254740993},"d":1.10,"q":1}`, `{"x":1}`},
		{`{"metadata":null,"rules":null}`, `{}`, `null`},
	} {
		got := w.send(patchRequest(id, tt.body))
		wantStatus(t, got, 200)
		wantJSON(t, got.Body, "metadata", tt.metadata)
		wantJSON(t, got.Body, "rules", tt.rules)
	}
}

func TestUpdateErrors(t *testing.T) {
	w := newTestAPI(t)
	w.createPerson("kid")
	id := w.mustCreate(request{body: minimalBody, caller: trustedCaller})
	tests := []struct {
		body         string
		strict       bool
		status       int
		code, detail string
	}{
		{"", false, 400, "14", "body is empty"},
		{"null", false, 400, "14", "body must not be null"},
		{"[]", false, 400, "11", "body must be an object"},
		{`{"nickname":"a","nickname":"b"}`, false, 400, "14", "nickname stands twice in its object"},
		{`{"nickname":5}`, false, 400, "11", "nickname must be a string"},
		{`{"name":null}`, false, 400, "11", "name must not be cleared"},
		{`{"name":""}`, false, 400, "11", "name must not be cleared"},
		{`{"country":"Chile"}`, false, 400, "11", "country must be three capital letters of ISO 3166-1, such as CHL"},
		{`{"country":"PER"}`, false, 400, "11", "country must be the one of the phone's dial code"},
		{`{"birthDate":"1990-13-01"}`, false, 400, "11", "birthDate must be a date such as 1990-01-15"},
		{`{"nickname":"` + strings.Repeat("n", 257) + `"}`, false, 400, "11", "nickname must have at most 256 characters"},
		{`{"address":{"street":"\u0007"}}`, false, 400, "11", "address.street must not hold control characters"},
		{`{"address":{"zipcode":5}}`, false, 400, "11", "address.zipcode must be a string"},
		{`{"address":"x"}`, false, 400, "11", "address must be an object"},
		{`{"securityOptions":{"signTrx":"yes"}}`, false, 400, "11", "securityOptions.signTrx must be true or false"},
		{`{"securityOptions":{"accessControl":{}}}`, false, 400, "12", "securityOptions.accessControl.scopes is required"},
		{`{"securityOptions":{"accessControl":{"scopes":[{"resource":"I"}]}}}`, false, 400, "12", "securityOptions.accessControl.scopes.0.reference is required"},
		{`{"bankAccount":{"bank":"B"}}`, false, 400, "12", "bankAccount.accountNumber is required"},
		{`{"metadata":[]}`, false, 400, "11", "metadata must be an object"},
		{`{"extendedData":{}}`, false, 400, "11", "extendedData must be an array"},
		{`{"metadata":{"a":"` + strings.Repeat("x", 256<<10) + `"}}`, false, 413, "11", "the identity is too large"},
		{`{"children":{}}`, false, 400, "11", "children must be an array"},
		{`{"children":["kid"]}`, false, 400, "11", "children.0 must be an object"},
		{`{"children":[{"name":"a"}]}`, false, 400, "12", "children.0.id is required"},
		{`{"children":[{"id":"kid"},{"id":"nobody"}]}`, false, 404, "31", "children.1 is no identity of this client"},
		{`{"children":[{"id":"kid"},{"id":"kid"}]}`, false, 400, "11", "children.1 stands twice in the list"},
		{`{"children":[{"id":"` + id + `"}]}`, false, 400, "11", "children.0 must not be the identity itself"},
		{`{"children":[` + strings.Repeat(`{"id":"x"},`, 100) + `{"id":"y"}]}`, false, 400, "11", "children must name at most 100 identities"},
		{`{"type":"USER"}`, true, 400, "11", "type cannot be changed"},
		{`{"email":"ana@example.com"}`, true, 400, "11", "email cannot be changed"},
		{`{"phone":null}`, true, 400, "11", "phone cannot be changed"},
		{`{"documentType":"RUT"}`, true, 400, "11", "documentType cannot be changed"},
		{`{"documentNumber":"1"}`, true, 400, "11", "documentNumber cannot be changed"},
		{`{"idv":"x"}`, true, 400, "11", "idv cannot be changed"},
		{`{"status":"ACTIVE"}`, true, 400, "11", "status cannot be changed"},
		{`{"id":"x"}`, true, 400, "11", "id cannot be changed"},
		{`{"country":"QQQ"}`, true, 400, "11", "country must be three capital letters of ISO 3166-1, such as CHL"},
	}
	before := w.send(getRequest(id))
	for _, tt := range tests {
		q := patchRequest(id, tt.body)
		if tt.strict {
			q = q.withCaller(withStrictMode(defaultCaller))
		}
		wantError(t, w.send(q), tt.status, tt.code, tt.detail)
	}
	unknown := w.send(patchRequest(id, `{"nickName":"x"}`).withCaller(withStrictMode(defaultCaller)))
	wantStatus(t, unknown, 400)
	if after := w.send(getRequest(id)); after.Body != before.Body || after.MultiValueHeaders["Etag"][0] != etags(`"1"`) {
		t.Errorf("after rejected patches the identity is %s, want %s as before", after.Body, before.Body)
	}
	wantStatus(t, w.send(patchRequest("nobody", "{}")), 404)
	wantStatus(t, w.send(patchRequest(id, "{}").withCaller(otherTenantCaller)), 404)
}

func TestPreconditions(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(request{body: minimalBody, caller: trustedCaller})
	wantStatus(t, w.send(patchRequest(id, `{"nickname":"b"}`).withHeader("If-Match", `"1"`)), 200)
	for _, stale := range []string{`"1"`, `W/"2"`, `"3"`, "2", "", `"1", "7"`} {
		for _, q := range []request{patchRequest(id, `{"nickname":"lost"}`), newRequest("deactivate-identity", id, "{}"), newRequest("delete-identity", id, "").withCaller(deletingCaller), newRequest("remove-children", id, `{"children":[]}`)} {
			wantStatus(t, w.send(q.withHeader("If-Match", stale)), 412)
		}
	}
	for _, value := range []string{`"2"`, `"1", "2"`, "*"} {
		got := w.send(patchRequest(id, `{"nickname":"b"}`).withHeader("If-Match", value))
		wantStatus(t, got, 200)
		wantHeader(t, got, "Etag", etags(`"2"`))
	}
	w.transcript.Reset()
	for _, tt := range []struct {
		value  string
		status int
	}{{`"2"`, 304}, {`W/"2"`, 304}, {`"1", "2"`, 304}, {"*", 304}, {`"1"`, 200}, {"2", 200}} {
		got := w.send(getRequest(id).withHeader("If-None-Match", tt.value))
		wantStatus(t, got, tt.status)
		wantHeader(t, got, "Etag", etags(`"2"`))
		if (tt.status == 304) != (got.Body == "") {
			t.Errorf("If-None-Match %s: body = %q, want one unless 304", tt.value, got.Body)
		}
	}
	w.send(patchRequest(id, `{"nickname":"lost"}`).withHeader("If-Match", `"1"`))
	wantStatus(t, w.send(patchRequest("nobody", `{}`).withHeader("If-Match", "*")), 404)
	w.checkGolden("preconditions")
}

func TestIdempotentUpdate(t *testing.T) {
	w := newTestAPI(t)
	w.createPerson("kid")
	id := w.mustCreate(request{body: minimalBody, caller: trustedCaller})
	w.transcript.Reset()
	first := patchRequest(id, `{"nickname":"once"}`).withHeader("Idempotency-Key", "k").withHeader("If-Match", `"1"`)
	answered := w.send(first)
	w.advanceHour()
	wantStatus(t, w.send(patchRequest(id, `{"nickname":"twice"}`)), 200)
	if again := w.send(first); again.Body != answered.Body || len(again.MultiValueHeaders["Idempotent-Replayed"]) != 1 {
		t.Errorf("second response = %d %s, want the replay of %s", again.StatusCode, again.Body, answered.Body)
	}
	wantStatus(t, w.send(patchRequest(id, `{"nickname":"other"}`).withHeader("Idempotency-Key", "k")), 422)
	wantStatus(t, w.send(newRequest("deactivate-identity", id, `{"nickname":"once"}`).withHeader("Idempotency-Key", "k")), 422)
	wantJSON(t, w.send(getRequest(id)).Body, "nickname", `"twice"`)
	// What the first request has made so refuses the second no more.
	for n, q := range []request{
		newRequest("add-children", id, `{"children":["kid"]}`), newRequest("remove-children", id, `{"children":["kid"]}`),
		newRequest("add-permissions", id, `[{"resource":"A","reference":"r","permissions":[]},{"resource":"B","reference":"r","permissions":[]}]`),
		newRequest("remove-permission", id, "").withParam("reference", "r").withQuery("resource=A"),
	} {
		q = q.withHeader("Idempotency-Key", fmt.Sprint(n))
		one, two := w.send(q), w.send(q)
		if one.StatusCode >= 300 || one.StatusCode != two.StatusCode || one.Body != two.Body {
			t.Errorf("%s: got %d %s, then %d %s, want the same success", q.operation, one.StatusCode, one.Body, two.StatusCode, two.Body)
		}
	}
	wantStatus(t, w.send(newRequest("remove-permission", id, "").withParam("reference", "r").withQuery("resource=B").withHeader("Idempotency-Key", "3")), 422)
	w.checkGolden("update-idempotency")
}

func TestDeactivation(t *testing.T) {
	w := newTestAPI(t)
	id, pending := w.mustCreate(request{body: minimalBody, caller: trustedCaller}), w.mustCreate(request{body: minimalWith("x", "1")})
	w.transcript.Reset()
	for _, step := range []struct {
		operation, id, body, want string
		status                    int
	}{
		{"reactivate-identity", id, "", `"ACTIVE"`, 200},
		{"deactivate-identity", id, `{"reason":["free",1]}`, `"INACTIVE"`, 200},
		{"deactivate-identity", id, "not even JSON", `"INACTIVE"`, 200},
		{"reactivate-identity", id, "{}", `"ACTIVE"`, 200},
		{"deactivate-identity", pending, "{}", "422", 422},
		{"reactivate-identity", pending, "{}", "422", 422},
		{"deactivate-identity", "nobody", "{}", "404", 404},
	} {
		w.advanceHour()
		got := w.send(newRequest(step.operation, step.id, step.body))
		wantStatus(t, got, step.status)
		wantJSON(t, got.Body, "status", step.want)
	}
	wantStatus(t, w.send(newRequest("deactivate-identity", id, "{}").withCaller(otherTenantCaller)), 404)
	w.checkGolden("deactivation")
}

func TestVersionHeader(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(request{body: minimalBody, caller: trustedCaller})
	w.transcript.Reset()
	for sent, want := range map[string]string{"": "v1", "v1": "v1", "24-04-2025": "24-04-2025"} {
		got := w.send(getRequest(id).withHeader("conomyhq-api-version", sent))
		wantStatus(t, got, 200)
		wantHeader(t, got, "Conomyhq-Api-Version", want)
	}
	wantHeader(t, w.send(newRequest("list-identities", "", "")), "Conomyhq-Api-Version", "v1")
	for _, sent := range []string{"25-04-2025", "v2", "V1", "v1,24-04-2025"} {
		got := w.send(patchRequest(id, "{}").withHeader("conomyhq-api-version", sent))
		wantError(t, got, 400, "11", "conomyhq-api-version must be 24-04-2025, or absent")
	}
}

// TestNotImplemented pins what belongs to accounts, rules and fees.
func TestNotImplemented(t *testing.T) {
	w := newTestAPI(t)
	for _, operation := range []string{"add-rules", "remove-rules", "add-fees", "remove-fees", "remove-fee", "set-escrow-fee"} {
		q := newRequest(operation, "a", `{"any":1}`)
		if operation == "remove-fee" {
			q = q.withParam("ruleId", "r")
		}
		wantError(t, w.send(q), 501, "42", "not part of an identity registry")
		wantStatus(t, w.send(q.withCaller(caller("acme", auth.ScopeIdentityRead))), 403)
	}
	w.wantCalls(faulttable.Calls{})
	w.checkGolden("unimplemented")
}
