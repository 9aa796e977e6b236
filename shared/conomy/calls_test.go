package conomy_test

import (
	"strings"
	"testing"

	"cedula/shared/auth"
	"cedula/shared/table/faults"
)

// TestCalls pins how often each operation asks the table. Every operation
// stands here, so that a new one is counted too.
func TestCalls(t *testing.T) {
	w := newWorld(t)
	w.person("kid")
	w.person("cub")
	id := w.made(request{body: minimal, caller: trusted})
	scope := `[{"resource":"IDENTITY","reference":"kid","permissions":[]}]`
	w.wantCalls(faults.Calls{Write: 3})
	accountID := ""
	tests := []struct {
		request
		faults.Calls
	}{
		{request{operation: "create-identity", body: replaced("x", "1")}, faults.Calls{Write: 1}},
		{get(id), faults.Calls{Get: 1}},
		{patch(id, `{"nickname":"x"}`), faults.Calls{Get: 1, Write: 1}},
		{patch(id, `{"nickname":"x"}`), faults.Calls{Get: 1}},
		{to("deactivate-identity", id, ""), faults.Calls{Get: 1, Write: 1}},
		{to("reactivate-identity", id, ""), faults.Calls{Get: 1, Write: 1}},
		{to("add-children", id, `{"children":["kid","cub"]}`), faults.Calls{Get: 3, Query: 1, Write: 1}},
		{get(id), faults.Calls{Get: 2, Query: 1}},
		{patch(id, `{"nickname":"y"}`), faults.Calls{Get: 2, Query: 1, Write: 1}},
		{to("list-parents", "kid", ""), faults.Calls{Get: 2, Query: 1}},
		{to("remove-children", id, `{"children":["cub"]}`), faults.Calls{Get: 2, Query: 2, Write: 1}},
		{to("add-permissions", id, scope), faults.Calls{Get: 3, Query: 1, Write: 1}},
		{to("list-permissions", id, ""), faults.Calls{Get: 1}},
		{to("remove-permission", id, "").at("reference", "kid"), faults.Calls{Get: 2, Query: 1, Write: 1}},
		{to("list-identities", "", ""), faults.Calls{Get: 1, Query: 2}}, // a query is for the total
		{to("list-identities", "", ""), faults.Calls{Get: 1, Query: 1}}, // which is remembered
		{to("search-identities", "", `{"email":"ana@example.com"}`), faults.Calls{Get: 1, Query: 2}},
		{to("search-identities", "", `{"parents":"`+id+`"}`), faults.Calls{Get: 2, Query: 2}},
		{to("search-identities", "", `{"scopeIdentity":"`+id+`"}`), faults.Calls{Get: 1}},
		{to("add-withdrawal-account", id, account), faults.Calls{Get: 1, Query: 1, Write: 1}},
		{to("list-withdrawal-accounts", id, ""), faults.Calls{Get: 1, Query: 1}},
		{to("remove-withdrawal-account", id, ""), faults.Calls{Get: 1, Write: 1}},
		{to("delete-identity", id, "").by(remover), faults.Calls{Query: 1, Write: 1}},
	}
	counted := make(map[string]bool)
	for _, tt := range tests {
		if tt.operation == "remove-withdrawal-account" {
			tt.request = tt.at("accountId", accountID)
		}
		answer := w.send(tt.request)
		if answer.StatusCode >= 300 {
			t.Errorf("%s: %d %s", tt.operation, answer.StatusCode, answer.Body)
		}
		if tt.operation == "add-withdrawal-account" {
			accountID = strings.Trim(at(t, answer.Body, "id"), `"`)
		}
		counted[tt.operation] = true
		t.Logf("%-26s %+v", tt.operation, w.table.Calls())
		w.wantCalls(tt.Calls)
	}
	for _, r := range w.api.Routes() {
		if strings.Contains(r.Path, "/verifications") || r.Scope == auth.ScopeIdentityReview {
			continue // TestLifeCalls counts them
		}
		if !counted[r.Name] && !r.Public && w.send(to(r.Name, "a", "").at("ruleId", "r")).StatusCode != 501 {
			t.Errorf("%s is not counted", r.Name)
		}
	}
}
