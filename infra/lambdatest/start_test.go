package lambdatest_test

import (
	"debug/buildinfo"
	"errors"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"cedula/infra/lambdatest"
)

// A function starts with the variables that the template gives it, and each of
// them is needed unless it may be empty: so the template sets what is read, no
// more and no less.
func TestEveryFunctionStartsWithItsEnvironment(t *testing.T) {
	d := newDeployment(t, newEmptyDynamoDB(t))
	for folder, resource := range d.functions() {
		t.Run(folder, func(t *testing.T) {
			f := d.startWithEnv(t, folder, d.environment(t, folder))
			if _, err := f.Ready(requestContext(t)); err != nil {
				t.Fatal(err)
			}
			for _, name := range resource.VariableNames() {
				if slices.Contains(lambdatest.OptionalVariables, name) {
					if _, err := d.startWithEnv(t, folder, append(d.environment(t, folder, name), name+"=")).Ready(requestContext(t)); err != nil {
						t.Errorf("without %s: %v", name, err)
					}
					continue
				}
				assertStartFails(t, d.startWithEnv(t, folder, d.environment(t, folder, name)), name+" is not set")
			}
		})
	}
}

func TestInvalidEnvironmentIsRejected(t *testing.T) {
	d := newDeployment(t, newEmptyDynamoDB(t))
	for _, c := range []struct{ name, value, want string }{
		{"CEDULA_SECRET", "too short", "CEDULA_SECRET has fewer than 32 bytes"},
		{"CEDULA_SECRET", " \n", "CEDULA_SECRET is not set"},
		{"CEDULA_TOKEN_KEY", "a,,b", "CEDULA_TOKEN_KEY names no key where one is due"},
		{"CEDULA_ISSUERS", `{}`, "CEDULA_ISSUERS is wrong: body must be an array"},
		{"CEDULA_TOKEN_KEY", "-----BEGIN PRIVATE KEY-----\nMTIz\n-----END PRIVATE KEY-----\n", "CEDULA_TOKEN_KEY is not a P-256 private key in PEM"},
	} {
		const folder = "authorizers/conomy"
		env := append(d.environment(t, folder, c.name), c.name+"="+c.value)
		f := d.startWithEnv(t, folder, env)
		assertStartFails(t, f, c.want)
		if c.value != " \n" && strings.Contains(f.Output(), c.value) {
			t.Errorf("%s: the value is shown", c.name)
		}
	}
}

// What makes identities and what lists them know one setting of how lists are split.
func TestListShards(t *testing.T) {
	d := newDeployment(t, newEmptyDynamoDB(t))
	var know []string
	for folder, resource := range d.functions() {
		if !slices.Contains(resource.VariableNames(), "CEDULA_LIST_SHARDS") {
			continue
		}
		know = append(know, folder)
		f := d.startWithEnv(t, folder, append(d.environment(t, folder, "CEDULA_LIST_SHARDS"), "CEDULA_LIST_SHARDS=acme=8/4"))
		assertStartFails(t, f, "CEDULA_LIST_SHARDS has shards that are not 1 to 64, or more to write to than to read from")
	}
	slices.Sort(know)
	want := []string{
		"blnk/create-identity", "blnk/filter-identities", "blnk/list-identities",
		"conomy/create-identity", "conomy/list-identities", "conomy/search-identities",
	}
	if !slices.Equal(know, want) {
		t.Errorf("%v know how lists are split, want %v", know, want)
	}
}

// assertStartFails wants the process gone, with one line.
func assertStartFails(t *testing.T, f *lambdatest.Function, want string) {
	t.Helper()
	_, err := f.Ready(requestContext(t))
	var gone *lambdatest.ExitError
	if !errors.As(err, &gone) {
		t.Fatalf("got %v, want the process gone with %q", err, want)
	}
	if line := "cedula: environment variable " + want + "\n"; gone.Output != line {
		t.Errorf("got output %q, want %q", gone.Output, line)
	}
}

// Events that no API Gateway sends are answered or reported, and the process
// goes on to the next one.
func TestMalformedEvents(t *testing.T) {
	d := newDeployment(t, newEmptyDynamoDB(t))
	events := []string{
		``, `null`, `[]`, `"x"`, `0`, `{`, `{}`, "\x00\xff", `{"requestContext":null}`, `{"requestContext":"x"}`,
		`{"headers":[]}`, `{"httpMethod":"\u0000","resource":"/../..","path":"//%zz?"}`, `{"body":1}`,
		`{"httpMethod":"POST","resource":"/identities","body":"####","isBase64Encoded":true,"requestContext":{"authorizer":{"tenant":1}}}`,
		`{"type":"REQUEST","methodArn":"","headers":{"Authorization":"Bearer ..","x-api-key":"a","X-blnk-key":"b"}}`,
		strings.Repeat(`{"headers":`, 20000),
	}
	for folder := range d.functions() {
		t.Run(folder, func(t *testing.T) {
			f := d.startWithEnv(t, folder, d.environment(t, folder))
			for _, event := range events {
				answer, err := f.Invoke(requestContext(t), []byte(event))
				var reported *lambdatest.FunctionError
				if err != nil && !errors.As(err, &reported) {
					t.Fatalf("event %.60q: %v", event, err)
				}
				if err == nil && len(answer) == 0 {
					t.Errorf("event %.60q: no answer", event)
				}
			}
		})
	}
}

// Each client of an AWS service costs start-up time, and the embedded table has
// no place in a Lambda.
func TestLinkedModules(t *testing.T) {
	const kms, pebble = "github.com/aws/aws-sdk-go-v2/service/kms", "github.com/cockroachdb/pebble"
	const dynamoDB = "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	functions := newDeployment(t, "").functions()
	callers := []string{
		"authorizers/conomy", "conomy/create-token", "conomy/get-token-keys", // of the token key
		"conomy/update-identity", "blnk/update-identity", "blnk/tokenize-field", "blnk/tokenize-identity", // of the vault's
		"conomy/start-verification", "conomy/confirm-verification",
		"jobs/expire-pending", "jobs/remind-pending", // which are wired together
		"blnk/detokenize-field", "blnk/detokenize-identity",
	}
	for folder, path := range bootstraps(t) {
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		links := func(module string) bool {
			return slices.ContainsFunc(info.Deps, func(m *debug.Module) bool { return m.Path == module })
		}
		if want := slices.Contains(callers, folder); links(kms) != want {
			t.Errorf("%s: links the KMS client: %v, want %v", folder, !want, want)
		}
		// What makes or reads tokens is wired on top of what has the table.
		if want := slices.Contains(functions[folder].VariableNames(), "CEDULA_TABLE") || slices.Contains(callers, folder); links(dynamoDB) != want {
			t.Errorf("%s: links the DynamoDB client: %v, want %v", folder, !want, want)
		}
		for _, sender := range []string{"sesv2", "sns"} {
			if want := folder == "jobs/deliver-messages"; links("github.com/aws/aws-sdk-go-v2/service/"+sender) != want {
				t.Errorf("%s: links the client of %s: %v, want %v", folder, sender, !want, want)
			}
		}
		if links(pebble) {
			t.Errorf("%s: links the embedded table", folder)
		}
	}
}
