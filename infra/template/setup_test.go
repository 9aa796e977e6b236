package template_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/infra/template"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

// api is what the tests know of an API.
type api struct {
	name, title string // "conomy", "Conomy"
	api         interface {
		gateway.API
		GatewayResponses() []gateway.GatewayResponse
	}
}

var apis = []api{{"conomy", "Conomy", &conomy.API{}}, {"blnk", "Blnk", &blnk.API{}}}

// jobMains are the functions that no request calls, and how each one's main starts.
var jobMains = map[string]string{
	"deliver-messages": "gateway.StartStream(",
	"expire-pending":   `gateway.StartJob("expire-pending", `,
	"remind-pending":   `gateway.StartJob("remind-pending", `,
}

// functionIDs returns the logical ids of the functions that there should be, by folder: one for each name of a route,
// an authorizer for each API, and the jobs.
func functionIDs() map[string]string {
	ids := map[string]string{}
	for name := range jobMains {
		ids["jobs/"+name] = "Jobs" + pascalCase(name) + "Function"
	}
	for _, a := range apis {
		ids["authorizers/"+a.name] = a.title + "AuthorizerFunction"
		for _, r := range a.api.Routes() {
			ids[a.name+"/"+r.Name] = a.functionID(r)
		}
	}
	return ids
}

func (a api) functionID(r gateway.Route) string { return a.title + pascalCase(r.Name) + "Function" }

// pascalCase turns create-identity into CreateIdentity.
func pascalCase(name string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(name, "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

func readTemplate(t *testing.T) (root string, tmpl *template.Template) {
	t.Helper()
	root, err := template.ModuleRoot()
	if err != nil {
		t.Fatal(err)
	}
	if tmpl, err = template.Read(root); err != nil {
		t.Fatal(err)
	}
	return root, tmpl
}

func readFile(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// render writes a value in one line, intrinsic functions as YAML has them: !Ref X.
func render(v any) string {
	if m, ok := v.(map[string]any); ok && len(m) == 1 {
		for name, inner := range m {
			if short, isFunction := strings.CutPrefix(name, "Fn::"); isFunction || name == "Ref" {
				return "!" + short + " " + render(inner)
			}
		}
	}
	if s, ok := v.(string); ok {
		return s
	}
	if list, ok := v.([]any); ok {
		parts := make([]string, len(list))
		for i := range list {
			parts[i] = render(list[i])
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	text, _ := json.Marshal(v)
	return string(text)
}

// wantSame compares two lists whose order does not matter.
func wantSame(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
