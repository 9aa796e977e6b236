package conomy_test

import (
	"fmt"
	"strings"
	"testing"

	"cedula/shared/auth"
)

var deletingCaller = caller("acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite, auth.ScopeIdentityDelete)

// step is a request and the status, the code and the detail of its answer.
type step struct {
	request
	status       int
	code, detail string
}

func (w *testAPI) runSteps(steps ...step) {
	w.Helper()
	for _, s := range steps {
		w.advanceHour()
		got := w.send(s.request)
		if s.code == "" {
			wantStatus(w, got, s.status)
			continue
		}
		wantError(w, got, s.status, s.code, s.detail)
	}
}

func TestChildrenAndParents(t *testing.T) {
	w := newTestAPI(t)
	for _, id := range []string{"a", "b", "c"} {
		w.createPerson(id)
	}
	id := w.mustCreate(request{body: minimalBody, caller: trustedCaller})
	w.transcript.Reset()
	add := func(id, body string) request { return newRequest("add-children", id, body) }
	remove := func(id, body string) request { return newRequest("remove-children", id, body) }
	w.runSteps(
		step{add(id, `{"children":["a","b"]}`), 200, "", ""},
		step{add(id, `{"children":["b"]}`), 200, "", ""},
		step{add(id, `{"children":[]}`), 200, "", ""},
		step{add("a", `{"children":["c"]}`), 200, "", ""},
		step{patchRequest("b", `{"name":"Renamed","lastname":null}`), 200, "", ""},
		step{getRequest(id), 200, "", ""},
		step{newRequest("list-parents", "b", ""), 200, "", ""},
		step{newRequest("list-parents", id, ""), 200, "", ""},
		step{newRequest("list-parents", "nobody", ""), 404, "31", "identity not found"},
		step{newRequest("list-parents", "b", "").withCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{add(id, `{"children":["c","nobody"]}`), 404, "31", "children.1 is no identity of this client"},
		step{add(id, `{"children":["`+id+`"]}`), 400, "11", "children.0 must not be the identity itself"},
		step{add("c", `{"children":["`+id+`"]}`), 422, "21", "an identity cannot be its own ancestor"},
		step{add(id, `{"children":["c","c"]}`), 400, "11", "children.1 stands twice in the list"},
		step{add(id, `{}`), 400, "12", "children is required"},
		step{add(id, `{"children":null}`), 400, "12", "children is required"},
		step{add(id, `{"children":"a"}`), 400, "11", "children must be an array"},
		step{add(id, `{"children":[{"id":"a"}]}`), 400, "11", "children.0 must be a string"},
		step{add(id, ``), 400, "14", "body is empty"},
		step{add("nobody", `{"children":["a"]}`), 404, "31", "identity not found"},
		step{add(id, `{"children":["a"]}`).withCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{add(id, `{"children":["`+strings.Repeat(`x","`, 100)+`y"]}`), 400, "11", "children must name at most 100 identities"},
		step{add(id, `{"children":["a"],"more":1}`).withCaller(withStrictMode(defaultCaller)), 400, "", ""},
		step{remove(id, `{"children":["a"]}`), 200, "", ""},
		step{remove(id, `{"children":["a"]}`), 404, "31", "children.0 is no identity of this client"},
		step{remove(id, `{}`), 400, "12", "children is required"},
		step{newRequest("list-parents", "a", ""), 200, "", ""},
	)
	w.checkGolden("children")
}

func TestDeletion(t *testing.T) {
	w := newTestAPI(t)
	w.createPerson("kid")
	id := w.mustCreate(request{body: minimalBody, caller: trustedCaller})
	w.transcript.Reset()
	remove := newRequest("delete-identity", id, "").withCaller(deletingCaller)
	w.runSteps(
		step{newRequest("add-children", id, `{"children":["kid"]}`), 200, "", ""},
		step{newRequest("add-withdrawal-account", id, bankAccountBody), 201, "", ""},
		step{newRequest("delete-identity", id, ""), 403, "43", "the client may not perform this operation"},
		step{remove.withCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{remove.withHeader("If-Match", `"1"`), 412, "21", "the identity has another version than If-Match names"},
		step{remove.withHeader("If-Match", `"3"`), 204, "", ""},
		step{remove, 404, "31", "identity not found"},
		step{getRequest(id), 404, "31", "identity not found"},
		step{newRequest("list-withdrawal-accounts", id, ""), 404, "31", "identity not found"},
		step{newRequest("list-parents", "kid", ""), 200, "", ""},
		step{request{body: minimalBody, caller: trustedCaller}, 200, "", ""}, // its values are free again
	)
	w.checkGolden("deletion")
}

func TestPermissions(t *testing.T) {
	w := newTestAPI(t)
	w.createPerson("a")
	w.createPerson("b")
	id := w.mustCreate(request{body: minimalBody, caller: trustedCaller})
	w.transcript.Reset()
	add := func(body string) request { return newRequest("add-permissions", id, body) }
	remove := func(reference, query string) request {
		return newRequest("remove-permission", id, "").withParam("reference", reference).withQuery(query)
	}
	list := newRequest("list-permissions", id, "")
	w.runSteps(
		step{list, 200, "", ""},
		step{add(`[{"resource":"IDENTITY","reference":"a","permissions":["account:read"]},{"resource":"IDENTITY","reference":"b","permissions":[]},{"resource":"ACCOUNT","reference":"a","permissions":["admin"]}]`), 201, "", ""},
		step{list, 200, "", ""},
		step{add(`[{"resource":"IDENTITY","reference":"a","permissions":["account:write","admin"]}]`), 201, "", ""},
		step{list, 200, "", ""},
		step{newRequest("list-identities", "", "").withQuery("scopeIdentity=" + id), 200, "", ""},
		step{add(`[{"resource":"IDENTITY","reference":"a","permissions":[]},{"resource":"IDENTITY","reference":"nobody","permissions":[]}]`), 404, "31", "1.reference is no identity of this client"},
		step{add(`[{"resource":"IDENTITY","permissions":[]}]`), 400, "12", "0.reference is required"},
		step{add(`[{"resource":"IDENTITY","reference":"a"}]`), 400, "12", "0.permissions is required"},
		step{add(`[null]`), 400, "12", "0.resource is required"},
		step{add(`{"resource":"IDENTITY"}`), 400, "11", "body must be an array"},
		step{add(`[` + strings.Repeat(`{"resource":"IDENTITY","reference":"a","permissions":[]},`, 100) + `{"resource":"IDENTITY","reference":"a","permissions":[]}]`), 400, "11", "securityOptions.accessControl must hold at most 100 scopes"},
		step{add(`[]`), 201, "", ""},
		step{newRequest("add-permissions", "nobody", `[]`), 404, "31", "identity not found"},
		step{add(`[]`).withCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{list.withCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{remove("a", "resource=OTHER"), 404, "31", "identity not found"},
		step{remove("a", "resource=ACCOUNT"), 204, "", ""},
		step{remove("a", ""), 204, "", ""},
		step{remove("a", ""), 404, "31", "identity not found"},
		step{list, 200, "", ""},
	)
	w.checkGolden("permissions")
}

const bankAccountBody = `{"accountNumber":"1","bank":"B","currency":"CLP","accountHolder":"A","accountHolderDni":"1","country":"CHL","typeAccount":"CHECKING_ACOUNT"}`

func TestWithdrawalAccounts(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(request{body: minimalBody, caller: trustedCaller})
	w.transcript.Reset()
	list, add := newRequest("list-withdrawal-accounts", id, ""), newRequest("add-withdrawal-account", id, bankAccountBody)
	w.runSteps(step{list, 200, "", ""})
	first, second := w.send(add), w.send(add)
	wantStatus(t, first, 201)
	wantStatus(t, second, 201)
	remove := newRequest("remove-withdrawal-account", id, "").withParam("accountId", strings.Trim(jsonAt(t, first.Body, "id"), `"`))
	for n, field := range []string{"accountNumber", "bank", "currency", "accountHolder", "accountHolderDni", "country"} {
		q := add
		q.body = strings.Replace(bankAccountBody, `"`+field+`"`, fmt.Sprintf(`"x%d"`, n), 1)
		w.runSteps(step{q, 400, "12", field + " is required"})
	}
	w.runSteps(
		step{list, 200, "", ""},
		step{list.withCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{add.withCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{newRequest("add-withdrawal-account", "nobody", bankAccountBody), 404, "31", "identity not found"},
		step{newRequest("add-withdrawal-account", id, "[]"), 400, "11", "body must be an object"},
		step{remove.withCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{remove, 204, "", ""},
		step{remove, 404, "31", "identity not found"},
		step{remove.withParam("accountId", "a#b"), 404, "31", "identity not found"},
		step{list, 200, "", ""},
	)
	w.checkGolden("withdrawal-accounts")
	for range 99 {
		wantStatus(t, w.send(add), 201)
	}
	w.runSteps(step{add, 422, "21", "an identity has at most 100 withdrawal accounts"})
}

// TestWithdrawalAccountReplay: a request sent again with its key adds nothing.
func TestWithdrawalAccountReplay(t *testing.T) {
	w := newTestAPI(t)
	w.createPerson("a")
	add := newRequest("add-withdrawal-account", "a", bankAccountBody).withHeader("Idempotency-Key", "k")
	first, again := w.send(add), w.send(add)
	if first.StatusCode != 201 || again.StatusCode != 201 || first.Body != again.Body {
		t.Errorf("second response = %d %s, want 201 %s", again.StatusCode, again.Body, first.Body)
	}
	if first.MultiValueHeaders["Idempotent-Replayed"] != nil || len(again.MultiValueHeaders["Idempotent-Replayed"]) != 1 {
		t.Error("Idempotent-Replayed is not on the second response alone, want it there")
	}
	other := newRequest("add-withdrawal-account", "a", `{"accountNumber":"9","bank":"B","currency":"CLP","accountHolder":"A","accountHolderDni":"1","country":"CHL"}`)
	w.runSteps(
		step{other.withHeader("Idempotency-Key", "k"), 422, "21", "Idempotency-Key was used with another request"},
		step{other.withHeader("Idempotency-Key", "l"), 201, "", ""},
		step{other, 201, "", ""},
		step{other, 201, "", ""},
	)
}
