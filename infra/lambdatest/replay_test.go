package lambdatest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"net/http"
	"os"
	"path/filepath"
	"slices"
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

// replayEnv is a deployment with a table of its own and one client.
type replayEnv struct {
	*deployment
	dynamoDBURL string
	client      *dynamodb.Client
	store       *store.Store
	credentials auth.Credentials
	vars        map[string]string // set by the steps of a scenario
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
	_, credentials, err := admin.CreateClient(t.Context(),
		auth.ClientParams{Name: "replay", Tenant: "acme", Scopes: auth.ParseScopes("identity:read identity:status:write identity:write"), TestMode: true})
	if err != nil {
		t.Fatal(err)
	}
	return &replayEnv{d, endpoint, client, registry, credentials, map[string]string{}}
}

// event reads a sample event and replaces what only a deployment knows: pairs of a text in the file and its
// replacement, in which $name stands for a variable.
func (s *replayEnv) event(t *testing.T, folder string, pairs ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.root, "events", strings.Replace(folder, "/", "-", 1)+".json"))
	if err != nil {
		t.Fatal(err)
	}
	for pair := range slices.Chunk(pairs, 2) {
		if !bytes.Contains(text, []byte(pair[0])) {
			t.Fatalf("the event of %s does not contain %q", folder, pair[0])
		}
		value := os.Expand(pair[1], func(name string) string { return s.vars["$"+name] })
		text = bytes.ReplaceAll(text, []byte(pair[0]), []byte(value))
	}
	return text
}

// start runs the function of a folder with the permissions of its role.
func (s *replayEnv) start(t *testing.T, folder string, env ...string) *lambdatest.Function {
	t.Helper()
	return s.startWithEnv(t, folder, slices.Concat(s.environment(t, folder), []string{
		"AWS_ENDPOINT_URL_DYNAMODB=" + s.roleChecked(t, folder, s.dynamoDBURL, requiredOfDynamoDB), "AWS_ENDPOINT_URL_KMS=" + s.roleChecked(t, folder, s.kmsURL, requiredOfKMS),
	}, env))
}

// step calls an operation with its sample event.
type step struct {
	operation string   // its folder
	replace   []string // in the event, see event
	status    int
	want      string // JSON that the response body matches; "": any body
}

// run calls operations one after another. Each runs in a new process.
func (s *replayEnv) run(t *testing.T, steps ...step) {
	t.Helper()
	for _, st := range steps {
		got := invoke(t, s.start(t, st.operation), s.event(t, st.operation, st.replace...), st.status)
		s.checkResponse(t, st, got)
	}
}

func (s *replayEnv) checkResponse(t *testing.T, st step, got events.APIGatewayProxyResponse) {
	t.Helper()
	if cache := got.MultiValueHeaders["Cache-Control"]; len(cache) != 1 || cache[0] != "no-store" {
		t.Errorf("%s: Cache-Control = %q, want no-store", st.operation, cache)
	}
	want, isReplay := strings.CutSuffix(st.want, " replayed")
	if isReplay && len(got.MultiValueHeaders["Idempotent-Replayed"]) != 1 {
		t.Errorf("%s: Idempotent-Replayed is missing", st.operation)
	}
	if want == "" {
		return
	}
	var wantBody, gotBody any
	decode(t, []byte(want), &wantBody)
	decode(t, []byte(got.Body), &gotBody)
	if !s.matches(gotBody, wantBody) {
		t.Fatalf("%s: body = %s, want %s (variables %v)", st.operation, got.Body, want, s.vars)
	}
}

// matches reports whether a JSON value is as wanted. A wanted object may have fewer fields, and a wanted null is null or
// absent. A wanted text may be a prefix with "*" for the rest, "*" for an object, "!" with a text that it is not, or
// "$name" for the value of a variable, which is set if it has none.
func (s *replayEnv) matches(got, want any) bool {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		for name := range want {
			ok = ok && s.matches(object[name], want[name])
		}
		return ok
	case []any:
		list, ok := got.([]any)
		ok = ok && len(list) == len(want)
		for n := 0; ok && n < len(want); n++ {
			ok = s.matches(list[n], want[n])
		}
		return ok
	case string:
		return s.matchesText(got, want)
	}
	return got == want
}

func (s *replayEnv) matchesText(got any, want string) bool {
	text, isText := got.(string)
	if prefix, isPattern := strings.CutSuffix(want, "*"); isPattern {
		_, isObject := got.(map[string]any)
		return isObject || len(text) > len(prefix) && strings.HasPrefix(text, prefix)
	}
	if other, isNegative := strings.CutPrefix(want, "!"); isNegative {
		return isText && text != other
	}
	if strings.HasPrefix(want, "$") && s.vars[want] == "" {
		s.vars[want] = text
		return text != ""
	}
	if strings.HasPrefix(want, "$") {
		want = s.vars[want]
	}
	return isText && text == want
}

// invoke invokes an operation.
func invoke(t *testing.T, f *lambdatest.Function, event []byte, wantStatus int) events.APIGatewayProxyResponse {
	t.Helper()
	var answer events.APIGatewayProxyResponse
	invokeInto(t, f, event, &answer)
	if answer.StatusCode != wantStatus {
		t.Fatalf("status = %d, want %d: %s\n%s", answer.StatusCode, wantStatus, answer.Body, f.Output())
	}
	return answer
}

// authorize invokes an authorizer and returns its effect, or "Unauthorized", and the context.
func (s *replayEnv) authorize(t *testing.T, api string, pairs ...string) (string, map[string]any) {
	t.Helper()
	f := s.start(t, "authorizers/"+api)
	payload, err := f.Invoke(requestContext(t), s.event(t, "authorizers/"+api, pairs...))
	if failed, ok := err.(*lambdatest.FunctionError); ok { //nolint:errorlint // returned as it is
		return failed.Message, nil
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, f.Output())
	}
	var answer events.APIGatewayCustomAuthorizerResponse
	decode(t, payload, &answer)
	return answer.PolicyDocument.Statement[0].Effect, answer.Context
}

// createToken returns a token for the client.
func (s *replayEnv) createToken(t *testing.T) string {
	t.Helper()
	credentials := []string{"CONOMY-KEY", s.credentials.Keys["conomy"], "CLIENT-ID", s.credentials.ClientID, "CLIENT-SECRET"}
	s.run(t,
		step{"conomy/create-token", append(credentials, strings.Repeat("0", 64)), 401, `{"code":"41","type":"unauthorized","traceId":"*"}`},
		step{"conomy/create-token", append(credentials, s.credentials.ClientSecret), 200, `{"tokenType":"Bearer","accessToken":"$token"}`})
	return s.vars["$token"]
}

func TestAuthorizers(t *testing.T) {
	s := newReplayEnv(t)
	token := s.createToken(t)
	for _, tt := range []struct {
		name, api string
		pairs     []string
		want      string
		context   map[string]any // at least
	}{
		{"token and key", "conomy", []string{"TOKEN", token, "CONOMY-KEY", s.credentials.Keys["conomy"]}, "Allow", map[string]any{"tenant": "acme", "client": s.credentials.ClientID}},
		{"sample event", "conomy", nil, "Unauthorized", nil},
		{"key of the Blnk API", "conomy", []string{"TOKEN", token, "CONOMY-KEY", s.credentials.Keys["blnk"]}, "Deny", nil},
		{"changed token", "conomy", []string{"TOKEN", token[:len(token)-8] + "AAAAAAAA", "CONOMY-KEY", s.credentials.Keys["conomy"]}, "Unauthorized", nil},
		{"key", "blnk", []string{"BLNK-KEY", s.credentials.Keys["blnk"]}, "Allow", map[string]any{"tenant": "acme"}},
		{"sample event", "blnk", nil, "Deny", map[string]any{"code": "AUTH_INVALID_API_KEY", "message": "Invalid API key"}},
	} {
		t.Run(tt.api+" "+tt.name, func(t *testing.T) {
			effect, context := s.authorize(t, tt.api, tt.pairs...)
			if effect != tt.want {
				t.Errorf("effect = %s, want %s", effect, tt.want)
			}
			for name, want := range tt.context {
				if context[name] != want {
					t.Errorf("context %s = %v, want %v", name, context[name], want)
				}
			}
		})
	}
}

func TestBlnkAPIKeys(t *testing.T) {
	s := newReplayEnv(t)
	const sample = "7c2m9x4hq0vt5kzb"
	own := []string{sample + "00000001", s.credentials.Keys["blnk"][4:28], sample, s.credentials.ClientID}
	s.run(t,
		step{"blnk/create-api-key", own, 201, `{"api_key_id":"$id","key":"$key"}`},
		step{"blnk/list-api-keys", own, 200, `[{"api_key_id":"$id","key":"$masked"}]`})
	if s.vars["$masked"] == s.vars["$key"] {
		t.Error("the list shows the key, want it masked")
	}
	if effect, _ := s.authorize(t, "blnk", "BLNK-KEY", "$key"); effect != "Allow" {
		t.Errorf("effect for the new key = %s, want Allow", effect)
	}
	s.run(t, step{"blnk/revoke-api-key", append([]string{"api_key_" + sample + "00000000", "$id"}, own...), 204, ``})
	if effect, context := s.authorize(t, "blnk", "BLNK-KEY", "$key"); effect != "Deny" || context["code"] != "AUTH_EXPIRED_API_KEY" {
		t.Errorf("effect for the revoked key = %s with %v, want Deny with AUTH_EXPIRED_API_KEY", effect, context)
	}
}

// TestCallWithoutAuthorizerContextIsRejected checks that an operation serves nobody without the context of its
// authorizer, or with one that is not its own.
func TestCallWithoutAuthorizerContextIsRejected(t *testing.T) {
	s := newReplayEnv(t)
	for folder, resource := range s.functions() {
		if strings.HasPrefix(folder, "authorizers/") || strings.HasPrefix(folder, "jobs/") || isPublic(resource.Properties) {
			continue
		}
		f := s.start(t, folder)
		invoke(t, f, s.event(t, folder, `"authorizer"`, `"other"`), 401)
		invoke(t, f, s.event(t, folder, `"tenant": "acme"`, `"tenant": ""`), 401)
		invoke(t, f, s.event(t, folder, `"expires": "0"`, `"expires": "1"`), 401)
		invoke(t, f, s.event(t, folder, `"scopes": "`, `"scopes": "identity:other", "others": "`), 403)
	}
}

// isPublic reports whether every event of a function comes without an authorizer.
func isPublic(properties map[string]any) bool {
	calls, _ := properties["Events"].(map[string]any)
	for name := range calls {
		if template.Lookup(properties, "Events", name, "Properties", "Auth") == nil {
			return false
		}
	}
	return true
}

func TestAPIDocsAreServed(t *testing.T) {
	s := newReplayEnv(t)
	for _, folder := range []string{"conomy/get-reference", "blnk/get-reference"} {
		f := s.start(t, folder)
		for path, want := range map[string]string{"/openapi.yaml": "openapi: 3.1", "/docs": "docs/redoc.js", "/docs/redoc.js": "Redoc"} {
			if got := invoke(t, f, s.event(t, folder, "/openapi.yaml", path), 200).Body; !strings.Contains(got, want) {
				t.Errorf("%s of %s = %.200s, want it to contain %q", path, folder, got, want)
			}
		}
	}
}

func TestTokenVerifiesWithPublishedKeys(t *testing.T) {
	s := newReplayEnv(t)
	f := s.start(t, "conomy/get-token-keys")
	published := invoke(t, f, s.event(t, "conomy/get-token-keys"), http.StatusOK)
	if got := published.MultiValueHeaders["Cache-Control"]; len(got) != 1 || got[0] != "public, max-age=300" {
		t.Errorf("Cache-Control = %q, want public, max-age=300", got)
	}
	var set jose.JSONWebKeySet
	decode(t, []byte(published.Body), &set)
	signed, err := jose.ParseSignedCompact(s.createToken(t), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := signed.Verify(set); err != nil {
		t.Errorf("verification with %s: error = %v, want none", published.Body, err)
	}
	const keys = "/.well-known/jwks.json"
	metadata := invoke(t, f, s.event(t, "conomy/get-token-keys", keys, "/.well-known/oauth-authorization-server"), http.StatusOK)
	var got struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	decode(t, []byte(metadata.Body), &got)
	if got.Issuer != "urn:cedula:test" || got.Keys != "https://conomy.registry.example.com/sandbox"+keys {
		t.Errorf("metadata = %+v, want the issuer and the address of the keys", got)
	}
}
