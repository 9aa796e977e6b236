package conomy_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"cedula/shared/auth"
	"cedula/shared/blnk"
)

// TestReadIdentityCreatedByBlnk pins how an identity of the other dialect reads here.
func TestReadIdentityCreatedByBlnk(t *testing.T) {
	tests := []struct{ name, body string }{
		{"person", `{"identity_type":"individual","first_name":"Alice","last_name":"Smith","other_names":"Bo","gender":"female",
			"dob":"1990-01-15T00:00:00Z","email_address":"alice.smith@example.com","phone_number":"555 1234","nationality":"Canadian",
			"category":"customer","street":"1 Main","country":"Canada","state":"Ontario","post_code":"K1A","city":"Ottawa",
			"meta_data":{"customer_id":"CUST123456","n":9007199254740993}}`},
		{"organization", `{"identity_type":"organization","organization_name":"Firm Ltd","first_name":"Contact"}`},
		{"organization without a name", `{"identity_type":"organization","first_name":"Contact"}`},
		{"kind of its own", `{"identity_type":"alien","organization_name":"Only this"}`},
		{"zero date of birth", `{"dob":"0001-01-01T00:00:00Z"}`},
		{"nothing", `{}`},
	}
	w := newTestAPI(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			made := w.sendTo(&blnk.API{Identities: w.api.Identities}, request{operation: "create-identity", body: tt.body})
			wantStatus(t, made, 201)
			found := w.send(getRequest(strings.Trim(jsonAt(t, made.Body, "identity_id"), `"`)))
			wantStatus(t, found, 200)
		})
	}
	w.checkGolden("made-by-blnk")
}

// TestManageIdentityCreatedByBlnk: an identity of the other dialect is listed, searched,
// changed and deleted here, and the other dialect sees it.
func TestManageIdentityCreatedByBlnk(t *testing.T) {
	w := newTestAPI(t)
	other := &blnk.API{Identities: w.api.Identities}
	made := w.sendTo(other, request{operation: "create-identity", body: `{"identity_id":"idt_11111111-1111-4111-8111-111111111111",
		"identity_type":"individual","first_name":"Alice","last_name":"Smith","email_address":"alice@example.com","country":"CAN","meta_data":{"n":9007199254740993}}`})
	wantStatus(t, made, 201)
	id := strings.Trim(jsonAt(t, made.Body, "identity_id"), `"`)
	w.send(request{operation: "list-identities", query: "email=ALICE@example.com"})
	w.send(request{operation: "search-identities", body: `{"country":"CAN","type":"USER"}`})
	w.send(request{operation: "update-identity", id: id, body: `{"lastname":"Jones","nickname":"Al","metadata":{"m":1.50}}`})
	w.send(request{operation: "deactivate-identity", id: id, body: `{}`})
	w.sendTo(other, request{operation: "get-identity", id: id})
	w.send(request{operation: "delete-identity", id: id, caller: caller("acme", auth.ScopeIdentityDelete)})
	w.sendTo(other, request{operation: "get-identity", id: id})
	w.checkGolden("manages-blnks")
}

// newTokenizedPair are two that share an email address and a phone, of which the first
// has its tokenizable fields tokenized through the other dialect.
func newTokenizedPair(t *testing.T) (w *testAPI, sealed, plain string) {
	w = newTestAPI(t)
	const contact = `"email":"Ana@Example.com","phone":"+56912345678","documentType":"RUT","idv":"iv"`
	sealed = w.mustCreate(request{caller: trustedCaller, body: `{"name":"Ana","lastname":"Alba","address":{"street":"Uno 1","zipcode":"775"},"documentNumber":"1-9",` + contact + `}`})
	plain = w.mustCreate(request{caller: trustedCaller, body: `{"name":"Bea","documentNumber":"2-7",` + contact + `}`})
	wantStatus(t, w.sendTo(&blnk.API{Identities: w.api.Identities}, request{
		operation: "tokenize-identity", id: sealed, body: `{"fields":["PostCode","FirstName","OtherNames","EmailAddress","PhoneNumber","Street"]}`,
	}), 200)
	return w, sealed, plain
}

// TestTokenizedContactsAreSearchable: by their email and phone as before, and not by what
// stands in their place.
func TestTokenizedContactsAreSearchable(t *testing.T) {
	w, sealed, plain := newTokenizedPair(t)
	shown := w.send(getRequest(sealed)).Body
	wantStatus(t, w.send(newRequest("add-permissions", plain, `[{"resource":"IDENTITY","reference":"`+sealed+`","permissions":["admin"]}]`)), 201)
	both := `"` + plain + `" "` + sealed + `" `
	for body, want := range map[string]string{
		`{"email":"ANA@example.com"}`:                                   both,
		`{"phone":"+56912345678"}`:                                      both,
		`{"email":"ana@example.com","phone":"+56912345678"}`:            both,
		`{"email":"ana@example.com","documentNumber":"1-9"}`:            `"` + sealed + `" `,
		`{"phone":"+56912345678","scopeIdentity":"` + plain + `"}`:      `"` + sealed + `" `,
		`{"email":"other@example.com","documentNumber":"1-9"}`:          "",
		`{"email":` + jsonAt(t, shown, "email") + `}`:                   "",
		`{"phone":` + jsonAt(t, shown, "phone") + `,"status":"ACTIVE"}`: "",
	} {
		got := w.send(newRequest("search-identities", "", body))
		wantStatus(t, got, 200)
		ids := ""
		for _, i := range jsonElements(t, jsonAt(t, got.Body, "data")) {
			ids += jsonAt(t, i, "id") + " "
		}
		if ids != want {
			t.Errorf("search %s: got %s, want %s", body, ids, want)
		}
		wantJSON(t, got.Body, "pagination.total", strconv.Itoa(strings.Count(want, " ")))
	}
}

// TestTokenizedFieldsAreListed: wherever a random text is shown, the answer says so,
// and it says nothing of what is not shown.
func TestTokenizedFieldsAreListed(t *testing.T) {
	w, sealed, plain := newTokenizedPair(t)
	const all = `["name","email","phone","address.street","address.zipcode"]`
	wantMark := func(identity, want string) {
		t.Helper()
		wantJSON(t, identity, "tokenizedFields", want)
	}
	for _, r := range []request{getRequest(sealed), patchRequest(sealed, `{"nickname":"A"}`), newRequest("deactivate-identity", sealed, "")} {
		wantMark(w.send(r).Body, all)
	}
	found := jsonElements(t, jsonAt(t, w.send(newRequest("list-identities", "", "").withQuery("email=ana@example.com")).Body, "data"))
	wantMark(found[0], "")
	wantMark(found[1], all)
	parent := w.send(newRequest("add-children", plain, `{"children":["`+sealed+`"]}`)).Body
	wantMark(parent, "")
	wantMark(jsonElements(t, jsonAt(t, parent, "children"))[0], `["name","email"]`)
	wantMark(w.send(patchRequest(sealed, `{"address":null}`)).Body, `["name","email","phone"]`)
}

// TestPlaceholderIsRejectedAsValue: what the other dialect shows of a tokenized field does not
// take the place of its value; in a field that is not tokenized it is a text.
func TestPlaceholderIsRejectedAsValue(t *testing.T) {
	w, sealed, plain := newTokenizedPair(t)
	other := &blnk.API{Identities: w.api.Identities}
	wantStatus(t, w.sendTo(other, request{operation: "tokenize-field", id: sealed, params: map[string]string{"field": "LastName"}}), 200)
	shown := w.sendTo(other, getRequest(sealed)).Body
	values := func() string {
		return w.sendTo(other, request{operation: "detokenize-identity", id: sealed, body: `{"fields":[]}`, caller: caller("acme", auth.ScopeAll)}).Body
	}
	before := values()
	for member, body := range map[string]string{
		"name":            `{"name":` + jsonAt(t, shown, "first_name") + `}`,
		"lastname":        `{"lastname":` + jsonAt(t, shown, "last_name") + `}`,
		"address.street":  `{"address":{"street":` + jsonAt(t, shown, "street") + `}}`,
		"address.zipcode": `{"address":{"zipcode":"FPT:1:AAAAAAAAAAAAAAAA"}}`,
	} {
		wantError(t, w.send(patchRequest(sealed, body)), 400, "11", member+" must be a value, not the text that stood for an earlier one")
		wantStatus(t, w.send(patchRequest(plain, body)), 200)
	}
	if after := values(); after != before || !strings.Contains(before, "Alba") {
		t.Errorf("values = %s, want %s as before, with Alba", after, before)
	}
}

// TestTokenizedNameIsListedOnlyWhereShown: name is marked only where the tokenized one is shown.
func TestTokenizedNameIsListedOnlyWhereShown(t *testing.T) {
	for body, want := range map[string]string{
		`{"first_name":"Ana","organization_name":"Firm"}`:                                `["name"]`,
		`{"identity_type":"organization","first_name":"Ana","organization_name":"Firm"}`: "",
		`{"identity_type":"organization","first_name":"Ana","last_name":"Alba"}`:         `["name","lastname"]`,
		`{"organization_name":"Firm","last_name":"Alba"}`:                                `["lastname"]`,
	} {
		w := newTestAPI(t)
		other := &blnk.API{Identities: w.api.Identities}
		id := strings.Trim(jsonAt(t, w.sendTo(other, request{operation: "create-identity", body: body}).Body, "identity_id"), `"`)
		wantStatus(t, w.sendTo(other, request{operation: "tokenize-identity", id: id, body: `{"fields":["FirstName","LastName"]}`}), 200)
		wantJSON(t, w.send(getRequest(id)).Body, "tokenizedFields", want)
	}
}

// TestCountryChangeIgnoresTokenizedPhone: a new country is not held against digits that are
// random.
func TestCountryChangeIgnoresTokenizedPhone(t *testing.T) {
	w := newTestAPI(t)
	other := &blnk.API{Identities: w.api.Identities}
	for n := range 10 {
		id := w.mustCreate(request{caller: trustedCaller, body: fmt.Sprintf(
			`{"name":"Ana","email":"a@example.com","phone":"+56912345678","documentType":"RUT","documentNumber":"1000000%d-9","idv":"iv","country":"CHL"}`, n)})
		wantStatus(t, w.send(patchRequest(id, `{"country":"PER"}`)), 400)
		wantStatus(t, w.sendTo(other, request{operation: "tokenize-identity", id: id, body: `{"fields":["PhoneNumber"]}`}), 200)
		wantStatus(t, w.send(patchRequest(id, `{"country":"PER"}`)), 200)
	}
}

func jsonElements(t *testing.T, list string) []string {
	t.Helper()
	var raw []json.RawMessage
	if err := json.Unmarshal([]byte(list), &raw); err != nil {
		t.Fatal(err)
	}
	texts := make([]string, len(raw))
	for n := range raw {
		texts[n] = string(raw[n])
	}
	return texts
}
