package lambdatest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cedula/infra/privacytest"
	"cedula/infra/template"
	"cedula/infra/testenv"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/store"
	"cedula/shared/table/dynamo"
)

// deployment is what the stack gives to its functions.
type deployment struct {
	root      string
	template  *template.Template
	functions map[string]template.Resource // by folder
	services  *Services
	values    map[string]string // by environment variable, as the template sets it
}

// readDeployment reads the template, without services.
func readDeployment() (*deployment, error) {
	root, err := template.ModuleRoot()
	if err != nil {
		return nil, err
	}
	tmpl, err := template.Read(root)
	if err != nil {
		return nil, err
	}
	d := &deployment{root: root, template: tmpl, functions: map[string]template.Resource{}}
	for id, r := range tmpl.ResourcesOfType(template.TypeFunction) {
		d.functions[template.FunctionFolder(id)] = r
	}
	return d, nil
}

func newDeployment(t testing.TB) *deployment {
	t.Helper()
	d, err := readDeployment()
	if err != nil {
		t.Fatal(err)
	}
	d.services, err = StartServices()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.services.Close)
	d.values = d.services.Environment()
	return d
}

// environment returns what the template sets for a function, without some variables, and the addresses of the services.
func (d *deployment) environment(t testing.TB, folder string, without ...string) []string {
	t.Helper()
	var env []string
	for _, name := range append(d.functions[folder].VariableNames(), "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_KMS") {
		if d.values[name] == "" {
			t.Fatalf("%s: the template sets %s, which no function reads", folder, name)
		}
		if !slices.Contains(without, name) {
			env = append(env, name+"="+d.values[name])
		}
	}
	return env
}

// startWithEnv starts a function's bootstrap.
func (d *deployment) startWithEnv(t *testing.T, folder string, env []string) *Function {
	t.Helper()
	path := bootstraps(t)[folder]
	if path == "" {
		t.Fatalf("%s: in the template and not under functions/", folder)
	}
	timeout, ok := d.functions[folder].Properties["Timeout"].(int)
	if !ok {
		timeout, _ = template.Lookup(d.template.Document, "Globals", "Function", "Timeout").(int)
	}
	f, err := Start(Config{
		Log:       privacytest.Log,
		Bootstrap: path, Name: strings.ReplaceAll(folder, "/", "-"), Env: env, Timeout: time.Duration(timeout) * time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Stop)
	return f
}

var buildOnce = sync.OnceValues(func() (map[string]string, error) {
	root, err := template.ModuleRoot()
	if err != nil {
		return nil, err
	}
	if err := statSources(root); err != nil {
		return nil, err
	}
	return BuildAll(context.Background(), root)
})

// bootstraps returns the programs of all functions, which are built once for all tests.
func bootstraps(t testing.TB) map[string]string {
	t.Helper()
	built, err := buildOnce()
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// statSources looks at every file that a bootstrap is built from. The go command caches a test's success until a file
// that the test looked at changes; it does not see what a compiler reads.
func statSources(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && path != root:
			return fs.SkipDir
		case strings.HasSuffix(path, ".go"), entry.Name() == "go.mod", entry.Name() == "go.sum":
			_, err = os.Stat(path)
		}
		return err
	})
}

func requestContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func decode(t *testing.T, payload []byte, into any) {
	t.Helper()
	if err := json.Unmarshal(payload, into); err != nil {
		t.Fatalf("%v: %s", err, payload)
	}
}

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
	d := newDeployment(t)
	d.values["CEDULA_TABLE"] = "replay-" + rand.Text()
	client := dynamodb.New(dynamodb.Options{
		Region: Region, BaseEndpoint: aws.String(endpoint),
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
func (s *replayEnv) start(t *testing.T, folder string, env ...string) *Function {
	t.Helper()
	return s.startWithEnv(t, folder, slices.Concat(s.environment(t, folder), []string{
		"AWS_ENDPOINT_URL_DYNAMODB=" + s.roleChecked(t, folder, s.dynamoDBURL, requiredOfDynamoDB), "AWS_ENDPOINT_URL_KMS=" + s.roleChecked(t, folder, s.services.KMS.URL, requiredOfKMS),
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
	if st.want == "" {
		return
	}
	var wantBody, gotBody any
	decode(t, []byte(st.want), &wantBody)
	decode(t, []byte(got.Body), &gotBody)
	if !s.matches(gotBody, wantBody) {
		t.Fatalf("%s: body = %s, want %s (variables %v)", st.operation, got.Body, st.want, s.vars)
	}
}

// matches reports whether a JSON value is as wanted. A wanted object may have fewer fields, and a wanted null is null or
// absent. A wanted text may be a prefix with "*" for the rest, "*" for an object, or "$name" for the value of a variable, which is set if it has none.
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
func invoke(t *testing.T, f *Function, event []byte, wantStatus int) events.APIGatewayProxyResponse {
	t.Helper()
	var response events.APIGatewayProxyResponse
	invokeInto(t, f, event, &response)
	if response.StatusCode != wantStatus {
		t.Fatalf("status = %d, want %d: %s\n%s", response.StatusCode, wantStatus, response.Body, f.Output())
	}
	return response
}

// authorize invokes an authorizer and returns its effect, or "Unauthorized", and the context.
func (s *replayEnv) authorize(t *testing.T, api string, pairs ...string) (string, map[string]any) {
	t.Helper()
	f := s.start(t, "authorizers/"+api)
	payload, err := f.Invoke(requestContext(t), s.event(t, "authorizers/"+api, pairs...))
	if failed, ok := err.(*FunctionError); ok { //nolint:errorlint // returned as it is
		return failed.Message, nil
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, f.Output())
	}
	var response events.APIGatewayCustomAuthorizerResponse
	decode(t, payload, &response)
	return response.PolicyDocument.Statement[0].Effect, response.Context
}
