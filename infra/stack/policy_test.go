package stack_test

import (
	"strings"
	"testing"

	"cedula/infra/stack"
)

// wildcards are the actions that AWS takes for no resource but "*".
var wildcards = []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}

// granted are the actions of the services, by what a function does. CloudWatch
// Logs, X-Ray and the keys of the environment and the table are everyone's.
func granted(folder string) []string {
	switch _, operation, _ := strings.Cut(folder, "/"); {
	case folder == "authorizers/conomy":
		return []string{"dynamodb:BatchGetItem C#*", "dynamodb:GetItem PING", "kms:GetPublicKey"}
	case folder == "authorizers/blnk":
		return []string{"dynamodb:BatchGetItem C#*", "dynamodb:GetItem PING"}
	case operation == "create-token":
		return []string{"dynamodb:BatchGetItem C#*", "dynamodb:GetItem PING", "kms:GetPublicKey", "kms:Sign"}
	case operation == "create-identity":
		return []string{"dynamodb:PutItem T#*", "dynamodb:GetItem PING"}
	case operation == "get-identity":
		return []string{"dynamodb:GetItem T#*", "dynamodb:GetItem PING"}
	case operation == "get-health":
		return []string{"dynamodb:GetItem PING"}
	}
	return nil
}

// Each function has a role of its own, with what it does and no more.
func TestRoles(t *testing.T) {
	_, template := read(t)
	for folder, id := range functionIDs() {
		stem := strings.TrimSuffix(id, "Function")
		if got := stack.At(template.Resources[id].Properties, "Role", "Fn::GetAtt"); got != stem+"Role.Arn" {
			t.Errorf("%s runs as %v", id, got)
		}
		var got []string
		for _, s := range statements(t, template.Resources[stem+"Role"]) {
			got = append(got, actions(t, stem, s)...)
		}
		same(t, stem+"Role", got, granted(folder))
	}
}

func statements(t *testing.T, role stack.Resource) []any {
	t.Helper()
	policies, _ := role.Properties["Policies"].([]any)
	if len(policies) != 1 || role.Properties["ManagedPolicyArns"] != nil {
		t.Fatalf("a function's role has one policy of its own: %v", role.Properties)
	}
	list, _ := stack.At(policies[0], "PolicyDocument", "Statement").([]any)
	return list
}

// actions returns what a statement grants, with the keys of the table that it
// is limited to, and leaves out what every function has.
func actions(t *testing.T, stem string, s any) []string {
	t.Helper()
	resource := stack.At(s, "Resource")
	attribute, _ := stack.At(resource, "Fn::GetAtt").(string)
	var got []string
	for _, action := range list(stack.At(s, "Action")) {
		service, verb, _ := strings.Cut(action, ":")
		switch {
		case stack.At(s, "Effect") != "Allow", strings.Contains(verb, "*"):
			t.Errorf("%s: %v", stem, s)
		case service == "xray":
			if resource != "*" || action != wildcards[0] && action != wildcards[1] {
				t.Errorf("%s: %s", stem, action)
			}
		case service == "logs" && attribute == stem+"Logs.Arn":
		case service == "kms" && attribute == "DataKey.Arn":
			if stack.At(s, "Condition", "StringEquals") == nil {
				t.Errorf("%s: %s for every use of the key", stem, action)
			}
		case service == "kms" && attribute == "TokenKey.Arn":
			got = append(got, action)
		case service == "dynamodb" && attribute == "Table.Arn":
			keys := list(stack.At(s, "Condition", "ForAllValues:StringLike", "dynamodb:LeadingKeys"))
			if len(keys) == 0 {
				t.Errorf("%s: %s on every key", stem, action)
			}
			for _, k := range keys {
				got = append(got, action+" "+k)
			}
		default:
			t.Errorf("%s: %s on %v", stem, action, resource)
		}
	}
	return got
}

// list reads what may be one text or several.
func list(v any) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	var texts []string
	values, _ := v.([]any)
	for _, s := range values {
		texts = append(texts, s.(string))
	}
	return texts
}

// Every function logs into its own group, kept for a time and encrypted.
func TestLogs(t *testing.T) {
	_, template := read(t)
	for _, id := range functionIDs() {
		p := template.Resources[id].Properties
		logs := strings.TrimSuffix(id, "Function") + "Logs"
		if stack.At(p, "LoggingConfig", "LogGroup", "Ref") != logs {
			t.Errorf("%s: does not log to %s", id, logs)
		}
	}
	if stack.At(template.Globals["Function"], "LoggingConfig", "LogFormat") != "JSON" {
		t.Error("the functions' lines would not be JSON")
	}
	for id, r := range template.Of(stack.TypeLogGroup) {
		if r.Properties["RetentionInDays"] == nil || stack.At(r.Properties, "KmsKeyId", "Fn::GetAtt") != "DataKey.Arn" {
			t.Errorf("%s: kept for ever, or not encrypted", id)
		}
	}
}

// The functions are built by the Makefile for the cheapest processor, with
// their environment under the stack's key.
func TestFunctionSettings(t *testing.T) {
	_, template := read(t)
	f := template.Globals["Function"]
	for name, want := range map[string]any{
		"Runtime": "provided.al2023", "Handler": "bootstrap", "MemorySize": 512, "Timeout": 10, "CodeUri": ".", "Tracing": "Active",
	} {
		if got := stack.At(f, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := list(stack.At(f, "Architectures")); len(got) != 1 || got[0] != "arm64" {
		t.Errorf("architectures are %v", got)
	}
	if stack.At(f, "KmsKeyArn", "Fn::GetAtt") != "DataKey.Arn" {
		t.Error("environments can be read without the stack's key")
	}
	for id, r := range template.Of(stack.TypeFunction) {
		if r.Metadata["BuildMethod"] != "makefile" {
			t.Errorf("%s is not built by the Makefile", id)
		}
		for name := range r.Properties {
			if stack.At(f, name) != nil && name != "LoggingConfig" {
				t.Errorf("%s has its own %s", id, name)
			}
		}
	}
}
