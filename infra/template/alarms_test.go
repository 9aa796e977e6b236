package template_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"cedula/infra/template"
	"cedula/shared/gateway"
)

// schedules are the jobs that run by the clock, and what the schedule has tried by
// when the next run is due.
var schedules = map[string]struct {
	id, every string
	age       int // seconds
	dry       bool
}{
	"expire-pending": {"JobsExpirePendingFunction", "rate(15 minutes)", 600, true}, // of the sample event
	"remind-pending": {"JobsRemindPendingFunction", "rate(1 hour)", 1800, false},
}

func TestSchedules(t *testing.T) {
	root, tmpl := readTemplate(t)
	for name, s := range schedules {
		f := tmpl.Resources[s.id].Properties
		p := template.Lookup(f, "Events", "Schedule", "Properties")
		for _, c := range []struct {
			got, want any
		}{
			{template.Lookup(f, "Events", "Schedule", "Type"), "ScheduleV2"},
			{template.Lookup(p, "ScheduleExpression"), s.every},
			{template.Lookup(p, "Name", "Fn::Sub"), "${AWS::StackName}-jobs-" + name}, // unless it is said, one of an account alone can have it
			{template.Lookup(p, "RoleArn", "Fn::GetAtt"), "JobsScheduleRole.Arn"},
			{template.Lookup(p, "Input"), nil}, // the scheduler's own event is no dry run
			{template.Lookup(p, "State"), nil},
			{template.Lookup(p, "RetryPolicy", "MaximumEventAgeInSeconds"), s.age},
			{template.Lookup(p, "RetryPolicy", "MaximumRetryAttempts"), 5},
			{template.Lookup(p, "DeadLetterConfig", "Arn", "Fn::GetAtt"), "JobsDeadLetters.Arn"},
			{template.Lookup(f, "EventInvokeConfig", "MaximumRetryAttempts"), 0},
			{template.Lookup(f, "EventInvokeConfig", "MaximumEventAgeInSeconds"), 900},
			{template.Lookup(f, "ReservedConcurrentExecutions", "Fn::If"), []any{"IsProduction", 1, map[string]any{"Ref": "AWS::NoValue"}}},
		} {
			if !reflect.DeepEqual(c.got, c.want) {
				t.Errorf("%s: %v, want %v", name, c.got, c.want)
			}
		}
		text, err := os.ReadFile(filepath.Join(root, "events", "jobs-"+name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var told []gateway.JobInput
		job := gateway.JobHandler(name, func(_ context.Context, in gateway.JobInput) (gateway.Metrics, error) {
			told = append(told, in)
			return nil, nil
		}, func(string) {})
		if _, err := job.Invoke(t.Context(), text); err != nil || len(told) != 1 || told[0].DryRun != s.dry {
			t.Errorf("%s: the sample event tells %+v, %v", name, told, err)
		}
	}
}

// Nothing but the scheduler of this account starts jobs, and it may do no more.
func TestScheduleRole(t *testing.T) {
	_, tmpl := readTemplate(t)
	role := tmpl.Resources["JobsScheduleRole"]
	trust, _ := template.Lookup(role.Properties, "AssumeRolePolicyDocument", "Statement").([]any)
	wanted := map[string]any{
		"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string]any{"Service": "scheduler.amazonaws.com"},
		"Condition": map[string]any{"StringEquals": map[string]any{
			"aws:SourceAccount": map[string]any{"Ref": "AWS::AccountId"},
			"aws:SourceArn":     map[string]any{"Fn::Sub": "arn:${AWS::Partition}:scheduler:${AWS::Region}:${AWS::AccountId}:schedule-group/default"},
		}},
	}
	if len(trust) != 1 || !reflect.DeepEqual(trust[0], any(wanted)) {
		t.Errorf("trusts %v", trust)
	}
	var got []string
	for _, s := range statements(t, role) {
		resources, ok := template.Lookup(s, "Resource").([]any)
		if !ok {
			resources = []any{template.Lookup(s, "Resource")}
		}
		for _, action := range stringList(template.Lookup(s, "Action")) {
			for _, r := range resources {
				of, _ := template.Lookup(r, "Fn::GetAtt").(string)
				if via, ok := template.Lookup(s, "Condition", "StringEquals", "kms:ViaService", "Fn::Sub").(string); ok {
					of += " via " + via
				}
				got = append(got, action+" "+of)
			}
		}
	}
	want := []string{
		"sqs:SendMessage JobsDeadLetters.Arn",
		"kms:Decrypt DataKey.Arn via sqs.${AWS::Region}.amazonaws.com",
		"kms:GenerateDataKey DataKey.Arn via sqs.${AWS::Region}.amazonaws.com",
	}
	for _, s := range schedules {
		want = append(want, "lambda:InvokeFunction "+s.id+".Arn")
	}
	assertSameElements(t, "the schedules' role", got, want)
}

// alarmSpec is what an alarm watches: a metric above a number at some points of the
// last periods.
type alarmSpec struct {
	metric, missingData                   string // namespace and name of the metric; what no data mean
	dimensions                            map[string]any
	period, evaluationPeriods, datapoints int
	threshold                             int
}

var jobAlarms = map[string]alarmSpec{
	"PendingLagAlarm": {
		gateway.MetricNamespace + " lagSeconds", "breaching",
		map[string]any{"job": "expire-pending", "function": map[string]any{"Ref": "JobsExpirePendingFunction"}},
		3600, 1, 1, 3600,
	},
	"ExpirePendingErrorsAlarm": {"AWS/Lambda Errors", "notBreaching", functionDimension("JobsExpirePendingFunction"), 900, 4, 2, 0},
	"RemindPendingErrorsAlarm": {"AWS/Lambda Errors", "notBreaching", functionDimension("JobsRemindPendingFunction"), 3600, 3, 2, 0},
	"JobsDeadLettersAlarm":     {"AWS/SQS ApproximateNumberOfMessagesVisible", "notBreaching", queueDimension("JobsDeadLetters"), 300, 1, 1, 0},
	"MessagesDeadLettersAlarm": {"AWS/SQS ApproximateNumberOfMessagesVisible", "notBreaching", queueDimension("MessagesDeadLetters"), 300, 1, 1, 0},
}

func functionDimension(id string) map[string]any {
	return map[string]any{"FunctionName": map[string]any{"Ref": id}}
}

func queueDimension(id string) map[string]any {
	return map[string]any{"QueueName": map[string]any{"Fn::GetAtt": id + ".QueueName"}}
}

// The jobs' alarms watch what they should.
func TestJobAlarms(t *testing.T) {
	_, tmpl := readTemplate(t)
	for id, want := range jobAlarms {
		p := tmpl.Resources[id].Properties
		if got := readAlarm(p); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %v\nwant %v", id, got, want)
		}
		statistic := "Maximum"
		if strings.HasPrefix(want.metric, "AWS/Lambda") {
			statistic = "Sum"
		}
		if p["Statistic"] != statistic {
			t.Errorf("%s: of the %v", id, p["Statistic"])
		}
	}
}

// readAlarm is what an alarm watches.
func readAlarm(p map[string]any) alarmSpec {
	namespace, _ := p["Namespace"].(string)
	metric, _ := p["MetricName"].(string)
	missing, _ := p["TreatMissingData"].(string)
	number := func(name string, otherwise int) int {
		if n, ok := p[name].(int); ok {
			return n
		}
		return otherwise
	}
	got := alarmSpec{
		namespace + " " + metric, missing,
		map[string]any{},
		number("Period", 0), number("EvaluationPeriods", 0), number("DatapointsToAlarm", number("EvaluationPeriods", 0)), number("Threshold", -1),
	}
	dimensions, _ := p["Dimensions"].([]any)
	for _, d := range dimensions {
		name, _ := template.Lookup(d, "Name").(string)
		got.dimensions[name] = template.Lookup(d, "Value")
	}
	return got
}

// The figures of an alarm are those that its job gives.
func TestAlarmMetricsMatchJobMetrics(t *testing.T) {
	var line string
	lag := gateway.Metric{Name: "lagSeconds", Unit: gateway.UnitSeconds, Value: 1}
	job := gateway.JobHandler("expire-pending", func(context.Context, gateway.JobInput) (gateway.Metrics, error) {
		return gateway.Metrics{lag}, nil
	}, func(l string) { line = l })
	if _, err := job.Invoke(t.Context(), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal([]byte(line), &root); err != nil {
		t.Fatal(err)
	}
	want := jobAlarms["PendingLagAlarm"]
	if root["job"] != want.dimensions["job"] || !strings.Contains(line, `"Namespace":"`+strings.Fields(want.metric)[0]+`"`) || root["lagSeconds"] != 1.0 {
		t.Errorf("prints %s", line)
	}
}
