package blnk_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"cedula/infra/privacytest"
	"cedula/shared/auth"
)

func TestTokenize(t *testing.T) {
	w := newFullIdentityAPI(t)
	w.send(identityRequest("list-tokenized-fields", ""))
	field := func(operation, name string) {
		r := identityRequest(operation, "")
		r.field = name
		w.send(r)
	}
	field("tokenize-field", "FirstName")
	field("tokenize-field", "firstName")
	field("tokenize-field", "first_name")
	w.send(identityRequest("tokenize-identity", `{"fields":["lastName","EmailAddress","PostCode"]}`))
	w.send(identityRequest("tokenize-identity", `{"fields":["PhoneNumber","Bogus","Street"]}`))
	w.send(identityRequest("tokenize-identity", `{"fields":["PhoneNumber","LastName"]}`))
	w.send(identityRequest("tokenize-identity", `{"fields":[]}`))
	w.send(identityRequest("tokenize-identity", `{}`))
	w.send(identityRequest("list-tokenized-fields", ""))
	w.send(identityRequest("get-identity", ""))
	field("detokenize-field", "FirstName")
	field("detokenize-field", "postCode")
	field("detokenize-field", "PhoneNumber")
	field("detokenize-field", "Bogus")
	w.send(identityRequest("detokenize-identity", `{"fields":["lastName","EmailAddress"]}`))
	w.send(identityRequest("detokenize-identity", `{"fields":[]}`))
	w.send(identityRequest("detokenize-identity", `{"fields":["LastName","Street"]}`))
	w.send(identityRequest("detokenize-identity", `{}`))
	w.send(identityRequest("detokenize-identity", ""))
	w.send(request{operation: "tokenize-identity", id: "absent", body: `{"fields":["Street"]}`})
	w.send(request{operation: "detokenize-identity", id: "absent", body: `{"fields":[]}`, caller: allScopesCaller})
	w.send(request{operation: "list-tokenized-fields", id: "absent"})
	w.checkGolden("tokenize")
}

// TestUntokenizableFieldIsNamed: the error says which of the names is none.
func TestUntokenizableFieldIsNamed(t *testing.T) {
	const is = " is not tokenizable: must be FirstName, LastName, OtherNames, EmailAddress, PhoneNumber, Street or PostCode"
	w := newFullIdentityAPI(t)
	for body, place := range map[string]string{
		`{"fields":["Bogus"]}`:                      "fields.0",
		`{"fields":["PhoneNumber","Street",""]}`:    "fields.2",
		`{"fields":["PhoneNumber","first_name"]}`:   "fields.1",
		`{"fields":["` + canary + `","FirstName"]}`: "fields.0",
		`{"fields":["FirstName","Bogus","Bogus"]}`:  "fields.1",
	} {
		for _, operation := range []string{"tokenize-identity", "detokenize-identity"} {
			wantError(t, w.send(identityRequest(operation, body)), 400, "IDT_FIELD_NOT_TOKENIZABLE", place+is)
		}
	}
}

// TestUpdateOfATokenizedField: a new value is sealed, one that is sent back as
// it was shown stays, and the tokenization survives new metadata.
func TestUpdateOfATokenizedField(t *testing.T) {
	w := newFullIdentityAPI(t)
	wantStatus(t, w.send(identityRequest("tokenize-identity", `{"fields":["FirstName","LastName","Street"]}`)), 200)
	shown := w.send(identityRequest("get-identity", "")).Body
	wantStatus(t, w.send(identityRequest("update-identity", shown)), 200) // as a client does that reads, changes and writes
	wantStatus(t, w.send(identityRequest("update-identity", `{"first_name":"Plain","street":"","meta_data":{"tokenized_fields":"oops"}}`)), 200)
	wantStatus(t, w.send(identityRequest("update-metadata", `{"meta_data":{"tokenized_fields":{"FirstName":false}}}`)), 200)
	wantEqual(t, "values", w.send(identityRequest("detokenize-identity", `{"fields":[]}`)).Body, `{"fields":{"FirstName":"Plain","LastName":"Ñandú 王","Street":""}}`)
	stale := fmt.Sprintf(`{"first_name":%s}`, jsonAt(t, shown, "first_name"))
	wantError(t, w.send(identityRequest("update-identity", stale)), 400, validation, "first_name must be a value, not the text that stood for an earlier one")
	after := w.send(identityRequest("get-identity", "")).Body
	wantEqual(t, "street", jsonAt(t, after, "street"), `""`)
	wantEqual(t, "last_name", jsonAt(t, after, "last_name"), jsonAt(t, shown, "last_name"))
	wantEqual(t, "first_name is tokenized", strings.HasPrefix(jsonAt(t, after, "first_name"), `"FPT:`), true)
	wantEqual(t, "body", w.send(identityRequest("list-tokenized-fields", "")).Body, `{"tokenized_fields":["FirstName","LastName","Street"]}`)
}

// TestDetokenizeRequiresItsScope: to read and to write an identity is not to see
// what is tokenized.
func TestDetokenizeRequiresItsScope(t *testing.T) {
	w := newFullIdentityAPI(t)
	wantStatus(t, w.send(identityRequest("tokenize-identity", `{"fields":["FirstName"]}`)), 200)
	for _, operation := range []string{"detokenize-identity", "detokenize-field"} {
		r := identityRequest(operation, `{"fields":[]}`)
		r.field = "FirstName"
		for _, scopes := range [][]string{{auth.ScopeIdentityRead, auth.ScopeIdentityWrite, auth.ScopeIdentitySearch}, {}} {
			wantError(t, w.send(r.withCaller(caller("acme", scopes...))), 403, "AUTH_INSUFFICIENT_PERMISSIONS", "Insufficient permissions for this operation")
		}
		for _, scope := range []string{auth.ScopeIdentityDetokenize, auth.ScopeAll} {
			wantStatus(t, w.send(r.withCaller(caller("acme", scope))), 200)
		}
	}
}

// TestAudit: who read which field of whom stands in the log, and no value.
func TestAudit(t *testing.T) {
	w := newTestAPI(t)
	wantStatus(t, w.send(request{body: personBody(`"identity_id":"` + ownID + `","last_name":"` + canary + `"`)}), 201)
	wantStatus(t, w.send(identityRequest("tokenize-identity", `{"fields":["FirstName","LastName","EmailAddress"]}`)), 200)
	output := privacytest.Capture(t, func() {
		one := identityRequest("detokenize-field", "")
		one.field = "lastName"
		wantStatus(t, w.send(one), 200)
		wantStatus(t, w.send(identityRequest("detokenize-identity", `{"fields":[]}`)), 200)
		w.send(identityRequest("detokenize-identity", `{"fields":["City"]}`))
	})
	wantNoCanary(t, output)
	var read []string
	for line := range strings.Lines(output) {
		var l struct {
			Msg, Action, Tenant, Client, Key, Identity, Trace, Time string
			Parts                                                   []string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Msg != "audit" {
			continue
		}
		if l.Action != "detokenize" || l.Tenant != "acme" || l.Client != "client-1" || l.Key != "key-1" || l.Identity != ownID || l.Trace != traceID || l.Time == "" {
			t.Errorf("audit line = %s, want the caller, the identity and the trace in it", line)
		}
		read = append(read, strings.Join(l.Parts, " "))
	}
	if want := []string{"LastName", "FirstName LastName EmailAddress"}; !slices.Equal(read, want) {
		t.Errorf("audited %q, want %q", read, want)
	}
}

// TestTokenizeReplay: the field of the path is a part of the request.
func TestTokenizeReplay(t *testing.T) {
	w := newFullIdentityAPI(t)
	once := func(field string) request {
		r := identityRequest("tokenize-field", "").withHeader("Idempotency-Key", "k")
		r.field = field
		return r
	}
	wantStatus(t, w.send(once("FirstName")), 200)
	again := w.send(once("FirstName"))
	wantStatus(t, again, 200)
	wantEqual(t, "replay is marked", len(again.MultiValueHeaders["Idempotent-Replayed"]) == 1, true)
	wantError(t, w.send(once("LastName")), 422, "GEN_IDEMPOTENCY_REUSED", "Idempotency-Key was used with another request")
}
