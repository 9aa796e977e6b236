package blnk_test

import (
	"fmt"
	"strings"
	"testing"

	"cedula/shared/auth"
)

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
						wantEqual(t, other+" after "+sent, shown, should)
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
	wantEqual(t, "created_at", jsonAt(t, w.send(back.withCaller(strict)).Body, "created_at"), jsonAt(t, read.Body, "created_at"))
	wantStatus(t, w.send(request{body: `{"identity_type":"individual"}`}.withCaller(strict)), 201)
}
