package conomy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cedula/shared/auth"
	"cedula/shared/blnk"
)

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
			made := w.SendTo(&blnk.API{Identities: w.Identities}, request{Operation: "create-identity", Body: tt.body})
			wantStatus(t, made, 201)
			found := w.Send(getRequest(text(t, made.Body, "identity_id")))
			wantStatus(t, found, 200)
		})
	}
	w.CheckGolden("made-by-blnk")
}

func TestManageIdentityCreatedByBlnk(t *testing.T) {
	w := newTestAPI(t)
	other := &blnk.API{Identities: w.Identities}
	made := w.SendTo(other, createRequest(`{"identity_id":"idt_11111111-1111-4111-8111-111111111111",
		"identity_type":"individual","first_name":"Alice","last_name":"Smith","email_address":"alice@example.com","country":"CAN","meta_data":{"n":9007199254740993}}`))
	wantStatus(t, made, 201)
	id := text(t, made.Body, "identity_id")
	w.Send(listRequest("email=ALICE@example.com"))
	w.Send(searchRequest(`{"country":"CAN","type":"USER"}`))
	w.Send(newRequest("update-identity", id, `{"lastname":"Jones","nickname":"Al","metadata":{"m":1.50}}`))
	w.Send(newRequest("deactivate-identity", id, `{}`))
	w.SendTo(other, getRequest(id))
	w.Send(newRequest("delete-identity", id, "").WithCaller(caller("acme", auth.ScopeIdentityDelete)))
	w.SendTo(other, getRequest(id))
	w.CheckGolden("manages-blnks")
}

// TestTokenizedFieldsAreListed checks that a response names exactly the fields that show a placeholder.
func TestTokenizedFieldsAreListed(t *testing.T) {
	w := newTestAPI(t)
	const contact = `"email":"Ana@Example.com","phone":"+56912345678","documentType":"RUT","idv":"iv"`
	sealed := w.mustCreate(createRequest(`{"name":"Ana","address":{"street":"Uno 1","zipcode":"775"},"documentNumber":"1-9",` + contact + `}`).WithCaller(trustedCaller))
	plain := w.mustCreate(createRequest(`{"name":"Bea","documentNumber":"2-7",` + contact + `}`).WithCaller(trustedCaller))
	fields := `{"fields":["PostCode","FirstName","OtherNames","EmailAddress","PhoneNumber","Street"]}`
	wantStatus(t, w.SendTo(&blnk.API{Identities: w.Identities}, newRequest("tokenize-identity", sealed, fields)), 200)
	const all = `["name","email","phone","address.street","address.zipcode"]`
	for _, r := range []request{getRequest(sealed), patchRequest(sealed, `{"nickname":"A"}`), newRequest("deactivate-identity", sealed, "")} {
		wantJSON(t, w.Send(r).Body, "tokenizedFields", all)
	}
	found := elements(t, w.Send(listRequest("email=ana@example.com")).Body, "data")
	wantJSON(t, found[0], "tokenizedFields", "")
	wantJSON(t, found[1], "tokenizedFields", all)
	parent := w.Send(newRequest("add-children", plain, `{"children":["`+sealed+`"]}`)).Body
	wantJSON(t, parent, "tokenizedFields", "")
	wantJSON(t, elements(t, parent, "children")[0], "tokenizedFields", `["name","email"]`)
	wantJSON(t, w.Send(patchRequest(sealed, `{"address":null}`)).Body, "tokenizedFields", `["name","email","phone"]`)
}

func TestTokenizedNameIsListedOnlyWhereShown(t *testing.T) {
	for body, want := range map[string]string{
		`{"first_name":"Ana","organization_name":"Firm"}`:                                `["name"]`,
		`{"identity_type":"organization","first_name":"Ana","organization_name":"Firm"}`: "",
		`{"identity_type":"organization","first_name":"Ana","last_name":"Alba"}`:         `["name","lastname"]`,
		`{"organization_name":"Firm","last_name":"Alba"}`:                                `["lastname"]`,
	} {
		w := newTestAPI(t)
		other := &blnk.API{Identities: w.Identities}
		id := text(t, w.SendTo(other, createRequest(body)).Body, "identity_id")
		wantStatus(t, w.SendTo(other, newRequest("tokenize-identity", id, `{"fields":["FirstName","LastName"]}`)), 200)
		wantJSON(t, w.Send(getRequest(id)).Body, "tokenizedFields", want)
	}
}

// The digits of a placeholder are random, so a new country must not be compared with them.
func TestCountryChangeIgnoresTokenizedPhone(t *testing.T) {
	w := newTestAPI(t)
	for n := range 10 {
		id := w.mustCreate(createRequest(strings.Replace(juana, "11.111.111-1", fmt.Sprintf("1000000%d-9", n), 1)).WithCaller(trustedCaller))
		wantStatus(t, w.Send(patchRequest(id, `{"country":"PER"}`)), 400)
		wantStatus(t, w.SendTo(&blnk.API{Identities: w.Identities}, newRequest("tokenize-identity", id, `{"fields":["PhoneNumber"]}`)), 200)
		wantStatus(t, w.Send(patchRequest(id, `{"country":"PER"}`)), 200)
	}
}

// TestIdentitiesOfTestClientsAreMarked: a live client can tell them, in both APIs.
func TestIdentitiesOfTestClientsAreMarked(t *testing.T) {
	w := newTestAPI(t)
	other := &blnk.API{Identities: w.Identities}
	ids := map[string]string{}
	for want, creator := range map[string]map[string]any{"true": testModeCaller, "": trustedCaller} {
		body := strings.Replace(minimalBody, "11.111.111-1", "1000000"+fmt.Sprint(len(want))+"-9", 1)
		id := text(t, w.Send(createRequest(body).WithCaller(creator)).Body, "id")
		ids[want] = id
		wantJSON(t, w.Send(getRequest(id)).Body, "test", want)
		if got := w.SendTo(other, getRequest(id)).MultiValueHeaders["Cedula-Test"]; (want != "") != slices.Equal(got, []string{id}) {
			t.Errorf("Cedula-Test of an identity whose test is %q = %q", want, got)
		}
		wantJSON(t, w.Send(patchRequest(id, `{"nickname":"A"}`)).Body, "test", want)
	}
	if n := strings.Count(w.Send(listRequest("")).Body, `"test":true`); n != 1 {
		t.Errorf("%d identities of the list are marked, want 1 of 2", n)
	}
	wantHeader(t, w.SendTo(other, newRequest("list-identities", "", "")), "Cedula-Test", ids["true"])
}

// TestWriteIncludesReading: a client that may only write or review gets the identity that it changes, and may reactivate it, as
// the contract says, but cannot read others.
func TestWriteIncludesReading(t *testing.T) {
	w := newTestAPI(t)
	id := w.mustCreate(createRequest(minimalBody).WithCaller(trustedCaller))
	writer := caller("acme", auth.ScopeIdentityWrite)
	wantStatus(t, w.Send(getRequest(id).WithCaller(writer)), 403)
	for _, q := range []request{patchRequest(id, `{}`).WithCaller(writer), newRequest("deactivate-identity", id, ``).WithCaller(trustedCaller), newRequest("reactivate-identity", id, ``).WithCaller(writer)} {
		got := w.Send(q)
		wantStatus(t, got, 200)
		wantJSON(t, got.Body, "email", `"ana@example.com"`)
	}
	wantStatus(t, w.Send(listRequest("").WithCaller(writer)), 403)
	wantStatus(t, w.Send(getRequest(id).WithCaller(reviewingCaller)), 403)
}
