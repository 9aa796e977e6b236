package faults_test

const someone = `{"identity_type":"individual","first_name":"Canary","last_name":"Canaryson","email_address":"canary@example.com",` +
	`"phone_number":"+2348012345678","street":"1 Canary","post_code":"100001","dob":"1990-01-15","meta_data":{"tier":"gold"}}`

// born is an identity made in Blnk's dialect.
func born(c *cell) {
	c.id = c.must(request{"POST", "/identities", someone, nil}, "identity_id")
}

// sealed is one of which fields are tokenized, and to which requests with a key
// were made before.
func sealed(c *cell) {
	c.id = c.must(request{"POST", "/identities", someone, []string{"Idempotency-Key", "made"}}, "identity_id")
	c.must(request{"POST", c.path("/tokenize"), `{"fields":["FirstName","LastName"]}`, []string{"Idempotency-Key", "sealed"}}, "")
}

const newKey = `{"name":"n","owner":"o","scopes":["identities:read"],"expires_at":"2100-01-01T00:00:00Z"}`

func keyed(c *cell) { c.other = c.must(request{"POST", "/api-keys", newKey, nil}, "api_key_id") }

func plain(method, target, body string) func(*cell) request {
	return func(*cell) request { return request{method, target, body, nil} }
}

// blnkOperations are those of Blnk's dialect that ask the table.
var blnkOperations = []operation{
	{name: "create-identity", prepare: func(*cell) {}, want: 201, keyed: true, shows: true, ask: plain("POST", "/identities", someone)},
	{name: "create-identity: its own id", prepare: func(*cell) {}, want: 201, keyed: true, ask: plain("POST", "/identities", `{"identity_id":"idt_11111111-1111-4111-8111-111111111111"}`)},
	{name: "list-identities", prepare: born, want: 200, reads: true, ask: plain("GET", "/identities", "")},
	{name: "list-identities: by a filter", prepare: born, want: 200, reads: true, ask: plain("GET", "/identities?email_address_eq=canary@example.com", "")},
	{name: "filter-identities", prepare: born, want: 200, reads: true, ask: plain("POST", "/identities/filter",
		`{"filters":[{"field":"last_name","operator":"eq","value":"Canaryson"}],"include_count":true}`)},
	{name: "get-identity", prepare: born, want: 200, reads: true, ask: to("GET", "", "")},
	{name: "update-identity", prepare: born, want: 200, keyed: true, ask: to("PUT", "", `{"city":"canary"}`)},
	{name: "update-identity: a tokenized field", prepare: sealed, want: 200, keyed: true, ask: to("PUT", "", `{"first_name":"Canary2"}`)},
	{name: "delete-identity", prepare: sealed, want: 200, ask: to("DELETE", "", "")},
	{name: "list-tokenized-fields", prepare: sealed, want: 200, reads: true, ask: to("GET", "/tokenized-fields", "")},
	{name: "tokenize-field", prepare: sealed, want: 200, keyed: true, ask: to("POST", "/tokenize/Street", "")},
	{name: "tokenize-identity", prepare: sealed, want: 200, keyed: true, ask: to("POST", "/tokenize", `{"fields":["Street","EmailAddress"]}`)},
	{name: "detokenize-field", prepare: sealed, want: 200, reads: true, ask: to("GET", "/detokenize/FirstName", "")},
	{name: "detokenize-identity", prepare: sealed, want: 200, reads: true, ask: to("POST", "/detokenize", `{"fields":[]}`)},
	{name: "update-metadata", prepare: born, want: 200, keyed: true, ask: func(c *cell) request {
		return request{"POST", "/" + c.id + "/metadata", `{"meta_data":{"canary":1}}`, nil}
	}},
	{name: "create-api-key", prepare: func(*cell) {}, want: 201, ask: plain("POST", "/api-keys", newKey)},
	{name: "list-api-keys", prepare: keyed, want: 200, reads: true, ask: plain("GET", "/api-keys", "")},
	{name: "revoke-api-key", prepare: keyed, want: 204, ask: func(c *cell) request {
		return request{"DELETE", "/api-keys/" + c.other, "", nil}
	}},
	{name: "get-health", prepare: func(*cell) {}, want: 200, reads: true, ask: plain("GET", "/health", "")},
}
