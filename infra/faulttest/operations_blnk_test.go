package faulttest_test

const blnkPersonBody = `{"identity_type":"individual","first_name":"Canary","last_name":"Canaryson","email_address":"canary@example.com",` +
	`"phone_number":"+2348012345678","street":"1 Canary","post_code":"100001","dob":"1990-01-15","meta_data":{"tier":"gold"}}`

// createBlnk is an identity made in Blnk's dialect.
func createBlnk(c *trial) {
	c.identityID = c.mustSend(request{"POST", "/identities", blnkPersonBody, nil}, "identity_id")
}

// createTokenized is one of which fields are tokenized, and to which requests with a key
// were made before.
func createTokenized(c *trial) {
	c.identityID = c.mustSend(request{"POST", "/identities", blnkPersonBody, []string{"Idempotency-Key", "made"}}, "identity_id")
	c.mustSend(request{"POST", c.identityPath("/tokenize"), `{"fields":["FirstName","LastName"]}`, []string{"Idempotency-Key", "sealed"}}, "")
}

const apiKeyBody = `{"name":"n","owner":"o","scopes":["identities:read"],"expires_at":"2100-01-01T00:00:00Z"}`

func createAPIKey(c *trial) {
	c.prepared = c.mustSend(request{"POST", "/api-keys", apiKeyBody, nil}, "api_key_id")
}

func fixedRequest(method, target, body string) func(*trial) request {
	return func(*trial) request { return request{method, target, body, nil} }
}

// blnkOperations are those of Blnk's dialect that ask the table.
var blnkOperations = []operation{
	{name: "create-identity", prepare: func(*trial) {}, wantStatus: 201, takesIdempotencyKey: true, returnsIdentity: true, buildRequest: fixedRequest("POST", "/identities", blnkPersonBody)},
	{name: "create-identity: its own id", prepare: func(*trial) {}, wantStatus: 201, takesIdempotencyKey: true, buildRequest: fixedRequest("POST", "/identities", `{"identity_id":"idt_11111111-1111-4111-8111-111111111111"}`)},
	{name: "list-identities", prepare: createBlnk, wantStatus: 200, readOnly: true, buildRequest: fixedRequest("GET", "/identities", "")},
	{name: "list-identities: by a filter", prepare: createBlnk, wantStatus: 200, readOnly: true, buildRequest: fixedRequest("GET", "/identities?email_address_eq=canary@example.com", "")},
	{name: "filter-identities", prepare: createBlnk, wantStatus: 200, readOnly: true, buildRequest: fixedRequest("POST", "/identities/filter",
		`{"filters":[{"field":"last_name","operator":"eq","value":"Canaryson"}],"include_count":true}`)},
	{name: "get-identity", prepare: createBlnk, wantStatus: 200, readOnly: true, buildRequest: identityRequest("GET", "", "")},
	{name: "update-identity", prepare: createBlnk, wantStatus: 200, takesIdempotencyKey: true, buildRequest: identityRequest("PUT", "", `{"city":"canary"}`)},
	{name: "update-identity: a tokenized field", prepare: createTokenized, wantStatus: 200, takesIdempotencyKey: true, buildRequest: identityRequest("PUT", "", `{"first_name":"Canary2"}`)},
	{name: "delete-identity", prepare: createTokenized, wantStatus: 200, buildRequest: identityRequest("DELETE", "", "")},
	{name: "list-tokenized-fields", prepare: createTokenized, wantStatus: 200, readOnly: true, buildRequest: identityRequest("GET", "/tokenized-fields", "")},
	{name: "tokenize-field", prepare: createTokenized, wantStatus: 200, takesIdempotencyKey: true, buildRequest: identityRequest("POST", "/tokenize/Street", "")},
	{name: "tokenize-identity", prepare: createTokenized, wantStatus: 200, takesIdempotencyKey: true, buildRequest: identityRequest("POST", "/tokenize", `{"fields":["Street","EmailAddress"]}`)},
	{name: "detokenize-field", prepare: createTokenized, wantStatus: 200, readOnly: true, buildRequest: identityRequest("GET", "/detokenize/FirstName", "")},
	{name: "detokenize-identity", prepare: createTokenized, wantStatus: 200, readOnly: true, buildRequest: identityRequest("POST", "/detokenize", `{"fields":[]}`)},
	{name: "update-metadata", prepare: createBlnk, wantStatus: 200, takesIdempotencyKey: true, buildRequest: func(c *trial) request {
		return request{"POST", "/" + c.identityID + "/metadata", `{"meta_data":{"canary":1}}`, nil}
	}},
	{name: "create-api-key", prepare: func(*trial) {}, wantStatus: 201, buildRequest: fixedRequest("POST", "/api-keys", apiKeyBody)},
	{name: "list-api-keys", prepare: createAPIKey, wantStatus: 200, readOnly: true, buildRequest: fixedRequest("GET", "/api-keys", "")},
	{name: "revoke-api-key", prepare: createAPIKey, wantStatus: 204, buildRequest: func(c *trial) request {
		return request{"DELETE", "/api-keys/" + c.prepared, "", nil}
	}},
	{name: "get-health", prepare: func(*trial) {}, wantStatus: 200, readOnly: true, buildRequest: fixedRequest("GET", "/health", "")},
}
