package openapi_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/encryption"
	"cedula/shared/gateway"
	"cedula/shared/registry"
)

type blnkTestEnv struct {
	*testEnv
	api *blnk.API
}

func newBlnkTestEnv(t *testing.T) *blnkTestEnv {
	t.Helper()
	w := newTestEnv(t, apidocs.Blnk)
	local, err := encryption.NewLocalKeyWrapper(bytes.Repeat([]byte("k"), 32))
	if err != nil {
		t.Fatal(err)
	}
	api := &blnk.API{
		Identities: &registry.Registry{Store: w.store, Cipher: encryption.NewFieldCipher(local, time.Now), Now: time.Now, Random: rand.Reader},
		Health:     w.store,
		Reference:  apidocs.Blnk,
		Cursors:    blnk.NewCursorCodec([]byte("deployment secret")),
		Keys:       &auth.KeyManager{Store: w.store, Hasher: w.hasher},
	}
	w.dialect = api
	return &blnkTestEnv{w, api}
}

// TestBlnkResponsesMatchContract drives every operation through good requests and bad ones,
// holds each answer to the contract, and then asks which declared statuses were
// met.
func TestBlnkResponsesMatchContract(t *testing.T) {
	w := newBlnkTestEnv(t)
	w.creations()
	w.fetches()
	w.updates()
	w.deletions()
	w.lists()
	w.filters()
	w.tokenization()
	w.detokenization()
	w.metadata()
	w.apiKeys()
	w.notImplementedAndDocs()
	w.checkCommonErrors()
	w.checkStoreFailures(&w.api.Identities, w.readRequests(), w.writeRequests())
	w.checkDeclaredStatusesSeen()
}

const (
	missingPath    = "/identities/idt_c415a4dc-4231-453d-a837-a9a50b1070e0"
	ownIDBody      = `{"identity_id":"idt_11111111-1111-4111-8111-111111111111"}`
	blnkPersonBody = `{"identity_type":"individual","first_name":"Amara","last_name":"Okafor","email_address":"amara@example.com",` +
		`"phone_number":"+2348012345678","street":"1 Marina","post_code":"100001","dob":"1990-01-15","meta_data":{"tier":"gold"}}`
)

// invalidBodies are bodies that no operation with a body takes.
var invalidBodies = []string{"", "null", "[]", "{", `{"a":1,"a":2}`, `{"a":"\ud800"}`, "{} more"}

func (w *blnkTestEnv) create() string {
	w.Helper()
	return "/identities/" + stringField(w.T, w.send(201, "POST", "/identities", blnkPersonBody), "identity_id")
}

func (w *blnkTestEnv) withStrictClient(do func()) {
	lenient := w.caller
	w.caller = callerWith(auth.ScopeAll, "strict")
	do()
	w.caller = lenient
}

func (w *blnkTestEnv) creations() {
	w.send(201, "POST", "/identities", "{}")
	w.send(201, "POST", "/identities", `{"identity_type":"alien","email_address":"x","dob":"1990-01-15T23:30:00-05:00","created_at":5,"nickname":"n","meta_data":{"n":9007199254740993}}`)
	w.send(201, "POST", "/identities", ownIDBody)
	w.send(409, "POST", "/identities", ownIDBody)
	w.send(201, "POST", "/identities", blnkPersonBody, "Idempotency-Key", "k", "Content-Type", "text/plain")
	w.send(201, "POST", "/identities", blnkPersonBody, "Idempotency-Key", "k")
	w.send(422, "POST", "/identities", "{}", "Idempotency-Key", "k")
	gone := stringField(w.T, w.send(201, "POST", "/identities", "{}", "Idempotency-Key", "gone"), "identity_id")
	w.send(200, "DELETE", "/identities/"+gone, "")
	w.send(404, "POST", "/identities", "{}", "Idempotency-Key", "gone")
	w.send(400, "POST", "/identities", "{}", "Idempotency-Key", "é")
	w.send(400, "POST", "/identities", "{}", "Idempotency-Key", "a", "Idempotency-Key", "b")
	for _, h := range [][2]string{{"Content-Type", "application/xml"}, {"Content-Type", "application/json; charset=latin1"}, {"Content-Encoding", "gzip"}} {
		w.send(400, "POST", "/identities", "{}", h[0], h[1])
	}
	for _, body := range append(invalidBodies, `{"first_name":1}`, `{"dob":"x"}`, `{"identity_id":"x"}`, `{"identity_id":"idt_x"}`, `{"meta_data":[]}`, `{"city":"\u0007"}`) {
		w.send(400, "POST", "/identities", body)
	}
	w.send(413, "POST", "/identities", `{"meta_data":{"a":"`+strings.Repeat("x", 300<<10)+`"}}`)
	w.withStrictClient(func() {
		w.send(201, "POST", "/identities", blnkPersonBody)
		for _, body := range []string{"{}", `{"identity_type":"individual","nickname":"n"}`, `{"identity_type":"individual","email_address":"x"}`} {
			w.send(400, "POST", "/identities", body)
		}
	})
}

func (w *blnkTestEnv) fetches() {
	one := w.create()
	w.send(200, "GET", one, "")
	w.send(200, "GET", one+"?instance_id=x", "", "If-None-Match", `"2"`)
	w.send(304, "GET", one, "", "If-None-Match", `"1"`)
	for _, path := range []string{missingPath, "/identities/%20", "/identities/a%2Fb", "/identities/" + strings.Repeat("x", 100)} {
		w.send(404, "GET", path, "")
	}
}

func (w *blnkTestEnv) updates() {
	one := w.create()
	w.send(200, "PUT", one, `{"city":"Lagos","street":null,"post_code":"","dob":null,"meta_data":null}`)
	w.send(200, "PUT", one, `{"identity_id":"x","created_at":1,"city":"Lagos"}`)
	w.send(200, "PUT", one, `{"city":"Abuja"}`, "Idempotency-Key", "u", "If-Match", `"2"`)
	w.send(200, "PUT", one, `{"city":"Abuja"}`, "Idempotency-Key", "u", "If-Match", `"2"`)
	w.send(422, "PUT", one, `{"city":"Kano"}`, "Idempotency-Key", "u")
	w.send(400, "PUT", one, `{"city":"Kano"}`, "Idempotency-Key", "")
	w.send(412, "PUT", one, `{"city":"Kano"}`, "If-Match", `"1"`)
	w.send(404, "PUT", missingPath, `{"city":"Kano"}`)
	for _, body := range append(invalidBodies, "{}", `{"identity_id":"x"}`, `{"city":1}`, `{"dob":"x"}`, `{"meta_data":1}`, `{"city":"\u0007"}`) {
		w.send(400, "PUT", one, body)
	}
	w.send(413, "PUT", one, `{"meta_data":{"a":"`+strings.Repeat("x", 300<<10)+`"}}`)
	w.withStrictClient(func() {
		w.send(400, "PUT", one, `{"identity_type":"alien"}`)
		w.send(400, "PUT", one, `{"nickname":"n"}`)
	})
}

func (w *blnkTestEnv) deletions() {
	one := w.create()
	w.send(412, "DELETE", one, "", "If-Match", `"9"`)
	w.send(200, "DELETE", one, "", "If-Match", `"1"`)
	w.send(404, "DELETE", one, "")
}

func (w *blnkTestEnv) lists() {
	for _, q := range []string{
		"", "limit=2", "limit=1&offset=1", "first_name_eq=Amara", "phone_number_eq=%2B2348012345678&last_name_ne=x&logical_operator=or",
		"email_address_ilike=AMARA%25", "country_in=NG,KE", "created_at_between=2020-01-01%7C2100-01-01", "dob_gt=1990-01-01", "city_isnull=true",
		"meta_data.tier_eq=gold", "meta_data.absent_isnotnull=1", "last_name_eq=nobody", "instance_id=x",
	} {
		w.send(200, "GET", "/identities?"+q, "")
	}
	for _, q := range []string{
		"first_name_equals=x", "dob_eq=x", "meta_data.a.b_eq=x", "logical_operator=xor&city_eq=a", "cursor=%20", "created_at_between=2020-01-01",
	} {
		w.send(400, "GET", "/identities?"+q, "")
	}
}

func (w *blnkTestEnv) filters() {
	const path = "/identities/filter"
	by := func(field, operator, value string) string {
		return fmt.Sprintf(`{"filters":[{"field":%q,"operator":%q,%s}]}`, field, operator, value)
	}
	for _, body := range []string{
		"{}", `{"filters":[]}`, `{"filters":[],"limit":1,"offset":1,"sort_by":"last_name","sort_order":"asc"}`, `{"filters":[],"include_count":true}`,
		by("last_name", "eq", `"value":"Okafor"`), by("last_name", "eq", `"value":"nobody"`), by("country", "in", `"values":["NG"]`),
		by("dob", "between", `"values":["1990-01-01","1990-12-31"]`), by("city", "isnull", `"value":null`), by("city", "isnotnull", `"value":true`), by("meta_data.tier", "ne", `"value":"gold"`),
		`{"filters":[{"field":"last_name","operator":"eq","value":"nobody"}],"include_count":true}`,
	} {
		w.send(200, "POST", path, body)
	}
	for _, body := range append(invalidBodies,
		`{"filters":1}`, by("shoe_size", "eq", `"value":"x"`), by("city", "is", `"value":"x"`), by("dob", "gt", `"value":"x"`), by("city", "eq", `"values":[]`),
	) {
		w.send(400, "POST", path, body)
	}
}

func (w *blnkTestEnv) tokenization() {
	one := w.create()
	w.send(200, "GET", one+"/tokenized-fields", "")
	w.send(200, "POST", one+"/tokenize/FirstName", "", "Idempotency-Key", "t", "If-Match", `"1"`)
	w.send(200, "POST", one+"/tokenize/FirstName", "", "Idempotency-Key", "t", "If-Match", `"1"`)
	w.send(422, "POST", one+"/tokenize/FirstName", "x", "Idempotency-Key", "t")
	w.send(422, "POST", one+"/tokenize/Street", "", "Idempotency-Key", "t")
	w.send(409, "POST", one+"/tokenize/firstName", "anything")
	w.send(400, "POST", one+"/tokenize/first_name", "")
	w.send(400, "POST", one+"/tokenize/City", "")
	w.send(412, "POST", one+"/tokenize/LastName", "", "If-Match", `"1"`)
	w.send(404, "POST", missingPath+"/tokenize/LastName", "")
	w.send(200, "POST", one+"/tokenize", `{"fields":["emailAddress","PhoneNumber","EmailAddress","OtherNames"]}`, "Idempotency-Key", "u")
	w.send(422, "POST", one+"/tokenize", `{"fields":["Street"]}`, "Idempotency-Key", "u")
	w.send(409, "POST", one+"/tokenize", `{"fields":["Street","FirstName"]}`)
	w.send(412, "POST", one+"/tokenize", `{"fields":["Street"]}`, "If-Match", `"1"`)
	w.send(404, "POST", missingPath+"/tokenize", `{"fields":["Street"]}`)
	for _, body := range append(invalidBodies, "{}", `{"fields":null}`, `{"fields":[]}`, `{"fields":[1]}`, `{"fields":["first_name"]}`) {
		w.send(400, "POST", one+"/tokenize", body)
	}
	w.send(200, "GET", one+"/tokenized-fields", "")
	w.send(404, "GET", missingPath+"/tokenized-fields", "")
	w.send(200, "GET", one, "")
	w.send(200, "PUT", one, `{"first_name":"Ada"}`)
}

func (w *blnkTestEnv) detokenization() {
	one := w.create()
	w.send(200, "POST", one+"/detokenize", `{"fields":[]}`)
	w.send(200, "POST", one+"/tokenize", `{"fields":["FirstName","LastName"]}`)
	w.send(200, "GET", one+"/detokenize/FirstName", "")
	w.send(200, "GET", one+"/detokenize/firstName", "")
	w.send(400, "GET", one+"/detokenize/Street", "")
	w.send(400, "GET", one+"/detokenize/first_name", "")
	w.send(404, "GET", missingPath+"/detokenize/FirstName", "")
	for _, body := range []string{`{"fields":[]}`, `{"fields":["lastName"]}`, `{"fields":["FirstName","LastName"]}`} {
		w.send(200, "POST", one+"/detokenize", body)
	}
	for _, body := range append(invalidBodies, "{}", `{"fields":1}`, `{"fields":["Street"]}`, `{"fields":["city"]}`) {
		w.send(400, "POST", one+"/detokenize", body)
	}
	w.send(404, "POST", missingPath+"/detokenize", `{"fields":[]}`)
}

func (w *blnkTestEnv) metadata() {
	path := strings.TrimPrefix(w.create(), "/identities") + "/metadata"
	w.send(200, "POST", path, `{"meta_data":{"a":{"b":null},"n":9007199254740993}}`)
	w.send(200, "POST", path, `{"meta_data":{}}`, "Idempotency-Key", "m", "If-Match", `"2"`)
	w.send(200, "POST", path, `{"meta_data":{}}`, "Idempotency-Key", "m", "If-Match", `"2"`)
	w.send(422, "POST", path, `{"meta_data":{"a":1}}`, "Idempotency-Key", "m")
	w.send(412, "POST", path, `{"meta_data":{"a":1}}`, "If-Match", `"1"`)
	w.send(413, "POST", path, `{"meta_data":{"a":"`+strings.Repeat("x", 300<<10)+`"}}`)
	w.send(404, "POST", strings.TrimPrefix(missingPath, "/identities")+"/metadata", `{"meta_data":{}}`)
	w.send(400, "POST", "/%20/metadata", `{"meta_data":{}}`)
	for _, body := range append(invalidBodies, "{}", `{"meta_data":null}`, `{"meta_data":[]}`) {
		w.send(400, "POST", path, body)
	}
}

func (w *blnkTestEnv) apiKeys() {
	const right = `{"name":"n","owner":"o","scopes":["identities:read","ledgers:*","api-keys:*"],"expires_at":"2100-01-01T00:00:00Z"}`
	with := func(was, is string) string { return strings.Replace(right, was, is, 1) }
	known := w.caller
	defer func() { w.caller = known }()
	w.caller = w.callerOfNewClient()
	made := w.send(201, "POST", "/api-keys", right)
	one := "/api-keys/" + stringField(w.T, made, "api_key_id")
	w.send(200, "GET", "/api-keys", "")
	w.send(200, "GET", "/api-keys?owner=o", "")
	w.send(200, "GET", "/api-keys?owner=nobody", "")
	for _, body := range append(invalidBodies,
		"{}", with(`"n"`, `""`), with(`"ledgers:*"`, `"ledgers"`), with(`"ledgers:*"`, `"identities:sell"`), with("2100-", "x"), with("2100-", "1999-"), with(`"o"`, "1"),
	) {
		w.send(400, "POST", "/api-keys", body)
	}
	master := w.caller
	w.caller = w.callerWithKey(stringField(w.T, made, "key"))
	w.send(403, "POST", "/api-keys", with(`"api-keys:*"`, `"identities:write"`))
	w.send(403, "POST", "/api-keys", with(`"o"`, `"other"`))
	w.caller = master
	w.send(404, "DELETE", one+"?owner=other", "")
	w.send(204, "DELETE", one+"?owner=o", "")
	w.send(204, "DELETE", one, "")
	w.send(404, "DELETE", "/api-keys/absent", "")
	w.send(200, "GET", "/api-keys", "")
	for range 100 {
		w.send(201, "POST", "/api-keys", right)
	}
	w.send(409, "POST", "/api-keys", right)
}

// callerOfNewClient is the caller with the key of a new client.
func (w *blnkTestEnv) callerOfNewClient() map[string]any {
	w.Helper()
	admin := auth.Admin{AdminStore: w.store, Hasher: w.hasher, APIs: []auth.API{blnk.AuthAPI}}
	_, shown, err := admin.CreateClient(context.Background(), auth.ClientParams{Name: "test", Tenant: "acme", Scopes: auth.Scopes{auth.ScopeAll}, TestMode: true})
	if err != nil {
		w.Fatal(err)
	}
	return w.callerWithKey(shown.Keys["blnk"])
}

// callerWithKey is the caller that the authorizer lets in with a key.
func (w *blnkTestEnv) callerWithKey(key string) map[string]any {
	w.Helper()
	authorizer := &blnk.Authorizer{Authenticator: &auth.Authenticator{Store: w.store, Hasher: w.hasher}}
	answer, err := gateway.AuthorizerHandler(authorizer)(context.Background(), events.APIGatewayCustomAuthorizerRequestTypeRequest{
		MethodArn: "arn:aws:execute-api:us-east-1:1:api/sandbox/GET/", MultiValueHeaders: map[string][]string{"X-Blnk-Key": {key}},
	})
	if err != nil {
		w.Error(err)
	}
	return answer.Context
}

func (w *blnkTestEnv) notImplementedAndDocs() {
	w.send(400, "POST", "/search/identities", `{"q":"x"}`)
	w.send(400, "POST", "/multi-search", "")
	w.send(404, "GET", "/balances/bln_1?include=identity", "")
	w.send(404, "PUT", "/balances/bln_1/identity", `{"identity_id":"x"}`)
	for _, path := range []string{"/", "/health", "/openapi.yaml", "/docs", "/docs/redoc.js"} {
		w.send(200, "GET", path, "")
	}
	w.api.Health = failingHealth{}
	w.send(503, "GET", "/health", "")
	w.api.Health = w.store
}

// failingHealth is what does not answer.
type failingHealth struct{}

func (failingHealth) Ping(context.Context) error { return errors.New("odd") }

func (w *blnkTestEnv) readRequests() []validRequest {
	return []validRequest{
		{"GET", "/identities/x", ""},
		{"GET", "/identities", ""},
		{"POST", "/identities/filter", "{}"},
		{"GET", "/identities/x/tokenized-fields", ""},
		{"GET", "/identities/x/detokenize/FirstName", ""},
		{"POST", "/identities/x/detokenize", `{"fields":[]}`},
	}
}

func (w *blnkTestEnv) writeRequests() []validRequest {
	return []validRequest{
		{"POST", "/identities", blnkPersonBody},
		{"PUT", "/identities/x", `{"city":"Lagos"}`},
		{"DELETE", "/identities/x", ""},
		{"POST", "/identities/x/tokenize/FirstName", ""},
		{"POST", "/identities/x/tokenize", `{"fields":["FirstName"]}`},
		{"POST", "/x/metadata", `{"meta_data":{}}`},
	}
}
