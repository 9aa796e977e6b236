package template_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cedula/infra/template"
	"cedula/shared/gateway"
)

// Every route has its function's API event, with the same method, path and
// openness, and there is no other.
func TestAPIEventsMatchRoutes(t *testing.T) {
	_, tmpl := readTemplate(t)
	for _, d := range dialects {
		var want, got []string
		for _, r := range d.api.Routes() {
			want = append(want, routeLine(d.title+pascalCase(r.Name)+"Function", r.Method, r.Path, r.Public))
			if r.Public != (r.Scope == "") {
				t.Errorf("%s %s: a route is public or has a scope", d.name, r.Name)
			}
		}
		for id, f := range tmpl.ResourcesOfType(template.TypeFunction) {
			events, _ := template.Lookup(f.Properties, "Events").(map[string]any)
			for _, e := range events {
				p := template.Lookup(e, "Properties")
				if template.Lookup(p, "RestApiId", "Ref") != d.title+"Api" {
					continue
				}
				open := template.Lookup(p, "Auth", "Authorizer") == "NONE"
				if open != (template.Lookup(p, "Auth", "ApiKeyRequired") == false) {
					t.Errorf("%s: a call without an authorizer has nobody to name its usage plan's key", id)
				}
				got = append(got, routeLine(id, template.Lookup(p, "Method").(string), template.Lookup(p, "Path").(string), open))
			}
		}
		assertSameElements(t, d.name, got, want)
	}
}

func routeLine(id, method, path string, public bool) string {
	line := id + " " + method + " " + path
	if public {
		line += " public"
	}
	return line
}

func TestAuthorizers(t *testing.T) {
	_, tmpl := readTemplate(t)
	for _, d := range dialects {
		p := tmpl.Resources[d.title+"Api"].Properties
		name := d.title + "Authorizer"
		if template.Lookup(p, "Auth", "DefaultAuthorizer") != name {
			t.Errorf("%s: a route that says nothing is open", d.name)
		}
		a := template.Lookup(p, "Auth", "Authorizers", name)
		for _, c := range []struct {
			path []string
			want any
		}{
			{[]string{"FunctionArn"}, invocationTarget(tmpl, name+"Function")},
			{[]string{"FunctionPayloadType"}, "REQUEST"},
			{[]string{"Identity", "Headers"}, d.identitySources},
			{[]string{"Identity", "ReauthorizeEvery"}, 30},
		} {
			if got := template.Lookup(a, c.path...); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: %s is %v, want %v", name, strings.Join(c.path, "."), got, c.want)
			}
		}
		if template.Lookup(p, "ApiKeySourceType") != "AUTHORIZER" || template.Lookup(p, "Auth", "ApiKeyRequired") != true {
			t.Errorf("%s: usage plans are not the authorizer's", d.name)
		}
	}
}

// invocationTarget is what of a function is called: the alias of one that changes gradually.
func invocationTarget(tmpl *template.Template, id string) any {
	if tmpl.Resources[id].Properties["AutoPublishAlias"] != nil {
		return map[string]any{"Ref": id + ".Alias"}
	}
	return map[string]any{"Fn::GetAtt": id + ".Arn"}
}

// What API Gateway answers by itself is what the dialect says.
func TestGatewayResponses(t *testing.T) {
	_, tmpl := readTemplate(t)
	headers := map[string]any{}
	for _, h := range gateway.SecurityHeaders {
		headers[h[0]] = "'" + h[1] + "'"
	}
	for _, d := range dialects {
		responses, _ := template.Lookup(tmpl.Resources[d.title+"Api"].Properties, "GatewayResponses").(map[string]any)
		var got, want []string
		for kind := range responses {
			got = append(got, kind)
		}
		for _, c := range d.api.GatewayResponses() {
			want = append(want, c.Type)
			r := responses[c.Type]
			if template.Lookup(r, "StatusCode") != c.Status {
				t.Errorf("%s %s: status %v, want %d", d.name, c.Type, template.Lookup(r, "StatusCode"), c.Status)
			}
			if templates := template.Lookup(r, "ResponseTemplates"); !reflect.DeepEqual(templates, map[string]any{"application/json": c.Body}) {
				t.Errorf("%s %s:\n got %v\nwant %s", d.name, c.Type, templates, c.Body)
			}
			wanted := maps.Clone(headers)
			if seconds := c.RetryAfter(); seconds != "" {
				wanted["Retry-After"] = "'" + seconds + "'"
			}
			if got := template.Lookup(r, "ResponseParameters", "Headers"); !reflect.DeepEqual(got, wanted) {
				t.Errorf("%s %s: headers %v, want %v", d.name, c.Type, got, wanted)
			}
		}
		assertSameElements(t, d.name, got, want)
	}
}

// Nothing that a client wrote reaches the access log but the trace id it may
// choose to send.
func TestAccessLogs(t *testing.T) {
	_, tmpl := readTemplate(t)
	allowed := []string{
		"requestTimeEpoch", "requestId", "xrayTraceId", "stage", "httpMethod", "resourcePath", "status", "responseLatency",
		"integrationLatency", "responseLength", "authorizer.client", "authorizer.status", "error.responseType",
	}
	for _, d := range dialects {
		p := tmpl.Resources[d.title+"Api"].Properties
		format, _ := template.Lookup(p, "AccessLogSetting", "Format").(string)
		fields := strings.Split(format, "$context.")[1:]
		if len(fields) != len(allowed) {
			t.Errorf("%s: %d fields, want %d", d.name, len(fields), len(allowed))
		}
		for _, f := range fields {
			if name, _, _ := strings.Cut(f, `"`); !slices.Contains(allowed, name) {
				t.Errorf("%s: logs $context.%s", d.name, name)
			}
		}
		settings, _ := p["MethodSettings"].([]any)
		if len(settings) != 1 || template.Lookup(settings[0], "LoggingLevel") != "OFF" || template.Lookup(settings[0], "DataTraceEnabled") != false {
			t.Errorf("%s: execution logs would hold requests", d.name)
		}
		if p["TracingEnabled"] != true {
			t.Errorf("%s: is not traced", d.name)
		}
	}
}

// The usage plan covers every API, so that a client's calls are counted together.
func TestUsagePlan(t *testing.T) {
	_, tmpl := readTemplate(t)
	p := tmpl.Resources["UsagePlan"].Properties
	stages, _ := p["ApiStages"].([]any)
	var got, want []string
	for _, s := range stages {
		api, _ := template.Lookup(s, "ApiId", "Ref").(string)
		if template.Lookup(s, "Stage", "Ref") != api+".Stage" {
			t.Errorf("%s: of another stage", api)
		}
		got = append(got, api)
	}
	for _, d := range dialects {
		want = append(want, d.title+"Api")
	}
	assertSameElements(t, "APIs in the usage plan", got, want)
	for _, limit := range [][]string{{"Throttle", "RateLimit"}, {"Throttle", "BurstLimit"}, {"Quota", "Limit"}} {
		if template.Lookup(p, limit...) == nil {
			t.Errorf("no %v", limit)
		}
	}
}
