package faulttest_test

import (
	"fmt"
	"time"
)

// operation is one request that meets faults.
type operation struct {
	name                string
	prepare             func(c *trial)
	buildRequest        func(c *trial) request
	wantStatus          int
	takesIdempotencyKey bool // it takes an Idempotency-Key, and its repetition is a replay
	returnsIdentity     bool // its answer is what a fetch shows
	readOnly            bool // it changes nothing
}

// personBody is the body of a create in Conomy's dialect.
func personBody(n int, more string) string {
	return fmt.Sprintf(`{"name":"Canary","email":"canary%d@example.com","phone":"+5691234%04d","documentType":"RUT",`+
		`"documentNumber":"7317317%d","idv":"iv","country":"CHL"%s}`, n, n, n, more)
}

const (
	bankAccountBody = `{"accountNumber":"canary1","bank":"B","currency":"CLP","accountHolder":"Canary","accountHolderDni":"1-9","country":"CHL"}`
	pendingField    = `,"status":"PENDING"`
)

func (c *trial) create(n int, more string) string {
	c.Helper()
	return c.mustSend(request{"POST", "/identities", personBody(n, more), nil}, "id")
}

func createOne(more string) func(*trial)         { return func(c *trial) { c.identityID = c.create(1, more) } }
func (c *trial) identityPath(more string) string { return "/identities/" + c.identityID + more }

// identityRequest asks for an operation on the cell's identity.
func identityRequest(method, more, body string) func(*trial) request {
	return func(c *trial) request { return request{method, c.identityPath(more), body, nil} }
}

// createParentAndChild is an identity with a child.
func createParentAndChild(c *trial) {
	c.identityID, c.prepared = c.create(1, ""), c.create(2, "")
	c.mustSend(request{"POST", c.identityPath("/children"), `{"children":["` + c.prepared + `"]}`, nil}, "")
}

// createTwo are identities without a link.
func createTwo(c *trial) { c.identityID, c.prepared = c.create(1, ""), c.create(2, "") }

// createWithAccount is an identity with a withdrawal account.
func createWithAccount(c *trial) {
	c.identityID = c.create(1, "")
	c.prepared = c.mustSend(request{"POST", c.identityPath("/withdrawal-accounts"), bankAccountBody, nil}, "id")
}

// createWithManyAccounts has so many parts that it cannot be deleted in one transaction.
func createWithManyAccounts(c *trial) {
	c.identityID = c.create(1, "")
	for range 45 {
		c.mustSend(request{"POST", c.identityPath("/withdrawal-accounts"), bankAccountBody, nil}, "id")
	}
}

// createWithSentCode is a pending identity to which a code was sent.
func createWithSentCode(c *trial) {
	c.identityID = c.create(1, pendingField)
	c.mustSend(request{"POST", c.identityPath("/verifications"), `{"channel":"email"}`, nil}, "")
	c.prepared = c.queuedCode()
}

// createExpired is an identity whose time is over and whose values another one wants.
func createExpired(c *trial) {
	c.identityID = c.create(1, pendingField)
	c.clockOffset.Store(int64(8 * 24 * time.Hour))
}

func childrenRequest(method string) func(*trial) request {
	return func(c *trial) request {
		return request{method, c.identityPath("/children"), `{"children":["` + c.prepared + `"]}`, nil}
	}
}

func listRequest(q string) func(*trial) request {
	return func(*trial) request { return request{"GET", "/identities" + q, "", nil} }
}

// conomyOperations are those of Conomy's dialect that ask the table.
var conomyOperations = []operation{
	{name: "create-token", prepare: func(*trial) {}, wantStatus: 200, buildRequest: loginRequest(true), readOnly: true},
	{name: "create-token: wrong", prepare: func(*trial) {}, wantStatus: 401, buildRequest: loginRequest(false)},
	{name: "create-identity", prepare: func(*trial) {}, wantStatus: 200, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: func(*trial) request {
		return request{"POST", "/identities", personBody(1, ""), nil}
	}},
	{name: "create-identity: with a child", prepare: createOne(""), wantStatus: 200, takesIdempotencyKey: true, buildRequest: func(c *trial) request {
		return request{"POST", "/identities", personBody(2, `,"children":[{"id":"`+c.identityID+`"}]`), nil}
	}},
	{name: "create-identity: over a lapsed one", prepare: createExpired, wantStatus: 200, takesIdempotencyKey: true, buildRequest: func(*trial) request {
		return request{"POST", "/identities", personBody(1, ""), nil}
	}},
	{name: "create-identity: the key of yesterday", prepare: func(c *trial) {
		c.mustSend(request{"POST", "/identities", personBody(2, ""), []string{"Idempotency-Key", "key"}}, "")
		c.clockOffset.Store(int64(25 * time.Hour))
	}, wantStatus: 200, takesIdempotencyKey: true, buildRequest: func(*trial) request { return request{"POST", "/identities", personBody(1, ""), nil} }},
	{name: "create-identity: taken", prepare: createOne(""), wantStatus: 409, buildRequest: func(*trial) request {
		return request{"POST", "/identities", personBody(1, ""), nil}
	}},
	{name: "list-identities", prepare: createTwo, wantStatus: 200, readOnly: true, buildRequest: listRequest("")},
	{name: "list-identities: by email", prepare: createTwo, wantStatus: 200, readOnly: true, buildRequest: listRequest("?email=canary1@example.com")},
	{name: "list-identities: a page", prepare: createTwo, wantStatus: 200, readOnly: true, buildRequest: listRequest("?limit=1")},
	{name: "list-identities: children", prepare: createParentAndChild, wantStatus: 200, readOnly: true, buildRequest: func(c *trial) request {
		return request{"GET", "/identities?parents=" + c.identityID + "&email=canary2@example.com", "", nil}
	}},
	{name: "search-identities", prepare: createTwo, wantStatus: 200, readOnly: true, buildRequest: func(*trial) request {
		return request{"POST", "/identities/search", `{"status":"ACTIVE"}`, nil}
	}},
	{name: "get-identity", prepare: createParentAndChild, wantStatus: 200, readOnly: true, buildRequest: identityRequest("GET", "", "")},
	{name: "update-identity", prepare: createParentAndChild, wantStatus: 200, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: identityRequest("PATCH", "", `{"nickname":"canary"}`)},
	{name: "update-identity: another claim", prepare: createOne(pendingField), wantStatus: 200, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: identityRequest("PATCH", "", `{"documentNumber":"73173179"}`)},
	{name: "update-identity: other children", prepare: createParentAndChild, wantStatus: 200, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: identityRequest("PATCH", "", `{"children":[]}`)},
	{name: "delete-identity", prepare: createOne(""), wantStatus: 204, buildRequest: identityRequest("DELETE", "", "")},
	{name: "delete-identity: a parent", prepare: createParentAndChild, wantStatus: 204, buildRequest: identityRequest("DELETE", "", "")},
	{name: "delete-identity: many parts", prepare: createWithManyAccounts, wantStatus: 204, buildRequest: identityRequest("DELETE", "", "")},
	{name: "deactivate-identity", prepare: createOne(""), wantStatus: 200, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: identityRequest("PATCH", "/deactivate", "")},
	{name: "reactivate-identity", prepare: createOne(`,"status":"INACTIVE"`), wantStatus: 200, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: identityRequest("PATCH", "/reactivate", "")},
	{name: "add-children", prepare: createTwo, wantStatus: 200, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: childrenRequest("POST")},
	{name: "remove-children", prepare: createParentAndChild, wantStatus: 200, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: childrenRequest("DELETE")},
	{name: "list-parents", prepare: createParentAndChild, wantStatus: 200, readOnly: true, buildRequest: func(c *trial) request {
		return request{"GET", "/identities/parents/" + c.prepared, "", nil}
	}},
	{name: "add-permissions", prepare: createTwo, wantStatus: 201, takesIdempotencyKey: true, buildRequest: func(c *trial) request {
		return request{"POST", c.identityPath("/permissions"), `[{"resource":"IDENTITY","reference":"` + c.prepared + `","permissions":["account:read"]}]`, nil}
	}},
	{name: "list-permissions", prepare: createOne(""), wantStatus: 200, readOnly: true, buildRequest: identityRequest("GET", "/permissions", "")},
	{name: "remove-permission", prepare: func(c *trial) {
		c.identityID = c.create(1, "")
		c.mustSend(request{"POST", c.identityPath("/permissions"), `[{"resource":"OTHER","reference":"r","permissions":[]}]`, nil}, "")
	}, wantStatus: 204, takesIdempotencyKey: true, buildRequest: identityRequest("DELETE", "/permissions/r", "")},
	{name: "list-withdrawal-accounts", prepare: createWithManyAccounts, wantStatus: 200, readOnly: true, buildRequest: identityRequest("GET", "/withdrawal-accounts", "")},
	{name: "add-withdrawal-account", prepare: createWithAccount, wantStatus: 201, takesIdempotencyKey: true, buildRequest: identityRequest("POST", "/withdrawal-accounts", bankAccountBody)},
	{name: "remove-withdrawal-account", prepare: createWithAccount, wantStatus: 204, buildRequest: func(c *trial) request {
		return request{"DELETE", c.identityPath("/withdrawal-accounts/" + c.prepared), "", nil}
	}},
	{name: "start-verification", prepare: createOne(pendingField), wantStatus: 201, takesIdempotencyKey: true, buildRequest: identityRequest("POST", "/verifications", `{"channel":"email"}`)},
	{name: "confirm-verification", prepare: createWithSentCode, wantStatus: 200, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: func(c *trial) request {
		return request{"POST", c.identityPath("/verifications/email/confirm"), `{"code":"` + c.prepared + `"}`, nil}
	}},
	{name: "confirm-verification: wrong", prepare: createWithSentCode, wantStatus: 400, buildRequest: func(c *trial) request {
		return request{"POST", c.identityPath("/verifications/email/confirm"), `{"code":"` + changeFirstDigit(c.prepared) + `"}`, nil}
	}},
	{name: "decide-screening", prepare: createOne(`,"status":"SCREENING"`), wantStatus: 200, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: identityRequest("POST", "/screening", `{"decision":"reject","reason":"canary","reviewer":"r"}`)},
	{name: "hold-identity", prepare: createOne(pendingField), wantStatus: 200, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: identityRequest("POST", "/hold", `{"reason":"canary"}`)},
	{name: "release-identity", prepare: func(c *trial) {
		c.identityID = c.create(1, pendingField)
		c.mustSend(request{"POST", c.identityPath("/hold"), `{"reason":"canary"}`, nil}, "")
	}, wantStatus: 200, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: identityRequest("DELETE", "/hold", "")},
}

// changeFirstDigit is another code of the same form.
func changeFirstDigit(code string) string {
	if code[0] == '9' {
		return "8" + code[1:]
	}
	return "9" + code[1:]
}

func loginRequest(right bool) func(*trial) request {
	return func(c *trial) request {
		secret := c.credentials.ClientSecret
		if !right {
			secret = changeFirstDigit(secret)
		}
		return request{
			"POST", "/auth", `{"clientId":"` + c.credentials.ClientID + `","clientSecret":"` + secret + `"}`,
			[]string{"X-Api-Key", c.credentials.ConomyKey},
		}
	}
}
