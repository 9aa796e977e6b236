package template_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/infra/template"
	"cedula/shared/gateway"
	"cedula/shared/store"
	"cedula/shared/table/dynamo"
)

// alarms are what each alarm watches, as describeAlarm writes it.
var alarms = map[string]string{
	"PendingLagAlarm":          "lagSeconds of " + gateway.MetricNamespace + ", function=!Ref JobsExpirePendingFunction, job=expire-pending, Maximum of 3600 s > 3600, 1 of 1, breaching",
	"ExpirePendingErrorsAlarm": "Errors of AWS/Lambda, FunctionName=!Ref JobsExpirePendingFunction, Sum of 900 s > 0, 2 of 4, notBreaching",
	"RemindPendingErrorsAlarm": "Errors of AWS/Lambda, FunctionName=!Ref JobsRemindPendingFunction, Sum of 3600 s > 0, 2 of 3, notBreaching",
	"MessageLimitAlarm":        "!Sub ${AWS::StackName}-message-limit of Cedula, Sum of 300 s > 0, 1 of 1, notBreaching",
	"JobsDeadLettersAlarm":     "ApproximateNumberOfMessagesVisible of AWS/SQS, QueueName=!GetAtt JobsDeadLetters.QueueName, Maximum of 300 s > 0, 1 of 1, notBreaching",
	"MessagesDeadLettersAlarm": "ApproximateNumberOfMessagesVisible of AWS/SQS, QueueName=!GetAtt MessagesDeadLetters.QueueName, Maximum of 300 s > 0, 1 of 1, notBreaching",
	"ConomyErrorsAlarm":        "5XXError of " + conomyMetrics + "Average of 60 s > 0.01, 3 of 5, notBreaching",
	"ConomyLatencyAlarm":       "Latency of " + conomyMetrics + "p99 of 300 s > 1000, 3 of 3, notBreaching",
	"ConomyThrottledAlarm": "share: IF(requests > 20, throttled / requests, 0); throttled: !Sub ${AWS::StackName}-conomy-throttled of Cedula, Sum of 60 s; " +
		"requests: Count of " + conomyMetrics + "Sum of 60 s > 0.05, 3 of 5, notBreaching",
	"BlnkErrorsAlarm":  "5XXError of " + blnkMetrics + "Average of 60 s > 0.01, 3 of 5, notBreaching",
	"BlnkLatencyAlarm": "Latency of " + blnkMetrics + "p99 of 300 s > 1000, 3 of 3, notBreaching",
	"BlnkThrottledAlarm": "share: IF(requests > 20, throttled / requests, 0); throttled: !Sub ${AWS::StackName}-blnk-throttled of Cedula, Sum of 60 s; " +
		"requests: Count of " + blnkMetrics + "Sum of 60 s > 0.05, 3 of 5, notBreaching",
	"TableThrottlesAlarm": tableThrottles() + " > 0, 3 of 5, notBreaching",
}

const (
	conomyMetrics = "AWS/ApiGateway, ApiName=!Sub ${AWS::StackName}-conomy, Stage=!Ref Environment, "
	blnkMetrics   = "AWS/ApiGateway, ApiName=!Sub ${AWS::StackName}-blnk, Stage=!Ref Environment, "
)

// tableThrottles describes the throttles of reads, of writes and of the writes of each index.
func tableThrottles() string {
	const format = "; %s: %s of AWS/DynamoDB%s, TableName=!Ref Table, Sum of 60 s"
	text := "throttles: SUM(METRICS())" + fmt.Sprintf(format, "reads", "ReadThrottleEvents", "") + fmt.Sprintf(format, "writes", "WriteThrottleEvents", "")
	for _, name := range store.Indexes {
		text += fmt.Sprintf(format, strings.ToLower(name)+"Index", "WriteThrottleEvents", ", GlobalSecondaryIndexName="+dynamo.IndexName(name))
	}
	return text
}

func TestAlarms(t *testing.T) {
	_, tmpl := readTemplate(t)
	got := map[string]string{}
	for id, r := range tmpl.ResourcesOfType("AWS::CloudWatch::Alarm") {
		got[id] = describeAlarm(r.Properties)
		const topic = "[!If [HasAlarmTopic, !Ref AlarmTopicArn, !Ref AWS::NoValue]]"
		for _, actions := range []string{"AlarmActions", "OKActions"} {
			if told := render(r.Properties[actions]); told != topic {
				t.Errorf("%s %s = %s, want %s", id, actions, told, topic)
			}
		}
		if description := render(r.Properties["AlarmDescription"]); len(description) < 10 {
			t.Errorf("%s has the description %q, want what is wrong", id, description)
		}
	}
	if diff := cmp.Diff(alarms, got); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
}

func describeAlarm(p map[string]any) string {
	watched := describeMetric(p, p)
	if metrics, ok := p["Metrics"].([]any); ok {
		parts := make([]string, len(metrics))
		for i, m := range metrics {
			parts[i] = render(template.Lookup(m, "Id")) + ": " + render(template.Lookup(m, "Expression"))
			if stat := template.Lookup(m, "MetricStat"); stat != nil {
				parts[i] = render(template.Lookup(m, "Id")) + ": " + describeMetric(template.Lookup(stat, "Metric"), stat)
			}
		}
		watched = strings.Join(parts, "; ")
	}
	comparison := map[string]string{"GreaterThanThreshold": ">"}[render(p["ComparisonOperator"])]
	datapoints := p["DatapointsToAlarm"]
	if datapoints == nil {
		datapoints = p["EvaluationPeriods"]
	}
	return fmt.Sprintf("%s %s %v, %v of %v, %v", watched, comparison, p["Threshold"], datapoints, p["EvaluationPeriods"], p["TreatMissingData"])
}

// describeMetric describes a metric, and the statistic of it for a period.
func describeMetric(metric, statistic any) string {
	text := render(template.Lookup(metric, "MetricName")) + " of " + render(template.Lookup(metric, "Namespace"))
	dimensions, _ := template.Lookup(metric, "Dimensions").([]any)
	var parts []string
	for _, d := range dimensions {
		parts = append(parts, ", "+render(template.Lookup(d, "Name"))+"="+render(template.Lookup(d, "Value")))
	}
	slices.Sort(parts)
	for _, name := range []string{"Stat", "Statistic", "ExtendedStatistic"} {
		if value := template.Lookup(statistic, name); value != nil {
			parts = append(parts, ", "+render(value))
		}
	}
	return text + strings.Join(parts, "") + " of " + render(template.Lookup(statistic, "Period")) + " s"
}

// TestAccessLogs checks that nothing that a client writes reaches the access log, apart from a trace id, and that the
// throttled requests are counted from its lines.
func TestAccessLogs(t *testing.T) {
	_, tmpl := readTemplate(t)
	want := []string{
		"requestTimeEpoch", "requestId", "xrayTraceId", "stage", "httpMethod", "resourcePath", "status", "responseLatency",
		"integrationLatency", "responseLength", "authorizer.client", "authorizer.status", "error.responseType",
	}
	for _, a := range apis {
		format := render(template.Lookup(tmpl.Resources[a.title+"Api"].Properties, "AccessLogSetting", "Format"))
		var got []string
		for _, match := range regexp.MustCompile(`\$context\.([^"]+)"`).FindAllStringSubmatch(format, -1) {
			got = append(got, match[1])
		}
		wantSame(t, "fields of the access log of "+a.name, got, slices.Clone(want))
		if field := `"status":"$context.status"`; !strings.Contains(format, field) || strings.Contains(format, "\n") {
			t.Errorf("format of %s = %s, want one line with %s", a.name, format, field)
		}
		filter := tmpl.Resources[a.title+"ThrottledFilter"].Properties
		for path, want := range map[string]string{
			"FilterPattern": `{ $.status = "429" }`, "LogGroupName": "!Ref " + a.title + "AccessLogs",
			"MetricTransformations": `[{"DefaultValue":0,"MetricName":{"Fn::Sub":"${AWS::StackName}-` + a.name + `-throttled"},"MetricNamespace":"Cedula","MetricValue":"1","Unit":"Count"}]`,
		} {
			if got := render(filter[path]); got != want {
				t.Errorf("%s of the filter of %s = %s, want %s", path, a.name, got, want)
			}
		}
	}
}

// TestDashboard checks that the dashboard is JSON whatever the names of the stack are, and what it shows.
func TestDashboard(t *testing.T) {
	_, tmpl := readTemplate(t)
	text, _ := template.Lookup(tmpl.Resources["Dashboard"].Properties, "DashboardBody", "Fn::Sub").(string)
	text = regexp.MustCompile(`\$\{([^}]+)\}`).ReplaceAllStringFunc(text, func(s string) string {
		id, _, _ := strings.Cut(s[2:len(s)-1], ".")
		if _, ok := tmpl.Resources[id]; !ok && !slices.Contains([]string{"AWS::Region", "AWS::StackName", "Environment"}, id) {
			t.Errorf("the dashboard refers to %s, which does not exist", s)
		}
		return id
	})
	var body struct {
		Widgets []struct {
			X, Width   int
			Properties struct {
				Title   string
				Metrics [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	for _, w := range body.Widgets {
		if w.X+w.Width > 24 || w.Properties.Title == "" || len(w.Properties.Metrics) == 0 {
			t.Errorf("widget = %+v, want a title and metrics within 24 columns", w)
		}
	}
	for _, want := range []string{
		`"Table"`, "JobsExpirePendingFunction", "JobsRemindPendingFunction", "MessagesDeadLetters", "JobsDeadLetters",
		`"AWS::StackName-conomy"`, `"AWS::StackName-blnk"`, `"Count"`, `"p50"`, `"p99"`, `"5XXError"`, `\"Errors\"`, `\"Duration\"`, `\"ConcurrentExecutions\"`,
		`"ConsumedReadCapacityUnits"`, `"ConsumedWriteCapacityUnits"`, `"WriteThrottleEvents"`, `"SuccessfulRequestLatency"`, `"lagSeconds"`, `"reminded"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the dashboard does not show %s", want)
		}
	}
}
