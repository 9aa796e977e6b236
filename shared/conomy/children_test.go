package conomy_test

import (
	"fmt"
	"strings"
	"testing"
)

func TestChildrenAndParents(t *testing.T) {
	w := newTestAPI(t)
	w.createPersons("a", "b", "c")
	id := w.mustCreate(createRequest(minimalBody).WithCaller(trustedCaller))
	w.Transcript.Reset()
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
		step{newRequest("list-parents", "absent", ""), 404, "31", "identity not found"},
		step{newRequest("list-parents", "b", "").WithCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{add(id, `{"children":["c","absent"]}`), 404, "31", "children.1 does not refer to an existing identity"},
		step{add(id, `{"children":["`+id+`"]}`), 400, "11", "children.0 must not be the identity itself"},
		step{add("c", `{"children":["`+id+`"]}`), 422, "21", "an identity cannot be its own ancestor"},
		step{add(id, `{"children":["c","c"]}`), 400, "11", "children.1 occurs twice in the list"},
		step{add(id, `{}`), 400, "12", "children is required"},
		step{add(id, `{"children":null}`), 400, "12", "children is required"},
		step{add(id, `{"children":"a"}`), 400, "11", "children must be an array"},
		step{add(id, `{"children":[{"id":"a"}]}`), 400, "11", "children.0 must be a string"},
		step{add(id, ``), 400, "14", "body is empty"},
		step{add("absent", `{"children":["a"]}`), 404, "31", "identity not found"},
		step{add(id, `{"children":["a"]}`).WithCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{add(id, `{"children":["`+strings.Repeat(`x","`, 100)+`y"]}`), 400, "11", "children must name at most 100 identities"},
		step{add(id, `{"children":["a"],"more":1}`).WithCaller(strictCaller), 400, "", ""},
		step{remove(id, `{"children":["a"]}`), 200, "", ""},
		step{remove(id, `{"children":["a"]}`), 404, "31", "children.0 does not refer to an existing identity"},
		step{remove(id, `{}`), 400, "12", "children is required"},
		step{newRequest("list-parents", "a", ""), 200, "", ""},
	)
	w.CheckGolden("children")
}

func TestDeletion(t *testing.T) {
	w := newTestAPI(t)
	w.createPersons("kid")
	id := w.mustCreate(createRequest(minimalBody).WithCaller(trustedCaller))
	w.Transcript.Reset()
	remove := newRequest("delete-identity", id, "").WithCaller(deletingCaller)
	w.runSteps(
		step{newRequest("add-children", id, `{"children":["kid"]}`), 200, "", ""},
		step{newRequest("add-withdrawal-account", id, bankAccountBody), 201, "", ""},
		step{newRequest("delete-identity", id, ""), 403, "43", "the client may not perform this operation"},
		step{remove.WithCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{remove.WithHeader("If-Match", etag(1)), 412, "21", "the identity does not have the version in If-Match"},
		step{remove.WithHeader("If-Match", etag(3)), 204, "", ""},
		step{remove, 404, "31", "identity not found"},
		step{getRequest(id), 404, "31", "identity not found"},
		step{newRequest("list-withdrawal-accounts", id, ""), 404, "31", "identity not found"},
		step{newRequest("list-parents", "kid", ""), 200, "", ""},
		step{createRequest(minimalBody).WithCaller(trustedCaller), 200, "", ""}, // the deleted identity does not conflict
	)
	w.CheckGolden("deletion")
}

func TestPermissions(t *testing.T) {
	w := newTestAPI(t)
	w.createPersons("a", "b")
	id := w.mustCreate(createRequest(minimalBody).WithCaller(trustedCaller))
	w.Transcript.Reset()
	add := func(body string) request { return newRequest("add-permissions", id, body) }
	list := newRequest("list-permissions", id, "")
	w.runSteps(
		step{list, 200, "", ""},
		step{add(`[{"resource":"IDENTITY","reference":"a","permissions":["account:read"]},{"resource":"IDENTITY","reference":"b","permissions":[]},{"resource":"ACCOUNT","reference":"a","permissions":["admin"]}]`), 201, "", ""},
		step{list, 200, "", ""},
		step{add(`[{"resource":"IDENTITY","reference":"a","permissions":["account:write","admin"]}]`), 201, "", ""},
		step{list, 200, "", ""},
		step{listRequest("scopeIdentity=" + id), 200, "", ""},
		step{add(`[{"resource":"IDENTITY","reference":"a","permissions":[]},{"resource":"IDENTITY","reference":"absent","permissions":[]}]`), 404, "31", "1.reference does not refer to an existing identity"},
		step{add(`[{"resource":"IDENTITY","permissions":[]}]`), 400, "12", "0.reference is required"},
		step{add(`[{"resource":"IDENTITY","reference":"a"}]`), 400, "12", "0.permissions is required"},
		step{add(`[null]`), 400, "12", "0.resource is required"},
		step{add(`{"resource":"IDENTITY"}`), 400, "11", "body must be an array"},
		step{add(`[` + strings.Repeat(`{"resource":"IDENTITY","reference":"a","permissions":[]},`, 100) + `{"resource":"IDENTITY","reference":"a","permissions":[]}]`), 400, "11", "securityOptions.accessControl must hold at most 100 scopes"},
		step{add(`[]`), 201, "", ""},
		step{newRequest("add-permissions", "absent", `[]`), 404, "31", "identity not found"},
		step{add(`[]`).WithCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{list.WithCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{removePermissionRequest(id, "a", "resource=OTHER"), 404, "31", "identity not found"},
		step{removePermissionRequest(id, "a", "resource=ACCOUNT"), 204, "", ""},
		step{removePermissionRequest(id, "a", ""), 204, "", ""},
		step{removePermissionRequest(id, "a", ""), 404, "31", "identity not found"},
		step{list, 200, "", ""},
	)
	w.CheckGolden("permissions")
}

func TestWithdrawalAccounts(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(createRequest(minimalBody).WithCaller(trustedCaller))
	w.Transcript.Reset()
	list, add := newRequest("list-withdrawal-accounts", id, ""), newRequest("add-withdrawal-account", id, bankAccountBody)
	w.runSteps(step{list, 200, "", ""})
	first, second := w.Send(add), w.Send(add)
	wantStatus(t, first, 201)
	wantStatus(t, second, 201)
	remove, malformed := newRequest("remove-withdrawal-account", id, ""), newRequest("remove-withdrawal-account", id, "")
	remove.Params["accountId"] = text(t, first.Body, "id")
	malformed.Params["accountId"] = "a#b"
	for n, field := range []string{"accountNumber", "bank", "currency", "accountHolder", "accountHolderDni", "country"} {
		q := add
		q.Body = strings.Replace(bankAccountBody, `"`+field+`"`, fmt.Sprintf(`"x%d"`, n), 1)
		w.runSteps(step{q, 400, "12", field + " is required"})
	}
	w.runSteps(
		step{list, 200, "", ""},
		step{list.WithCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{add.WithCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{newRequest("add-withdrawal-account", "absent", bankAccountBody), 404, "31", "identity not found"},
		step{newRequest("add-withdrawal-account", id, "[]"), 400, "11", "body must be an object"},
		step{remove.WithCaller(otherTenantCaller), 404, "31", "identity not found"},
		step{remove, 204, "", ""},
		step{remove, 404, "31", "identity not found"},
		step{malformed, 404, "31", "identity not found"},
		step{list, 200, "", ""},
	)
	w.CheckGolden("withdrawal-accounts")
}

func TestWithdrawalAccountReplay(t *testing.T) {
	w := newTestAPI(t)
	w.createPersons("a")
	add := newRequest("add-withdrawal-account", "a", bankAccountBody).WithHeader("Idempotency-Key", "k")
	first, again := w.Send(add), w.Send(add)
	if first.StatusCode != 201 || again.StatusCode != 201 || first.Body != again.Body {
		t.Errorf("second response = %d %s, want 201 %s", again.StatusCode, again.Body, first.Body)
	}
	wantHeader(t, again, "Idempotent-Replayed", "true")
	other := newRequest("add-withdrawal-account", "a", strings.Replace(bankAccountBody, "1", "9", 1))
	w.runSteps(
		step{other.WithHeader("Idempotency-Key", "k"), 422, "21", "Idempotency-Key was used with a different request"},
		step{other.WithHeader("Idempotency-Key", "l"), 201, "", ""},
		step{other, 201, "", ""},
	)
}
