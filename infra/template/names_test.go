package template_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cedula/infra/template"
	"cedula/shared/blnk"
	"cedula/shared/conomy"
	"cedula/shared/gateway"
)

// dialect is what the tests know of one.
type dialect struct {
	name, title string // "conomy", "Conomy"
	api         interface {
		gateway.API
		GatewayResponses() []gateway.GatewayResponse
	}
	identitySources []any // headers that the authorizer's cache is keyed by
}

var dialects = []dialect{
	{"conomy", "Conomy", &conomy.API{}, []any{"Authorization", "x-api-key"}},
	{"blnk", "Blnk", &blnk.API{}, []any{"X-blnk-key"}},
}

// jobMains are the functions that no request calls, and how each one's main starts.
var jobMains = map[string]string{
	"deliver-messages": "gateway.StartStream(",
	"expire-pending":   `gateway.StartJob("expire-pending", `,
	"remind-pending":   `gateway.StartJob("remind-pending", `,
}

// functionIDs are the functions that there should be: one for each route, an
// authorizer for each dialect and the jobs, as folder and logical id.
func functionIDs() map[string]string {
	ids := map[string]string{}
	for name := range jobMains {
		ids["jobs/"+name] = "Jobs" + pascalCase(name) + "Function"
	}
	for _, d := range dialects {
		ids["authorizers/"+d.name] = d.title + "AuthorizerFunction"
		for _, r := range d.api.Routes() {
			ids[d.name+"/"+r.Name] = d.title + pascalCase(r.Name) + "Function"
		}
	}
	return ids
}

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

// One name, five places: folder, event, template, route and method.
func TestFunctionNamesAgree(t *testing.T) {
	root, tmpl := readTemplate(t)
	ids := functionIDs()

	var folders, files, resources, wantFiles, wantResources []string
	for folder, id := range ids {
		wantFiles = append(wantFiles, strings.ReplaceAll(folder, "/", "-")+".json")
		wantResources = append(wantResources, id)
		if template.FunctionFolder(id) != folder {
			t.Errorf("Folder(%q) is %q, want %q", id, template.FunctionFolder(id), folder)
		}
	}
	for _, path := range glob(t, root, "functions/*/*/main.go") {
		folders = append(folders, strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "functions/"))
	}
	for _, path := range glob(t, root, "events/*") {
		files = append(files, filepath.Base(path))
	}
	for id := range tmpl.ResourcesOfType(template.TypeFunction) {
		resources = append(resources, id)
	}
	var wantFolders []string
	for folder := range ids {
		wantFolders = append(wantFolders, folder)
	}
	assertSameElements(t, "folders under functions/", folders, wantFolders)
	assertSameElements(t, "files in events/", files, wantFiles)
	assertSameElements(t, "functions in template.yaml", resources, wantResources)
	for _, d := range dialects {
		for _, r := range d.api.Routes() {
			if !hasMethod(d.api, pascalCase(r.Name)) {
				t.Errorf("%s: no method %s.API.%s", r.Name, d.name, pascalCase(r.Name))
			}
		}
	}
}

// hasMethod finds a method, CreateAPIKey for create-api-key too.
func hasMethod(of any, name string) bool {
	all := reflect.TypeOf(of)
	for n := range all.NumMethod() {
		if strings.EqualFold(all.Method(n).Name, name) {
			return true
		}
	}
	return false
}

// A folder's main.go names the operation of that folder.
func TestMainsNameTheirOperation(t *testing.T) {
	root, _ := readTemplate(t)
	for folder := range functionIDs() {
		text, err := os.ReadFile(filepath.Join(root, "functions", folder, "main.go"))
		if err != nil {
			t.Fatal(err)
		}
		dialect, operation, _ := strings.Cut(folder, "/")
		if dialect == "jobs" {
			if !strings.Contains(string(text), jobMains[operation]) {
				t.Errorf("functions/%s/main.go does not call %s", folder, jobMains[operation])
			}
			continue
		}
		if dialect == "authorizers" {
			dialect, operation = operation, ""
		}
		start := `gateway.Start(&` + dialect + `.API{`
		if operation == "" {
			start = `gateway.StartAuthorizer(&` + dialect + `.Authorizer{`
		}
		if !strings.Contains(string(text), start) || operation != "" && !strings.Contains(string(text), `}, "`+operation+`")`) {
			t.Errorf("functions/%s/main.go starts something else", folder)
		}
	}
}

// The sample events are of the route that their name says.
func TestEventsMatchRoutes(t *testing.T) {
	root, _ := readTemplate(t)
	for _, d := range dialects {
		for name, routes := range routesByEventFile(d) {
			text, err := os.ReadFile(filepath.Join(root, "events", name))
			if err != nil {
				t.Fatal(err)
			}
			var event struct {
				HTTPMethod, Resource string
				RequestContext       struct{ HTTPMethod, ResourcePath string }
			}
			if err := json.Unmarshal(text, &event); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			sent := event.HTTPMethod + " " + event.Resource
			known := slices.Contains(routes, sent) || slices.Contains(routes, gateway.AnyMethod+" "+event.Resource)
			if !known || event.RequestContext.HTTPMethod+" "+event.RequestContext.ResourcePath != sent {
				t.Errorf("%s: is of %s, want %v", name, sent, routes)
			}
		}
	}
}

// routesByEventFile are the routes of each function of a dialect, by its event's file.
func routesByEventFile(d dialect) map[string][]string {
	routes := map[string][]string{}
	for _, r := range d.api.Routes() {
		name := d.name + "-" + r.Name + ".json"
		routes[name] = append(routes[name], r.Method+" "+r.Path)
	}
	return routes
}

func glob(t *testing.T, root, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range paths {
		if paths[i], err = filepath.Rel(root, path); err != nil {
			t.Fatal(err)
		}
	}
	return paths
}

func assertSameElements(t *testing.T, what string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %v\nwant %v", what, got, want)
	}
}
