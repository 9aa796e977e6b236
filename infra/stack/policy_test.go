package stack_test

import (
	"slices"
	"strings"
	"testing"

	"cedula/infra/stack"
)

// wildcards are the actions that AWS takes for no resource but "*".
var wildcards = []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}

// granted are the actions on the table and on the keys of tokens, by what a
// function does. CloudWatch Logs and X-Ray are everyone's, the keys of the
// environment and the table everyone's who is granted anything.
var granted = map[string][]string{
	"authorizers/conomy":               onCredentials("kms:GetPublicKey"),
	"authorizers/blnk":                 onCredentials(),
	"conomy/create-token":              onCredentials("dynamodb:BatchGetItem L#*", "dynamodb:PutItem L#*", "kms:GetPublicKey", "kms:Sign"),
	"conomy/get-token-keys":            {"kms:GetPublicKey"},
	"conomy/create-identity":           onIdentities("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"),
	"conomy/list-identities":           onIdentities("BatchGetItem", "GetItem", "Query", onIndexes),
	"conomy/search-identities":         onIdentities("BatchGetItem", "GetItem", "Query", onIndexes),
	"conomy/get-identity":              onIdentities("BatchGetItem", "GetItem", "Query"),
	"conomy/update-identity":           append(onIdentities("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"), openFields),
	"conomy/delete-identity":           onIdentities("ConditionCheckItem", "DeleteItem", "PutItem", "Query"),
	"conomy/deactivate-identity":       onIdentities("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/reactivate-identity":       onIdentities("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/add-children":              onIdentities("BatchGetItem", "ConditionCheckItem", "GetItem", "PutItem", "Query"),
	"conomy/remove-children":           onIdentities("BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query"),
	"conomy/list-parents":              onIdentities("BatchGetItem", "GetItem", "Query"),
	"conomy/add-permissions":           onIdentities("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/list-permissions":          onIdentities("GetItem"),
	"conomy/remove-permission":         onIdentities("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/add-withdrawal-account":    onIdentities("GetItem", "PutItem", "Query"),
	"conomy/list-withdrawal-accounts":  onIdentities("GetItem", "Query"),
	"conomy/remove-withdrawal-account": onIdentities("DeleteItem", "GetItem"),
	"conomy/start-verification":        append(onIdentities("BatchGetItem", "GetItem", "PutItem", "Query"), queueMessages, openFields),
	"conomy/confirm-verification":      append(onIdentities("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"), openFields),
	"conomy/decide-screening":          onIdentities("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/hold-identity":             onIdentities("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/release-identity":          onIdentities("BatchGetItem", "GetItem", "PutItem", "Query"),
	"conomy/add-rules":                 {},
	"conomy/remove-rules":              {},
	"conomy/add-fees":                  {},
	"conomy/remove-fees":               {},
	"conomy/remove-fee":                {},
	"conomy/set-escrow-fee":            {},
	"conomy/get-reference":             {},
	"blnk/create-identity":             onIdentities("ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"),
	"blnk/get-identity":                onIdentities("GetItem"),
	"blnk/list-identities":             onIdentities("BatchGetItem", "GetItem", onIndexes),
	"blnk/filter-identities":           onIdentities("BatchGetItem", "GetItem", onIndexes),
	"blnk/update-identity":             append(onIdentities("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"), openFields),
	"blnk/delete-identity":             onIdentities("ConditionCheckItem", "DeleteItem", "PutItem", "Query"),
	"blnk/list-tokenized-fields":       onIdentities("GetItem"),
	"blnk/tokenize-field":              append(onIdentities("BatchGetItem", "GetItem", "PutItem", "Query"), openFields, sealFields),
	"blnk/tokenize-identity":           append(onIdentities("BatchGetItem", "GetItem", "PutItem", "Query"), openFields, sealFields),
	"blnk/detokenize-field":            append(onIdentities("GetItem"), openFields),
	"blnk/detokenize-identity":         append(onIdentities("GetItem"), openFields),
	"blnk/update-metadata":             onIdentities("BatchGetItem", "GetItem", "PutItem", "Query"),
	"blnk/create-api-key":              onClients("ConditionCheckItem", "PutItem", "Query"),
	"blnk/list-api-keys":               onClients("Query"),
	"blnk/revoke-api-key":              onClients("GetItem", "PutItem", "Query"),
	"blnk/search":                      {},
	"blnk/balances":                    {},
	"blnk/refuse-method":               {},
	"blnk/get-root":                    {},
	"blnk/get-reference":               {},
	"blnk/get-health":                  {ping},
	"jobs/deliver-messages": {
		ping, "dynamodb:DeleteItem M#*", "dynamodb:GetItem M#*", "dynamodb:PutItem M#*",
		"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams",
		"ses:SendEmail from EmailFrom", "sns:Publish to phones", giveUp,
	},
	"jobs/expire-pending": onIdentities("BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query", readQueue),
	"jobs/remind-pending": append(onIdentities("BatchGetItem", "GetItem", "PutItem", readQueue), queueMessages, openFields),
}

const (
	openFields    = "kms:Decrypt VaultKey"
	sealFields    = "kms:GenerateDataKey VaultKey"
	ping          = "dynamodb:GetItem PING"
	onIndexes     = "Query T#* in indexes"
	readQueue     = "Query P#* in QIndex"
	queueMessages = "dynamodb:PutItem M#*"
	giveUp        = "sqs:SendMessage MessagesDeadLetters"
)

// onIdentities are actions on what stands under a tenant.
func onIdentities(actions ...string) []string {
	got := []string{ping}
	for _, a := range actions {
		if a != onIndexes && a != readQueue {
			a += " T#*"
		}
		got = append(got, "dynamodb:"+a)
	}
	return got
}

// onClients are actions on what stands under a client.
func onClients(actions ...string) []string {
	got := []string{ping}
	for _, a := range actions {
		got = append(got, "dynamodb:"+a+" C#*")
	}
	return got
}

// onCredentials is to read what stands under a client, and more.
func onCredentials(more ...string) []string {
	return append([]string{ping, "dynamodb:BatchGetItem C#*"}, more...)
}

// Each function has a role of its own, with what it does and no more.
func TestRoles(t *testing.T) {
	_, template := read(t)
	for id, f := range template.Of(stack.TypeFunction) {
		stem, folder := strings.TrimSuffix(id, "Function"), stack.Folder(id)
		if got := stack.At(f.Properties, "Role", "Fn::GetAtt"); got != stem+"Role.Arn" {
			t.Errorf("%s runs as %v", id, got)
		}
		want, ok := granted[folder]
		if !ok {
			t.Errorf("%s: nobody said what it may do", folder)
		}
		var got, keys []string
		for _, s := range statements(t, template.Resources[stem+"Role"]) {
			more, key := actions(t, stem, s)
			got, keys = append(got, more...), append(keys, key...)
		}
		same(t, stem+"Role", got, slices.Clone(want))
		same(t, stem+"Role on the key", keys, keyUse(want))
	}
}

// keyUse is what follows from the actions on the table for the key that it and
// the environment are under.
func keyUse(granted []string) []string {
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
	if slices.Contains(granted, giveUp) {
		use = append(use, "kms:Decrypt", "kms:GenerateDataKey") // the queue's
	}
	return use
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
// is limited to, and apart from it what it grants on the stack's key. It leaves
// out what every function has.
func actions(t *testing.T, stem string, s any) (got, key []string) {
	t.Helper()
	resource := stack.At(s, "Resource")
	if either, ok := stack.At(resource, "Fn::If").([]any); ok && either[0] == "OwnTokenKey" && stack.At(either[2], "Ref") == "TokenKeys" {
		resource = either[1] // or what the operator names in its place
	}
	attribute, _ := stack.At(resource, "Fn::GetAtt").(string)
	text, _ := stack.At(resource, "Fn::Sub").(string)
	index, isIndex := strings.CutPrefix(text, "${Table.Arn}/index/")
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
			if stack.At(s, "Condition", "StringEquals") == nil && !published(stem, s) {
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
		case action == "ses:SendEmail" && emailed(s):
			got = append(got, action+" from EmailFrom")
		case action == "sns:Publish" && phoned(s):
			got = append(got, action+" to phones")
		case service == "dynamodb" && (attribute == "Table.Arn" || isIndex):
			keys := list(stack.At(s, "Condition", "ForAllValues:StringLike", "dynamodb:LeadingKeys"))
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

// published tells that a statement is of the environments of one function: of
// its own and of its versions'.
func published(stem string, s any) bool {
	name := strings.ReplaceAll(stack.Folder(stem+"Function"), "/", "-")
	if dialect, ok := strings.CutPrefix(name, "authorizers-"); ok {
		name = dialect + "-authorizer"
	}
	arn := "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-" + name
	of, _ := stack.At(s, "Condition", "StringLike", "kms:EncryptionContext:aws:lambda:FunctionArn").([]any)
	return len(of) == 2 && stack.At(of[0], "Fn::Sub") == arn && stack.At(of[1], "Fn::Sub") == arn+":*"
}

// emailed tells that a statement grants what is sent from the stack's address
// alone. The identity that verified it may be the address or a domain above it,
// which the template cannot know.
func emailed(s any) bool {
	const account = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:"
	resources, _ := stack.At(s, "Resource").([]any)
	for _, r := range resources {
		if text := stack.At(r, "Fn::Sub"); text != account+"identity/*" && text != account+"configuration-set/*" {
			return false
		}
	}
	return len(resources) > 0 && stack.At(s, "Condition", "StringEquals", "ses:FromAddress", "Ref") == "EmailFrom"
}

// phoned tells that a statement leaves out all that SNS has an ARN for. A phone
// number has none and cannot be named, so nothing narrower grants to publish to it.
func phoned(s any) bool {
	return stack.At(s, "Resource") == nil && stack.At(s, "NotResource", "Fn::Sub") == "arn:${AWS::Partition}:sns:*:*:*"
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
	for id, f := range template.Of(stack.TypeFunction) {
		p := f.Properties
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
		for name, value := range r.Properties {
			if stack.At(f, name) != nil && name != "LoggingConfig" && value != own[stack.Folder(id)][name] {
				t.Errorf("%s has its own %s", id, name)
			}
		}
	}
}

// own are settings that differ, and why.
var own = map[string]map[string]any{
	// Nobody waits for them, and they do as much as there is: Lambda's longest time,
	// which is also what lies between two runs.
	"jobs/expire-pending": {"Timeout": 900, "MemorySize": 1769},
	"jobs/remind-pending": {"Timeout": 900},
}
