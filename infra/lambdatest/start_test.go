package lambdatest_test

import (
	"debug/buildinfo"
	"errors"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// optionalVariables are the variables that the template may leave empty.
var optionalVariables = []string{"CEDULA_EMAIL_CONFIGURATION", "CEDULA_EMAIL_FROM", "CEDULA_LIST_SHARDS", "CEDULA_MESSAGE_LIMITS", "CEDULA_SMS_SENDER"}

// TestEveryFunctionStartsWithItsEnvironment checks that the template sets the variables that a function reads, no more
// and no less: it starts with them, and without one only if that may be empty.
func TestEveryFunctionStartsWithItsEnvironment(t *testing.T) {
	d := newDeployment(t)
	for folder, resource := range d.functions {
		t.Run(folder, func(t *testing.T) {
			d.wantStart(t, folder, d.environment(t, folder), "")
			for _, name := range resource.VariableNames() {
				without := d.environment(t, folder, name)
				if slices.Contains(optionalVariables, name) {
					d.wantStart(t, folder, append(without, name+"="), "")
				} else {
					d.wantStart(t, folder, without, name)
				}
			}
		})
	}
}

// TestListShards checks which functions know how lists are split: those that create identities and those that list them.
func TestListShards(t *testing.T) {
	var got []string
	for folder, resource := range newDeployment(t).functions {
		if slices.Contains(resource.VariableNames(), "CEDULA_LIST_SHARDS") {
			got = append(got, folder)
		}
	}
	slices.Sort(got)
	want := []string{
		"blnk/create-identity", "blnk/filter-identities", "blnk/list-identities",
		"conomy/create-identity", "conomy/list-identities", "conomy/search-identities",
	}
	if !slices.Equal(got, want) {
		t.Errorf("functions with CEDULA_LIST_SHARDS = %v, want %v", got, want)
	}
}

// wantStart checks that a function starts, or ends with one line about a variable; "": it starts.
func (d *deployment) wantStart(t *testing.T, folder string, env []string, missing string) {
	t.Helper()
	_, err := d.startWithEnv(t, folder, env).Ready(requestContext(t))
	want := ""
	if missing != "" {
		want = "cedula: environment variable " + missing + " is not set\n"
	}
	exit, _ := errors.AsType[*ExitError](err)
	if (err != nil) != (missing != "") || exit != nil && exit.Output != want {
		t.Errorf("error of the start with %q = %v, want the output %q", env, err, want)
	}
}

// TestMalformedEvents checks that a function responds to an event that API Gateway does not send, or reports an error, and
// continues.
func TestMalformedEvents(t *testing.T) {
	d := newDeployment(t)
	events := []string{
		``, `null`, `[]`, `"x"`, `0`, `{`, `{}`, "\x00\xff", `{"requestContext":null}`, `{"requestContext":"x"}`,
		`{"headers":[]}`, `{"httpMethod":"\u0000","resource":"/../..","path":"//%zz?"}`, `{"body":1}`,
		`{"httpMethod":"POST","resource":"/identities","body":"####","isBase64Encoded":true,"requestContext":{"authorizer":{"tenant":1}}}`,
		`{"type":"REQUEST","methodArn":"","headers":{"Authorization":"Bearer ..","x-api-key":"a","X-blnk-key":"b"}}`,
		strings.Repeat(`{"headers":`, 20000),
	}
	for folder := range d.functions {
		t.Run(folder, func(t *testing.T) {
			f := d.startWithEnv(t, folder, d.environment(t, folder))
			for _, event := range events {
				response, err := f.Invoke(requestContext(t), []byte(event))
				var reported *FunctionError
				if err != nil && !errors.As(err, &reported) {
					t.Fatalf("event %.60q: error = %v, want a function error or none", event, err)
				}
				if err == nil && len(response) == 0 {
					t.Errorf("event %.60q: the response is empty", event)
				}
			}
		})
	}
}

// TestLinkedModules checks which clients of AWS services a function links, because each costs start-up time.
func TestLinkedModules(t *testing.T) {
	const aws = "github.com/aws/aws-sdk-go-v2/service/"
	functions := newDeployment(t).functions
	for folder, path := range bootstraps(t) {
		info, err := buildinfo.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		variables := functions[folder].VariableNames()
		// Both jobs on pending identities are wired together. What makes or reads tokens is wired on top of what has the table.
		usesKMS := slices.Contains(variables, "CEDULA_TOKEN_KEY") || slices.Contains(variables, "CEDULA_VAULT_KEY") || folder == "jobs/expire-pending"
		for module, want := range map[string]bool{
			aws + "kms":                        usesKMS,
			aws + "dynamodb":                   usesKMS || slices.Contains(variables, "CEDULA_TABLE"),
			aws + "sesv2":                      folder == "jobs/deliver-messages",
			aws + "sns":                        folder == "jobs/deliver-messages",
			"github.com/cockroachdb/pebble/v2": false,
		} {
			if got := slices.ContainsFunc(info.Deps, func(m *debug.Module) bool { return m.Path == module }); got != want {
				t.Errorf("%s links %s: %v, want %v", folder, module, got, want)
			}
		}
	}
}
