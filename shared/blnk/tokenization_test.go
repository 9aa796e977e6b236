package blnk_test

import (
	"fmt"
	"strings"
	"testing"

	"cedula/infra/apitest"
	"cedula/infra/privacytest"
)

func TestTokenize(t *testing.T) {
	w := newFullIdentityAPI(t)
	w.Send(identityRequest("list-tokenized-fields", ""))
	field := func(operation, name string) { w.Send(fieldRequest(operation, name)) }
	field("tokenize-field", "FirstName")
	field("tokenize-field", "firstName")
	field("tokenize-field", "first_name")
	w.Send(identityRequest("tokenize-identity", `{"fields":["lastName","EmailAddress","PostCode"]}`))
	w.Send(identityRequest("tokenize-identity", `{"fields":["PhoneNumber","Bogus","Street"]}`))
	w.Send(identityRequest("tokenize-identity", `{"fields":["PhoneNumber","LastName"]}`))
	w.Send(identityRequest("tokenize-identity", `{"fields":[]}`))
	w.Send(identityRequest("tokenize-identity", `{}`))
	w.Send(identityRequest("list-tokenized-fields", ""))
	w.Send(identityRequest("get-identity", ""))
	field("detokenize-field", "FirstName")
	field("detokenize-field", "postCode")
	field("detokenize-field", "PhoneNumber")
	field("detokenize-field", "Bogus")
	w.Send(identityRequest("detokenize-identity", `{"fields":["lastName","EmailAddress"]}`))
	w.Send(identityRequest("detokenize-identity", `{"fields":[]}`))
	w.Send(identityRequest("detokenize-identity", `{"fields":["LastName","Street"]}`))
	w.Send(identityRequest("detokenize-identity", `{}`))
	w.Send(identityRequest("detokenize-identity", ""))
	w.Send(newRequest("tokenize-identity", "absent", `{"fields":["Street"]}`))
	w.Send(newRequest("detokenize-identity", "absent", `{"fields":[]}`).WithCaller(allScopesCaller))
	w.Send(newRequest("list-tokenized-fields", "absent", ""))
	w.CheckGolden("tokenize")
}

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
			wantError(t, w.Send(identityRequest(operation, body)), 400, "IDT_FIELD_NOT_TOKENIZABLE", place+is)
		}
	}
}

func TestStalePlaceholderIsRejected(t *testing.T) {
	w := newFullIdentityAPI(t)
	wantStatus(t, w.Send(fieldRequest("tokenize-field", "FirstName")), 200)
	stale := jsonAt(t, w.Send(getRequest(ownID)).Body, "first_name")
	wantStatus(t, w.Send(identityRequest("update-identity", `{"first_name":"Plain"}`)), 200)
	got := w.Send(identityRequest("update-identity", `{"first_name":`+stale+`}`))
	wantError(t, got, 400, validation, "first_name must be a value, not a placeholder")
}

// TestAudit checks that the log names the client and the fields that it read, without their values.
func TestAudit(t *testing.T) {
	w := newFullIdentityAPI(t)
	wantStatus(t, w.Send(identityRequest("tokenize-identity", `{"fields":["FirstName","LastName","EmailAddress"]}`)), 200)
	output := privacytest.Capture(t, func() {
		wantStatus(t, w.Send(fieldRequest("detokenize-field", "lastName")), 200)
		wantStatus(t, w.Send(identityRequest("detokenize-identity", `{"fields":[]}`)), 200)
		w.Send(identityRequest("detokenize-identity", `{"fields":["City"]}`))
	})
	for _, fields := range []string{`"LastName"`, `"FirstName","LastName","EmailAddress"`} {
		want := `"msg":"audit","action":"detokenize","tenant":"acme","client":"client-1","key":"key-1",` +
			fmt.Sprintf(`"identity":%q,"parts":[%s],"trace":%q`, ownID, fields, apitest.TraceID)
		if !strings.Contains(output, want) {
			t.Errorf("log = %s, want it to contain %s", output, want)
		}
	}
	wantEqual(t, "the log contains a value", strings.Contains(output, "Ñandú") || strings.Contains(output, "not an email"), false)
	wantEqual(t, "number of audit lines", strings.Count(output, `"msg":"audit"`), 2)
}

func TestFieldOfThePathIsPartOfTheFingerprint(t *testing.T) {
	w := newFullIdentityAPI(t)
	once := fieldRequest("tokenize-field", "FirstName").WithHeader("Idempotency-Key", "k")
	wantStatus(t, w.Send(once), 200)
	replay := w.Send(once)
	wantStatus(t, replay, 200)
	wantEqual(t, "number of Idempotent-Replayed", len(replay.MultiValueHeaders["Idempotent-Replayed"]), 1)
	other := fieldRequest("tokenize-field", "LastName").WithHeader("Idempotency-Key", "k")
	wantError(t, w.Send(other), 422, "GEN_IDEMPOTENCY_REUSED", "Idempotency-Key was used with a different request")
}
