//go:build template

package stack_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cedula/infra/stack"
)

// expansions are what `make template` had SAM make: of a sandbox and of a production.
var expansions = []string{"sandbox", "production"}

// each runs a test on either.
func each(t *testing.T, test func(*testing.T, *stack.Expanded)) {
	t.Helper()
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range expansions {
		t.Run(name, func(t *testing.T) {
			e, err := stack.ReadExpanded(filepath.Join(root, ".build", "template."+name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			test(t, e)
		})
	}
}

// Every route of the dialects has an integration with its function and a
// permission to call it, and there is no other of either.
func TestExpandedRoutes(t *testing.T) {
	each(t, func(t *testing.T, e *stack.Expanded) {
		var permitted, wantPermitted []string
		for _, d := range dialects {
			var got, want []string
			for _, r := range d.api.Routes() {
				want = append(want, call(d.title+pascal(r.Name)+"Function", r.Method, r.Path, r.Public))
			}
			for _, r := range e.Routes(d.title + "Api") {
				got = append(got, call(r.Function, r.Method, r.Path, r.Open))
				wantPermitted = append(wantPermitted, r.Function+" "+d.title+"Api/*/"+strings.Replace(r.Method, "ANY", "*", 1)+unbraced(r.Path))
			}
			same(t, d.name, got, want)
			wantPermitted = append(wantPermitted, d.title+"AuthorizerFunction "+d.title+"Api/authorizers/*")
		}
		for id, r := range e.Of(stack.TypePermission) {
			p := r.Properties
			if p["Principal"] != "apigateway.amazonaws.com" || p["Action"] != "lambda:InvokeFunction" {
				t.Errorf("%s: lets %v do %v", id, p["Principal"], p["Action"])
			}
			permitted = append(permitted, e.Function(p["FunctionName"])+" "+caller(p["SourceArn"]))
		}
		same(t, "permissions", permitted, wantPermitted)
	})
}

// unbraced is a path as an ARN has it.
func unbraced(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

// caller is the part of a permission's source that is the API's, with its
// logical id.
func caller(source any) string {
	list, _ := stack.At(source, "Fn::Sub").([]any)
	text, _ := list[0].(string)
	_, text, _ = strings.Cut(text, ":${AWS::AccountId}:")
	api, _ := stack.At(list[1], "__ApiId__", "Ref").(string)
	return strings.NewReplacer("${__ApiId__}", api, "${__Stage__}", "*").Replace(text)
}

// A request is answered before API Gateway gives it up, an alias calls what the
// routes call, and nothing is in clear.
func TestExpandedFunctions(t *testing.T) {
	_, template := read(t)
	each(t, func(t *testing.T, e *stack.Expanded) {
		functions := e.Of(stack.TypeLambda)
		if len(functions) != len(functionIDs()) {
			t.Errorf("%d functions, want %d", len(functions), len(functionIDs()))
		}
		for id, f := range functions {
			seconds, _ := f.Properties["Timeout"].(float64)
			if !strings.HasPrefix(id, "Jobs") && (seconds < 1 || seconds >= 29) {
				t.Errorf("%s: may take %v seconds", id, seconds)
			}
			if !slices.Contains(stack.Named(f.Properties["KmsKeyArn"]), "DataKey") || stack.At(f.Properties, "TracingConfig", "Mode") != "Active" {
				t.Errorf("%s: its environment is in clear, or it is not traced", id)
			}
			var got []string
			for name := range variables(f) {
				got = append(got, name)
			}
			same(t, id+" sets", got, template.Resources[id].Variables())
		}
	})
}

func variables(r stack.Resource) map[string]any {
	m, _ := stack.At(r.Properties, "Environment", "Variables").(map[string]any)
	return m
}

// gradual are the functions whose new code a part of the requests meets first.
var gradual = []string{
	"BlnkAuthorizerFunction", "BlnkCreateIdentityFunction", "BlnkGetIdentityFunction",
	"ConomyCreateIdentityFunction", "ConomyGetIdentityFunction",
}

// A production changes gradually and a sandbox at once. A version keeps the
// environment that it was published with, and SAM publishes one when the
// text of the function changes: what a parameter or a mapping changes would not
// arrive.
func TestExpandedCanary(t *testing.T) {
	each(t, func(t *testing.T, e *stack.Expanded) {
		var aliased []string
		for id, a := range e.Of(stack.TypeAlias) {
			f := e.Function(a.Properties["FunctionName"])
			aliased = append(aliased, f)
			if shifts := a.UpdatePolicy["CodeDeployLambdaAliasUpdate"] != nil; shifts != strings.HasSuffix(t.Name(), "production") {
				t.Errorf("%s: shifts gradually: %v", id, shifts)
			}
			if text, err := json.Marshal(variables(e.Resources[f])); err != nil || strings.Contains(string(text), "Fn::FindInMap") {
				t.Errorf("%s: its environment depends on a mapping: %v", f, err)
			}
			for _, name := range stack.Named(variables(e.Resources[f])) {
				if _, ok := e.Parameters[name]; ok {
					t.Errorf("%s: its environment depends on %s", f, name)
				}
			}
		}
		same(t, "functions with an alias", aliased, slices.Clone(gradual))
		groups := e.Of(stack.TypeDeploymentGroup)
		if strings.HasSuffix(t.Name(), "sandbox") != (len(groups) == 0) {
			t.Errorf("%d deployment groups", len(groups))
		}
		for id, g := range groups {
			watched := stack.Named(stack.At(g.Properties, "AlarmConfiguration"))
			same(t, id+" watches", watched, []string{"BlnkErrorsAlarm", "ConomyErrorsAlarm"})
		}
	})
}

// A stack holds at most 500 resources; there is to be room to grow.
func TestExpandedSize(t *testing.T) {
	const most = 400
	each(t, func(t *testing.T, e *stack.Expanded) {
		t.Logf("%d resources", len(e.Resources))
		if len(e.Resources) > most {
			t.Errorf("%d resources, more than %d: nest the stacks", len(e.Resources), most)
		}
	})
}
