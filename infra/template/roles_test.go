package template_test

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/infra/template"
)

// limitedGrants are the grants that few functions have, by the functions. All others are on the items of tenants:
// package lambdatest compares them with the calls that the functions make.
var limitedGrants = map[string]string{
	"dynamodb:BatchGetItem Table C#*":           "authorizers/blnk authorizers/conomy conomy/create-token", // credentials
	"dynamodb:GetItem Table C#*":                "blnk/revoke-api-key",
	"dynamodb:Query Table C#*":                  "blnk/create-api-key blnk/list-api-keys blnk/revoke-api-key",
	"dynamodb:ConditionCheckItem Table C#*":     "blnk/create-api-key",
	"dynamodb:PutItem Table C#*":                "blnk/create-api-key blnk/revoke-api-key",
	"dynamodb:BatchGetItem Table L#*":           "conomy/create-token", // failed logins
	"dynamodb:PutItem Table L#*":                "conomy/create-token",
	"dynamodb:GetItem Table M#*":                "jobs/deliver-messages", // messages
	"dynamodb:PutItem Table M#*":                "conomy/confirm-verification conomy/start-verification jobs/deliver-messages jobs/remind-pending",
	"dynamodb:DeleteItem Table M#*":             "jobs/deliver-messages",
	"dynamodb:Query Table/index/* T#*":          "blnk/filter-identities blnk/list-identities conomy/list-identities conomy/search-identities",
	"dynamodb:Query Table/index/QIndex P#*":     "jobs/expire-pending jobs/remind-pending",
	"dynamodb:DescribeStream Table.StreamArn":   "jobs/deliver-messages",
	"dynamodb:GetRecords Table.StreamArn":       "jobs/deliver-messages",
	"dynamodb:GetShardIterator Table.StreamArn": "jobs/deliver-messages",
	"dynamodb:ListStreams Table.StreamArn":      "jobs/deliver-messages",

	"kms:GetPublicKey TokenKey":    "authorizers/conomy conomy/create-token conomy/get-token-keys",
	"kms:Sign TokenKey":            "conomy/create-token",
	"kms:GenerateDataKey VaultKey": "blnk/tokenize-field blnk/tokenize-identity",
	"kms:Decrypt VaultKey": "blnk/detokenize-field blnk/detokenize-identity blnk/tokenize-field blnk/tokenize-identity blnk/update-identity " +
		"conomy/confirm-verification conomy/start-verification conomy/update-identity jobs/remind-pending",

	"ses:SendEmail " + sesARN + "configuration-set/*": "jobs/deliver-messages",
	"ses:SendEmail " + sesARN + "identity/*":          "jobs/deliver-messages", // the sender's address or a domain above it
	"sns:Publish not arn:${AWS::Partition}:sns:*:*:*": "jobs/deliver-messages", // phone numbers have no ARN
	"sqs:SendMessage MessagesDeadLetters":             "jobs/deliver-messages",
}

const sesARN = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:"

// tenantActions are the actions on the items of tenants.
var tenantActions = []string{"BatchGetItem", "ConditionCheckItem", "DeleteItem", "GetItem", "PutItem", "Query"}

func TestLimitedGrants(t *testing.T) {
	_, tmpl := readTemplate(t)
	functions := map[string][]string{}
	for id, f := range tmpl.ResourcesOfType(template.TypeFunction) {
		stem := strings.TrimSuffix(id, "Function")
		for _, g := range template.Grants(tmpl.Role(f)) {
			action, isDynamoDB := strings.CutPrefix(g.Action, "dynamodb:")
			isOfTenant := isDynamoDB && slices.Contains(tenantActions, action) && g.Resource == "Table" && g.Key == "T#*"
			isPing := g.String() == "dynamodb:GetItem Table PING"
			isCommon := slices.Contains(commonGrants(stem), g.String())
			if !isOfTenant && !isPing && !isCommon && g.Resource != "DataKey" {
				functions[g.String()] = append(functions[g.String()], template.FunctionFolder(id))
			}
		}
	}
	got := map[string]string{}
	for grant, folders := range functions {
		slices.Sort(folders)
		got[grant] = strings.Join(folders, " ")
	}
	if diff := cmp.Diff(limitedGrants, got); diff != "" {
		t.Errorf("functions by grant (-want +got):\n%s", diff)
	}
}

// commonGrants are every function's: it traces, and writes its log.
func commonGrants(stem string) []string {
	return []string{"xray:PutTraceSegments *", "xray:PutTelemetryRecords *", "logs:CreateLogStream " + stem + "Logs", "logs:PutLogEvents " + stem + "Logs"}
}

func TestReadsMayNotWrite(t *testing.T) {
	_, tmpl := readTemplate(t)
	for _, a := range apis {
		for _, r := range a.api.Routes() {
			for _, g := range template.Grants(tmpl.Role(tmpl.Resources[a.functionID(r)])) {
				if r.Method == "GET" && slices.Contains([]string{"dynamodb:PutItem", "dynamodb:DeleteItem"}, g.Action) {
					t.Errorf("%s %s may %s, want a read without writes", a.name, r.Name, g)
				}
			}
		}
	}
}

// TestRoles checks that each function has a role of its own with one policy, the common grants, and what its other
// grants need of the stack's key.
func TestRoles(t *testing.T) {
	_, tmpl := readTemplate(t)
	for id, f := range tmpl.ResourcesOfType(template.TypeFunction) {
		stem := strings.TrimSuffix(id, "Function")
		if got, want := render(f.Properties["Role"]), "!GetAtt "+stem+"Role.Arn"; got != want {
			t.Errorf("%s has role %s, want %s", id, got, want)
		}
		role := tmpl.Role(f)
		if policies, _ := role.Properties["Policies"].([]any); len(policies) != 1 || role.Properties["ManagedPolicyArns"] != nil {
			t.Errorf("%s has policies %v, want one of its own", id, role.Properties)
		}
		var all, onKey []string
		for _, s := range template.Statements(role) {
			checkConditions(t, stem, s)
			for _, g := range template.StatementGrants(s) {
				all = append(all, g.String())
				if g.Resource == "DataKey" {
					onKey = append(onKey, g.Action)
				}
			}
		}
		for _, want := range commonGrants(stem) {
			if !slices.Contains(all, want) {
				t.Errorf("%s lacks the grant %s", id, want)
			}
		}
		wantSame(t, stem+"Role on the stack's key", onKey, dataKeyActions(all))
	}
}

// dataKeyActions returns what the key of the environment, the table and the queue is needed for, by the other grants.
func dataKeyActions(granted []string) (actions []string) {
	has := func(prefix string) bool {
		return slices.ContainsFunc(granted, func(g string) bool { return strings.HasPrefix(g, prefix) })
	}
	if has("dynamodb:") || has("kms:GetPublicKey TokenKey") {
		actions = append(actions, "kms:Decrypt") // the environment
	}
	if has("dynamodb:") {
		actions = append(actions, "kms:Decrypt", "kms:DescribeKey")
	}
	if has("dynamodb:PutItem") || has("dynamodb:DeleteItem") {
		actions = append(actions, "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo")
	}
	if has("sqs:SendMessage") {
		actions = append(actions, "kms:Decrypt", "kms:GenerateDataKey")
	}
	return actions
}

// checkConditions checks that a statement is limited: on the table to partition keys, on the stack's key to a use of it,
// for emails to the sender's address.
func checkConditions(t *testing.T, stem string, s any) {
	t.Helper()
	name := strings.ReplaceAll(template.FunctionFolder(stem+"Function"), "/", "-")
	if api, isAuthorizer := strings.CutPrefix(name, "authorizers-"); isAuthorizer {
		name = api + "-authorizer"
	}
	environment := "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:${AWS::StackName}-" + name
	condition := template.Lookup(s, "Condition")
	ofEnvironment := template.Lookup(condition, "StringLike", "kms:EncryptionContext:aws:lambda:FunctionArn")
	for _, g := range template.StatementGrants(s) {
		id, _, _ := strings.Cut(g.Resource, "/")
		if id == "Table" && g.Key == "" {
			t.Errorf("%s may %s on every key, want partition keys", stem, g)
		}
		isForOneUse := template.Lookup(condition, "StringEquals") != nil || render(ofEnvironment) == "[!Sub "+environment+", !Sub "+environment+":*]"
		if id == "DataKey" && !isForOneUse {
			t.Errorf("%s may %s for every use, want one", stem, g)
		}
		if from := render(template.Lookup(condition, "StringEquals", "ses:FromAddress")); g.Action == "ses:SendEmail" && from != "!Ref EmailFrom" {
			t.Errorf("%s may send from %s, want EmailFrom", stem, from)
		}
	}
}

func TestScheduleRole(t *testing.T) {
	_, tmpl := readTemplate(t)
	var got []string
	for _, s := range template.Statements(tmpl.Resources["JobsScheduleRole"]) {
		for _, g := range template.StatementGrants(s) {
			via, _ := template.Lookup(s, "Condition", "StringEquals", "kms:ViaService", "Fn::Sub").(string)
			got = append(got, strings.TrimSpace(g.String()+" "+via))
		}
	}
	wantSame(t, "JobsScheduleRole", got, []string{
		"sqs:SendMessage JobsDeadLetters", "lambda:InvokeFunction JobsExpirePendingFunction", "lambda:InvokeFunction JobsRemindPendingFunction",
		"kms:Decrypt DataKey sqs.${AWS::Region}.amazonaws.com", "kms:GenerateDataKey DataKey sqs.${AWS::Region}.amazonaws.com",
	})
}

// managedPolicies are the only policies that are AWS's own, by role. SAM adds the role of CodeDeploy.
var managedPolicies = []string{"GatewayAccountRole AmazonAPIGatewayPushToCloudWatchLogs", "CodeDeployServiceRole AWSCodeDeployRoleForLambda"}

// TestNoWildcards checks every role, those that SAM adds too: no action is a pattern, and few are granted on any resource.
func TestNoWildcards(t *testing.T) {
	forEachEnvironment(t, func(t *testing.T, expanded *template.Template) {
		anyResource := map[string]bool{}
		for id, role := range expanded.ResourcesOfType("AWS::IAM::Role") {
			for _, s := range template.Statements(role) {
				if effect := template.Lookup(s, "Effect"); effect != "Allow" || template.Lookup(s, "NotAction") != nil {
					t.Errorf("%s has the statement %v, want it to allow actions", id, s)
				}
				for _, g := range template.StatementGrants(s) {
					if strings.Contains(g.Action, "*") {
						t.Errorf("%s may %s, want no pattern", id, g.Action)
					}
					if g.Resource == "*" || strings.HasPrefix(g.Resource, "not ") {
						anyResource[g.Action] = true
					}
				}
			}
			policies, _ := role.Properties["ManagedPolicyArns"].([]any)
			for _, p := range policies {
				if name := id + " " + path.Base(render(p)); !slices.Contains(managedPolicies, name) {
					t.Errorf("%s is a managed policy, want one of %v", name, managedPolicies)
				}
			}
		}
		wantSame(t, "actions on any resource", slices.Collect(maps.Keys(anyResource)), []string{"sns:Publish", "xray:PutTelemetryRecords", "xray:PutTraceSegments"})
	})
}
