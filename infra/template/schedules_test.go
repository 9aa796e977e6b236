package template_test

import (
	"encoding/json"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cedula/infra/template"
	"cedula/shared/gateway"
	"cedula/shared/store"
	"cedula/shared/table/dynamo"
)

// Every alarm says what is wrong, and tells whoever the stack is to tell, of the
// end too.
func TestEveryAlarmNotifies(t *testing.T) {
	_, tmpl := readTemplate(t)
	found := tmpl.ResourcesOfType(template.TypeAlarm)
	var got, want []string
	for id := range jobAlarms {
		want = append(want, id)
	}
	for _, d := range dialects {
		want = append(want, d.title+"ErrorsAlarm", d.title+"LatencyAlarm", d.title+"ThrottledAlarm")
	}
	for id, r := range found {
		got = append(got, id)
		p := r.Properties
		told := []any{map[string]any{"Fn::If": []any{"HasAlarmTopic", map[string]any{"Ref": "AlarmTopicArn"}, map[string]any{"Ref": "AWS::NoValue"}}}}
		if !reflect.DeepEqual(p["AlarmActions"], any(told)) || !reflect.DeepEqual(p["OKActions"], any(told)) {
			t.Errorf("%s tells %v and %v", id, p["AlarmActions"], p["OKActions"])
		}
		if text, _ := p["AlarmDescription"].(string); len(text) < 10 {
			t.Errorf("%s does not say what is wrong", id)
		}
		if p["ComparisonOperator"] != "GreaterThanThreshold" || p["TreatMissingData"] == nil {
			t.Errorf("%s: %v, without data %v", id, p["ComparisonOperator"], p["TreatMissingData"])
		}
	}
	assertSameElements(t, "alarms", got, append(want, "TableThrottlesAlarm"))
}

// dimensions of an API's metrics, whose name is what the API is called.
func apiDimensions(d dialect) map[string]any {
	return map[string]any{"ApiName": map[string]any{"Fn::Sub": "${AWS::StackName}-" + d.name}, "Stage": map[string]any{"Ref": "Environment"}}
}

func TestAPIAlarms(t *testing.T) {
	_, tmpl := readTemplate(t)
	for _, d := range dialects {
		if name := template.Lookup(tmpl.Resources[d.title+"Api"].Properties, "Name"); !reflect.DeepEqual(name, apiDimensions(d)["ApiName"]) {
			t.Errorf("%s: the API is called %v", d.name, name)
		}
		errors, latency := tmpl.Resources[d.title+"ErrorsAlarm"].Properties, tmpl.Resources[d.title+"LatencyAlarm"].Properties
		want := alarmSpec{"AWS/ApiGateway 5XXError", "notBreaching", apiDimensions(d), 60, 5, 3, -1}
		if got := readAlarm(errors); !reflect.DeepEqual(got, want) || errors["Statistic"] != "Average" || errors["Threshold"] != 0.01 {
			t.Errorf("%s: errors: %v", d.name, got)
		}
		want = alarmSpec{"AWS/ApiGateway Latency", "notBreaching", apiDimensions(d), 300, 3, 3, 1000}
		if got := readAlarm(latency); !reflect.DeepEqual(got, want) || latency["ExtendedStatistic"] != "p99" {
			t.Errorf("%s: latency: %v", d.name, got)
		}
	}
}

// The share of 429 is of the lines that the access log's format writes.
func TestThrottledShare(t *testing.T) {
	_, tmpl := readTemplate(t)
	for _, d := range dialects {
		filter := tmpl.Resources[d.title+"ThrottledFilter"].Properties
		format, _ := template.Lookup(tmpl.Resources[d.title+"Api"].Properties, "AccessLogSetting", "Format").(string)
		if filter["FilterPattern"] != `{ $.status = "429" }` || !strings.Contains(format, `"status":"$context.status"`) || strings.Contains(format, "\n") {
			t.Errorf("%s: %v in %s", d.name, filter["FilterPattern"], format)
		}
		made, _ := filter["MetricTransformations"].([]any)
		if template.Lookup(filter, "LogGroupName", "Ref") != d.title+"AccessLogs" || len(made) != 1 || template.Lookup(made[0], "MetricNamespace") != gateway.MetricNamespace {
			t.Fatalf("%s: makes %v", d.name, made)
		}
		p := tmpl.Resources[d.title+"ThrottledAlarm"].Properties
		if p["Threshold"] != 0.05 {
			t.Errorf("%s: above %v", d.name, p["Threshold"])
		}
		by := alarmMetrics(p)
		if by["share"] != "IF(requests > 20, throttled / requests, 0)" {
			t.Errorf("%s: compares %v", d.name, by["share"])
		}
		if got := template.Lookup(by["throttled"], "MetricName"); !reflect.DeepEqual(got, template.Lookup(made[0], "MetricName")) {
			t.Errorf("%s: counts %v", d.name, got)
		}
		if template.Lookup(by["requests"], "MetricName") != "Count" || !reflect.DeepEqual(metricDimensions(by["requests"]), apiDimensions(d)) {
			t.Errorf("%s: of %v", d.name, by["requests"])
		}
	}
}

// The table's throttles are those of reading it, of writing it and of writing
// each index.
func TestTableThrottles(t *testing.T) {
	_, tmpl := readTemplate(t)
	p := tmpl.Resources["TableThrottlesAlarm"].Properties
	var got []string
	for id, metric := range alarmMetrics(p) {
		if id == "throttles" {
			if metric != "SUM(METRICS())" {
				t.Errorf("compares %v", metric)
			}
			continue
		}
		d := metricDimensions(metric)
		if template.Lookup(d, "TableName", "Ref") != "Table" {
			t.Errorf("%s: of %v", id, d)
		}
		index, _ := d["GlobalSecondaryIndexName"].(string)
		got = append(got, template.Lookup(metric, "MetricName").(string)+index)
	}
	want := []string{"ReadThrottleEvents", "WriteThrottleEvents"}
	for _, name := range store.Indexes {
		want = append(want, "WriteThrottleEvents"+dynamo.IndexName(name))
	}
	assertSameElements(t, "throttles", got, want)
}

// alarmMetrics are the parts of an alarm on several: expressions and metrics by id.
func alarmMetrics(p map[string]any) map[string]any {
	parts := map[string]any{}
	list, _ := p["Metrics"].([]any)
	for _, m := range list {
		id, _ := template.Lookup(m, "Id").(string)
		if parts[id] = template.Lookup(m, "Expression"); parts[id] == nil {
			parts[id] = template.Lookup(m, "MetricStat", "Metric")
		}
	}
	return parts
}

// metricDimensions are a metric's dimensions.
func metricDimensions(metric any) map[string]any {
	dimensions := map[string]any{}
	list, _ := template.Lookup(metric, "Dimensions").([]any)
	for _, d := range list {
		dimensions[template.Lookup(d, "Name").(string)] = template.Lookup(d, "Value")
	}
	return dimensions
}

// The dashboard is JSON whatever the stack's names are, and shows what there is.
func TestDashboard(t *testing.T) {
	_, tmpl := readTemplate(t)
	text, _ := template.Lookup(tmpl.Resources["Dashboard"].Properties, "DashboardBody", "Fn::Sub").(string)
	var shown []string
	text = regexp.MustCompile(`\$\{([^}]+)\}`).ReplaceAllStringFunc(text, func(s string) string {
		id, _, _ := strings.Cut(s[2:len(s)-1], ".")
		if _, ok := tmpl.Resources[id]; !ok && !slices.Contains([]string{"AWS::Region", "AWS::StackName", "Environment"}, id) {
			t.Errorf("speaks of %s", s)
		}
		shown = append(shown, id)
		return id
	})
	var body struct {
		Widgets []struct {
			X, Y, Width, Height int
			Properties          struct {
				Title   string
				Metrics [][]any
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &body); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	at := map[[2]int]bool{}
	for _, w := range body.Widgets {
		if place := [2]int{w.X, w.Y}; at[place] || w.X+w.Width > 24 || w.Properties.Title == "" || len(w.Properties.Metrics) == 0 {
			t.Errorf("widget %q at %v", w.Properties.Title, place)
		} else {
			at[place] = true
		}
	}
	for _, want := range []string{"Table", "JobsExpirePendingFunction", "JobsRemindPendingFunction", "MessagesDeadLetters", "JobsDeadLetters"} {
		if !slices.Contains(shown, want) {
			t.Errorf("shows nothing of %s", want)
		}
	}
	for _, want := range []string{
		`"AWS::StackName-conomy"`, `"AWS::StackName-blnk"`, `"Count"`, `"p50"`, `"p99"`, `"5XXError"`, `\"Errors\"`, `\"Duration\"`, `\"ConcurrentExecutions\"`,
		`"ConsumedReadCapacityUnits"`, `"ConsumedWriteCapacityUnits"`, `"WriteThrottleEvents"`, `"SuccessfulRequestLatency"`, `"lagSeconds"`, `"reminded"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("shows no %s", want)
		}
	}
}
