package template_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cedula/infra/template"
	"cedula/infra/testenv"
)

// expandedEnvironments are what `make template` had SAM make: of a sandbox and of a production.
var expandedEnvironments = []string{"sandbox", "production"}

// forEachEnvironment runs a test on either.
func forEachEnvironment(t *testing.T, test func(*testing.T, *template.Expanded)) {
	t.Helper()
	testenv.Need(t, testenv.Template)
	root, err := template.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range expandedEnvironments {
		t.Run(name, func(t *testing.T) {
			e, err := template.ReadExpanded(filepath.Join(root, ".build", "template."+name+".json"))
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
	forEachEnvironment(t, func(t *testing.T, e *template.Expanded) {
		var permitted, wantPermitted []string
		for _, d := range dialects {
			var got, want []string
			for _, r := range d.api.Routes() {
				want = append(want, routeLine(d.title+pascalCase(r.Name)+"Function", r.Method, r.Path, r.Public))
			}
			for _, r := range e.Routes(d.title + "Api") {
				got = append(got, routeLine(r.Function, r.Method, r.Path, r.Public))
				wantPermitted = append(wantPermitted, r.Function+" "+d.title+"Api/*/"+strings.Replace(r.Method, "ANY", "*", 1)+arnPath(r.Path))
			}
			assertSameElements(t, d.name, got, want)
			wantPermitted = append(wantPermitted, d.title+"AuthorizerFunction "+d.title+"Api/authorizers/*")
		}
		for id, r := range e.ResourcesOfType(template.TypePermission) {
			p := r.Properties
			if p["Principal"] != "apigateway.amazonaws.com" || p["Action"] != "lambda:InvokeFunction" {
				t.Errorf("%s: lets %v do %v", id, p["Principal"], p["Action"])
			}
			permitted = append(permitted, e.ResolveFunction(p["FunctionName"])+" "+permissionSource(p["SourceArn"]))
		}
		assertSameElements(t, "permissions", permitted, wantPermitted)
	})
}

// arnPath is a path as an ARN has it.
func arnPath(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "*"
		}
	}
	return strings.Join(parts, "/")
}

// permissionSource is the part of a permission's source that is the API's, with its
// logical id.
func permissionSource(source any) string {
	list, _ := template.Lookup(source, "Fn::Sub").([]any)
	text, _ := list[0].(string)
	_, text, _ = strings.Cut(text, ":${AWS::AccountId}:")
	api, _ := template.Lookup(list[1], "__ApiId__", "Ref").(string)
	return strings.NewReplacer("${__ApiId__}", api, "${__Stage__}", "*").Replace(text)
}

// A request is answered before API Gateway gives it up, an alias calls what the
// routes call, and nothing is in clear.
func TestExpandedFunctions(t *testing.T) {
	_, tmpl := readTemplate(t)
	forEachEnvironment(t, func(t *testing.T, e *template.Expanded) {
		functions := e.ResourcesOfType(template.TypeLambdaFunction)
		if len(functions) != len(functionIDs()) {
			t.Errorf("%d functions, want %d", len(functions), len(functionIDs()))
		}
		for id, f := range functions {
			seconds, _ := f.Properties["Timeout"].(float64)
			if !strings.HasPrefix(id, "Jobs") && (seconds < 1 || seconds >= 29) {
				t.Errorf("%s: may take %v seconds", id, seconds)
			}
			if !slices.Contains(template.References(f.Properties["KmsKeyArn"]), "DataKey") || template.Lookup(f.Properties, "TracingConfig", "Mode") != "Active" {
				t.Errorf("%s: its environment is in clear, or it is not traced", id)
			}
			var got []string
			for name := range environmentVariables(f) {
				got = append(got, name)
			}
			assertSameElements(t, id+" sets", got, tmpl.Resources[id].VariableNames())
		}
	})
}

func environmentVariables(r template.Resource) map[string]any {
	m, _ := template.Lookup(r.Properties, "Environment", "Variables").(map[string]any)
	return m
}

// gradualFunctions are the functions whose new code a part of the requests meets first.
var gradualFunctions = []string{
	"BlnkAuthorizerFunction", "BlnkCreateIdentityFunction", "BlnkGetIdentityFunction",
	"ConomyCreateIdentityFunction", "ConomyGetIdentityFunction",
}

// A production changes gradually and a sandbox at once. A version keeps the
// environment that it was published with, and SAM publishes one when the
// text of the function changes: what a parameter or a mapping changes would not
// arrive.
func TestExpandedGradualDeployment(t *testing.T) {
	forEachEnvironment(t, func(t *testing.T, e *template.Expanded) {
		var aliased []string
		for id, a := range e.ResourcesOfType(template.TypeAlias) {
			f := e.ResolveFunction(a.Properties["FunctionName"])
			aliased = append(aliased, f)
			if shifts := a.UpdatePolicy["CodeDeployLambdaAliasUpdate"] != nil; shifts != strings.HasSuffix(t.Name(), "production") {
				t.Errorf("%s: shifts gradually: %v", id, shifts)
			}
			if text, err := json.Marshal(environmentVariables(e.Resources[f])); err != nil || strings.Contains(string(text), "Fn::FindInMap") {
				t.Errorf("%s: its environment depends on a mapping: %v", f, err)
			}
			for _, name := range template.References(environmentVariables(e.Resources[f])) {
				if _, ok := e.Parameters[name]; ok {
					t.Errorf("%s: its environment depends on %s", f, name)
				}
			}
		}
		assertSameElements(t, "functions with an alias", aliased, slices.Clone(gradualFunctions))
		groups := e.ResourcesOfType(template.TypeDeploymentGroup)
		if strings.HasSuffix(t.Name(), "sandbox") != (len(groups) == 0) {
			t.Errorf("%d deployment groups", len(groups))
		}
		for id, g := range groups {
			watched := template.References(template.Lookup(g.Properties, "AlarmConfiguration"))
			assertSameElements(t, id+" watches", watched, []string{"BlnkErrorsAlarm", "ConomyErrorsAlarm"})
		}
	})
}

// A stack holds at most 500 resources; there is to be room to grow.
func TestExpandedResourceCount(t *testing.T) {
	const most = 400
	forEachEnvironment(t, func(t *testing.T, e *template.Expanded) {
		t.Logf("%d resources", len(e.Resources))
		if len(e.Resources) > most {
			t.Errorf("%d resources, more than %d: nest the stacks", len(e.Resources), most)
		}
	})
}
