package conomy_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"cedula/shared/registry"
	"cedula/shared/table"
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
		step{patchRequest(id, `{"securityOptions":{"accessControl":{"scopes":[{"resource":"OTHER","reference":"absent","permissions":[]},{"resource":"IDENTITY","reference":"absent","permissions":[]}]}}}`).WithCaller(strictCaller), 404, "31", "securityOptions.accessControl.scopes.1.reference does not refer to an existing identity"},
		step{createRequest(strings.Replace(minimalBody, "{", `{"securityOptions":{"accessControl":{"scopes":[{"resource":"IDENTITY","reference":"a#","permissions":[]}]}},`, 1)).WithCaller(strictCaller), 404, "31", "securityOptions.accessControl.scopes.0.reference does not refer to an existing identity"},
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

// TestPermissionsNameOneIncarnation: a permission ends with the identity that it names, also one that v0.1.0 stored.
func TestPermissionsNameOneIncarnation(t *testing.T) {
	const scope = `{"resource":"IDENTITY","reference":"x","permissions":["p"]}`
	ends := map[string]func(*testAPI){
		"deletion": func(w *testAPI) {
			wantStatus(w, w.Send(newRequest("delete-identity", "x", "").WithCaller(deletingCaller)), 204)
		},
		"expiry": func(w *testAPI) { w.Now = w.Now.Add(30 * 24 * time.Hour) },
	}
	for name, end := range ends {
		for _, stored := range []string{"this release", "v0.1.0"} {
			t.Run(name+" with a record of "+stored, func(t *testing.T) {
				w := newTestAPI(t)
				createX := func() {
					t.Helper()
					if _, err := w.Identities.Create(t.Context(), registry.Draft{Tenant: "acme", ID: "x"}); err != nil {
						t.Fatal(err)
					}
					w.advanceHour()
				}
				createX()
				create := createRequest(strings.Replace(minimalBody, "{", `{"securityOptions":{"accessControl":{"scopes":[`+scope+`]}},`, 1)).
					WithCaller(trustedCaller).WithHeader("Idempotency-Key", "k")
				id := w.mustCreate(create)
				want := func(when string, count int) {
					t.Helper()
					for _, shown := range []request{
						getRequest(id), newRequest("list-permissions", id, ""), listRequest("status=ACTIVE"), patchRequest(id, `{}`), create,
					} {
						if got := w.Send(shown); got.StatusCode != 200 || strings.Count(got.Body, `"reference"`) != count {
							t.Errorf("%s: %s returns %d %s, want %d permissions", when, shown.Operation, got.StatusCode, got.Body, count)
						}
					}
					if got := w.Send(listRequest("scopeIdentity=" + id)); strings.Count(got.Body, `"id":"x"`) != count {
						t.Errorf("%s: the list by scopeIdentity is %s, want %d identities", when, got.Body, count)
					}
				}
				if stored == "v0.1.0" {
					w.forgetIncarnations(id)
				}
				want("before", 1)
				w.advanceHour()
				end(w)
				if name == "expiry" {
					create = getRequest(id) // the key has expired too
				}
				want("afterwards", 0)
				createX()
				wantStatus(t, w.Send(patchRequest(id, `{"nickname":"n"}`)), 200)
				want("beside a later identity", 0)
				wantStatus(t, w.Send(newRequest("add-permissions", id, "["+scope+"]")), 201)
				if got := w.Send(newRequest("list-permissions", id, "")); got.Body != "["+scope+"]" {
					t.Errorf("permissions = %s, want [%s]", got.Body, scope)
				}
			})
		}
	}
}

// TestPermissionOnNoIdentity: a lenient client may send one, as Conomy's documentation does. It never has an effect.
func TestPermissionOnNoIdentity(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(createRequest(seedBody).WithCaller(trustedCaller))
	for n, want := range []string{`"permissions":["account:write","account:read"]`, `"scopes":[]`} {
		if got := w.Send(getRequest(id)); !strings.Contains(got.Body, want) {
			t.Errorf("%d: identity = %s, want %s", n, got.Body, want)
		}
		if got := w.Send(listRequest("scopeIdentity=" + id)); !strings.Contains(got.Body, `{"data":[]`) {
			t.Errorf("%d: list by scopeIdentity = %s, want none", n, got.Body)
		}
		if n == 0 {
			w.createPersons("6808d26af21dc6b97c1cc12a")
		}
	}
}

// forgetIncarnations stores the permissions of an identity as v0.1.0 does.
func (w *testAPI) forgetIncarnations(id string) {
	w.Helper()
	page, err := w.Table.Query(w.Context(), table.Query{PK: "T#acme#I#" + id, To: "#~", Strong: true})
	if err != nil || len(page.Items) != 1 {
		w.Fatalf("items = %v, %v, want the identity", page.Items, err)
	}
	item := page.Items[0]
	item.Body = regexp.MustCompile(`(\["p"\]),"c":"[^"]*"`).ReplaceAll(item.Body, []byte("$1"))
	if _, err := w.Table.Write(w.Context(), table.Put(item, table.Exists())); err != nil {
		w.Fatal(err)
	}
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

// TestWithdrawalAccountReplay: a keyed request takes effect once in 24 hours, whatever happens to the account.
func TestWithdrawalAccountReplay(t *testing.T) {
	const reused = "Idempotency-Key was used with a different request"
	w := newTestAPI(t)
	w.createPersons("a", "b")
	keyed := func(id, key, body string) request {
		return newRequest("add-withdrawal-account", id, body).WithHeader("Idempotency-Key", key)
	}
	otherBody := strings.Replace(bankAccountBody, "1", "9", 1)
	count := func(id string, want int) {
		t.Helper()
		if got, err := w.Identities.ListWithdrawalAccounts(t.Context(), "acme", id); err != nil || len(got) != want {
			t.Errorf("accounts of %s = %d, %v, want %d", id, len(got), err, want)
		}
	}
	add := keyed("a", "k", bankAccountBody)
	first := w.Send(add)
	wantReplay := func(when string) {
		t.Helper()
		again := w.Send(add)
		if again.StatusCode != 201 || first.Body != again.Body {
			t.Errorf("repetition %s = %d %s, want 201 %s", when, again.StatusCode, again.Body, first.Body)
		}
		wantHeader(t, again, "Idempotent-Replayed", "true")
	}
	wantReplay("immediately")
	w.deleteChangeClaims("a")
	wantReplay("of a request to v0.1.0, which stored the account only")
	w.runSteps(step{keyed("a", "k", otherBody), 422, "21", reused})
	add = keyed("a", "r", bankAccountBody)
	first = w.Send(add)
	remove := newRequest("remove-withdrawal-account", "a", "")
	remove.Params["accountId"] = text(t, first.Body, "id")
	w.runSteps(
		step{remove, 204, "", ""},
		step{patchRequest("a", `{"nickname":"n"}`).WithHeader("Idempotency-Key", "p"), 200, "", ""},
		step{keyed("a", "p", bankAccountBody), 422, "21", reused},
		step{patchRequest("a", `{"nickname":"n"}`).WithHeader("Idempotency-Key", "r"), 422, "21", reused},
		step{keyed("a", "r", otherBody), 422, "21", reused},
		step{keyed("a", "l", otherBody), 201, "", ""},
		step{newRequest("add-withdrawal-account", "a", otherBody), 201, "", ""},
	)
	wantReplay("after the account was removed")
	count("a", 3)
	for range registry.MaxWithdrawalAccounts - 3 {
		wantStatus(t, w.Send(newRequest("add-withdrawal-account", "a", otherBody)), 201)
	}
	wantReplay("beside the maximum of accounts")
	w.Now = w.Now.Add(25 * time.Hour)
	w.runSteps(step{add, 422, "21", "an identity has at most 100 withdrawal accounts"})

	w.runSteps(step{keyed("b", "k", bankAccountBody), 201, "", ""})
	w.Now = w.Now.Add(24 * time.Hour)
	w.runSteps(step{keyed("b", "k", otherBody), 201, "", ""}, step{keyed("b", "k", otherBody), 201, "", ""})
	count("b", 2)
	w.runSteps(
		step{newRequest("delete-identity", "b", "").WithCaller(deletingCaller), 204, "", ""},
		step{keyed("b", "k", otherBody), 404, "31", "identity not found"},
	)
	w.createPersons("b")
	w.runSteps(step{keyed("b", "k", bankAccountBody), 201, "", ""})
	count("b", 1)
}

// deleteChangeClaims deletes the idempotency claims of an identity's changes.
func (w *testAPI) deleteChangeClaims(id string) {
	w.Helper()
	page, err := w.Table.Query(w.Context(), table.Query{PK: "T#acme#I#" + id, From: "O#", To: "O#~", Strong: true})
	for n := range page.Items {
		_, failed := w.Table.Write(w.Context(), table.Delete(page.Items[n].Key, table.Always()))
		err = errors.Join(err, failed)
	}
	if err != nil {
		w.Fatal(err)
	}
}
