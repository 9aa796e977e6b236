package faults_test

import (
	"fmt"
	"time"
)

// operation is one request that meets faults.
type operation struct {
	name    string
	prepare func(c *cell)
	ask     func(c *cell) request
	want    int
	keyed   bool // it takes an Idempotency-Key, and its repetition is a replay
	shows   bool // its answer is what a fetch shows
	reads   bool // it changes nothing
}

// person is the body of a create in Conomy's dialect.
func person(n int, more string) string {
	return fmt.Sprintf(`{"name":"Canary","email":"canary%d@example.com","phone":"+5691234%04d","documentType":"RUT",`+
		`"documentNumber":"7317317%d","idv":"iv","country":"CHL"%s}`, n, n, n, more)
}

const (
	bank    = `{"accountNumber":"canary1","bank":"B","currency":"CLP","accountHolder":"Canary","accountHolderDni":"1-9","country":"CHL"}`
	pending = `,"status":"PENDING"`
)

func (c *cell) create(n int, more string) string {
	c.Helper()
	return c.must(request{"POST", "/identities", person(n, more), nil}, "id")
}

func one(more string) func(*cell)       { return func(c *cell) { c.id = c.create(1, more) } }
func (c *cell) path(more string) string { return "/identities/" + c.id + more }

// to asks for an operation on the cell's identity.
func to(method, more, body string) func(*cell) request {
	return func(c *cell) request { return request{method, c.path(more), body, nil} }
}

// family is an identity with a child.
func family(c *cell) {
	c.id, c.other = c.create(1, ""), c.create(2, "")
	c.must(request{"POST", c.path("/children"), `{"children":["` + c.other + `"]}`, nil}, "")
}

// two are identities without a link.
func two(c *cell) { c.id, c.other = c.create(1, ""), c.create(2, "") }

// account is an identity with a withdrawal account.
func account(c *cell) {
	c.id = c.create(1, "")
	c.other = c.must(request{"POST", c.path("/withdrawal-accounts"), bank, nil}, "id")
}

// crowd has so many parts that it cannot be deleted in one transaction.
func crowd(c *cell) {
	c.id = c.create(1, "")
	for range 45 {
		c.must(request{"POST", c.path("/withdrawal-accounts"), bank, nil}, "id")
	}
}

// sent is a pending identity to which a code was sent.
func sent(c *cell) {
	c.id = c.create(1, pending)
	c.must(request{"POST", c.path("/verifications"), `{"channel":"email"}`, nil}, "")
	c.other = c.code()
}

// lapsed is an identity whose time is over and whose values another one wants.
func lapsed(c *cell) {
	c.id = c.create(1, pending)
	c.ahead.Store(int64(8 * 24 * time.Hour))
}

func children(method string) func(*cell) request {
	return func(c *cell) request {
		return request{method, c.path("/children"), `{"children":["` + c.other + `"]}`, nil}
	}
}

func list(q string) func(*cell) request {
	return func(*cell) request { return request{"GET", "/identities" + q, "", nil} }
}

// conomyOperations are those of Conomy's dialect that ask the table.
var conomyOperations = []operation{
	{name: "create-token", prepare: func(*cell) {}, want: 200, ask: login(true), reads: true},
	{name: "create-token: wrong", prepare: func(*cell) {}, want: 401, ask: login(false)},
	{name: "create-identity", prepare: func(*cell) {}, want: 200, keyed: true, shows: true, ask: func(*cell) request {
		return request{"POST", "/identities", person(1, ""), nil}
	}},
	{name: "create-identity: with a child", prepare: one(""), want: 200, keyed: true, ask: func(c *cell) request {
		return request{"POST", "/identities", person(2, `,"children":[{"id":"`+c.id+`"}]`), nil}
	}},
	{name: "create-identity: over a lapsed one", prepare: lapsed, want: 200, keyed: true, ask: func(*cell) request {
		return request{"POST", "/identities", person(1, ""), nil}
	}},
	{name: "create-identity: the key of yesterday", prepare: func(c *cell) {
		c.must(request{"POST", "/identities", person(2, ""), []string{"Idempotency-Key", "key"}}, "")
		c.ahead.Store(int64(25 * time.Hour))
	}, want: 200, keyed: true, ask: func(*cell) request { return request{"POST", "/identities", person(1, ""), nil} }},
	{name: "create-identity: taken", prepare: one(""), want: 409, ask: func(*cell) request {
		return request{"POST", "/identities", person(1, ""), nil}
	}},
	{name: "list-identities", prepare: two, want: 200, reads: true, ask: list("")},
	{name: "list-identities: by email", prepare: two, want: 200, reads: true, ask: list("?email=canary1@example.com")},
	{name: "list-identities: a page", prepare: two, want: 200, reads: true, ask: list("?limit=1")},
	{name: "list-identities: children", prepare: family, want: 200, reads: true, ask: func(c *cell) request {
		return request{"GET", "/identities?parents=" + c.id + "&email=canary2@example.com", "", nil}
	}},
	{name: "search-identities", prepare: two, want: 200, reads: true, ask: func(*cell) request {
		return request{"POST", "/identities/search", `{"status":"ACTIVE"}`, nil}
	}},
	{name: "get-identity", prepare: family, want: 200, reads: true, ask: to("GET", "", "")},
	{name: "update-identity", prepare: family, want: 200, keyed: true, shows: true, ask: to("PATCH", "", `{"nickname":"canary"}`)},
	{name: "update-identity: another claim", prepare: one(pending), want: 200, keyed: true, shows: true, ask: to("PATCH", "", `{"documentNumber":"73173179"}`)},
	{name: "update-identity: other children", prepare: family, want: 200, keyed: true, shows: true, ask: to("PATCH", "", `{"children":[]}`)},
	{name: "delete-identity", prepare: one(""), want: 204, ask: to("DELETE", "", "")},
	{name: "delete-identity: a parent", prepare: family, want: 204, ask: to("DELETE", "", "")},
	{name: "delete-identity: many parts", prepare: crowd, want: 204, ask: to("DELETE", "", "")},
	{name: "deactivate-identity", prepare: one(""), want: 200, keyed: true, shows: true, ask: to("PATCH", "/deactivate", "")},
	{name: "reactivate-identity", prepare: one(`,"status":"INACTIVE"`), want: 200, keyed: true, shows: true, ask: to("PATCH", "/reactivate", "")},
	{name: "add-children", prepare: two, want: 200, keyed: true, shows: true, ask: children("POST")},
	{name: "remove-children", prepare: family, want: 200, keyed: true, shows: true, ask: children("DELETE")},
	{name: "list-parents", prepare: family, want: 200, reads: true, ask: func(c *cell) request {
		return request{"GET", "/identities/parents/" + c.other, "", nil}
	}},
	{name: "add-permissions", prepare: two, want: 201, keyed: true, ask: func(c *cell) request {
		return request{"POST", c.path("/permissions"), `[{"resource":"IDENTITY","reference":"` + c.other + `","permissions":["account:read"]}]`, nil}
	}},
	{name: "list-permissions", prepare: one(""), want: 200, reads: true, ask: to("GET", "/permissions", "")},
	{name: "remove-permission", prepare: func(c *cell) {
		c.id = c.create(1, "")
		c.must(request{"POST", c.path("/permissions"), `[{"resource":"OTHER","reference":"r","permissions":[]}]`, nil}, "")
	}, want: 204, keyed: true, ask: to("DELETE", "/permissions/r", "")},
	{name: "list-withdrawal-accounts", prepare: crowd, want: 200, reads: true, ask: to("GET", "/withdrawal-accounts", "")},
	{name: "add-withdrawal-account", prepare: account, want: 201, keyed: true, ask: to("POST", "/withdrawal-accounts", bank)},
	{name: "remove-withdrawal-account", prepare: account, want: 204, ask: func(c *cell) request {
		return request{"DELETE", c.path("/withdrawal-accounts/" + c.other), "", nil}
	}},
	{name: "start-verification", prepare: one(pending), want: 201, keyed: true, ask: to("POST", "/verifications", `{"channel":"email"}`)},
	{name: "confirm-verification", prepare: sent, want: 200, keyed: true, shows: true, ask: func(c *cell) request {
		return request{"POST", c.path("/verifications/email/confirm"), `{"code":"` + c.other + `"}`, nil}
	}},
	{name: "confirm-verification: wrong", prepare: sent, want: 400, ask: func(c *cell) request {
		return request{"POST", c.path("/verifications/email/confirm"), `{"code":"` + wrong(c.other) + `"}`, nil}
	}},
	{name: "decide-screening", prepare: one(`,"status":"SCREENING"`), want: 200, keyed: true, shows: true, ask: to("POST", "/screening", `{"decision":"reject","reason":"canary","reviewer":"r"}`)},
	{name: "hold-identity", prepare: one(pending), want: 200, keyed: true, shows: true, ask: to("POST", "/hold", `{"reason":"canary"}`)},
	{name: "release-identity", prepare: func(c *cell) {
		c.id = c.create(1, pending)
		c.must(request{"POST", c.path("/hold"), `{"reason":"canary"}`, nil}, "")
	}, want: 200, keyed: true, shows: true, ask: to("DELETE", "/hold", "")},
}

// wrong is another code of the same form.
func wrong(code string) string {
	if code[0] == '9' {
		return "8" + code[1:]
	}
	return "9" + code[1:]
}

func login(right bool) func(*cell) request {
	return func(c *cell) request {
		secret := c.client.ClientSecret
		if !right {
			secret = wrong(secret)
		}
		return request{
			"POST", "/auth", `{"clientId":"` + c.client.ClientID + `","clientSecret":"` + secret + `"}`,
			[]string{"X-Api-Key", c.client.ConomyKey},
		}
	}
}
