package template_test

import (
	"slices"
	"strings"
	"testing"

	"cedula/infra/template"
)

// wildcardActions are the actions that AWS takes for no resource but "*".
var wildcardActions = []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}

// expectedGrants are the actions on the table and on the keys of tokens, by what a
// function does. CloudWatch Logs and X-Ray are everyone's, the keys of the
// environment and the table everyone's who is granted anything.
var expectedGrants = map[string][]string{
	"authorizers/conomy":               credentialActions("kms:GetPublicKey"),
	"authorizers/blnk":                 credentialActions(),
	"conomy/create-token":              credentialActions("dynamodb:BatchGetItem L#*", "dynamodb:PutItem L#*", "kms:GetPublicKey", "kms:Sign"),
	"conomy/get-token-keys":            {"kms:GetPublicKey"},
	"conomy/create-identity":           identityActions("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"),
	"conomy/list-identities":           identityActions("BatchGetItem", "GetItem", "Query", queryIndexes),
	"conomy/search-identities":         identityActions("BatchGetItem", "GetItem", "Query", queryIndexes),
	"conomy/get-identity":              identityActions("BatchGetItem", "GetItem", "Query"),
	"conomy/update-identity":           append(identityActions("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"), decryptFields),
	"conomy/delete-identity":           identityActions("ConditionCheckItem", "DeleteItem", "PutItem", "Query"),
	"conomy/deactivate-identity":       identityActions("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/reactivate-identity":       identityActions("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/add-children":              identityActions("BatchGetItem", "ConditionCheckItem", "GetItem", "PutItem", "Query"),
	"conomy/remove-children":           identityActions("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query"),
	"conomy/list-parents":              identityActions("BatchGetItem", "GetItem", "Query"),
	"conomy/add-permissions":           identityActions("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/list-permissions":          identityActions("GetItem"),
	"conomy/remove-permission":         identityActions("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/add-withdrawal-account":    identityActions("GetItem", "PutItem", "Query"),
	"conomy/list-withdrawal-accounts":  identityActions("GetItem", "Query"),
	"conomy/remove-withdrawal-account": identityActions("DeleteItem", "GetItem"),
	"conomy/start-verification":        append(identityActions("BatchGetItem", "GetItem", "PutItem", "Query"), putMessages, decryptFields),
	"conomy/confirm-verification":      append(identityActions("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"), decryptFields),
	"conomy/decide-screening":          identityActions("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/hold-identity":             identityActions("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/release-identity":          identityActions("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/add-rules":                 {},
	"conomy/remove-rules":              {},
	"conomy/add-fees":                  {},
	"conomy/remove-fees":               {},
	"conomy/remove-fee":                {},
	"conomy/set-escrow-fee":            {},
	"conomy/get-reference":             {},
	"blnk/create-identity":             identityActions("ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"),
	"blnk/get-identity":                identityActions("GetItem"),
	"blnk/list-identities":             identityActions("BatchGetItem", "GetItem", queryIndexes),
	"blnk/filter-identities":           identityActions("BatchGetItem", "GetItem", queryIndexes),
	"blnk/update-identity":             append(identityActions("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"), decryptFields),
	"blnk/delete-identity":             identityActions("ConditionCheckItem", "DeleteItem", "PutItem", "Query"),
	"blnk/list-tokenized-fields":       identityActions("GetItem"),
	"blnk/tokenize-field":              append(identityActions("BatchGetItem", "GetItem", "PutItem", "Query"), decryptFields, encryptFields),
	"blnk/tokenize-identity":           append(identityActions("BatchGetItem", "GetItem", "PutItem", "Query"), decryptFields, encryptFields),
	"blnk/detokenize-field":            append(identityActions("GetItem"), decryptFields),
	"blnk/detokenize-identity":         append(identityActions("GetItem"), decryptFields),
	"blnk/update-metadata":             identityActions("BatchGetItem", "GetItem", "PutItem", "Query"),
	"blnk/create-api-key":              clientActions("ConditionCheckItem", "PutItem", "Query"),
	"blnk/list-api-keys":               clientActions("Query"),
	"blnk/revoke-api-key":              clientActions("GetItem", "PutItem", "Query"),
	"blnk/search":                      {},
	"blnk/balances":                    {},
	"blnk/refuse-method":               {},
	"blnk/get-root":                    {},
	"blnk/get-reference":               {},
	"blnk/get-health":                  {getPing},
	"jobs/deliver-messages": {
		getPing, "dynamodb:DeleteItem M#*", "dynamodb:GetItem M#*", "dynamodb:PutItem M#*",
		"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams",
		"ses:SendEmail from EmailFrom", "sns:Publish to phones", sendToDeadLetters,
	},
	"jobs/expire-pending": identityActions("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", queryPendingIndex),
	"jobs/remind-pending": append(identityActions("BatchGetItem", "GetItem", "PutItem", queryPendingIndex), putMessages, decryptFields),
}

const (
	decryptFields     = "kms:Decrypt VaultKey"
	encryptFields     = "kms:GenerateDataKey VaultKey"
	getPing           = "dynamodb:GetItem PING"
	queryIndexes      = "Query T#* in indexes"
	queryPendingIndex = "Query P#* in QIndex"
	putMessages       = "dynamodb:PutItem M#*"
	sendToDeadLetters = "sqs:SendMessage MessagesDeadLetters"
)

// identityActions are actions on what stands under a tenant.
func identityActions(actions ...string) []string {
	got := []string{getPing}
	for _, a := range actions {
		if a != queryIndexes && a != queryPendingIndex {
			a += " T#*"
		}
		got = append(got, "dynamodb:"+a)
	}
	return got
}

// clientActions are actions on what stands under a client.
func clientActions(actions ...string) []string {
	got := []string{getPing}
	for _, a := range actions {
		got = append(got, "dynamodb:"+a+" C#*")
	}
	return got
}

// credentialActions is to read what stands under a client, and more.
func credentialActions(more ...string) []string {
	return append([]string{getPing, "dynamodb:BatchGetItem C#*"}, more...)
}

// Each function has a role of its own, with what it does and no more.
func TestRoles(t *testing.T) {
	_, tmpl := readTemplate(t)
	for id, f := range tmpl.ResourcesOfType(template.TypeFunction) {
		stem, folder := strings.TrimSuffix(id, "Function"), template.FunctionFolder(id)
		if got := template.Lookup(f.Properties, "Role", "Fn::GetAtt"); got != stem+"Role.Arn" {
			t.Errorf("%s runs as %v", id, got)
		}
		want, ok := expectedGrants[folder]
		if !ok {
			t.Errorf("%s: nobody said what it may do", folder)
		}
		var got, keys []string
		for _, s := range statements(t, tmpl.Resources[stem+"Role"]) {
			more, key := grantsOf(t, stem, s)
			got, keys = append(got, more...), append(keys, key...)
		}
		assertSameElements(t, stem+"Role", got, slices.Clone(want))
		assertSameElements(t, stem+"Role on the key", keys, expectedDataKeyActions(want))
	}
}

// expectedDataKeyActions is what follows from the actions on the table for the key that it and
// the environment are under.
func expectedDataKeyActions(granted []string) []string {
	if len(granted) == 0 {
		return nil
	}
	if !slices.ContainsFunc(granted, func(g string) bool { return strings.HasPrefix(g, "dynamodb:") }) {
		return []string{"kms:Decrypt"} // the environment's
	}
	use := []string{"kms:Decrypt", "kms:Decrypt", "kms:DescribeKey"}
	if slices.ContainsFunc(granted, func(g string) bool {
		return strings.HasPrefix(g, "dynamodb:PutItem") || strings.HasPrefix(g, "dynamodb:DeleteItem")
	}) {
		use = append(use, "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")
	}
	if slices.Contains(granted, sendToDeadLetters) {
		use = append(use, "kms:Decrypt", "kms:GenerateDataKey") // the queue's
	}
	return use
}

func statements(t *testing.T, role template.Resource) []any {
	t.Helper()
	policies, _ := role.Properties["Policies"].([]any)
	if len(policies) != 1 || role.Properties["ManagedPolicyArns"] != nil {
		t.Fatalf("a function's role has one policy of its own: %v", role.Properties)
	}
	list, _ := template.Lookup(policies[0], "PolicyDocument", "Statement").([]any)
	return list
}

// grantsOf returns what a statement grants, with the keys of the table that it
// is limited to, and apart from it what it grants on the stack's key. It leaves
// out what every function has.
func grantsOf(t *testing.T, stem string, s any) (got, key []string) {
	t.Helper()
	resource := template.Lookup(s, "Resource")
	if either, ok := template.Lookup(resource, "Fn::If").([]any); ok && either[0] == "OwnTokenKey" && template.Lookup(either[2], "Ref") == "TokenKeys" {
		resource = either[1] // or what the operator names in its place
	}
	attribute, _ := template.Lookup(resource, "Fn::GetAtt").(string)
	text, _ := template.Lookup(resource, "Fn::Sub").(string)
	index, isIndex := strings.CutPrefix(text, "${Table.Arn}/index/")
	for _, action := range stringList(template.Lookup(s, "Action")) {
		service, verb, _ := strings.Cut(action, ":")
		switch {
		case template.Lookup(s, "Effect") != "Allow", strings.Contains(verb, "*"):
			t.Errorf("%s: %v", stem, s)
		case service == "xray":
			if resource != "*" || action != wildcardActions[0] && action != wildcardActions[1] {
				t.Errorf("%s: %s", stem, action)
			}
		case service == "logs" && attribute == stem+"Logs.Arn":
		case service == "kms" && attribute == "DataKey.Arn":
			if template.Lookup(s, "Condition", "StringEquals") == nil && !limitedToOwnEnvironment(stem, s) {
				t.Errorf("%s: %s for every use of the key", stem, action)
			}
			key = append(key, action)
		case service == "kms" && attribute == "VaultKey.Arn":
			got = append(got, action+" VaultKey")
		case service == "kms" && attribute == "TokenKey.Arn":
			got = append(got, action)
		case service == "dynamodb" && attribute == "Table.StreamArn":
			got = append(got, action)
		case service == "sqs" && attribute == "MessagesDeadLetters.Arn":
			got = append(got, action+" MessagesDeadLetters")
		case action == "ses:SendEmail" && limitedToSenderAddress(s):
			got = append(got, action+" from EmailFrom")
		case action == "sns:Publish" && limitedToPhoneNumbers(s):
			got = append(got, action+" to phones")
		case service == "dynamodb" && (attribute == "Table.Arn" || isIndex):
			keys := stringList(template.Lookup(s, "Condition", "ForAllValues:StringLike", "dynamodb:LeadingKeys"))
			if len(keys) == 0 {
				t.Errorf("%s: %s on every key", stem, action)
			}
			for _, k := range keys {
				switch {
				case index == "*":
					k += " in indexes"
				case isIndex:
					k += " in " + index
				}
				got = append(got, action+" "+k)
			}
		default:
			t.Errorf("%s: %s on %v", stem, action, resource)
		}
	}
	return got, key
}

// limitedToOwnEnvironment tells that a statement is of the environments of one function: of
// its own and of its versions'.
func limitedToOwnEnvironment(stem string, s any) bool {
	name := strings.ReplaceAll(template.FunctionFolder(stem+"Function"), "/", "-")
	if dialect, ok := strings.CutPrefix(name, "authorizers-"); ok {
		name = dialect + "-authorizer"
	}
	arn := "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-" + name
	of, _ := template.Lookup(s, "Condition", "StringLike", "kms:EncryptionContext:aws:lambda:FunctionArn").([]any)
	return len(of) == 2 && template.Lookup(of[0], "Fn::Sub") == arn && template.Lookup(of[1], "Fn::Sub") == arn+":*"
}

// limitedToSenderAddress tells that a statement grants what is sent from the stack's address
// alone. The identity that verified it may be the address or a domain above it,
// which the template cannot know.
func limitedToSenderAddress(s any) bool {
	const account = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:"
	resources, _ := template.Lookup(s, "Resource").([]any)
	for _, r := range resources {
		if text := template.Lookup(r, "Fn::Sub"); text != account+"identity/*" && text != account+"configuration-set/*" {
			return false
		}
	}
	return len(resources) > 0 && template.Lookup(s, "Condition", "StringEquals", "ses:FromAddress", "Ref") == "EmailFrom"
}

// limitedToPhoneNumbers tells that a statement leaves out all that SNS has an ARN for. A phone
// number has none and cannot be named, so nothing narrower grants to publish to it.
func limitedToPhoneNumbers(s any) bool {
	return template.Lookup(s, "Resource") == nil && template.Lookup(s, "NotResource", "Fn::Sub") == "arn:${AWS::Partition}:sns:*:*:*"
}

// stringList reads what may be one text or several.
func stringList(v any) []string {
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
	_, tmpl := readTemplate(t)
	for id, f := range tmpl.ResourcesOfType(template.TypeFunction) {
		p := f.Properties
		logs := strings.TrimSuffix(id, "Function") + "Logs"
		if template.Lookup(p, "LoggingConfig", "LogGroup", "Ref") != logs {
			t.Errorf("%s: does not log to %s", id, logs)
		}
	}
	if template.Lookup(tmpl.Globals["Function"], "LoggingConfig", "LogFormat") != "JSON" {
		t.Error("the functions' lines would not be JSON")
	}
	for id, r := range tmpl.ResourcesOfType(template.TypeLogGroup) {
		if r.Properties["RetentionInDays"] == nil || template.Lookup(r.Properties, "KmsKeyId", "Fn::GetAtt") != "DataKey.Arn" {
			t.Errorf("%s: kept for ever, or not encrypted", id)
		}
	}
}

// The functions are built by the Makefile for the cheapest processor, with
// their environment under the stack's key.
func TestFunctionSettings(t *testing.T) {
	_, tmpl := readTemplate(t)
	f := tmpl.Globals["Function"]
	for name, want := range map[string]any{
		"Runtime": "provided.al2023", "Handler": "bootstrap", "MemorySize": 512, "Timeout": 10, "CodeUri": ".", "Tracing": "Active",
	} {
		if got := template.Lookup(f, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := stringList(template.Lookup(f, "Architectures")); len(got) != 1 || got[0] != "arm64" {
		t.Errorf("architectures are %v", got)
	}
	if template.Lookup(f, "KmsKeyArn", "Fn::GetAtt") != "DataKey.Arn" {
		t.Error("environments can be read without the stack's key")
	}
	for id, r := range tmpl.ResourcesOfType(template.TypeFunction) {
		if r.Metadata["BuildMethod"] != "makefile" {
			t.Errorf("%s is not built by the Makefile", id)
		}
		for name, value := range r.Properties {
			if template.Lookup(f, name) != nil && name != "LoggingConfig" && value != functionOverrides[template.FunctionFolder(id)][name] {
				t.Errorf("%s has its own %s", id, name)
			}
		}
	}
}

// functionOverrides are settings that differ, and why.
var functionOverrides = map[string]map[string]any{
	// Nobody waits for them, and they do as much as there is: Lambda's longest time,
	// which is also what lies between two runs.
	"jobs/expire-pending": {"Timeout": 900, "MemorySize": 1769},
	"jobs/remind-pending": {"Timeout": 900},
}
