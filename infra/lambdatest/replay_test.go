package lambdatest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/go-jose/go-jose/v4"

	"cedula/infra/lambdatest"
	"cedula/infra/template"
	"cedula/infra/testenv"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/store"
	"cedula/shared/table/dynamo"
)

// replayEnv is a deployment with a real table and one client.
type replayEnv struct {
	*deployment
	dynamoDBURL string // its URL
	client      *dynamodb.Client
	store       *store.Store
	credentials auth.Credentials
}

func newReplayEnv(t *testing.T) *replayEnv {
	t.Helper()
	endpoint := testenv.Setting(t, "DYNAMODB_ENDPOINT")
	d := newDeployment(t, endpoint)
	d.values["CEDULA_TABLE"] = "replay-" + rand.Text()
	client := dynamodb.New(dynamodb.Options{
		Region: lambdatest.Region, BaseEndpoint: aws.String(endpoint),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example"}, nil
		}),
	})
	if err := dynamo.CreateTable(t.Context(), client, d.values["CEDULA_TABLE"], store.Indexes); err != nil {
		t.Fatal(err)
	}
	secret := []byte(d.values["CEDULA_SECRET"])
	registry := store.New(dynamo.New(client, d.values["CEDULA_TABLE"], store.Indexes), secret)
	admin := auth.Admin{AdminStore: registry, Hasher: auth.NewHasher(secret), APIs: []auth.API{conomy.AuthAPI, blnk.AuthAPI}}
	_, shown, err := admin.CreateClient(t.Context(),
		auth.ClientParams{Name: "replay", Tenant: "acme", Scopes: auth.ParseScopes("identity:read identity:status:write identity:write"), TestMode: true})
	if err != nil {
		t.Fatal(err)
	}
	return &replayEnv{d, endpoint, client, registry, shown}
}

// event reads a function's sample event and puts values in place of what only a
// deployment knows: pairs of what stands in the file and what is to stand there.
func (s *replayEnv) event(t *testing.T, name string, pairs ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.root, "events", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !bytes.Contains(text, []byte(pairs[i])) {
			t.Fatalf("%s holds no %q to replace", name, pairs[i])
		}
		text = bytes.ReplaceAll(text, []byte(pairs[i]), []byte(pairs[i+1]))
	}
	return text
}

// start runs the function of a folder, with the rights of its role.
func (s *replayEnv) start(t *testing.T, folder string) *lambdatest.Function {
	t.Helper()
	return s.startWithEnv(t, folder, append(s.environment(t, folder), "AWS_ENDPOINT_URL_DYNAMODB="+s.roleCheckedDynamoDB(t, folder), "AWS_ENDPOINT_URL_KMS="+s.roleCheckedKMS(t, folder)))
}

// invokeJSON invokes an operation and decodes its JSON body, if it has one.
func invokeJSON(t *testing.T, f *lambdatest.Function, event []byte, wantStatus int) (map[string]any, events.APIGatewayProxyResponse) {
	t.Helper()
	answer := invoke(t, f, event, wantStatus)
	if got := answer.MultiValueHeaders["Cache-Control"]; len(got) != 1 || got[0] != "no-store" {
		t.Errorf("Cache-Control is %q", got)
	}
	var body map[string]any
	if wantStatus != http.StatusNoContent {
		decode(t, []byte(answer.Body), &body)
	}
	return body, answer
}

// invoke invokes an operation.
func invoke(t *testing.T, f *lambdatest.Function, event []byte, wantStatus int) events.APIGatewayProxyResponse {
	t.Helper()
	payload, err := f.Invoke(requestContext(t), event)
	if err != nil {
		t.Fatalf("%v\n%s", err, f.Output())
	}
	var answer events.APIGatewayProxyResponse
	decode(t, payload, &answer)
	if answer.StatusCode != wantStatus {
		t.Fatalf("got status %d, want %d: %s\n%s", answer.StatusCode, wantStatus, answer.Body, f.Output())
	}
	return answer
}

// invokeAuthorizer invokes an authorizer and returns its effect, "Unauthorized" included.
func invokeAuthorizer(t *testing.T, f *lambdatest.Function, event []byte) (string, events.APIGatewayCustomAuthorizerResponse) {
	t.Helper()
	payload, err := f.Invoke(requestContext(t), event)
	if failed, ok := err.(*lambdatest.FunctionError); ok { //nolint:errorlint // returned as it is
		return failed.Message, events.APIGatewayCustomAuthorizerResponse{}
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, f.Output())
	}
	var answer events.APIGatewayCustomAuthorizerResponse
	decode(t, payload, &answer)
	return answer.PolicyDocument.Statement[0].Effect, answer
}

// assertFields checks members of a body; "" stands for any text but the empty one.
func assertFields(t *testing.T, body map[string]any, members map[string]any) {
	t.Helper()
	for name, wanted := range members {
		if text, ok := body[name].(string); wanted == "" && ok && text != "" {
			continue
		}
		if body[name] != wanted {
			t.Errorf("%s is %v, want %v", name, body[name], wanted)
		}
	}
}

func TestConomy(t *testing.T) {
	s := newReplayEnv(t)
	token := s.createToken(t)
	authorizer := s.start(t, "authorizers/conomy")

	effect, allowed := invokeAuthorizer(t, authorizer, s.event(t, "authorizers-conomy", "TOKEN", token, "CONOMY-KEY", s.credentials.Keys["conomy"]))
	if effect != "Allow" {
		t.Fatalf("own token and key: %s", effect)
	}
	assertFields(t, allowed.Context, map[string]any{"tenant": "acme", "client": s.credentials.ClientID})
	if resource := allowed.PolicyDocument.Statement[0].Resource[0]; !strings.HasSuffix(resource, "/sandbox/*") {
		t.Errorf("the policy covers %q", resource)
	}
	for name, pairs := range map[string][]string{
		"the file's own words": nil,
		"Blnk's key":           {"TOKEN", token, "CONOMY-KEY", s.credentials.Keys["blnk"]},
		"a changed token":      {"TOKEN", token[:len(token)-8] + "AAAAAAAA", "CONOMY-KEY", s.credentials.Keys["conomy"]},
	} {
		if effect, _ := invokeAuthorizer(t, authorizer, s.event(t, "authorizers-conomy", pairs...)); effect == "Allow" {
			t.Errorf("%s: allowed", name)
		}
	}

	create := s.start(t, "conomy/create-identity")
	body, _ := invokeJSON(t, create, s.event(t, "conomy-create-identity"), 200)
	assertFields(t, body, map[string]any{
		"id": "", "type": "USER", "status": "ACTIVE", "documentNumber": "12.345.678-5",
		"email": "martina.rojas@example.com", "createdAt": "", "name": "Martina",
	})
	again, answer := invokeJSON(t, create, s.event(t, "conomy-create-identity"), 200)
	if again["id"] != body["id"] || len(answer.MultiValueHeaders["Idempotent-Replayed"]) != 1 {
		t.Errorf("a replay answers %v, %v", again["id"], answer.MultiValueHeaders)
	}
	found, _ := invokeJSON(t, s.start(t, "conomy/get-identity"), s.event(t, "conomy-get-identity", sampleID, body["id"].(string)), 200)
	assertFields(t, found, map[string]any{"id": body["id"], "email": "martina.rojas@example.com"})
	through, _ := invokeJSON(t, s.start(t, "blnk/get-identity"),
		s.event(t, "blnk-get-identity", "idt_3b63c8de-af2d-4b4e-8a4d-6f8b1c0d9e21", body["id"].(string)), 200)
	assertFields(t, through, map[string]any{"identity_id": body["id"], "first_name": "Martina"})
}

// createToken asks the function for one, and sees a wrong secret refused.
func (s *replayEnv) createToken(t *testing.T) string {
	t.Helper()
	f := s.start(t, "conomy/create-token")
	credentials := []string{"CONOMY-KEY", s.credentials.Keys["conomy"], "CLIENT-ID", s.credentials.ClientID, "CLIENT-SECRET"}
	wrong, _ := invokeJSON(t, f, s.event(t, "conomy-create-token", append(credentials, strings.Repeat("0", 64))...), 401)
	assertFields(t, wrong, map[string]any{"code": "41", "type": "unauthorized", "traceId": ""})
	body, _ := invokeJSON(t, f, s.event(t, "conomy-create-token", append(credentials, s.credentials.ClientSecret)...), 200)
	assertFields(t, body, map[string]any{"tokenType": "Bearer", "accessToken": ""})
	if life, _ := body["expiresIn"].(float64); life < 3598 || life > 3600 {
		t.Errorf("expiresIn is %v, want an hour", body["expiresIn"])
	}
	return body["accessToken"].(string)
}

func TestBlnk(t *testing.T) {
	s := newReplayEnv(t)
	authorizer := s.start(t, "authorizers/blnk")
	if effect, _ := invokeAuthorizer(t, authorizer, s.event(t, "authorizers-blnk", "BLNK-KEY", s.credentials.Keys["blnk"])); effect != "Allow" {
		t.Errorf("own key: %s", effect)
	}
	effect, refused := invokeAuthorizer(t, authorizer, s.event(t, "authorizers-blnk"))
	if effect != "Deny" {
		t.Errorf("the file's own words: %s", effect)
	}
	assertFields(t, refused.Context, map[string]any{"code": "AUTH_INVALID_API_KEY", "message": "Invalid API key"})

	body, _ := invokeJSON(t, s.start(t, "blnk/create-identity"), s.event(t, "blnk-create-identity"), 201)
	assertFields(t, body, map[string]any{"identity_id": "", "first_name": "Adaeze", "created_at": "", "dob": "1992-07-04T00:00:00Z"})
	if len(body) != 19 {
		t.Errorf("got %d members, want 19", len(body))
	}
	found, _ := invokeJSON(t, s.start(t, "blnk/get-identity"),
		s.event(t, "blnk-get-identity", "idt_3b63c8de-af2d-4b4e-8a4d-6f8b1c0d9e21", body["identity_id"].(string)), 200)
	assertFields(t, found, map[string]any{"identity_id": body["identity_id"], "email_address": "adaeze.okafor@example.com"})

	health, _ := invokeJSON(t, s.start(t, "blnk/get-health"), s.event(t, "blnk-get-health"), 200)
	assertFields(t, health, map[string]any{"status": "UP"})
}

// Ids in the sample events that a deployment did not give.
const (
	sampleID        = "6926e3f0a1b2c3d4e5f60718"
	otherSampleID   = "6926e3f1a1b2c3d4e5f60719"
	sampleAccountID = "6926e402a1b2c3d4e5f6071a"
)

// conomyReplayEnv is a stage with an organisation and a person.
type conomyReplayEnv struct {
	*replayEnv
	organisation, person string // their ids
}

func newConomyReplayEnv(t *testing.T) *conomyReplayEnv {
	t.Helper()
	s := newReplayEnv(t)
	create := s.start(t, "conomy/create-identity")
	organisation, _ := invokeJSON(t, create, s.event(t, "conomy-create-identity", `\"USER\"`, `\"ORGANIZATION\"`,
		"12.345.678-5", "76.000.000-0", "martina.rojas@", "hello@", "customer-4711", "customer-1", "onboarding-4711", "onboarding-1"), 200)
	person, _ := invokeJSON(t, create, s.event(t, "conomy-create-identity"), 200)
	return &conomyReplayEnv{s, organisation["id"].(string), person["id"].(string)}
}

// callOperation sends an operation its sample event, made to speak of some of the
// household: the first id takes sampleID's place, the second otherSampleID's.
func (h *conomyReplayEnv) callOperation(t *testing.T, operation string, wantStatus int, ids ...string) map[string]any {
	t.Helper()
	body, _ := invokeJSON(t, h.start(t, "conomy/"+operation), h.eventFor(t, operation, ids...), wantStatus)
	return body
}

func (h *conomyReplayEnv) eventFor(t *testing.T, operation string, ids ...string) []byte {
	t.Helper()
	var pairs []string
	for i, placeholder := range []string{sampleID, otherSampleID}[:len(ids)] {
		pairs = append(pairs, placeholder, ids[i])
	}
	return h.event(t, "conomy-"+operation, pairs...)
}

// callList sends an operation that answers with a bare array.
func (h *conomyReplayEnv) callList(t *testing.T, operation string, ids ...string) []map[string]any {
	t.Helper()
	answer := invoke(t, h.start(t, "conomy/"+operation), h.eventFor(t, operation, ids...), 200)
	var list []map[string]any
	decode(t, []byte(answer.Body), &list)
	return list
}

// singleElement returns the one element of a member that is an array.
func singleElement(t *testing.T, body map[string]any, member string) map[string]any {
	t.Helper()
	list, _ := body[member].([]any)
	if len(list) != 1 {
		t.Fatalf("%s has %d elements, want 1: %v", member, len(list), body)
	}
	element, _ := list[0].(map[string]any)
	return element
}

func TestConomyLists(t *testing.T) {
	h := newConomyReplayEnv(t)
	for _, operation := range []string{"list-identities", "search-identities"} {
		found := singleElement(t, h.callOperation(t, operation, 200), "data")
		assertFields(t, found, map[string]any{"id": h.person, "type": "USER", "email": "martina.rojas@example.com"})
	}
}

func TestConomyChanges(t *testing.T) {
	h := newConomyReplayEnv(t)
	assertFields(t, h.callOperation(t, "update-identity", 200, h.person), map[string]any{"id": h.person, "nickname": "Tina", "lastname": "Rojas Soto"})
	assertFields(t, h.callOperation(t, "deactivate-identity", 200, h.person), map[string]any{"id": h.person, "status": "INACTIVE"})
	assertFields(t, h.callOperation(t, "reactivate-identity", 200, h.person), map[string]any{"id": h.person, "status": "ACTIVE"})
	h.callOperation(t, "delete-identity", 204, h.person)
	assertFields(t, h.callOperation(t, "get-identity", 404, h.person), map[string]any{"code": "31"})
	assertFields(t, h.callOperation(t, "get-identity", 200, h.organisation), map[string]any{"id": h.organisation, "children": nil})
}

func TestConomyChildren(t *testing.T) {
	h := newConomyReplayEnv(t)
	parent := h.callOperation(t, "add-children", 200, h.organisation, h.person)
	assertFields(t, singleElement(t, parent, "children"), map[string]any{"id": h.person, "name": "Martina"})
	assertFields(t, singleElement(t, h.callOperation(t, "get-identity", 200, h.organisation), "children"), map[string]any{"id": h.person})
	assertFields(t, singleElement(t, h.callOperation(t, "list-parents", 200, h.person), "data"), map[string]any{"id": h.organisation, "type": "ORGANIZATION"})
	// Each answer shows the children, and what answers with less may read them too.
	for _, operation := range []string{"deactivate-identity", "reactivate-identity", "update-identity"} {
		assertFields(t, singleElement(t, h.callOperation(t, operation, 200, h.organisation), "children"), map[string]any{"id": h.person})
	}
	h.callOperation(t, "add-permissions", 201, h.organisation, h.person)
	h.callOperation(t, "remove-permission", 204, h.organisation, h.person)
	parent = h.callOperation(t, "remove-children", 200, h.organisation, h.person)
	assertFields(t, parent, map[string]any{"id": h.organisation, "children": nil})
}

// A new identity may have children at once. One that has both a parent and a
// child goes with its links.
func TestConomyNewParent(t *testing.T) {
	h := newConomyReplayEnv(t)
	h.callOperation(t, "add-children", 200, h.organisation, h.person)
	event := h.event(t, "conomy-create-identity", `\"USER\"`, `\"ORGANIZATION\"`,
		"12.345.678-5", "77.000.000-1", "customer-4711", "customer-2", "onboarding-4711", "onboarding-2",
		`\"metadata\":`, `\"children\": [{\"id\": \"`+h.organisation+`\", \"name\": \"Martina\", \"email\": \"hello@example.com\"}], \"metadata\":`)
	parent, _ := invokeJSON(t, h.start(t, "conomy/create-identity"), event, 200)
	assertFields(t, singleElement(t, parent, "children"), map[string]any{"id": h.organisation})
	h.callOperation(t, "delete-identity", 204, h.organisation)
	assertFields(t, h.callOperation(t, "get-identity", 200, parent["id"].(string)), map[string]any{"children": nil})
	assertFields(t, h.callOperation(t, "get-identity", 200, h.person), map[string]any{"id": h.person})
	if parents := h.callOperation(t, "list-parents", 200, h.person)["data"]; len(parents.([]any)) != 0 {
		t.Errorf("the parents are %v, want none", parents)
	}
}

func TestConomyPermissions(t *testing.T) {
	h := newConomyReplayEnv(t)
	h.callOperation(t, "add-permissions", 201, h.organisation, h.person)
	scopes := h.callList(t, "list-permissions", h.organisation)
	if len(scopes) != 1 {
		t.Fatalf("got %v, want one scope", scopes)
	}
	assertFields(t, scopes[0], map[string]any{"resource": "IDENTITY", "reference": h.person})
	h.callOperation(t, "remove-permission", 204, h.organisation, h.person)
	if scopes := h.callList(t, "list-permissions", h.organisation); len(scopes) != 0 {
		t.Errorf("got %v, want no scope", scopes)
	}
}

func TestConomyWithdrawalAccounts(t *testing.T) {
	h := newConomyReplayEnv(t)
	added := h.callOperation(t, "add-withdrawal-account", 201, h.person)
	assertFields(t, added, map[string]any{"id": "", "accountNumber": "000123456789", "currency": "CLP", "createdAt": ""})
	accounts := h.callList(t, "list-withdrawal-accounts", h.person)
	if len(accounts) != 1 || accounts[0]["id"] != added["id"] {
		t.Fatalf("got %v, want the account %v", accounts, added["id"])
	}
	remove := h.start(t, "conomy/remove-withdrawal-account")
	event := h.event(t, "conomy-remove-withdrawal-account", sampleID, h.person, sampleAccountID, added["id"].(string))
	invokeJSON(t, remove, event, 204)
	invokeJSON(t, remove, event, 404)
	if accounts := h.callList(t, "list-withdrawal-accounts", h.person); len(accounts) != 0 {
		t.Errorf("got %v, want no account", accounts)
	}
}

// What has no table answers all the same.
func TestConomyNotImplemented(t *testing.T) {
	s := newReplayEnv(t)
	for _, operation := range []string{"add-rules", "remove-rules", "add-fees", "remove-fees", "remove-fee", "set-escrow-fee"} {
		body, _ := invokeJSON(t, s.start(t, "conomy/"+operation), s.event(t, "conomy-"+operation), 501)
		assertFields(t, body, map[string]any{"code": "42", "type": "unimplemented", "traceId": ""})
	}
}

// Without the authorizer's context, or with one that is not its own, an
// operation serves nobody, whatever headers the client sent.
func TestCallWithoutAuthorizerContextIsRejected(t *testing.T) {
	s := newReplayEnv(t)
	for folder, f := range s.functions() {
		if strings.HasPrefix(folder, "authorizers/") || strings.HasPrefix(folder, "jobs/") || isPublic(f.Properties) {
			continue
		}
		f, name := s.start(t, folder), strings.Replace(folder, "/", "-", 1)
		invokeJSON(t, f, s.event(t, name, `"authorizer"`, `"other"`), 401)
		invokeJSON(t, f, s.event(t, name, `"tenant": "acme"`, `"tenant": ""`), 401)
		invokeJSON(t, f, s.event(t, name, `"expires": "0"`, `"expires": "1"`), 401)
		invokeJSON(t, f, s.event(t, name, `"scopes": "`, `"scopes": "identity:other", "others": "`), 403)
	}
}

// isPublic tells whether every event of a function comes without an authorizer.
func isPublic(properties map[string]any) bool {
	calls, _ := properties["Events"].(map[string]any)
	for name := range calls {
		if template.Lookup(properties, "Events", name, "Properties", "Auth") == nil {
			return false
		}
	}
	return true
}

// TestAPIDocsAreServed: the contract, its page and the page's script are served to
// anybody, each by its own path.
func TestAPIDocsAreServed(t *testing.T) {
	s := newReplayEnv(t)
	for _, dialect := range []string{"conomy", "blnk"} {
		f := s.start(t, dialect+"/get-reference")
		for path, holds := range map[string]string{"/openapi.yaml": "openapi: 3.1", "/docs": "docs/redoc.js", "/docs/redoc.js": "Redoc"} {
			answer := invoke(t, f, s.event(t, dialect+"-get-reference", "/openapi.yaml", path), 200)
			if !strings.Contains(answer.Body, holds) {
				t.Errorf("%s %s: %.200s", dialect, path, answer.Body)
			}
		}
	}
}

// TestTokenVerifiesWithPublishedKeys: a token can be verified with what is published.
func TestTokenVerifiesWithPublishedKeys(t *testing.T) {
	s := newReplayEnv(t)
	f := s.start(t, "conomy/get-token-keys")
	answer := invoke(t, f, s.event(t, "conomy-get-token-keys"), 200)
	if got := answer.MultiValueHeaders["Cache-Control"]; len(got) != 1 || got[0] != "public, max-age=300" {
		t.Errorf("Cache-Control is %q", got)
	}
	var set jose.JSONWebKeySet
	decode(t, []byte(answer.Body), &set)
	signed, err := jose.ParseSignedCompact(s.createToken(t), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signed.Verify(set); err != nil {
		t.Errorf("%v with %s", err, answer.Body)
	}
	const keys, metadata = "/.well-known/jwks.json", "/.well-known/oauth-authorization-server"
	answer = invoke(t, f, s.event(t, "conomy-get-token-keys", keys, metadata), 200)
	var said map[string]any
	decode(t, []byte(answer.Body), &said)
	assertFields(t, said, map[string]any{"issuer": "urn:cedula:test", "jwks_uri": "https://conomy.registry.example.com/sandbox" + keys})
}

// An identity of another tenant is answered like one that is not there.
func TestIdentityOfOtherTenantIsNotFound(t *testing.T) {
	s := newReplayEnv(t)
	body, _ := invokeJSON(t, s.start(t, "conomy/create-identity"), s.event(t, "conomy-create-identity"), 200)
	f := s.start(t, "conomy/get-identity")
	foreign, _ := invokeJSON(t, f, s.event(t, "conomy-get-identity",
		sampleID, body["id"].(string), `"tenant": "acme"`, `"tenant": "other"`), 404)
	absent, _ := invokeJSON(t, f, s.event(t, "conomy-get-identity"), 404)
	for name := range absent {
		if foreign[name] != absent[name] {
			t.Errorf("%s: %v for a foreign identity, %v for none", name, foreign[name], absent[name])
		}
	}
}
