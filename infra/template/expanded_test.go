package template_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"cedula/infra/template"
	"cedula/infra/testenv"
)

// forEachEnvironment runs a test on what SAM makes of the template for each environment.
func forEachEnvironment(t *testing.T, test func(*testing.T, *template.Template)) {
	t.Helper()
	testenv.Need(t, testenv.Template)
	root, _ := readTemplate(t)
	for _, name := range []string{"sandbox", "production"} {
		t.Run(name, func(t *testing.T) {
			expanded, err := template.ReadExpanded(root, name)
			if err != nil {
				t.Fatal(err)
			}
			test(t, expanded)
		})
	}
}

// calledFunction returns the function that a value names, itself or by its alias.
func calledFunction(expanded *template.Template, v any) string {
	for _, id := range template.References(v) {
		if expanded.Resources[id].Type == "AWS::Lambda::Alias" {
			id = template.References(expanded.Resources[id].Properties["FunctionName"])[0]
		}
		if expanded.Resources[id].Type == "AWS::Lambda::Function" {
			return id
		}
	}
	return ""
}

var pathParameter = regexp.MustCompile(`\{[^}]+\}`)

// TestExpandedRoutes checks that every route has an integration with its function and a permission to call it, and that
// there are no others.
func TestExpandedRoutes(t *testing.T) {
	forEachEnvironment(t, func(t *testing.T, expanded *template.Template) {
		var permissions, wantPermissions []string
		for _, a := range apis {
			var got, want []string
			for _, r := range a.api.Routes() {
				id := a.functionID(r)
				want = append(want, routeLine(id, r.Method, r.Path, r.Public))
				wantPermissions = append(wantPermissions, id+" "+a.title+"Api/*/"+strings.Replace(r.Method, "ANY", "*", 1)+pathParameter.ReplaceAllString(r.Path, "*"))
			}
			wantPermissions = append(wantPermissions, a.title+"AuthorizerFunction "+a.title+"Api/authorizers/*")
			paths, _ := template.Lookup(expanded.Resources[a.title+"Api"].Properties, "Body", "paths").(map[string]any)
			for path, methods := range paths {
				for method, operation := range methods.(map[string]any) {
					security, _ := template.Lookup(operation, "security").([]any)
					method = strings.TrimSuffix(strings.TrimPrefix(strings.ToUpper(method), "X-AMAZON-APIGATEWAY-"), "-METHOD")
					called := calledFunction(expanded, template.Lookup(operation, "x-amazon-apigateway-integration", "uri"))
					got = append(got, routeLine(called, method, path, len(security) == 0))
				}
			}
			wantSame(t, "routes of "+a.name, got, want)
		}
		for _, r := range expanded.ResourcesOfType("AWS::Lambda::Permission") {
			source, _ := template.Lookup(r.Properties["SourceArn"], "Fn::Sub").([]any)
			api := render(template.Lookup(source[1], "__ApiId__", "Ref"))
			_, path, _ := strings.Cut(source[0].(string), ":${AWS::AccountId}:")
			path = strings.NewReplacer("${__ApiId__}", api, "${__Stage__}", "*").Replace(path)
			permissions = append(permissions, calledFunction(expanded, r.Properties["FunctionName"])+" "+path)
		}
		wantSame(t, "permissions", permissions, wantPermissions)
	})
}

// TestGradualDeployment checks that a production shifts requests to new code gradually, and a sandbox immediately. SAM
// publishes a version when the text of a function changes: what a parameter or a mapping changes would not arrive.
func TestGradualDeployment(t *testing.T) {
	forEachEnvironment(t, func(t *testing.T, expanded *template.Template) {
		isProduction := strings.HasSuffix(t.Name(), "production")
		var aliased []string
		for id, a := range expanded.ResourcesOfType("AWS::Lambda::Alias") {
			f := calledFunction(expanded, a.Properties["FunctionName"])
			aliased = append(aliased, f)
			if shifts := a.UpdatePolicy["CodeDeployLambdaAliasUpdate"] != nil; shifts != isProduction {
				t.Errorf("%s shifts gradually: %v, want %v", id, shifts, isProduction)
			}
			variables := template.Lookup(expanded.Resources[f].Properties, "Environment", "Variables")
			isParameter := func(name string) bool { return expanded.Parameters[name] != nil }
			if strings.Contains(render(variables), "Fn::FindInMap") || slices.ContainsFunc(template.References(variables), isParameter) {
				t.Errorf("the environment of %s = %s, want no parameter and no mapping", f, render(variables))
			}
		}
		wantSame(t, "functions with an alias", aliased, []string{
			"BlnkAuthorizerFunction", "BlnkCreateIdentityFunction", "BlnkGetIdentityFunction", "ConomyCreateIdentityFunction", "ConomyGetIdentityFunction",
		})
		groups := expanded.ResourcesOfType("AWS::CodeDeploy::DeploymentGroup")
		if isProduction != (len(groups) > 0) {
			t.Errorf("%d deployment groups, want some in production only", len(groups))
		}
		for id, g := range groups {
			wantSame(t, "alarms of "+id, template.References(g.Properties["AlarmConfiguration"]), []string{"BlnkErrorsAlarm", "ConomyErrorsAlarm"})
		}
	})
}

// TestResourceCount leaves room below the 500 resources of a stack.
func TestResourceCount(t *testing.T) {
	forEachEnvironment(t, func(t *testing.T, expanded *template.Template) {
		const most = 400
		t.Logf("%d resources", len(expanded.Resources))
		if len(expanded.Resources) > most {
			t.Errorf("%d resources, want at most %d: nest the stacks", len(expanded.Resources), most)
		}
	})
}
