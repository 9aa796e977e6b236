package conomy_test

import (
	"fmt"
	"strings"
	"testing"

	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/table/faulttable"
)

func TestUpdate(t *testing.T) {
	w := newTestAPI(t)
	w.createPersons("c1", "c2", "c3")
	id := w.mustCreate(createRequest(fullBody).WithCaller(trustedCaller))
	for _, body := range []string{
		`{"nickname":"Thomas"}`,
		`{"nickname":"Thomas"}`, // no change: no new version
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
		updated := w.Send(patchRequest(id, body))
		wantStatus(t, updated, 200)
		if found := w.Send(getRequest(id)); found.Body != updated.Body || found.MultiValueHeaders["Etag"][0] != updated.MultiValueHeaders["Etag"][0] {
			t.Errorf("after %s: fetched %s, want %s as updated", body, found.Body, updated.Body)
		}
	}
	w.CheckGolden("update")
}

func TestUpdateErrors(t *testing.T) {
	w := newTestAPI(t)
	w.createPersons("kid")
	id := w.mustCreate(createRequest(minimalBody).WithCaller(trustedCaller))
	tests := []struct {
		body         string
		status       int
		code, detail string
	}{
		{"", 400, "14", "body is empty"},
		{"[]", 400, "11", "body must be an object"},
		{`{"name":null}`, 400, "11", "name must not be cleared"},
		{`{"name":" \u200b"}`, 400, "11", "name must not be cleared"},
		{`{"country":"PER"}`, 400, "11", "country must be the one of the phone's dial code"},
		{`{"securityOptions":{"accessControl":{}}}`, 400, "12", "securityOptions.accessControl.scopes is required"},
		{`{"bankAccount":{"bank":"B"}}`, 400, "12", "bankAccount.accountNumber is required"},
		{`{"metadata":{"a":"` + strings.Repeat("x", 256<<10) + `"}}`, 413, "11", "the identity is too large"},
		{`{"children":[{"name":"a"}]}`, 400, "12", "children.0.id is required"},
		{`{"children":[{"id":"kid"},{"id":"absent"}]}`, 404, "31", "children.1 does not refer to an existing identity"},
		{`{"children":[{"id":"kid"},{"id":"kid"}]}`, 400, "11", "children.1 occurs twice in the list"},
		{`{"children":[{"id":"` + id + `"}]}`, 400, "11", "children.0 must not be the identity itself"},
		{`{"children":[` + strings.Repeat(`{"id":"x"},`, 100) + `{"id":"y"}]}`, 400, "11", "children must name at most 100 identities"},
	}
	before := w.Send(getRequest(id))
	for _, tt := range tests {
		wantError(t, w.Send(patchRequest(id, tt.body)), tt.status, tt.code, tt.detail)
	}
	for _, field := range []string{"type", "email", "phone", "documentType", "documentNumber", "idv", "status", "id"} {
		got := w.Send(patchRequest(id, `{"`+field+`":"x"}`).WithCaller(strictCaller))
		wantError(t, got, 400, "11", field+" cannot be changed")
	}
	wantStatus(t, w.Send(patchRequest(id, `{"nickName":"x"}`).WithCaller(strictCaller)), 400)
	unknown := w.Send(patchRequest(id, `{"country":"QQQ"}`).WithCaller(strictCaller))
	wantError(t, unknown, 400, "11", "country must be three capital letters of ISO 3166-1, such as CHL")
	if after := w.Send(getRequest(id)); after.Body != before.Body || after.MultiValueHeaders["Etag"][0] != etag(1) {
		t.Errorf("after rejected patches the identity is %s, want %s as before", after.Body, before.Body)
	}
	wantStatus(t, w.Send(patchRequest("absent", "{}")), 404)
	wantStatus(t, w.Send(patchRequest(id, "{}").WithCaller(otherTenantCaller)), 404)
}

func TestPreconditions(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(createRequest(minimalBody).WithCaller(trustedCaller))
	wantStatus(t, w.Send(patchRequest(id, `{"nickname":"b"}`).WithHeader("If-Match", etag(1))), 200)
	w.Transcript.Reset()
	for _, value := range []string{etag(2), "W/" + etag(2), etag(1) + ", " + etag(2), "*", etag(1), "2"} {
		w.Send(getRequest(id).WithHeader("If-None-Match", value))
	}
	w.Send(patchRequest(id, `{"nickname":"lost"}`).WithHeader("If-Match", etag(1)))
	w.Send(patchRequest("absent", `{}`).WithHeader("If-Match", "*"))
	w.CheckGolden("preconditions")
}

func TestIdempotentUpdate(t *testing.T) {
	w := newTestAPI(t)
	w.createPersons("kid")
	id := w.mustCreate(createRequest(minimalBody).WithCaller(trustedCaller))
	w.Transcript.Reset()
	first := patchRequest(id, `{"nickname":"once"}`).WithHeader("Idempotency-Key", "k").WithHeader("If-Match", etag(1))
	original := w.Send(first)
	w.advanceHour()
	wantStatus(t, w.Send(patchRequest(id, `{"nickname":"twice"}`)), 200)
	if again := w.Send(first); again.Body != original.Body || len(again.MultiValueHeaders["Idempotent-Replayed"]) != 1 {
		t.Errorf("second response = %d %s, want the replay of %s", again.StatusCode, again.Body, original.Body)
	}
	wantStatus(t, w.Send(patchRequest(id, `{"nickname":"other"}`).WithHeader("Idempotency-Key", "k")), 422)
	wantStatus(t, w.Send(newRequest("deactivate-identity", id, `{"nickname":"once"}`).WithHeader("Idempotency-Key", "k")), 422)
	wantJSON(t, w.Send(getRequest(id)).Body, "nickname", `"twice"`)
	// A replay succeeds although the change was already applied.
	for n, q := range []request{
		newRequest("add-children", id, `{"children":["kid"]}`), newRequest("remove-children", id, `{"children":["kid"]}`),
		newRequest("add-permissions", id, `[{"resource":"A","reference":"r","permissions":[]},{"resource":"B","reference":"r","permissions":[]}]`),
		removePermissionRequest(id, "r", "resource=A"),
	} {
		q = q.WithHeader("Idempotency-Key", fmt.Sprint(n))
		one, two := w.Send(q), w.Send(q)
		if one.StatusCode >= 300 || one.StatusCode != two.StatusCode || one.Body != two.Body {
			t.Errorf("%s: got %d %s, then %d %s, want the same success", q.Operation, one.StatusCode, one.Body, two.StatusCode, two.Body)
		}
	}
	wantStatus(t, w.Send(removePermissionRequest(id, "r", "resource=B").WithHeader("Idempotency-Key", "3")), 422)
	w.CheckGolden("update-idempotency")
}

func TestDeactivation(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(createRequest(minimalBody).WithCaller(trustedCaller))
	pending := w.mustCreate(createRequest(minimalWith("x", "1")))
	w.Transcript.Reset()
	w.runSteps(
		step{newRequest("reactivate-identity", id, ""), 200, "", ""},
		step{newRequest("deactivate-identity", id, `{"reason":["free",1]}`), 200, "", ""},
		step{newRequest("deactivate-identity", id, "not even JSON"), 200, "", ""},
		step{newRequest("reactivate-identity", id, "{}"), 200, "", ""},
		step{newRequest("deactivate-identity", pending, "{}"), 422, "", ""},
		step{newRequest("reactivate-identity", pending, "{}"), 422, "", ""},
		step{newRequest("deactivate-identity", "absent", "{}"), 404, "", ""},
	)
	wantStatus(t, w.Send(newRequest("deactivate-identity", id, "{}").WithCaller(otherTenantCaller)), 404)
	w.CheckGolden("deactivation")
}

func TestVersionHeader(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(createRequest(minimalBody).WithCaller(trustedCaller))
	w.Transcript.Reset()
	for sent, want := range map[string]string{"": "v1", "v1": "v1", "24-04-2025": "24-04-2025"} {
		got := w.Send(getRequest(id).WithHeader("conomyhq-api-version", sent))
		wantStatus(t, got, 200)
		wantHeader(t, got, "Conomyhq-Api-Version", want)
	}
	wantHeader(t, w.Send(listRequest("")), "Conomyhq-Api-Version", "v1")
	for _, sent := range []string{"25-04-2025", "v2", "V1", "v1,24-04-2025"} {
		got := w.Send(patchRequest(id, "{}").WithHeader("conomyhq-api-version", sent))
		wantError(t, got, 400, "11", "conomyhq-api-version must be 24-04-2025, or absent")
	}
}

func TestNotImplemented(t *testing.T) {
	w := newTestAPI(t)
	for _, operation := range []string{"add-rules", "remove-rules", "add-fees", "remove-fees", "remove-fee", "set-escrow-fee"} {
		q := request{Operation: operation, Params: map[string]string{"id": "a", "ruleId": "r"}, Body: `{"any":1}`}
		wantError(t, w.Send(q), 501, "42", "not part of an identity registry")
		wantStatus(t, w.Send(q.WithCaller(caller("acme", auth.ScopeIdentityRead))), 403)
	}
	w.WantCalls(faulttable.Calls{})
	w.CheckGolden("unimplemented")
}

// TestImplausibleBirthDates: a strict client cannot store one; the response to a lenient one has a warning, in a replay too.
func TestImplausibleBirthDates(t *testing.T) {
	w := newTestAPI(t)
	other := &blnk.API{Identities: w.Identities}
	const future, warning = "must not be in the future", `[{"field":"birthDate","code":"11","detail":"must not be in the future"}]`
	create := createRequest(minimalWith("birthDate", `"2099-01-01"`)).WithHeader("Idempotency-Key", "k")
	wantError(t, w.Send(create.WithCaller(strictCaller)), 400, "11", "birthDate "+future)
	id := w.mustCreate(create)
	wantJSON(t, w.Send(create).Body, "warnings", warning)
	wantError(t, w.Send(patchRequest(id, `{"birthDate":"1899-12-31"}`).WithCaller(strictCaller)), 400, "11", "birthDate must not be before 1900")
	wantJSON(t, w.Send(patchRequest(id, `{"birthDate":"1990-01-15"}`).WithCaller(strictCaller)).Body, "warnings", "")
	for _, q := range []request{newRequest("create-identity", "", `{"identity_type":"individual","dob":"2099-01-01"}`), newRequest("update-identity", id, `{"dob":"2099-01-01"}`)} {
		wantHeader(t, w.SendTo(other, q), "Cedula-Warning", "dob "+future)
		got := w.SendTo(other, q.WithCaller(strictCaller))
		if got.StatusCode != 400 || !strings.Contains(got.Body, "dob "+future) {
			t.Errorf("%s of a strict client = %d %s, want 400 and dob", q.Operation, got.StatusCode, got.Body)
		}
	}
}
