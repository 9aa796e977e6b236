package template_test

import (
	"encoding/json"
	"path/filepath"
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
			expanded, err := template.ReadFile(filepath.Join(root, ".build", "template."+name+".json"))
			if err != nil {
				t.Fatal(err)
			}
			test(t, expanded)
		})
	}
}

// calledFunction returns the function that a value names, itself or by its alias.
func calledFunction(expanded *template.Template, v any) string {
	for _, id := range references(v) {
		if expanded.Resources[id].Type == "AWS::Lambda::Alias" {
			id = references(expanded.Resources[id].Properties["FunctionName"])[0]
		}
		if expanded.Resources[id].Type == "AWS::Lambda::Function" {
			return id
		}
	}
	return ""
}

var referencePattern = regexp.MustCompile(`"Ref":"([^"]+)"|"Fn::GetAtt":(?:\["([^"]+)"|"([^."]+))|\$\{([^.}]+)[^}]*\}`)

// references returns the logical ids and parameters that a value refers to at any depth, in order.
func references(v any) []string {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var found []string
	for _, match := range referencePattern.FindAllStringSubmatch(string(text), -1) {
		found = append(found, strings.Join(match[1:], ""))
	}
	slices.Sort(found)
	return slices.Compact(found)
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
			if shifts := template.Lookup(expanded.Document, "Resources", id, "UpdatePolicy", "CodeDeployLambdaAliasUpdate") != nil; shifts != isProduction {
				t.Errorf("%s shifts gradually: %v, want %v", id, shifts, isProduction)
			}
			variables := template.Lookup(expanded.Resources[f].Properties, "Environment", "Variables")
			isParameter := func(name string) bool { return template.Lookup(expanded.Document, "Parameters", name) != nil }
			if strings.Contains(render(variables), "Fn::FindInMap") || slices.ContainsFunc(references(variables), isParameter) {
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
			wantSame(t, "alarms of "+id, references(g.Properties["AlarmConfiguration"]), []string{"BlnkErrorsAlarm", "ConomyErrorsAlarm"})
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
