package conomy_test

import (
	"strings"
	"testing"

	"cedula/shared/auth"
	"cedula/shared/blnk"
)

// TestReadsWhatBlnkMade pins how an identity of the other dialect reads here.
func TestReadsWhatBlnkMade(t *testing.T) {
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
	w := newWorld(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			made := w.through(&blnk.API{Identities: w.api.Identities}, request{operation: "create-identity", body: tt.body})
			wantStatus(t, made, 201)
			found := w.send(get(strings.Trim(at(t, made.Body, "identity_id"), `"`)))
			wantStatus(t, found, 200)
		})
	}
	w.golden("made-by-blnk")
}

// TestManagesWhatBlnkMade: an identity of the other dialect is listed, searched,
// changed and deleted here, and the other dialect sees it.
func TestManagesWhatBlnkMade(t *testing.T) {
	w := newWorld(t)
	other := &blnk.API{Identities: w.api.Identities}
	made := w.through(other, request{operation: "create-identity", body: `{"identity_id":"idt_11111111-1111-4111-8111-111111111111",
		"identity_type":"individual","first_name":"Alice","last_name":"Smith","email_address":"alice@example.com","country":"CAN","meta_data":{"n":9007199254740993}}`})
	wantStatus(t, made, 201)
	id := strings.Trim(at(t, made.Body, "identity_id"), `"`)
	w.send(request{operation: "list-identities", query: "email=ALICE@example.com"})
	w.send(request{operation: "search-identities", body: `{"country":"CAN","type":"USER"}`})
	w.send(request{operation: "update-identity", id: id, body: `{"lastname":"Jones","nickname":"Al","metadata":{"m":1.50}}`})
	w.send(request{operation: "deactivate-identity", id: id, body: `{}`})
	w.through(other, request{operation: "get-identity", id: id})
	w.send(request{operation: "delete-identity", id: id, caller: caller("acme", auth.ScopeIdentityDelete)})
	w.through(other, request{operation: "get-identity", id: id})
	w.golden("manages-blnks")
}
