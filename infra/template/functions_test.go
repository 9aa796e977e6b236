package template_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cedula/infra/template"
	"cedula/shared/gateway"
)

// TestFunctionNamesAgree checks that a function has one name in four places: folder, event, template and route.
func TestFunctionNamesAgree(t *testing.T) {
	root, tmpl := readTemplate(t)
	ids := functionIDs()
	var folders, files, wantFiles []string
	for folder, id := range ids {
		wantFiles = append(wantFiles, strings.ReplaceAll(folder, "/", "-")+".json")
		if got := template.FunctionFolder(id); got != folder {
			t.Errorf("FunctionFolder(%q) = %q, want %q", id, got, folder)
		}
	}
	mains, _ := filepath.Glob(filepath.Join(root, "functions", "*", "*", "main.go"))
	for _, path := range mains {
		folder, _ := filepath.Rel(filepath.Join(root, "functions"), filepath.Dir(path))
		folders = append(folders, filepath.ToSlash(folder))
	}
	events, _ := filepath.Glob(filepath.Join(root, "events", "*"))
	for _, path := range events {
		files = append(files, filepath.Base(path))
	}
	wantSame(t, "folders under functions/", folders, slices.Collect(maps.Keys(ids)))
	wantSame(t, "files in events/", files, wantFiles)
	wantSame(t, "functions in template.yaml", slices.Collect(maps.Keys(tmpl.ResourcesOfType(template.TypeFunction))), slices.Collect(maps.Values(ids)))
}

func TestMainsNameTheirOperation(t *testing.T) {
	root, _ := readTemplate(t)
	for folder := range functionIDs() {
		group, operation, _ := strings.Cut(folder, "/")
		want := []string{group + ".", `"` + operation + `")`}
		if group == "jobs" {
			want = []string{jobMains[operation]}
		}
		if group == "authorizers" {
			want = []string{"gateway.StartAuthorizer(&" + operation + ".Authorizer{"}
		}
		_, text, _ := strings.Cut(string(readFile(t, root, "functions", folder, "main.go")), "func main() {")
		for _, part := range want {
			if !strings.Contains(text, part) {
				t.Errorf("functions/%s/main.go does not contain %s", folder, part)
			}
		}
	}
}

func TestSampleEventsMatchRoutes(t *testing.T) {
	root, _ := readTemplate(t)
	for _, a := range apis {
		routes := map[string][]string{}
		for _, r := range a.api.Routes() {
			routes[r.Name] = append(routes[r.Name], r.Method+" "+r.Path)
		}
		for name, want := range routes {
			var event struct {
				HTTPMethod, Resource string
				RequestContext       struct{ HTTPMethod, ResourcePath string }
			}
			if err := json.Unmarshal(readFile(t, root, "events", a.name+"-"+name+".json"), &event); err != nil {
				t.Errorf("%s %s: %v", a.name, name, err)
			}
			got := event.HTTPMethod + " " + event.Resource
			if !slices.Contains(want, got) && !slices.Contains(want, gateway.AnyMethod+" "+event.Resource) {
				t.Errorf("event of %s %s is of %s, want one of %v", a.name, name, got, want)
			}
			if other := event.RequestContext.HTTPMethod + " " + event.RequestContext.ResourcePath; other != got {
				t.Errorf("context of the event of %s %s is of %s, want %s", a.name, name, other, got)
			}
		}
	}
}

// routeLine describes a route and the function that it calls.
func routeLine(id, method, path string, public bool) string {
	line := id + " " + method + " " + path
	if public {
		line += " public"
	}
	return line
}

func TestAPIEventsMatchRoutes(t *testing.T) {
	_, tmpl := readTemplate(t)
	for _, a := range apis {
		var want, got []string
		for _, r := range a.api.Routes() {
			want = append(want, routeLine(a.functionID(r), r.Method, r.Path, r.Public))
			if r.Public != (r.Scope == "") {
				t.Errorf("%s %s: public = %v with scope %q, want a public route or one with a scope", a.name, r.Name, r.Public, r.Scope)
			}
		}
		for id, f := range tmpl.ResourcesOfType(template.TypeFunction) {
			events, _ := f.Properties["Events"].(map[string]any)
			for _, e := range events {
				p := template.Lookup(e, "Properties")
				if template.Lookup(p, "RestApiId", "Ref") != a.title+"Api" {
					continue
				}
				open := template.Lookup(p, "Auth", "Authorizer") == "NONE"
				if open != (template.Lookup(p, "Auth", "ApiKeyRequired") == false) {
					t.Errorf("%s: a key of a usage plan is required without an authorizer that names it", id)
				}
				got = append(got, routeLine(id, render(template.Lookup(p, "Method")), render(template.Lookup(p, "Path")), open))
			}
		}
		wantSame(t, "routes of "+a.name, got, want)
	}
}

// TestGatewayResponses checks that API Gateway's own responses are those of the API.
func TestGatewayResponses(t *testing.T) {
	_, tmpl := readTemplate(t)
	for _, a := range apis {
		var got, want []string
		responses, _ := tmpl.Resources[a.title+"Api"].Properties["GatewayResponses"].(map[string]any)
		for kind, r := range responses {
			got = append(got, kind+" "+render(r))
		}
		for _, r := range a.api.GatewayResponses() {
			headers := map[string]any{}
			for _, h := range gateway.SecurityHeaders {
				headers[h[0]] = "'" + h[1] + "'"
			}
			if seconds := r.RetryAfter(); seconds != "" {
				headers["Retry-After"] = "'" + seconds + "'"
			}
			want = append(want, r.Type+" "+render(map[string]any{
				"StatusCode": r.Status, "ResponseTemplates": map[string]any{"application/json": r.Body},
				"ResponseParameters": map[string]any{"Headers": headers},
			}))
		}
		wantSame(t, "gateway responses of "+a.name, got, want)
	}
}

// TestFunctionsInheritTheirSettings checks that a function has the global settings, its own log group and, if it is a
// job, reserved concurrency.
func TestFunctionsInheritTheirSettings(t *testing.T) {
	_, tmpl := readTemplate(t)
	overrides := map[string]string{ // no client waits for a job
		"jobs/expire-pending Timeout": "900", "jobs/expire-pending MemorySize": "1769", "jobs/remind-pending Timeout": "900",
	}
	for id, f := range tmpl.ResourcesOfType(template.TypeFunction) {
		folder := template.FunctionFolder(id)
		for name, value := range f.Properties {
			if template.Lookup(tmpl.Document, "Globals", "Function", name) != nil && name != "LoggingConfig" && render(value) != overrides[folder+" "+name] {
				t.Errorf("%s overrides %s with %v", id, name, value)
			}
		}
		if got, want := render(template.Lookup(f.Properties, "LoggingConfig", "LogGroup")), "!Ref "+strings.TrimSuffix(id, "Function")+"Logs"; got != want {
			t.Errorf("%s logs to %s, want %s", id, got, want)
		}
		if got := template.Lookup(tmpl.Document, "Resources", id, "Metadata", "BuildMethod"); got != "makefile" {
			t.Errorf("%s has build method %v, want makefile", id, got)
		}
		_, reserves := f.Properties["ReservedConcurrentExecutions"]
		if isJob := strings.HasPrefix(folder, "jobs/"); reserves != isJob {
			t.Errorf("%s reserves concurrency: %v, want %v", id, reserves, isJob)
		}
	}
}
