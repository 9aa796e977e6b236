package blnk_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cedula/shared/auth"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

const ownID = "idt_11111111-1111-4111-8111-111111111111"

// allScopesCaller may do all that an identity's routes ask for.
var allScopesCaller = caller("acme", auth.ScopeIdentityRead, auth.ScopeIdentityWrite, auth.ScopeIdentityDelete, auth.ScopeIdentityDetokenize, auth.ScopeIdentitySearch)

// identityRequest is a request about the identity with every field.
func identityRequest(operation, body string) request {
	return request{operation: operation, id: ownID, body: body, caller: allScopesCaller}
}

// newFullIdentityAPI is a world that holds the identity with every field.
func newFullIdentityAPI(t *testing.T) *testAPI {
	t.Helper()
	w := newTestAPI(t)
	wantStatus(t, w.send(request{body: fullBody}), 201)
	w.transcript.Reset()
	return w
}

func TestUpdate(t *testing.T) {
	w := newFullIdentityAPI(t)
	w.now = w.now.Add(1000)
	for _, body := range []string{
		`{"first_name":"Alicia","city":"Toronto"}`,
		`{"other_names":"","gender":null,"dob":null,"meta_data":null}`,
		`{"identity_id":"idt_22222222-2222-4222-8222-222222222222","created_at":"2001-01-01T00:00:00Z","state":"Quebec","nickname":"x"}`,
		`{"identity_type":"alien","dob":"1991-02-16","meta_data":{"only":"this"}}`,
		`{}`,
		`{"created_at":"2001-01-01T00:00:00Z"}`,
		`{"dob":"yesterday"}`,
		`{"city":5}`,
	} {
		w.send(identityRequest("update-identity", body))
	}
	w.send(identityRequest("get-identity", ""))
	w.send(request{operation: "update-identity", id: "idt_22222222-2222-4222-8222-222222222222", body: `{"city":"x"}`})
	w.checkGolden("update")
}

// TestUpdateFields: each field can be set and cleared, and no other moves.
func TestUpdateFields(t *testing.T) {
	for _, name := range identityFields {
		if name == "identity_id" || name == "created_at" {
			continue
		}
		set, cleared := `"New text"`, `""`
		switch name {
		case "dob":
			set, cleared = `"2001-02-03T00:00:00Z"`, `"0001-01-01T00:00:00Z"`
		case "meta_data":
			set, cleared = `{"big":9007199254740993}`, "null"
		}
		for _, clear := range []string{"null", `""`} {
			if name == "meta_data" && clear == `""` {
				continue
			}
			t.Run(name+" cleared by "+clear, func(t *testing.T) {
				w := newFullIdentityAPI(t)
				before := w.send(identityRequest("get-identity", "")).Body
				for sent, want := range map[string]string{set: set, clear: cleared} {
					got := w.send(identityRequest("update-identity", fmt.Sprintf(`{%q:%s}`, name, sent)))
					wantStatus(t, got, 200)
					for _, other := range identityFields {
						shown, should := jsonAt(t, got.Body, other), jsonAt(t, before, other)
						if other == name {
							should = want
						}
						if shown != should {
							t.Errorf("%s set to %s: %s is %s, want %s", name, sent, other, shown, should)
						}
					}
				}
			})
		}
	}
}

func TestConditionalChanges(t *testing.T) {
	w := newFullIdentityAPI(t)
	w.send(identityRequest("update-identity", `{"city":"A"}`).withHeader("If-Match", `"7"`))
	w.send(identityRequest("delete-identity", "").withHeader("If-Match", `"7"`))
	w.send(identityRequest("update-identity", `{"city":"B"}`).withHeader("If-Match", `"1"`).withHeader("Idempotency-Key", "k"))
	w.send(identityRequest("update-identity", `{"city":"B"}`).withHeader("If-Match", `"1"`).withHeader("Idempotency-Key", "k"))
	w.send(identityRequest("update-identity", `{"city":"C"}`).withHeader("Idempotency-Key", "k"))
	w.send(identityRequest("get-identity", "").withHeader("If-None-Match", `"2"`))
	w.send(identityRequest("delete-identity", "").withHeader("If-Match", `"2"`))
	w.send(identityRequest("delete-identity", ""))
	w.send(identityRequest("get-identity", ""))
	w.checkGolden("conditional")
}

// TestETagDiffersAfterRecreation: the tag of an identity is not that of another one which takes its
// id later, in the very same version.
func TestETagDiffersAfterRecreation(t *testing.T) {
	w := newTestAPI(t)
	const id = "idt_11111111-1111-4111-8111-111111111111"
	own := request{body: `{"identity_id":"` + id + `"}`}
	tag := func() string { return w.send(own).MultiValueHeaders["Etag"][0] }
	of := func(operation, body string) request {
		return request{operation: operation, id: id, body: body, caller: allScopesCaller}
	}
	first := tag()
	wantStatus(t, w.send(of("get-identity", "").withHeader("If-None-Match", first)), 304)
	wantStatus(t, w.send(of("delete-identity", "").withHeader("If-Match", first)), 200)
	w.now = w.now.Add(time.Microsecond)
	second := tag()
	if got := w.send(of("get-identity", "").withHeader("If-None-Match", first)); got.StatusCode != 200 || got.MultiValueHeaders["Etag"][0] != second || first == second {
		t.Errorf("the tags are %s and %s: %d", first, second, got.StatusCode)
	}
	wantStatus(t, w.send(of("update-identity", `{"city":"x"}`).withHeader("If-Match", first)), 412)
	wantStatus(t, w.send(request{operation: "tokenize-field", id: id, field: "Street", caller: allScopesCaller}.withHeader("If-Match", first)), 412)
	wantStatus(t, w.send(of("delete-identity", "").withHeader("If-Match", first)), 412)
	wantStatus(t, w.send(of("delete-identity", "").withHeader("If-Match", second)), 200)
}

// TestStrictClientErrors: a strict client's mistakes are refused, in Blnk's way.
func TestStrictClientErrors(t *testing.T) {
	strict := caller("acme", auth.ScopeAll)
	strict["mode"] = "strict"
	for _, tt := range []struct{ name, body, code, text string }{
		{"no type", `{"first_name":"A"}`, validation, "identity_type must be individual or organization"},
		{"another type", `{"identity_type":"alien"}`, validation, "identity_type must be individual or organization"},
		{"no email address", `{"identity_type":"individual","email_address":"not an email"}`, validation, "email_address must be an email address such as name@example.com"},
		{"a member nobody knows", `{"identity_type":"individual","nickname":"x"}`, validation, "nickname is not known"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newFullIdentityAPI(t)
			wantError(t, w.send(request{body: tt.body}.withCaller(strict)), 400, tt.code, tt.text)
			if !strings.Contains(tt.name, "no type") {
				wantError(t, w.send(identityRequest("update-identity", tt.body).withCaller(strict)), 400, tt.code, tt.text)
			}
		})
	}
	w := newFullIdentityAPI(t)
	wantStatus(t, w.send(request{body: seedBody}.withCaller(strict)), 201)
	wantStatus(t, w.send(identityRequest("update-identity", `{"city":"x"}`).withCaller(strict)), 200) // the email that is there already may stay
	wantError(t, w.send(identityRequest("update-metadata", `{"meta_data":{},"x":1}`).withCaller(strict)), 400, malformed, "x is not known")
	wantError(t, w.send(identityRequest("update-identity", `{"identity_id":"x","created_at":1}`).withCaller(strict)), 400, "GEN_BAD_REQUEST", "No fields provided for update")
	read := w.send(request{body: seedBody}.withCaller(strict))
	wantStatus(t, w.send(request{body: strings.Replace(read.Body, jsonAt(t, read.Body, "identity_id"), `""`, 1)}.withCaller(strict)), 201)
	back := identityRequest("update-identity", read.Body)
	back.id = strings.Trim(jsonAt(t, read.Body, "identity_id"), `"`)
	if got := w.send(back.withCaller(strict)); jsonAt(t, got.Body, "created_at") != jsonAt(t, read.Body, "created_at") {
		t.Errorf("what was read is put back: %d %s", got.StatusCode, got.Body)
	}
}

// TestConomyUniquenessIsEnforced: what the other dialect holds to be unique stays so.
func TestConomyUniquenessIsEnforced(t *testing.T) {
	w := newTestAPI(t)
	for n, email := range []string{"ana@example.com", "bea@example.com"} {
		p := identity.Profile{Kind: identity.Individual, Email: email, Phone: "+56912345678", DocumentNumber: "1-9"}
		w.create(t, registry.Draft{Profile: p, Claims: []identity.Claim{p.UniquenessClaim()}, ID: fmt.Sprint("conomy", n)})
	}
	taken := request{operation: "update-identity", id: "conomy1", body: `{"email_address":"ANA@example.com"}`}
	wantError(t, w.send(taken), 409, "GEN_CONFLICT", "An identity with the same documentNumber, email_address, phone_number already exists")
	free := request{operation: "update-identity", id: "conomy1", body: `{"email_address":"carl@example.com"}`}
	wantStatus(t, w.send(free), 200)
}
