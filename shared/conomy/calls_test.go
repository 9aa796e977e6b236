package conomy_test

import (
	"testing"

	"cedula/shared/table/faulttable"
)

// TestTableCalls counts the table calls of the operations that infra/bench does not measure.
func TestTableCalls(t *testing.T) {
	w := newTestAPI(t)
	w.createPersons("kid", "cub")
	id := w.mustCreate(createRequest(minimalBody).WithCaller(trustedCaller))
	pending := w.mustCreate(createRequest(testOutcomeBody).WithCaller(testModeCaller))
	account := w.Send(newRequest("add-withdrawal-account", id, bankAccountBody))
	removeAccount := newRequest("remove-withdrawal-account", id, "")
	removeAccount.Params["accountId"] = text(t, account.Body, "id")
	w.Table.Reset()
	for _, tt := range []struct {
		request
		faulttable.Calls
	}{
		{patchRequest(id, `{}`), faulttable.Calls{Get: 1}},
		{newRequest("deactivate-identity", id, ""), faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("reactivate-identity", id, ""), faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("add-children", id, `{"children":["kid","cub"]}`), faulttable.Calls{Get: 3, Query: 1, Write: 1}},
		{getRequest(id), faulttable.Calls{Get: 2, Query: 1}},
		{patchRequest(id, `{"nickname":"y"}`), faulttable.Calls{Get: 2, Query: 1, Write: 1}},
		{newRequest("list-parents", "kid", ""), faulttable.Calls{Get: 2, Query: 1}},
		{newRequest("remove-children", id, `{"children":["cub"]}`), faulttable.Calls{Get: 2, Query: 2, Write: 1}},
		{newRequest("add-permissions", id, `[{"resource":"IDENTITY","reference":"kid","permissions":[]}]`), faulttable.Calls{Get: 3, Query: 1, Write: 1}},
		{newRequest("list-permissions", id, ""), faulttable.Calls{Get: 2}},
		{removePermissionRequest(id, "kid", ""), faulttable.Calls{Get: 2, Query: 1, Write: 1}},
		{listRequest("limit=1"), faulttable.Calls{Get: 1, Query: 2}}, // one query is for the total
		{listRequest("limit=1"), faulttable.Calls{Get: 1, Query: 1}}, // the total is cached
		{listRequest(""), faulttable.Calls{Get: 1, Query: 1}},        // the first page shows all
		{searchRequest(`{"parents":"` + id + `"}`), faulttable.Calls{Get: 2, Query: 1}},
		{searchRequest(`{"scopeIdentity":"` + id + `"}`), faulttable.Calls{Get: 1}},
		{newRequest("add-withdrawal-account", id, bankAccountBody), faulttable.Calls{Get: 1, Query: 1, Write: 1}},
		{newRequest("list-withdrawal-accounts", id, ""), faulttable.Calls{Get: 1, Query: 1}},
		{removeAccount, faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("hold-identity", pending, `{"reason":"r"}`).WithCaller(reviewingCaller), faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("release-identity", pending, "").WithCaller(reviewingCaller), faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("decide-screening", pending, `{"decision":"reject","reason":"r","reviewer":"v"}`).WithCaller(reviewingCaller), faulttable.Calls{Get: 1, Write: 1}},
	} {
		if got := w.Send(tt.request); got.StatusCode >= 300 {
			t.Errorf("%s: status = %d, want success: %s", tt.Operation, got.StatusCode, got.Body)
		}
		w.WantCalls(tt.Calls)
	}
}
