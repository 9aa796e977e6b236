package template_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/template"
	"cedula/shared/gateway"
	"cedula/shared/store"
)

// What the store queues is what the stream's filter lets through and what the
// function delivers.
func TestMessagesReachTheirJob(t *testing.T) {
	root, tmpl := readTemplate(t)
	p := template.Lookup(tmpl.Resources["JobsDeliverMessagesFunction"].Properties, "Events", "Messages", "Properties")
	filters, _ := template.Lookup(p, "FilterCriteria", "Filters").([]any)
	if len(filters) != 1 {
		t.Fatalf("%d filters", len(filters))
	}
	pattern, _ := template.Lookup(filters[0], "Pattern").(string)
	var got any
	if err := json.Unmarshal([]byte(pattern), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"eventName": []any{"INSERT"},
		"dynamodb":  map[string]any{"Keys": map[string]any{"PK": map[string]any{"S": []any{map[string]any{"prefix": store.PrefixMessage}}}}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("filters by %v, want %v", got, want)
	}

	text, err := os.ReadFile(filepath.Join(root, "events", "jobs-deliver-messages.json"))
	if err != nil {
		t.Fatal(err)
	}
	var event events.DynamoDBEvent
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	var ids []string
	consumer := gateway.StreamConsumer{ItemID: store.MessageID, Handle: func(_ context.Context, id string) error { ids = append(ids, id); return nil }}
	_, _ = gateway.StreamHandler(consumer)(t.Context(), event)
	if len(ids) != 1 || len(ids[0]) != 26 || strings.Contains(ids[0], "#") {
		t.Errorf("the sample event is of %q", ids)
	}
}

// A message that fails is tried again by itself, no longer than it is of use, and
// is then seen by an operator.
func TestFailedMessagesGoToDeadLetterQueue(t *testing.T) {
	_, tmpl := readTemplate(t)
	f := tmpl.Resources["JobsDeliverMessagesFunction"]
	p := template.Lookup(f.Properties, "Events", "Messages", "Properties")
	for _, c := range []struct {
		path []string
		want any
	}{
		{[]string{"Stream", "Fn::GetAtt"}, "Table.StreamArn"},
		{[]string{"StartingPosition"}, "TRIM_HORIZON"},
		{[]string{"MaximumBatchingWindowInSeconds"}, 0},
		{[]string{"FunctionResponseTypes"}, []any{"ReportBatchItemFailures"}},
		{[]string{"BisectBatchOnFunctionError"}, true},
		{[]string{"ParallelizationFactor"}, 5},
		{[]string{"MaximumRecordAgeInSeconds"}, 600}, // a code's life
		{[]string{"DestinationConfig", "OnFailure", "Destination", "Fn::GetAtt"}, "MessagesDeadLetters.Arn"},
	} {
		if got := template.Lookup(p, c.path...); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s is %v, want %v", strings.Join(c.path, "."), got, c.want)
		}
	}
	if attempts, _ := template.Lookup(p, "MaximumRetryAttempts").(int); attempts < 1 || attempts > 100 {
		t.Errorf("tried %d times", attempts)
	}
	for _, id := range []string{"MessagesDeadLetters", "JobsDeadLetters"} {
		p := tmpl.Resources[id].Properties
		if p["MessageRetentionPeriod"] != 14*24*60*60 || template.Lookup(p, "KmsMasterKeyId", "Fn::GetAtt") != "DataKey.Arn" {
			t.Errorf("%s are kept %v seconds under %v", id, p["MessageRetentionPeriod"], p["KmsMasterKeyId"])
		}
	}
}

// Jobs cannot take every concurrent execution there is, nor be left without.
func TestJobConcurrencyIsReserved(t *testing.T) {
	_, tmpl := readTemplate(t)
	for id, f := range tmpl.ResourcesOfType(template.TypeFunction) {
		choice, _ := template.Lookup(f.Properties, "ReservedConcurrentExecutions", "Fn::If").([]any)
		if job := strings.HasPrefix(template.FunctionFolder(id), "jobs/"); job != (len(choice) == 3 && choice[0] == "IsProduction") {
			t.Errorf("%s: reserves %v", id, choice)
		}
	}
}
