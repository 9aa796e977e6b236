package template_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"cedula/infra/template"
)

// wildcardResourceReasons are the only actions that are granted on more than named resources,
// and why.
var wildcardResourceReasons = map[string]string{
	"xray:PutTraceSegments":    "X-Ray has no resources",
	"xray:PutTelemetryRecords": "X-Ray has no resources",
	"sns:Publish":              "a phone number has no ARN; whatever has one is left out",
}

// managedPolicies are the only policies that are not the template's own, and whose.
var managedPolicies = map[string]string{
	"GatewayAccountRole":    "AmazonAPIGatewayPushToCloudWatchLogs",
	"CodeDeployServiceRole": "AWSCodeDeployRoleForLambda", // SAM's
}

// No role is granted an action by pattern, nor any resource but those listed.
func TestExpandedRoles(t *testing.T) {
	forEachEnvironment(t, func(t *testing.T, e *template.Expanded) {
		for id, r := range e.ResourcesOfType(template.TypeRole) {
			for _, s := range allStatements(r) {
				for _, action := range stringList(template.Lookup(s, "Action")) {
					if strings.Contains(action, "*") || template.Lookup(s, "NotAction") != nil || template.Lookup(s, "Effect") != "Allow" {
						t.Errorf("%s: %v", id, s)
					}
					if (template.Lookup(s, "Resource") == "*" || template.Lookup(s, "NotResource") != nil) && wildcardResourceReasons[action] == "" {
						t.Errorf("%s: %s on every resource", id, action)
					}
				}
			}
			policies, _ := r.Properties["ManagedPolicyArns"].([]any)
			if text := fmt.Sprint(policies); len(policies) > 0 && (len(policies) > 1 || managedPolicies[id] == "" || !strings.Contains(text, "/"+managedPolicies[id])) {
				t.Errorf("%s: has %s", id, text)
			}
		}
	})
}

func allStatements(role template.Resource) (all []any) {
	policies, _ := role.Properties["Policies"].([]any)
	for _, p := range policies {
		s, _ := template.Lookup(p, "PolicyDocument", "Statement").([]any)
		all = append(all, s...)
	}
	return all
}

// What holds data or lines of a log is under the stack's key; the table can be
// restored and survives the stack.
func TestExpandedDataIsEncryptedAndRetained(t *testing.T) {
	forEachEnvironment(t, func(t *testing.T, e *template.Expanded) {
		under := func(id string, key any) {
			if !slices.Contains(template.References(key), "DataKey") {
				t.Errorf("%s: is not under the stack's key", id)
			}
		}
		for id, r := range e.ResourcesOfType(template.TypeTable) {
			under(id, template.Lookup(r.Properties, "SSESpecification", "KMSMasterKeyId"))
			if template.Lookup(r.Properties, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled") != true ||
				r.Properties["DeletionProtectionEnabled"] != true || r.DeletionPolicy != "Retain" || r.UpdateReplacePolicy != "Retain" {
				t.Errorf("%s: can be lost", id)
			}
		}
		for id, r := range e.ResourcesOfType(template.TypeQueue) {
			under(id, r.Properties["KmsMasterKeyId"])
		}
		for id, r := range e.ResourcesOfType(template.TypeLogGroup) {
			under(id, r.Properties["KmsKeyId"])
			if r.Properties["RetentionInDays"] == nil {
				t.Errorf("%s: is kept for ever", id)
			}
		}
		under("the secret", e.Resources["DeploymentSecret"].Properties["KmsKeyId"])
	})
}

// Whatever API Gateway answers by itself is not kept, its stages are traced, and
// the access log holds nothing of a URL but the resource's template.
func TestExpandedAPIs(t *testing.T) {
	refused := []string{"querystring", "path", "requestOverride", "sourceIp", "userAgent", "authorizer.principalId", "identity."}
	forEachEnvironment(t, func(t *testing.T, e *template.Expanded) {
		for id, r := range e.ResourcesOfType(template.TypeRestAPI) {
			responses, _ := template.Lookup(r.Properties, "Body", "x-amazon-apigateway-gateway-responses").(map[string]any)
			if len(responses) == 0 {
				t.Errorf("%s: answers by itself as API Gateway does", id)
			}
			for kind, response := range responses {
				if got := template.Lookup(response, "responseParameters", "gatewayresponse.header.Cache-Control"); got != "'no-store'" {
					t.Errorf("%s %s: Cache-Control %v", id, kind, got)
				}
			}
		}
		stages := e.ResourcesOfType(template.TypeStage)
		if len(stages) != len(dialects) {
			t.Errorf("%d stages", len(stages))
		}
		for id, r := range stages {
			format, _ := template.Lookup(r.Properties, "AccessLogSetting", "Format").(string)
			if r.Properties["TracingEnabled"] != true || format == "" {
				t.Errorf("%s: is not traced or not logged", id)
			}
			for _, field := range strings.Split(format, "$context.")[1:] {
				name, _, _ := strings.Cut(field, `"`)
				if slices.ContainsFunc(refused, func(r string) bool { return name == r || strings.HasSuffix(r, ".") && strings.HasPrefix(name, r) }) {
					t.Errorf("%s: logs %s", id, name)
				}
			}
		}
	})
}

// What a parameter turns on is off by default: neither costs nor changes anything.
func TestExpandedOptionsAreOffByDefault(t *testing.T) {
	conditions := map[string]string{
		"WebAcl": "HasWaf", "ConomyWebAclAssociation": "HasWaf", "BlnkWebAclAssociation": "HasWaf",
		"ConomyDomainName": "HasConomyDomain", "ConomyBasePath": "HasConomyDomain", "BlnkDomainName": "HasBlnkDomain", "BlnkBasePath": "HasBlnkDomain",
	}
	forEachEnvironment(t, func(t *testing.T, e *template.Expanded) {
		for id, want := range conditions {
			if got := e.Resources[id].Condition; got != want {
				t.Errorf("%s: if %q", id, got)
			}
		}
		for name, want := range map[string]string{"Waf": "false", "ConomyDomain": "", "BlnkDomain": ""} {
			if got := template.Lookup(e.Parameters[name], "Default"); got != want {
				t.Errorf("%s is %v by default", name, got)
			}
		}
		for id := range maps.Keys(e.ResourcesOfType("AWS::WAFv2::WebACLAssociation")) {
			p := e.Resources[id].Properties
			if api := strings.TrimSuffix(id, "WebAclAssociation") + "Api"; !slices.Contains(template.References(p["ResourceArn"]), api) {
				t.Errorf("%s: stands before %v", id, p["ResourceArn"])
			}
		}
	})
}
