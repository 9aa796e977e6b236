package template_test

import (
	"slices"
	"strings"
	"testing"

	"cedula/infra/template"
	"cedula/shared/table"
)

// properties are what resources must say: their ids, the path to an attribute or a property, and its value as render
// writes it.
var properties = []struct{ ids, path, want string }{
	// The table and the keys survive the stack, and mistakes with it.
	{"Table DataKey TokenKey VaultKey DeploymentSecret", "DeletionPolicy", "Retain"},
	{"Table DataKey TokenKey VaultKey DeploymentSecret", "UpdateReplacePolicy", "Retain"},
	{"Table", "DeletionProtectionEnabled", "true"},
	{"Table", "PointInTimeRecoverySpecification/PointInTimeRecoveryEnabled", "true"},
	{"Table", "SSESpecification/SSEEnabled", "true"},
	{"Table", "SSESpecification/KMSMasterKeyId", "!GetAtt DataKey.Arn"},
	{"Table", "TimeToLiveSpecification/Enabled", "true"},
	{"Table", "TimeToLiveSpecification/AttributeName", table.AttrExpires},
	{"DataKey VaultKey", "EnableKeyRotation", "true"},
	{"DeploymentSecret", "KmsKeyId", "!GetAtt DataKey.Arn"},

	// Functions run on the cheapest processor, and their environment is encrypted.
	{"Globals", "Runtime", "provided.al2023"},
	{"Globals", "Handler", "bootstrap"},
	{"Globals", "MemorySize", "512"},
	{"Globals", "Timeout", "10"},
	{"Globals", "CodeUri", "."},
	{"Globals", "Tracing", "Active"},
	{"Globals", "Architectures", "[arm64]"},
	{"Globals", "KmsKeyArn", "!GetAtt DataKey.Arn"},
	{"Globals", "LoggingConfig/LogFormat", "JSON"},

	// A message that fails is retried as long as its code lives, and then kept for an operator.
	{"JobsDeliverMessagesFunction", "Events/Messages/Properties/Stream", "!GetAtt Table.StreamArn"},
	{"JobsDeliverMessagesFunction", "Events/Messages/Properties/StartingPosition", "TRIM_HORIZON"},
	{"JobsDeliverMessagesFunction", "Events/Messages/Properties/MaximumBatchingWindowInSeconds", "0"},
	{"JobsDeliverMessagesFunction", "Events/Messages/Properties/FunctionResponseTypes", "[ReportBatchItemFailures]"},
	{"JobsDeliverMessagesFunction", "Events/Messages/Properties/BisectBatchOnFunctionError", "true"},
	{"JobsDeliverMessagesFunction", "Events/Messages/Properties/ParallelizationFactor", "5"},
	{"JobsDeliverMessagesFunction", "Events/Messages/Properties/MaximumRecordAgeInSeconds", "600"},
	{"JobsDeliverMessagesFunction", "Events/Messages/Properties/MaximumRetryAttempts", "30"},
	{"JobsDeliverMessagesFunction", "Events/Messages/Properties/DestinationConfig/OnFailure/Destination", "!GetAtt MessagesDeadLetters.Arn"},
	{"MessagesDeadLetters JobsDeadLetters", "MessageRetentionPeriod", "1209600"}, // 14 days
	{"MessagesDeadLetters JobsDeadLetters", "KmsMasterKeyId", "!GetAtt DataKey.Arn"},

	// A schedule gives up before its next run. Its own event is not a dry run.
	{"JobsExpirePendingFunction", "Events/Schedule/Properties/ScheduleExpression", "rate(15 minutes)"},
	{"JobsExpirePendingFunction", "Events/Schedule/Properties/RetryPolicy/MaximumEventAgeInSeconds", "600"},
	{"JobsRemindPendingFunction", "Events/Schedule/Properties/ScheduleExpression", "rate(1 hour)"},
	{"JobsRemindPendingFunction", "Events/Schedule/Properties/RetryPolicy/MaximumEventAgeInSeconds", "1800"},
	{"JobsExpirePendingFunction", "Events/Schedule/Properties/Name", "!Sub ${AWS::StackName}-jobs-expire-pending"}, // unique in an account
	{"JobsRemindPendingFunction", "Events/Schedule/Properties/Name", "!Sub ${AWS::StackName}-jobs-remind-pending"},
	{scheduledJobs, "Events/Schedule/Type", "ScheduleV2"},
	{scheduledJobs, "Events/Schedule/Properties/Input", "null"},
	{scheduledJobs, "Events/Schedule/Properties/State", "null"},
	{scheduledJobs, "Events/Schedule/Properties/RoleArn", "!GetAtt JobsScheduleRole.Arn"},
	{scheduledJobs, "Events/Schedule/Properties/RetryPolicy/MaximumRetryAttempts", "5"},
	{scheduledJobs, "Events/Schedule/Properties/DeadLetterConfig/Arn", "!GetAtt JobsDeadLetters.Arn"},
	{scheduledJobs, "EventInvokeConfig/MaximumRetryAttempts", "0"},
	{scheduledJobs, "EventInvokeConfig/MaximumEventAgeInSeconds", "900"},
	{scheduledJobs, "ReservedConcurrentExecutions", "!If [IsProduction, 1, !Ref AWS::NoValue]"},

	// Only the scheduler of this account starts jobs.
	{"JobsScheduleRole", "AssumeRolePolicyDocument/Statement", `[{"Action":"sts:AssumeRole","Condition":{"StringEquals":{` +
		`"aws:SourceAccount":{"Ref":"AWS::AccountId"},` +
		`"aws:SourceArn":{"Fn::Sub":"arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/default"}}},` +
		`"Effect":"Allow","Principal":{"Service":"scheduler.amazonaws.com"}}]`},

	// A route without another setting needs the authorizer, whose response names the client's usage plan.
	{"ConomyApi", "Auth/DefaultAuthorizer", "ConomyAuthorizer"},
	{"ConomyApi", "Auth/Authorizers/ConomyAuthorizer/FunctionArn", "!GetAtt ConomyAuthorizerFunction.Arn"},
	{"ConomyApi", "Auth/Authorizers/ConomyAuthorizer/FunctionPayloadType", "REQUEST"},
	{"ConomyApi", "Auth/Authorizers/ConomyAuthorizer/Identity", `{"Headers":["Authorization","x-api-key"],"ReauthorizeEvery":30}`},
	{"BlnkApi", "Auth/DefaultAuthorizer", "BlnkAuthorizer"},
	{"BlnkApi", "Auth/Authorizers/BlnkAuthorizer/FunctionArn", "!Ref BlnkAuthorizerFunction.Alias"},
	{"BlnkApi", "Auth/Authorizers/BlnkAuthorizer/FunctionPayloadType", "REQUEST"},
	{"BlnkApi", "Auth/Authorizers/BlnkAuthorizer/Identity", `{"Headers":["X-blnk-key"],"ReauthorizeEvery":30}`},
	{bothAPIs, "ApiKeySourceType", "AUTHORIZER"},
	{bothAPIs, "Auth/ApiKeyRequired", "true"},
	{bothAPIs, "TracingEnabled", "true"},
	{bothAPIs, "MethodSettings", `[{"DataTraceEnabled":false,"HttpMethod":"*","LoggingLevel":"OFF","MetricsEnabled":true,"ResourcePath":"/*",` + // execution logs would hold requests
		`"ThrottlingBurstLimit":{"Fn::FindInMap":["Settings",{"Ref":"Environment"},"RequestsAtOnce"]},` +
		`"ThrottlingRateLimit":{"Fn::FindInMap":["Settings",{"Ref":"Environment"},"RequestsPerSecond"]}}]`},
	{"ConomyApi", "Name", "!Sub ${AWS::StackName}-conomy"},
	{"BlnkApi", "Name", "!Sub ${AWS::StackName}-blnk"},
	// One plan counts a client's calls of both APIs.
	{"UsagePlan", "ApiStages", `[{"ApiId":{"Ref":"ConomyApi"},"Stage":{"Ref":"ConomyApi.Stage"}}, {"ApiId":{"Ref":"BlnkApi"},"Stage":{"Ref":"BlnkApi.Stage"}}]`},
	{"UsagePlan", "Throttle/RateLimit", "!FindInMap [Settings, !Ref Environment, ClientRequestsPerSecond]"},
	{"UsagePlan", "Throttle/BurstLimit", "!FindInMap [Settings, !Ref Environment, ClientRequestsAtOnce]"},
	{"UsagePlan", "Quota/Limit", "!FindInMap [Settings, !Ref Environment, ClientRequestsPerDay]"},

	// Options cost and change nothing by default.
	{"WebAcl ConomyWebAclAssociation BlnkWebAclAssociation", "Condition", "HasWaf"},
	{"ConomyDomainName ConomyBasePath", "Condition", "HasConomyDomain"},
	{"BlnkDomainName BlnkBasePath", "Condition", "HasBlnkDomain"},
	{"ConomyWebAclAssociation", "ResourceArn", stageARN + `{"Api":{"Ref":"ConomyApi"},"Stage":{"Ref":"ConomyApi.Stage"}}]`},
	{"BlnkWebAclAssociation", "ResourceArn", stageARN + `{"Api":{"Ref":"BlnkApi"},"Stage":{"Ref":"BlnkApi.Stage"}}]`},
	{"Parameters", "Waf/Default", "false"},
	{"Parameters", "ConomyDomain/Default", ""},
	{"Parameters", "BlnkDomain/Default", ""},
}

const (
	scheduledJobs = "JobsExpirePendingFunction JobsRemindPendingFunction"
	bothAPIs      = "ConomyApi BlnkApi"
	stageARN      = "!Sub [arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${Api}/stages/${Stage}, "
)

func TestProperties(t *testing.T) {
	_, tmpl := readTemplate(t)
	for _, tt := range properties {
		for id := range strings.FieldsSeq(tt.ids) {
			of := template.Lookup(tmpl.Document, "Resources", id)
			path := strings.Split(tt.path, "/")
			switch id {
			case "Globals":
				of = template.Lookup(tmpl.Document, id, "Function")
			case "Parameters":
				of = template.Lookup(tmpl.Document, id)
			default:
				if !slices.Contains([]string{"DeletionPolicy", "UpdateReplacePolicy", "Condition"}, tt.path) {
					path = slices.Insert(path, 0, "Properties")
				}
			}
			if got := render(template.Lookup(of, path...)); of == nil || got != tt.want {
				t.Errorf("%s %s = %s, want %s", id, tt.path, got, tt.want)
			}
		}
	}
}
