package openapi_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"cedula/shared/apidocs"
	"cedula/shared/auth"
	"cedula/shared/conomy"
	"cedula/shared/registry"
)

const (
	bankAccountBody = `{"accountNumber":"1","bank":"B","currency":"CLP","accountHolder":"H","accountHolderDni":"1-9","country":"CHL"}`
	scopesBody      = `[{"resource":"IDENTITY","reference":"%s","permissions":["account:read"]},{"resource":"OTHER","reference":"r","permissions":[]}]`
	missingID       = "0123456789abcdef01234567"
)

type conomyTestEnv struct {
	*testEnv
	api *conomy.API
}

func newConomyTestEnv(t *testing.T) *conomyTestEnv {
	t.Helper()
	w := newTestEnv(t, apidocs.Conomy)
	key, err := auth.NewLocalKey()
	if err != nil {
		t.Fatal(err)
	}
	api := &conomy.API{
		Identities:     &registry.Registry{Store: w.store, Now: time.Now, Random: rand.Reader},
		Logins:         &auth.Authenticator{Store: w.store, Hasher: w.hasher},
		Tokens:         &auth.Issuer{Signer: key, Issuer: "i", Audience: "a", TTL: time.Hour, Now: time.Now},
		Reference:      apidocs.Conomy,
		IssuerMetadata: auth.IssuerMetadata{Issuer: "http://localhost:5010", Keys: auth.KeySet{key}},
	}
	w.dialect = api
	return &conomyTestEnv{w, api}
}

// personBody is the body of a create; each number makes another one.
func personBody(n int, more string) string {
	return fmt.Sprintf(`{"name":"N","email":"n%d@example.com","phone":"+5691234%04d","documentType":"RUT","documentNumber":"%d","idv":"iv"%s}`, n, n, 10_000_000+n, more)
}

func (w *conomyTestEnv) create(n int, more string) string {
	w.Helper()
	return stringField(w.T, w.send(200, "POST", "/identities", personBody(n, more)), "id")
}

// TestConomyResponsesMatchContract drives every operation through good requests and bad ones,
// holds each answer to the contract, and then asks which declared statuses were
// met.
func TestConomyResponsesMatchContract(t *testing.T) {
	w := newConomyTestEnv(t)
	w.identities()
	w.children()
	w.permissions()
	w.withdrawalAccounts()
	w.verificationAndScreening()
	w.notImplementedAndDocs()
	w.tokens()
	w.checkCommonErrors()
	w.unknownVersions()
	w.checkStoreFailures(&w.api.Identities, w.readRequests(), w.writeRequests())
	w.checkDeclaredStatusesSeen()
}

func (w *conomyTestEnv) identities() {
	everything := `,"type":"ORGANIZATION","nickname":"n","lastname":"l","country":"CHL","securityOptions":{"twoFactorEnabled":true,` +
		`"accessControl":{"scopes":[{"resource":"X","reference":"r","permissions":[]}]}},"externalId":"e","bankAccount":` + bankAccountBody +
		`,"rules":[1],"gender":"g","birthDate":"1990-01-15","nationality":"CL","extendedData":[{"a":9007199254740993},null],"metadata":{"b":null},"address":{"street":"s"},"unknown":1`
	id := w.create(1, everything)
	w.send(409, "POST", "/identities", personBody(1, everything))
	w.send(200, "POST", "/identities", personBody(3, ""), "Idempotency-Key", "k", "Content-Type", "application/json")
	w.send(200, "POST", "/identities", personBody(3, ""), "Idempotency-Key", "k")
	w.send(422, "POST", "/identities", personBody(4, ""), "Idempotency-Key", "k")
	for _, body := range []string{
		"", "null", "[]", "{", `{"name":1}`, `{"name":"a","name":"b"}`, `{}`, personBody(5, `,"type":"CAT"`), personBody(5, `,"country":"chl"`),
		personBody(5, `,"birthDate":"x"`), personBody(5, `,"bankAccount":{}`), personBody(5, `,"metadata":[]`), personBody(5, `,"children":[{}]`), personBody(5, `,"nickname":"\u0007"`),
	} {
		w.send(400, "POST", "/identities", body)
	}
	w.send(404, "POST", "/identities", personBody(5, `,"children":[{"id":"absent"}]`))
	w.send(413, "POST", "/identities", personBody(5, `,"metadata":{"a":"`+strings.Repeat("x", 300<<10)+`"}`))
	for n, status := range []string{"PENDING", "BLOCKED", "SCREENING", "odd"} {
		w.create(10+n, `,"status":"`+status+`"`)
	}
	lenient := w.caller
	w.caller = callerWith(auth.ScopeAll, "strict")
	w.send(400, "POST", "/identities", personBody(6, `,"unknown":1`))
	w.send(400, "POST", "/identities", personBody(6, ""))
	w.send(200, "PATCH", "/identities/"+id, `{"status":"ACTIVE"}`) // it may
	w.caller = callerWith(auth.ScopeIdentityWrite, "strict")
	w.send(400, "PATCH", "/identities/"+id, `{"status":"ACTIVE"}`)
	w.caller = callerWith(auth.ScopeIdentityWrite, "lenient")
	w.send(200, "PATCH", "/identities/"+id, `{"status":"odd"}`) // not read
	w.caller = lenient

	one := "/identities/" + id
	w.send(200, "GET", one, "")
	w.send(304, "GET", one, "", "If-None-Match", `"1"`)
	for _, path := range []string{missingID, "%20", "a%2Fb", strings.Repeat("x", 100)} {
		w.send(404, "GET", "/identities/"+path, "")
		w.send(404, "PATCH", "/identities/"+path, "{}")
		w.send(404, "DELETE", "/identities/"+path, "")
	}
	w.send(200, "PATCH", one, `{"nickname":"Thomas","status":"ACTIVE","bankAccount":null,"address":null,"rules":null,"securityOptions":null}`)
	w.send(200, "PATCH", one, `{"nickname":"T","email":5}`, "Idempotency-Key", "p", "If-Match", `"2"`)
	w.send(200, "PATCH", one, `{"nickname":"T","email":5}`, "Idempotency-Key", "p", "If-Match", `"2"`)
	w.send(422, "PATCH", one, `{"nickname":"U"}`, "Idempotency-Key", "p")
	w.send(400, "PATCH", one, `{"nickname":"U"}`, "Idempotency-Key", "")
	w.send(400, "PATCH", one, `{"nickname":"U"}`, "Idempotency-Key", "a", "Idempotency-Key", "b")
	w.send(400, "PATCH", one, `{"nickname":"U"}`, "Content-Encoding", "br")
	w.send(412, "PATCH", one, `{"nickname":"U"}`, "If-Match", `"1"`)
	w.send(412, "DELETE", one, "", "If-Match", `"1"`)
	w.send(422, "PATCH", one, `{"status":"PENDING"}`)
	for _, body := range []string{"", "[]", `{"status":"odd"}`, `{"status":null}`, `{"name":null}`, `{"country":"x"}`, `{"birthDate":"x"}`, `{"bankAccount":{"bank":"B"}}`, `{"children":[{}]}`, `{"children":[{"id":"` + id + `"}]}`} {
		w.send(400, "PATCH", one, body)
	}
	w.send(413, "PATCH", one, `{"metadata":{"a":"`+strings.Repeat("x", 300<<10)+`"}}`)
	for n, to := range []string{"/deactivate", "/reactivate"} {
		w.send(200, "PATCH", one+to, `{"free":"body"}`)
		w.send(200, "PATCH", one+to, "", "Idempotency-Key", to)
		w.send(412, "PATCH", one+to, "", "If-Match", `"1"`)
		w.send(404, "PATCH", "/identities/"+missingID+to, "")
		w.send(422, "PATCH", "/identities/"+w.create(30+n, `,"status":"BLOCKED"`)+to, "")
		w.send(422, "PATCH", "/identities/"+w.create(40+n, `,"status":"PENDING"`)+to, "")
	}
	gone := "/identities/" + w.create(7, "")
	w.send(204, "DELETE", gone, "")
	w.send(404, "DELETE", gone, "")
	w.lists()
}

func (w *conomyTestEnv) lists() {
	for _, q := range []string{
		"", "limit=2", "limit=1&sort=asc", "email=n1@example.com", "phone=%2B56912340001&status=ACTIVE", "documentNumber=10000001",
		"type=USER&country=CHL", "externalId=e", "parents=" + missingID, "unknown=1&unknown=2", "status=&next=0", "offset=5",
	} {
		w.send(200, "GET", "/identities?"+q, "")
	}
	for _, q := range []string{"limit=", "next=", "limit=0", "limit=101", "limit=x", "next=-1", "offset=1.5", "sort=up", "type=CAT", "status=odd", "country=cl", "parents=%20", "email=a&email=b"} {
		w.send(400, "GET", "/identities?"+q, "")
	}
	w.send(404, "GET", "/identities?scopeIdentity="+missingID, "")
	for _, body := range []string{"{}", `{"limit":1}`, `{"limit":"1","next":null,"email":"x"}`} {
		w.send(200, "POST", "/identities/search", body)
	}
	for _, body := range []string{"", "null", `{"limit":0}`, `{"limit":true}`, `{"limit":1.5}`, `{"type":"CAT"}`, `{"email":1}`, `{"next":"\/"}`} {
		w.send(400, "POST", "/identities/search", body)
	}
	w.send(404, "POST", "/identities/search", `{"scopeIdentity":"`+missingID+`"}`)
}

func (w *conomyTestEnv) children() {
	parent, child := w.create(101, ""), w.create(102, "")
	one := "/identities/" + parent + "/children"
	body := `{"children":["` + child + `"]}`
	w.send(200, "POST", one, body)
	w.send(200, "POST", one, body, "Idempotency-Key", "c")
	w.send(422, "POST", one, `{"children":[]}`, "Idempotency-Key", "c")
	w.send(422, "POST", "/identities/"+child+"/children", `{"children":["`+parent+`"]}`)
	w.send(200, "GET", "/identities/"+parent, "")
	w.send(200, "GET", "/identities/parents/"+child, "")
	w.send(200, "GET", "/identities?parents="+parent, "")
	w.send(404, "GET", "/identities/parents/"+missingID, "")
	for _, method := range []string{"POST", "DELETE"} {
		for _, bad := range []string{"", "{}", `{"children":[1]}`, `{"children":["` + parent + `"]}`, `{"children":["a","a"]}`} {
			w.send(400, method, one, bad)
		}
		w.send(404, method, one, `{"children":["`+missingID+`"]}`)
		w.send(404, method, "/identities/"+missingID+"/children", body)
		w.send(412, method, one, body, "If-Match", `"1"`)
	}
	w.send(200, "DELETE", one, body, "Idempotency-Key", "d")
	w.send(422, "DELETE", one, `{"children":[]}`, "Idempotency-Key", "d")
	w.send(404, "DELETE", one, body)
}

func (w *conomyTestEnv) permissions() {
	holder, other := w.create(201, ""), w.create(202, "")
	one := "/identities/" + holder + "/permissions"
	w.send(200, "GET", one, "")
	w.send(201, "POST", one, fmt.Sprintf(scopesBody, other), "Idempotency-Key", "g")
	w.send(422, "POST", one, "[]", "Idempotency-Key", "g")
	w.send(200, "GET", one, "")
	w.send(200, "GET", "/identities/"+holder, "")
	w.send(200, "GET", "/identities?scopeIdentity="+holder, "")
	for _, bad := range []string{"", "{}", "[{}]", `[{"resource":"A","reference":"b"}]`, `[{"resource":"A","reference":"b","permissions":"x"}]`} {
		w.send(400, "POST", one, bad)
	}
	w.send(404, "POST", one, fmt.Sprintf(scopesBody, missingID))
	w.send(404, "POST", "/identities/"+missingID+"/permissions", "[]")
	w.send(404, "GET", "/identities/"+missingID+"/permissions", "")
	w.send(412, "POST", one, "[]", "If-Match", `"1"`)
	w.send(412, "DELETE", one+"/r", "", "If-Match", `"1"`)
	w.send(404, "DELETE", one+"/absent", "")
	w.send(404, "DELETE", one+"/"+other+"?resource=OTHER", "")
	w.send(204, "DELETE", one+"/"+other+"?resource=IDENTITY", "", "Idempotency-Key", "r")
	w.send(422, "DELETE", one+"/r", "", "Idempotency-Key", "g")
}

func (w *conomyTestEnv) withdrawalAccounts() {
	one := "/identities/" + w.create(301, "") + "/withdrawal-accounts"
	w.send(200, "GET", one, "")
	account := stringField(w.T, w.send(201, "POST", one, bankAccountBody), "id")
	w.send(200, "GET", one, "")
	for _, bad := range []string{"", "[]", "{}", strings.Replace(bankAccountBody, `"B"`, "1", 1), strings.Replace(bankAccountBody, `"B"`, `"\u0007"`, 1)} {
		w.send(400, "POST", one, bad)
	}
	w.send(204, "DELETE", one+"/"+account, "")
	w.send(404, "DELETE", one+"/"+account, "")
	absent := "/identities/" + missingID + "/withdrawal-accounts"
	w.send(404, "GET", absent, "")
	w.send(404, "POST", absent, bankAccountBody)
	w.send(404, "DELETE", absent+"/x", "")
	for range registry.MaxWithdrawalAccounts {
		w.send(201, "POST", one, bankAccountBody)
	}
	w.send(422, "POST", one, bankAccountBody)
}

func (w *conomyTestEnv) notImplementedAndDocs() {
	for _, c := range []string{"POST /rules", "DELETE /rules", "POST /fees", "DELETE /fees", "DELETE /fees/x", "POST /accounts/escrow-fee"} {
		method, path, _ := strings.Cut(c, " ")
		w.send(501, method, "/identities/x"+path, `{"free":1}`)
	}
	for _, path := range []string{"/openapi.yaml", "/docs", "/docs/redoc.js", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"} {
		w.send(200, "GET", path, "")
	}
}

func (w *conomyTestEnv) tokens() {
	shown := w.registerClient()
	body := `{"clientId":"` + shown.ClientID + `","clientSecret":"%s"}`
	w.send(200, "POST", "/auth", fmt.Sprintf(body, shown.ClientSecret), "X-Api-Key", shown.Keys["conomy"])
	w.send(401, "POST", "/auth", fmt.Sprintf(body, shown.ClientSecret))
	w.send(401, "POST", "/auth", fmt.Sprintf(body, "wrong"), "X-Api-Key", shown.Keys["conomy"])
	w.send(403, "POST", "/auth", fmt.Sprintf(body, shown.ClientSecret), "X-Api-Key", w.registerClient().Keys["conomy"])
	for _, bad := range []string{"", "[]", "{}", `{"clientId":"a"}`} {
		w.send(400, "POST", "/auth", bad)
	}
	wrong := strings.Repeat("0", len(shown.ClientSecret))
	for range 4 { // "wrong" was the first
		w.send(401, "POST", "/auth", fmt.Sprintf(body, wrong), "X-Api-Key", shown.Keys["conomy"])
	}
	w.send(429, "POST", "/auth", fmt.Sprintf(body, shown.ClientSecret), "X-Api-Key", shown.Keys["conomy"])
}

func (w *conomyTestEnv) registerClient() auth.Credentials {
	admin := auth.Admin{AdminStore: w.store, Hasher: w.hasher, APIs: []auth.API{conomy.AuthAPI}}
	_, shown, err := admin.CreateClient(context.Background(), auth.ClientParams{Name: "test", Scopes: auth.Scopes{auth.ScopeAll}, TestMode: true})
	if err != nil {
		w.Fatal(err)
	}
	return shown
}

// unknownVersions asks every operation for a version of the API that there is not.
func (w *conomyTestEnv) unknownVersions() {
	for _, r := range w.api.Routes() {
		w.send(400, r.Method, pathParameter.ReplaceAllString(r.Path, "x"), "{}", "Conomyhq-Api-Version", "2020")
	}
}

// readRequests are right requests to every operation that only reads the store.
func (w *conomyTestEnv) readRequests() []validRequest {
	return []validRequest{
		{"GET", "/identities", ""},
		{"POST", "/identities/search", "{}"},
		{"GET", "/identities/x", ""},
		{"GET", "/identities/parents/x", ""},
		{"GET", "/identities/x/permissions", ""},
		{"GET", "/identities/x/withdrawal-accounts", ""},
	}
}

// writeRequests are right requests to every operation that writes to the store.
func (w *conomyTestEnv) writeRequests() []validRequest {
	return []validRequest{
		{"POST", "/identities", personBody(401, "")},
		{"PATCH", "/identities/x", "{}"},
		{"DELETE", "/identities/x", ""},
		{"PATCH", "/identities/x/deactivate", ""},
		{"PATCH", "/identities/x/reactivate", ""},
		{"POST", "/identities/x/children", `{"children":["y"]}`},
		{"DELETE", "/identities/x/children", `{"children":["y"]}`},
		{"POST", "/identities/x/permissions", "[]"},
		{"DELETE", "/identities/x/permissions/y", ""},
		{"POST", "/identities/x/withdrawal-accounts", bankAccountBody},
		{"DELETE", "/identities/x/withdrawal-accounts/y", ""},
		{"POST", "/identities/x/verifications", `{"channel":"email"}`},
		{"POST", "/identities/x/verifications/email/confirm", `{"code":"000000"}`},
		{"POST", "/identities/x/screening", decisionBody},
		{"POST", "/identities/x/hold", `{"reason":"r"}`},
		{"DELETE", "/identities/x/hold", ""},
	}
}
