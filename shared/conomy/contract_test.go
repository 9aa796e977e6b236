package conomy_test

import (
	"testing"

	"cedula/shared/apidocs"
	"cedula/shared/auth"
)

// TestPreconditionsOfChanges checks that every change of an identity checks If-Match, and rejects an Idempotency-Key
// that another request has used.
func TestPreconditionsOfChanges(t *testing.T) {
	for _, change := range []request{
		patchRequest("a", `{"nickname":"b"}`),
		newRequest("deactivate-identity", "a", ""),
		newRequest("reactivate-identity", "a", ""),
		newRequest("add-children", "a", `{"children":["b"]}`),
		newRequest("remove-children", "a", `{"children":["b"]}`),
		newRequest("add-permissions", "a", `[]`),
		removePermissionRequest("a", "r", ""),
		verifyRequest("a", "email"),
		confirmRequest("a", "email", `{"code":"000000"}`),
		newRequest("decide-screening", "a", `{"decision":"clear","reason":"r","reviewer":"v"}`),
		newRequest("hold-identity", "a", `{"reason":"r"}`),
		newRequest("release-identity", "a", ""),
	} {
		t.Run(change.Operation, func(t *testing.T) {
			w := newTestAPI(t)
			w.createPersons("a", "b")
			change = change.WithCaller(caller("acme", auth.ScopeAll))
			wantStatus(t, w.Send(change.WithHeader("If-Match", etag(9))), 412)
			wantStatus(t, w.Send(patchRequest("a", `{"nickname":"n"}`).WithHeader("Idempotency-Key", "k")), 200)
			wantStatus(t, w.Send(change.WithHeader("Idempotency-Key", "k")), 422)
		})
	}
}

func TestReferenceIsServed(t *testing.T) {
	w := newTestAPI(t)
	w.api.Reference = apidocs.Conomy
	for _, path := range []string{"/openapi.yaml", "/docs", "/docs/redoc.js"} {
		wantStatus(t, w.Send(request{Operation: path}), 200)
	}
}
