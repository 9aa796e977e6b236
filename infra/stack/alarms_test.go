package stack_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"cedula/infra/stack"
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
	root, template := read(t)
	for name, s := range schedules {
		f := template.Resources[s.id].Properties
		p := stack.At(f, "Events", "Schedule", "Properties")
		for _, c := range []struct {
			got, want any
		}{
			{stack.At(f, "Events", "Schedule", "Type"), "ScheduleV2"},
			{stack.At(p, "ScheduleExpression"), s.every},
			{stack.At(p, "Name", "Fn::Sub"), "${AWS::StackName}-jobs-" + name}, // unless it is said, one of an account alone can have it
			{stack.At(p, "RoleArn", "Fn::GetAtt"), "JobsScheduleRole.Arn"},
			{stack.At(p, "Input"), nil}, // the scheduler's own event is no dry run
			{stack.At(p, "State"), nil},
			{stack.At(p, "RetryPolicy", "MaximumEventAgeInSeconds"), s.age},
			{stack.At(p, "RetryPolicy", "MaximumRetryAttempts"), 5},
			{stack.At(p, "DeadLetterConfig", "Arn", "Fn::GetAtt"), "JobsDeadLetters.Arn"},
			{stack.At(f, "EventInvokeConfig", "MaximumRetryAttempts"), 0},
			{stack.At(f, "EventInvokeConfig", "MaximumEventAgeInSeconds"), 900},
			{stack.At(f, "ReservedConcurrentExecutions", "Fn::If"), []any{"IsProduction", 1, map[string]any{"Ref": "AWS::NoValue"}}},
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
		job := gateway.JobHandler(name, func(_ context.Context, in gateway.JobInput) (gateway.Figures, error) {
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
	_, template := read(t)
	role := template.Resources["JobsScheduleRole"]
	trust, _ := stack.At(role.Properties, "AssumeRolePolicyDocument", "Statement").([]any)
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
		resources, ok := stack.At(s, "Resource").([]any)
		if !ok {
			resources = []any{stack.At(s, "Resource")}
		}
		for _, action := range list(stack.At(s, "Action")) {
			for _, r := range resources {
				of, _ := stack.At(r, "Fn::GetAtt").(string)
				if via, ok := stack.At(s, "Condition", "StringEquals", "kms:ViaService", "Fn::Sub").(string); ok {
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
	same(t, "the schedules' role", got, want)
}

// alarm is what an alarm watches: a metric above a number at some points of the
// last periods.
type alarm struct {
	metric, missing         string // namespace and name of the metric; what no data mean
	dimensions              map[string]any
	period, periods, points int
	above                   int
}

var alarms = map[string]alarm{
	"PendingLagAlarm": {
		gateway.MetricNamespace + " lagSeconds", "breaching",
		map[string]any{"job": "expire-pending", "function": map[string]any{"Ref": "JobsExpirePendingFunction"}},
		3600, 1, 1, 3600,
	},
	"ExpirePendingErrorsAlarm": {"AWS/Lambda Errors", "notBreaching", function("JobsExpirePendingFunction"), 900, 4, 2, 0},
	"RemindPendingErrorsAlarm": {"AWS/Lambda Errors", "notBreaching", function("JobsRemindPendingFunction"), 3600, 3, 2, 0},
	"JobsDeadLettersAlarm":     {"AWS/SQS ApproximateNumberOfMessagesVisible", "notBreaching", queue("JobsDeadLetters"), 300, 1, 1, 0},
	"MessagesDeadLettersAlarm": {"AWS/SQS ApproximateNumberOfMessagesVisible", "notBreaching", queue("MessagesDeadLetters"), 300, 1, 1, 0},
}

func function(id string) map[string]any {
	return map[string]any{"FunctionName": map[string]any{"Ref": id}}
}

func queue(id string) map[string]any {
	return map[string]any{"QueueName": map[string]any{"Fn::GetAtt": id + ".QueueName"}}
}

// The jobs' alarms watch what they should.
func TestJobAlarms(t *testing.T) {
	_, template := read(t)
	for id, want := range alarms {
		p := template.Resources[id].Properties
		if got := watched(p); !reflect.DeepEqual(got, want) {
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

// watched is what an alarm watches.
func watched(p map[string]any) alarm {
	namespace, _ := p["Namespace"].(string)
	metric, _ := p["MetricName"].(string)
	missing, _ := p["TreatMissingData"].(string)
	number := func(name string, otherwise int) int {
		if n, ok := p[name].(int); ok {
			return n
		}
		return otherwise
	}
	got := alarm{
		namespace + " " + metric, missing,
		map[string]any{},
		number("Period", 0), number("EvaluationPeriods", 0), number("DatapointsToAlarm", number("EvaluationPeriods", 0)), number("Threshold", -1),
	}
	dimensions, _ := p["Dimensions"].([]any)
	for _, d := range dimensions {
		name, _ := stack.At(d, "Name").(string)
		got.dimensions[name] = stack.At(d, "Value")
	}
	return got
}

// The figures of an alarm are those that its job gives.
func TestAlarmedFigures(t *testing.T) {
	var line string
	lag := gateway.Figure{Name: "lagSeconds", Unit: gateway.Seconds, Value: 1}
	job := gateway.JobHandler("expire-pending", func(context.Context, gateway.JobInput) (gateway.Figures, error) {
		return gateway.Figures{lag}, nil
	}, func(l string) { line = l })
	if _, err := job.Invoke(t.Context(), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal([]byte(line), &root); err != nil {
		t.Fatal(err)
	}
	want := alarms["PendingLagAlarm"]
	if root["job"] != want.dimensions["job"] || !strings.Contains(line, `"Namespace":"`+strings.Fields(want.metric)[0]+`"`) || root["lagSeconds"] != 1.0 {
		t.Errorf("prints %s", line)
	}
}
