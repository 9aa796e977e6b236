package conomy_test

import (
	"strings"
	"testing"

	"cedula/shared/table/faulttable"
)

// TestTableCallsPerOperation pins how often each operation asks the table. Every operation
// stands here, so that a new one is counted too.
func TestTableCallsPerOperation(t *testing.T) {
	w := newTestAPI(t)
	w.createPerson("kid")
	w.createPerson("cub")
	id := w.mustCreate(request{body: minimalBody, caller: trustedCaller})
	scope := `[{"resource":"IDENTITY","reference":"kid","permissions":[]}]`
	w.wantCalls(faulttable.Calls{Write: 3})
	pending := w.mustCreate(request{body: testOutcomeBody, caller: testModeCaller})
	w.table.Reset()
	accountID := ""
	tests := []struct {
		request
		faulttable.Calls
	}{
		{request{operation: "create-identity", body: minimalWith("x", "1")}, faulttable.Calls{Write: 1}},
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
		{newRequest("remove-permission", id, "").withParam("reference", "kid"), faulttable.Calls{Get: 2, Query: 1, Write: 1}},
		{newRequest("list-identities", "", ""), faulttable.Calls{Get: 1, Query: 2}}, // a query is for the total
		{newRequest("list-identities", "", ""), faulttable.Calls{Get: 1, Query: 1}}, // which is remembered
		{newRequest("search-identities", "", `{"email":"ana@example.com"}`), faulttable.Calls{Get: 1, Query: 2}},
		{newRequest("search-identities", "", `{"parents":"`+id+`"}`), faulttable.Calls{Get: 2, Query: 2}},
		{newRequest("search-identities", "", `{"scopeIdentity":"`+id+`"}`), faulttable.Calls{Get: 1}},
		{newRequest("add-withdrawal-account", id, bankAccountBody), faulttable.Calls{Get: 1, Query: 1, Write: 1}},
		{newRequest("list-withdrawal-accounts", id, ""), faulttable.Calls{Get: 1, Query: 1}},
		{newRequest("remove-withdrawal-account", id, ""), faulttable.Calls{Get: 1, Write: 1}},
		{verifyRequest(pending, "email").withCaller(testModeCaller), faulttable.Calls{Get: 2, Write: 1}},
		{confirmRequest(pending, "email", "000000").withCaller(testModeCaller), faulttable.Calls{Get: 2, Write: 1}},
		{newRequest("hold-identity", pending, `{"reason":"r"}`).withCaller(reviewingCaller), faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("release-identity", pending, "").withCaller(reviewingCaller), faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("decide-screening", pending, `{"decision":"reject","reason":"r","reviewer":"v"}`).withCaller(reviewingCaller), faulttable.Calls{Get: 1, Write: 1}},
		{newRequest("delete-identity", id, "").withCaller(deletingCaller), faulttable.Calls{Query: 1, Write: 1}},
	}
	counted := make(map[string]bool)
	for _, tt := range tests {
		if tt.operation == "remove-withdrawal-account" {
			tt.request = tt.withParam("accountId", accountID)
		}
		answer := w.send(tt.request)
		if answer.StatusCode >= 300 {
			t.Errorf("%s: status = %d, want a success: %s", tt.operation, answer.StatusCode, answer.Body)
		}
		if tt.operation == "add-withdrawal-account" {
			accountID = strings.Trim(jsonAt(t, answer.Body, "id"), `"`)
		}
		counted[tt.operation] = true
		t.Logf("%-26s %+v", tt.operation, w.table.Calls())
		w.wantCalls(tt.Calls)
	}
	for _, r := range w.api.Routes() {
		if !counted[r.Name] && !r.Public && w.send(newRequest(r.Name, "a", "").withParam("ruleId", "r")).StatusCode != 501 {
			t.Errorf("%s is not counted", r.Name)
		}
	}
}
