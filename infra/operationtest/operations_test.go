package operationtest_test

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// effect is what an operation does, and what its repetition does.
type effect int

const (
	plain effect = iota // it changes something and does not accept an Idempotency-Key
	reads
	once  // it accepts an Idempotency-Key: its repetition is a replay
	shows // as before, and its response is what a fetch returns
)

// operation is a request that meets faults, after a preparation.
type operation struct {
	name               string // the name of its route, and after a colon the variant
	prepare            func(c *trial)
	param, query, body string // see request
	status             int    // of success; 0: 200
	effect             effect
}

func (o *operation) acceptsKey() bool { return o.effect >= once }

func (o *operation) wantStatus() int {
	if o.status == 0 {
		return 200
	}
	return o.status
}

// request returns the operation's request, with a key if it accepts one.
func (o *operation) request() request {
	route, _, _ := strings.Cut(o.name, ":")
	r := request{operation: route, param: o.param, query: o.query, body: o.body}
	if o.acceptsKey() {
		r.key = "key"
	}
	return r
}

const (
	accountBody  = `{"accountNumber":"canary1","bank":"B","currency":"CLP","accountHolder":"Canary","accountHolderDni":"1-9","country":"CHL"}`
	childrenBody = `{"children":["$other"]}`
	emailBody    = `{"channel":"email"}`
	holdBody     = `{"reason":"canary"}`
	pending      = `,"status":"PENDING"`
	wrongSecret  = "0000000000000000000000000000000000000000000000000000000000000000"
)

// person is the body of a create request of the Conomy API. Each n is another person.
func person(n int, more string) string {
	return fmt.Sprintf(`{"name":"Canary","email":"canary%d@example.com","phone":"+5691234%04d","documentType":"RUT",`+
		`"documentNumber":"7317317%d","idv":"iv","country":"CHL"%s}`, n, n, n, more)
}

func (c *trial) create(n int, more string) string {
	c.Helper()
	return c.mustSend(request{operation: "create-identity", body: person(n, more)}, "id")
}

func (c *trial) addAccounts(count int) {
	c.Helper()
	for range count {
		c.other = c.mustSend(request{operation: "add-withdrawal-account", body: accountBody}, "id")
	}
}

// Preparations for the Conomy API.

func created(more string) func(*trial) { return func(c *trial) { c.identityID = c.create(1, more) } }

func createdWithAccounts(count int) func(*trial) {
	return func(c *trial) {
		created("")(c)
		c.addAccounts(count)
	}
}

func twoCreated(c *trial) {
	c.other = c.create(2, "")
	c.identityID = c.create(1, "")
}

func parentCreated(c *trial) {
	twoCreated(c)
	c.mustSend(request{operation: "add-children", body: childrenBody}, "")
}

func childCreated(c *trial) {
	parentCreated(c)
	c.identityID = c.other
}

func codeSent(c *trial) {
	created(pending)(c)
	c.mustSend(request{operation: "start-verification", body: emailBody}, "")
	m, holder, err := c.store.Lease(context.Background(), c.queuedMessage(), c.now(), time.Second)
	if err == nil {
		err = c.store.Release(context.Background(), c.queuedMessage(), holder)
	}
	if err != nil {
		c.Fatal(err)
	}
	c.other = m.Code
}

func wrongCodeFound(c *trial) {
	codeSent(c)
	if strings.HasPrefix(c.other, "9") {
		c.other = "8" + c.other[1:]
	} else {
		c.other = "9" + c.other[1:]
	}
}

func expired(c *trial) {
	created(pending)(c)
	c.clockOffset.Store(int64(8 * 24 * time.Hour))
}

func keyUsedYesterday(c *trial) {
	c.mustSend(request{operation: "create-identity", body: person(2, ""), key: "key"}, "")
	c.clockOffset.Store(int64(25 * time.Hour))
}

func permissionAdded(c *trial) {
	created("")(c)
	c.mustSend(request{operation: "add-permissions", body: `[{"resource":"OTHER","reference":"r","permissions":[]}]`}, "")
}

func held(c *trial) {
	created(pending)(c)
	c.mustSend(request{operation: "hold-identity", body: holdBody}, "")
}

// Preparations for the Blnk API.

func blnkCreated(c *trial) {
	c.identityID = c.mustSend(request{operation: "create-identity", body: blnkPerson}, "identity_id")
}

// blnkTokenized has replays stored of the requests that made it.
func blnkTokenized(c *trial) {
	c.identityID = c.mustSend(request{operation: "create-identity", body: blnkPerson, key: "made"}, "identity_id")
	c.mustSend(request{operation: "tokenize-identity", body: `{"fields":["FirstName","LastName"]}`, key: "sealed"}, "")
}

func apiKeyCreated(c *trial) {
	c.identityID = c.mustSend(request{operation: "create-api-key", body: apiKeyBody}, "api_key_id")
}

const (
	apiKeyBody = `{"name":"n","owner":"o","scopes":["identities:read"],"expires_at":"2100-01-01T00:00:00Z"}`
	blnkPerson = `{"identity_type":"individual","first_name":"Canary","last_name":"Canaryson","email_address":"canary@example.com",` +
		`"phone_number":"+2348012345678","street":"1 Canary","post_code":"100001","dob":"1990-01-15","meta_data":{"tier":"gold"}}`
)

// operations lists every operation that calls the table, by API.
var operations = map[string][]operation{
	"conomy": {
		{name: "create-token", effect: reads, body: `{"clientId":"$client","clientSecret":"$secret"}`},
		{name: "create-token: wrong", status: 401, body: `{"clientId":"$client","clientSecret":"` + wrongSecret + `"}`},
		{name: "create-identity", effect: shows, body: person(1, "")},
		{name: "create-identity: with a child", prepare: created(""), effect: once, body: person(2, `,"children":[{"id":"$id"}]`)},
		{name: "create-identity: over an expired one", prepare: expired, effect: once, body: person(1, "")},
		{name: "create-identity: the key of yesterday", prepare: keyUsedYesterday, effect: once, body: person(1, "")},
		{name: "create-identity: existing", prepare: created(""), status: 409, body: person(1, "")},
		{name: "list-identities", prepare: twoCreated, effect: reads},
		{name: "list-identities: by email", prepare: twoCreated, effect: reads, query: "email=canary1@example.com"},
		{name: "list-identities: a page", prepare: twoCreated, effect: reads, query: "limit=1"},
		{name: "list-identities: children", prepare: parentCreated, effect: reads, query: "parents=$id&email=canary2@example.com"},
		{name: "search-identities", prepare: twoCreated, effect: reads, body: `{"status":"ACTIVE"}`},
		{name: "get-identity", prepare: created(""), effect: reads},
		{name: "get-identity: a parent", prepare: parentCreated, effect: reads},
		{name: "update-identity", prepare: parentCreated, effect: shows, body: `{"nickname":"canary"}`},
		{name: "update-identity: another claim", prepare: created(pending), effect: shows, body: `{"documentNumber":"73173179"}`},
		{name: "update-identity: other children", prepare: parentCreated, effect: shows, body: `{"children":[]}`},
		{name: "delete-identity", prepare: created(""), status: 204},
		{name: "delete-identity: a parent", prepare: parentCreated, status: 204},
		{name: "delete-identity: many parts", prepare: createdWithAccounts(45), status: 204},
		{name: "deactivate-identity", prepare: created(""), effect: shows},
		{name: "reactivate-identity", prepare: created(`,"status":"INACTIVE"`), effect: shows},
		{name: "add-children", prepare: twoCreated, effect: shows, body: childrenBody},
		{name: "remove-children", prepare: parentCreated, effect: shows, body: childrenBody},
		{name: "list-parents", prepare: childCreated, effect: reads},
		{name: "add-permissions", prepare: twoCreated, status: 201, effect: once, body: `[{"resource":"IDENTITY","reference":"$other","permissions":["account:read"]}]`},
		{name: "list-permissions", prepare: created(""), effect: reads},
		{name: "remove-permission", prepare: permissionAdded, status: 204, effect: once, param: "r"},
		{name: "list-withdrawal-accounts", prepare: createdWithAccounts(45), effect: reads},
		{name: "add-withdrawal-account", prepare: createdWithAccounts(1), status: 201, effect: once, body: accountBody},
		{name: "remove-withdrawal-account", prepare: createdWithAccounts(1), status: 204, param: "$other"},
		{name: "start-verification", prepare: created(pending), status: 201, effect: once, body: emailBody},
		{name: "confirm-verification", prepare: codeSent, effect: shows, param: "email", body: `{"code":"$other"}`},
		{name: "confirm-verification: wrong", prepare: wrongCodeFound, status: 400, param: "email", body: `{"code":"$other"}`},
		{name: "decide-screening", prepare: created(`,"status":"SCREENING"`), effect: shows, body: `{"decision":"reject","reason":"canary","reviewer":"r"}`},
		{name: "hold-identity", prepare: created(pending), effect: shows, body: holdBody},
		{name: "release-identity", prepare: held, effect: shows},
	},
	"blnk": {
		{name: "create-identity", status: 201, effect: shows, body: blnkPerson},
		{name: "create-identity: its own id", status: 201, effect: once, body: `{"identity_id":"idt_11111111-1111-4111-8111-111111111111"}`},
		{name: "list-identities", prepare: blnkCreated, effect: reads, query: "limit=20"},
		{name: "list-identities: by a filter", prepare: blnkCreated, effect: reads, query: "email_address_eq=canary@example.com"},
		{name: "filter-identities", prepare: blnkCreated, effect: reads, body: `{"filters":[{"field":"last_name","operator":"eq","value":"Canaryson"}],"include_count":true}`},
		{name: "get-identity", prepare: blnkCreated, effect: reads},
		{name: "update-identity", prepare: blnkCreated, effect: once, body: `{"city":"canary"}`},
		{name: "update-identity: a tokenized field", prepare: blnkTokenized, effect: once, body: `{"first_name":"Canary2"}`},
		{name: "delete-identity", prepare: blnkTokenized},
		{name: "list-tokenized-fields", prepare: blnkTokenized, effect: reads},
		{name: "tokenize-field", prepare: blnkTokenized, effect: once, param: "Street"},
		{name: "tokenize-identity", prepare: blnkTokenized, effect: once, body: `{"fields":["Street","EmailAddress"]}`},
		{name: "detokenize-field", prepare: blnkTokenized, effect: reads, param: "FirstName"},
		{name: "detokenize-identity", prepare: blnkTokenized, effect: reads, body: `{"fields":[]}`},
		{name: "update-metadata", prepare: blnkCreated, effect: once, body: `{"meta_data":{"canary":1}}`},
		{name: "create-api-key", status: 201, body: apiKeyBody},
		{name: "list-api-keys", prepare: apiKeyCreated, effect: reads},
		{name: "revoke-api-key", prepare: apiKeyCreated, status: 204},
		{name: "get-health", effect: reads},
	},
}
