package template_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"cedula/infra/template"
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
