package conomy_test

import (
	"testing"

	"cedula/shared/table/faulttable"
)

// TestTableCallsPerOperation counts the table calls of every operation.
func TestTableCallsPerOperation(t *testing.T) {
	w := newTestAPI(t)
	w.createPersons("kid", "cub")
	id := w.mustCreate(createRequest(minimalBody).WithCaller(trustedCaller))
	scope := `[{"resource":"IDENTITY","reference":"kid","permissions":[]}]`
	w.WantCalls(faulttable.Calls{Write: 3})
	pending := w.mustCreate(createRequest(testOutcomeBody).WithCaller(testModeCaller))
	w.Table.Reset()
	accountID := ""
	tests := []struct {
		request
		faulttable.Calls
	}{
		{createRequest(minimalWith("x", "1")), faulttable.Calls{Write: 1}},
		{getRequest(id), faulttable.Calls{Get: 1}},
		{patchRequest(id, `{"nickname":"x"}`), faulttable.Calls{Get: 1, Write: 1}},
		{patchRequest(id, `{"nickname":"x"}`), faulttable.Calls{Get: 1}},
		{newRequest("deactivate-identity", id, ""), faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("reactivate-identity", id, ""), faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("add-children", id, `{"children":["kid","cub"]}`), faulttable.Calls{Get: 3, Query: 1, Write: 1}},
		{getRequest(id), faulttable.Calls{Get: 2, Query: 1}},
		{patchRequest(id, `{"nickname":"y"}`), faulttable.Calls{Get: 2, Query: 1, Write: 1}},
		{newRequest("list-parents", "kid", ""), faulttable.Calls{Get: 2, Query: 1}},
		{newRequest("remove-children", id, `{"children":["cub"]}`), faulttable.Calls{Get: 2, Query: 2, Write: 1}},
		{newRequest("add-permissions", id, scope), faulttable.Calls{Get: 3, Query: 1, Write: 1}},
		{newRequest("list-permissions", id, ""), faulttable.Calls{Get: 1}},
		{removePermissionRequest(id, "kid", ""), faulttable.Calls{Get: 2, Query: 1, Write: 1}},
		{listRequest(""), faulttable.Calls{Get: 1, Query: 2}}, // a query is for the total
		{listRequest(""), faulttable.Calls{Get: 1, Query: 1}}, // which is remembered
		{searchRequest(`{"email":"ana@example.com"}`), faulttable.Calls{Get: 1, Query: 2}},
		{searchRequest(`{"parents":"` + id + `"}`), faulttable.Calls{Get: 2, Query: 2}},
		{searchRequest(`{"scopeIdentity":"` + id + `"}`), faulttable.Calls{Get: 1}},
		{newRequest("add-withdrawal-account", id, bankAccountBody), faulttable.Calls{Get: 1, Query: 1, Write: 1}},
		{newRequest("list-withdrawal-accounts", id, ""), faulttable.Calls{Get: 1, Query: 1}},
		{newRequest("remove-withdrawal-account", id, ""), faulttable.Calls{Get: 1, Write: 1}},
		{verifyRequest(pending, "email").WithCaller(testModeCaller), faulttable.Calls{Get: 2, Write: 1}},
		{confirmRequest(pending, "email", `{"code":"000000"}`).WithCaller(testModeCaller), faulttable.Calls{Get: 2, Write: 1}},
		{newRequest("hold-identity", pending, `{"reason":"r"}`).WithCaller(reviewingCaller), faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("release-identity", pending, "").WithCaller(reviewingCaller), faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("decide-screening", pending, `{"decision":"reject","reason":"r","reviewer":"v"}`).WithCaller(reviewingCaller), faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("delete-identity", id, "").WithCaller(deletingCaller), faulttable.Calls{Query: 1, Write: 1}},
	}
	counted := make(map[string]bool)
	for _, tt := range tests {
		if tt.Operation == "remove-withdrawal-account" {
			tt.Params = map[string]string{"id": id, "accountId": accountID}
		}
		answer := w.Send(tt.request)
		if answer.StatusCode >= 300 {
			t.Errorf("%s: status = %d, want a success: %s", tt.Operation, answer.StatusCode, answer.Body)
		}
		if tt.Operation == "add-withdrawal-account" {
			accountID = text(t, answer.Body, "id")
		}
		counted[tt.Operation] = true
		w.WantCalls(tt.Calls)
	}
	for _, r := range w.api.Routes() {
		if !counted[r.Name] && !r.Public && w.Send(newRequest(r.Name, "a", "")).StatusCode != 501 {
			t.Errorf("%s is not counted", r.Name)
		}
	}
}
