package template_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"cedula/infra/template"
	"cedula/shared/gateway"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/dynamo"
)

// TestTable checks that the table has the keys and the indexes of the store's items.
func TestTable(t *testing.T) {
	_, tmpl := readTemplate(t)
	p := tmpl.Resources["Table"].Properties
	key := func(index string) string {
		return fmt.Sprintf(`[{"AttributeName":"%s%s","KeyType":"HASH"}, {"AttributeName":"%[1]s%[3]s","KeyType":"RANGE"}]`, index, table.AttrPK, table.AttrSK)
	}
	if got := render(p["KeySchema"]); got != key("") {
		t.Errorf("key = %s, want %s", got, key(""))
	}
	var attributes, indexes []string
	for _, a := range p["AttributeDefinitions"].([]any) {
		attributes = append(attributes, render(template.Lookup(a, "AttributeName"))+" "+render(template.Lookup(a, "AttributeType")))
	}
	for _, i := range p["GlobalSecondaryIndexes"].([]any) {
		indexes = append(indexes, render(template.Lookup(i, "IndexName"))+" "+render(template.Lookup(i, "KeySchema"))+" "+render(template.Lookup(i, "Projection", "ProjectionType")))
	}
	wantAttributes, wantIndexes := []string{table.AttrPK + " S", table.AttrSK + " S"}, []string{}
	for _, name := range store.Indexes {
		wantAttributes = append(wantAttributes, name+table.AttrPK+" S", name+table.AttrSK+" S")
		wantIndexes = append(wantIndexes, dynamo.IndexName(name)+" "+key(name)+" KEYS_ONLY")
	}
	wantSame(t, "attributes", attributes, wantAttributes)
	wantSame(t, "indexes", indexes, wantIndexes)
}

// TestStreamFilterMatchesMessages checks that what the store queues passes the stream's filter.
func TestStreamFilterMatchesMessages(t *testing.T) {
	_, tmpl := readTemplate(t)
	filters := template.Lookup(tmpl.Resources["JobsDeliverMessagesFunction"].Properties, "Events", "Messages", "Properties", "FilterCriteria", "Filters")
	pattern, _ := json.Marshal(`{"eventName":["INSERT"],"dynamodb":{"Keys":{"PK":{"S":[{"prefix":"` + store.PrefixMessage + `"}]}}}}`)
	if got, want := render(filters), `[{"Pattern":`+string(pattern)+`}]`; got != want {
		t.Errorf("filters = %s, want %s", got, want)
	}
}

func TestSampleEventsOfJobs(t *testing.T) {
	root, _ := readTemplate(t)
	for name, wantDryRun := range map[string]bool{"expire-pending": true, "remind-pending": false} {
		var got []gateway.JobInput
		job := gateway.JobHandler(name, func(_ context.Context, in gateway.JobInput) (gateway.Metrics, error) {
			got = append(got, in)
			return nil, nil
		}, func(string) {})
		if _, err := job.Invoke(t.Context(), readFile(t, root, "events", "jobs-"+name+".json")); err != nil || len(got) != 1 || got[0].DryRun != wantDryRun {
			t.Errorf("%s: input = %+v, error = %v, want one with DryRun = %v", name, got, err, wantDryRun)
		}
	}
	var event events.DynamoDBEvent
	if err := json.Unmarshal(readFile(t, root, "events", "jobs-deliver-messages.json"), &event); err != nil {
		t.Fatal(err)
	}
	var ids []string
	consumer := gateway.StreamConsumer{ItemID: store.MessageID, Handle: func(_ context.Context, id string) error {
		ids = append(ids, id)
		return nil
	}}
	_, _ = gateway.StreamHandler(consumer)(t.Context(), event)
	if len(ids) != 1 || len(ids[0]) != 26 {
		t.Errorf("messages of the sample event = %q, want one id of 26 characters", ids)
	}
}
