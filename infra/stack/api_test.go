package stack_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cedula/infra/stack"
	"cedula/shared/gateway"
)

// Every route has its function's API event, with the same method, path and
// openness, and there is no other.
func TestAPIEventsMatchRoutes(t *testing.T) {
	_, template := read(t)
	for _, d := range dialects {
		var want, got []string
		for _, r := range d.api.Routes() {
			want = append(want, call(d.title+pascal(r.Name)+"Function", r.Method, r.Path, r.Public))
			if r.Public != (r.Scope == "") {
				t.Errorf("%s %s: a route is public or has a scope", d.name, r.Name)
			}
		}
		for id, f := range template.Of(stack.TypeFunction) {
			events, _ := stack.At(f.Properties, "Events").(map[string]any)
			for _, e := range events {
				p := stack.At(e, "Properties")
				if stack.At(p, "RestApiId", "Ref") != d.title+"Api" {
					continue
				}
				open := stack.At(p, "Auth", "Authorizer") == "NONE"
				if open != (stack.At(p, "Auth", "ApiKeyRequired") == false) {
					t.Errorf("%s: a call without an authorizer has nobody to name its usage plan's key", id)
				}
				got = append(got, call(id, stack.At(p, "Method").(string), stack.At(p, "Path").(string), open))
			}
		}
		same(t, d.name, got, want)
	}
}

func call(id, method, path string, public bool) string {
	line := id + " " + method + " " + path
	if public {
		line += " public"
	}
	return line
}

func TestAuthorizers(t *testing.T) {
	_, template := read(t)
	for _, d := range dialects {
		p := template.Resources[d.title+"Api"].Properties
		name := d.title + "Authorizer"
		if stack.At(p, "Auth", "DefaultAuthorizer") != name {
			t.Errorf("%s: a route that says nothing is open", d.name)
		}
		a := stack.At(p, "Auth", "Authorizers", name)
		for _, c := range []struct {
			path []string
			want any
		}{
			{[]string{"FunctionArn"}, invoked(template, name+"Function")},
			{[]string{"FunctionPayloadType"}, "REQUEST"},
			{[]string{"Identity", "Headers"}, d.identity},
			{[]string{"Identity", "ReauthorizeEvery"}, 30},
		} {
			if got := stack.At(a, c.path...); !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: %s is %v, want %v", name, strings.Join(c.path, "."), got, c.want)
			}
		}
		if stack.At(p, "ApiKeySourceType") != "AUTHORIZER" || stack.At(p, "Auth", "ApiKeyRequired") != true {
			t.Errorf("%s: usage plans are not the authorizer's", d.name)
		}
	}
}

// invoked is what of a function is called: the alias of one that changes gradually.
func invoked(template *stack.Template, id string) any {
	if template.Resources[id].Properties["AutoPublishAlias"] != nil {
		return map[string]any{"Ref": id + ".Alias"}
	}
	return map[string]any{"Fn::GetAtt": id + ".Arn"}
}

// What API Gateway answers by itself is what the dialect says.
func TestGatewayResponses(t *testing.T) {
	_, template := read(t)
	headers := map[string]any{}
	for _, h := range gateway.SecurityHeaders {
		headers[h[0]] = "'" + h[1] + "'"
	}
	for _, d := range dialects {
		responses, _ := stack.At(template.Resources[d.title+"Api"].Properties, "GatewayResponses").(map[string]any)
		var got, want []string
		for kind := range responses {
			got = append(got, kind)
		}
		for _, c := range d.api.GatewayResponses() {
			want = append(want, c.Type)
			r := responses[c.Type]
			if stack.At(r, "StatusCode") != c.Status {
				t.Errorf("%s %s: status %v, want %d", d.name, c.Type, stack.At(r, "StatusCode"), c.Status)
			}
			if templates := stack.At(r, "ResponseTemplates"); !reflect.DeepEqual(templates, map[string]any{"application/json": c.Body}) {
				t.Errorf("%s %s:\n got %v\nwant %s", d.name, c.Type, templates, c.Body)
			}
			wanted := maps.Clone(headers)
			if seconds := c.RetryAfter(); seconds != "" {
				wanted["Retry-After"] = "'" + seconds + "'"
			}
			if got := stack.At(r, "ResponseParameters", "Headers"); !reflect.DeepEqual(got, wanted) {
				t.Errorf("%s %s: headers %v, want %v", d.name, c.Type, got, wanted)
			}
		}
		same(t, d.name, got, want)
	}
}

// Nothing that a client wrote reaches the access log but the trace id it may
// choose to send.
func TestAccessLogs(t *testing.T) {
	_, template := read(t)
	allowed := []string{
		"requestTimeEpoch", "requestId", "xrayTraceId", "stage", "httpMethod", "resourcePath", "status", "responseLatency",
		"integrationLatency", "responseLength", "authorizer.client", "authorizer.status", "error.responseType",
	}
	for _, d := range dialects {
		p := template.Resources[d.title+"Api"].Properties
		format, _ := stack.At(p, "AccessLogSetting", "Format").(string)
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
		if len(settings) != 1 || stack.At(settings[0], "LoggingLevel") != "OFF" || stack.At(settings[0], "DataTraceEnabled") != false {
			t.Errorf("%s: execution logs would hold requests", d.name)
		}
		if p["TracingEnabled"] != true {
			t.Errorf("%s: is not traced", d.name)
		}
	}
}

// The usage plan covers every API, so that a client's calls are counted together.
func TestUsagePlan(t *testing.T) {
	_, template := read(t)
	p := template.Resources["UsagePlan"].Properties
	stages, _ := p["ApiStages"].([]any)
	var got, want []string
	for _, s := range stages {
		api, _ := stack.At(s, "ApiId", "Ref").(string)
		if stack.At(s, "Stage", "Ref") != api+".Stage" {
			t.Errorf("%s: of another stage", api)
		}
		got = append(got, api)
	}
	for _, d := range dialects {
		want = append(want, d.title+"Api")
	}
	same(t, "APIs in the usage plan", got, want)
	for _, limit := range [][]string{{"Throttle", "RateLimit"}, {"Throttle", "BurstLimit"}, {"Quota", "Limit"}} {
		if stack.At(p, limit...) == nil {
			t.Errorf("no %v", limit)
		}
	}
}
