package conomy_test

import (
	"fmt"
	"strings"
	"testing"

	"cedula/shared/auth"
)

var remover = caller("acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite, auth.ScopeIdentityDelete)

// step is a request and the status, the code and the detail of its answer.
type step struct {
	request
	status       int
	code, detail string
}

func (w *world) steps(steps ...step) {
	w.Helper()
	for _, s := range steps {
		w.later()
		got := w.send(s.request)
		wantStatus(w, got, s.status)
		if s.code != "" && (at(w, got.Body, "code") != `"`+s.code+`"` || at(w, got.Body, "detail") != `"`+s.detail+`"`) {
			w.Errorf("%s %.200s: got %s, want %s %s", s.operation, s.body, got.Body, s.code, s.detail)
		}
	}
}

func TestChildrenAndParents(t *testing.T) {
	w := newWorld(t)
	for _, id := range []string{"a", "b", "c"} {
		w.person(id)
	}
	id := w.made(request{body: minimal, caller: trusted})
	w.told.Reset()
	add := func(id, body string) request { return to("add-children", id, body) }
	remove := func(id, body string) request { return to("remove-children", id, body) }
	w.steps(
		step{add(id, `{"children":["a","b"]}`), 200, "", ""},
		step{add(id, `{"children":["b"]}`), 200, "", ""},
		step{add(id, `{"children":[]}`), 200, "", ""},
		step{add("a", `{"children":["c"]}`), 200, "", ""},
		step{patch("b", `{"name":"Renamed","lastname":null}`), 200, "", ""},
		step{get(id), 200, "", ""},
		step{to("list-parents", "b", ""), 200, "", ""},
		step{to("list-parents", id, ""), 200, "", ""},
		step{to("list-parents", "nobody", ""), 404, "31", "identity not found"},
		step{to("list-parents", "b", "").by(other), 404, "31", "identity not found"},
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
		step{add(id, `{"children":["a"]}`).by(other), 404, "31", "identity not found"},
		step{add(id, `{"children":["`+strings.Repeat(`x","`, 100)+`y"]}`), 400, "11", "children must name at most 100 identities"},
		step{add(id, `{"children":["a"],"more":1}`).by(strict(usual)), 400, "", ""},
		step{remove(id, `{"children":["a"]}`), 200, "", ""},
		step{remove(id, `{"children":["a"]}`), 404, "31", "children.0 is no identity of this client"},
		step{remove(id, `{}`), 400, "12", "children is required"},
		step{to("list-parents", "a", ""), 200, "", ""},
	)
	w.golden("children")
}

func TestDeletion(t *testing.T) {
	w := newWorld(t)
	w.person("kid")
	id := w.made(request{body: minimal, caller: trusted})
	w.told.Reset()
	remove := to("delete-identity", id, "").by(remover)
	w.steps(
		step{to("add-children", id, `{"children":["kid"]}`), 200, "", ""},
		step{to("add-withdrawal-account", id, account), 201, "", ""},
		step{to("delete-identity", id, ""), 403, "43", "the client may not perform this operation"},
		step{remove.by(other), 404, "31", "identity not found"},
		step{remove.with("If-Match", `"1"`), 412, "21", "the identity has another version than If-Match names"},
		step{remove.with("If-Match", `"3"`), 204, "", ""},
		step{remove, 404, "31", "identity not found"},
		step{get(id), 404, "31", "identity not found"},
		step{to("list-withdrawal-accounts", id, ""), 404, "31", "identity not found"},
		step{to("list-parents", "kid", ""), 200, "", ""},
		step{request{body: minimal, caller: trusted}, 200, "", ""}, // its values are free again
	)
	w.golden("deletion")
}

func TestPermissions(t *testing.T) {
	w := newWorld(t)
	w.person("a")
	w.person("b")
	id := w.made(request{body: minimal, caller: trusted})
	w.told.Reset()
	add := func(body string) request { return to("add-permissions", id, body) }
	remove := func(reference, query string) request {
		return to("remove-permission", id, "").at("reference", reference).where(query)
	}
	list := to("list-permissions", id, "")
	w.steps(
		step{list, 200, "", ""},
		step{add(`[{"resource":"IDENTITY","reference":"a","permissions":["account:read"]},{"resource":"IDENTITY","reference":"b","permissions":[]},{"resource":"ACCOUNT","reference":"a","permissions":["admin"]}]`), 201, "", ""},
		step{list, 200, "", ""},
		step{add(`[{"resource":"IDENTITY","reference":"a","permissions":["account:write","admin"]}]`), 201, "", ""},
		step{list, 200, "", ""},
		step{to("list-identities", "", "").where("scopeIdentity=" + id), 200, "", ""},
		step{add(`[{"resource":"IDENTITY","reference":"a","permissions":[]},{"resource":"IDENTITY","reference":"nobody","permissions":[]}]`), 404, "31", "1.reference is no identity of this client"},
		step{add(`[{"resource":"IDENTITY","permissions":[]}]`), 400, "12", "0.reference is required"},
		step{add(`[{"resource":"IDENTITY","reference":"a"}]`), 400, "12", "0.permissions is required"},
		step{add(`[null]`), 400, "12", "0.resource is required"},
		step{add(`{"resource":"IDENTITY"}`), 400, "11", "body must be an array"},
		step{add(`[` + strings.Repeat(`{"resource":"IDENTITY","reference":"a","permissions":[]},`, 100) + `{"resource":"IDENTITY","reference":"a","permissions":[]}]`), 400, "11", "securityOptions.accessControl must hold at most 100 scopes"},
		step{add(`[]`), 201, "", ""},
		step{to("add-permissions", "nobody", `[]`), 404, "31", "identity not found"},
		step{add(`[]`).by(other), 404, "31", "identity not found"},
		step{list.by(other), 404, "31", "identity not found"},
		step{remove("a", "resource=OTHER"), 404, "31", "identity not found"},
		step{remove("a", "resource=ACCOUNT"), 204, "", ""},
		step{remove("a", ""), 204, "", ""},
		step{remove("a", ""), 404, "31", "identity not found"},
		step{list, 200, "", ""},
	)
	w.golden("permissions")
}

const account = `{"accountNumber":"1","bank":"B","currency":"CLP","accountHolder":"A","accountHolderDni":"1","country":"CHL","typeAccount":"CHECKING_ACOUNT"}`

func TestWithdrawalAccounts(t *testing.T) {
	w := newWorld(t)
	id := w.made(request{body: minimal, caller: trusted})
	w.told.Reset()
	list, add := to("list-withdrawal-accounts", id, ""), to("add-withdrawal-account", id, account)
	w.steps(step{list, 200, "", ""})
	first, second := w.send(add), w.send(add)
	wantStatus(t, first, 201)
	wantStatus(t, second, 201)
	remove := to("remove-withdrawal-account", id, "").at("accountId", strings.Trim(at(t, first.Body, "id"), `"`))
	for n, field := range []string{"accountNumber", "bank", "currency", "accountHolder", "accountHolderDni", "country"} {
		q := add
		q.body = strings.Replace(account, `"`+field+`"`, fmt.Sprintf(`"x%d"`, n), 1)
		w.steps(step{q, 400, "12", field + " is required"})
	}
	w.steps(
		step{list, 200, "", ""},
		step{list.by(other), 404, "31", "identity not found"},
		step{add.by(other), 404, "31", "identity not found"},
		step{to("add-withdrawal-account", "nobody", account), 404, "31", "identity not found"},
		step{to("add-withdrawal-account", id, "[]"), 400, "11", "body must be an object"},
		step{remove.by(other), 404, "31", "identity not found"},
		step{remove, 204, "", ""},
		step{remove, 404, "31", "identity not found"},
		step{remove.at("accountId", "a#b"), 404, "31", "identity not found"},
		step{list, 200, "", ""},
	)
	w.golden("withdrawal-accounts")
	for range 99 {
		wantStatus(t, w.send(add), 201)
	}
	w.steps(step{add, 422, "21", "an identity has at most 100 withdrawal accounts"})
}
