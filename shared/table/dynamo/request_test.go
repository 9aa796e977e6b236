package dynamo_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
)

// wantFields checks the fields of a request that the JSON object names; null means absent.
func wantFields(t *testing.T, got request, fields string) {
	t.Helper()
	var want map[string]any
	if err := json.Unmarshal([]byte(fields), &want); err != nil {
		t.Fatal(err)
	}
	for name := range want {
		if diff := cmp.Diff(want[name], got.body[name]); diff != "" {
			t.Errorf("%s of %s (-want +got):\n%s", name, got.operation, diff)
		}
	}
}

func TestEachCallUsesTheCheapestOperation(t *testing.T) {
	tab, f := newFakeTable(t, ok("{}"))
	_, _ = tab.Get(t.Context(), false, keyA)
	_, _ = tab.Get(t.Context(), false, keyA, keyB)
	_, _ = tab.Query(t.Context(), table.Query{PK: "p"})
	_, _ = tab.Write(t.Context(), putOps...)
	_, _ = tab.Write(t.Context(), deleteOps...)
	_, _ = tab.Write(t.Context(), table.Check(testKey, table.Always()))
	_, _ = tab.Write(t.Context(), append([]table.Op{table.Delete(keyA, table.Exists())}, transactionOps...)...)
	var operations []string
	for _, r := range f.requests() {
		operations = append(operations, r.operation)
		wantFields(t, r, `{"ReturnConsumedCapacity":"TOTAL"}`)
	}
	want := []string{"GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "TransactWriteItems", "TransactWriteItems"}
	if diff := cmp.Diff(want, operations); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
}

func TestConditionExpressions(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for _, test := range []struct {
		condition table.Condition
		want      string
	}{
		{table.Always(), `{"ConditionExpression":null,"ExpressionAttributeValues":null}`},
		{table.Absent(), `{"ConditionExpression":"attribute_not_exists(PK)"}`},
		{table.Exists(), `{"ConditionExpression":"attribute_exists(PK)"}`},
		{table.VersionIs(3), `{"ConditionExpression":"V = :is","ExpressionAttributeValues":{":is":{"N":"3"}}}`},
		{table.VersionIs(0), `{"ConditionExpression":"attribute_exists(PK) AND attribute_not_exists(V)"}`},
		{table.OwnerIs("ann"), `{"ConditionExpression":"O = :is","ExpressionAttributeValues":{":is":{"S":"ann"}}}`},
		{table.OwnerIs(""), `{"ConditionExpression":"attribute_exists(PK) AND attribute_not_exists(O)"}`},
		{table.VersionAndOwnerAre("ann", 3), `{"ConditionExpression":"V = :is AND (O = :of OR attribute_not_exists(O))","ExpressionAttributeValues":{":is":{"N":"3"},":of":{"S":"ann"}}}`},
		{table.AbsentOrExpired(now), `{"ConditionExpression":"attribute_not_exists(PK) OR #ttl <= :is","ExpressionAttributeNames":{"#ttl":"TTL"},"ExpressionAttributeValues":{":is":{"N":"1700000000"}}}`},
	} {
		tab, f := newFakeTable(t, ok("{}"))
		if _, err := tab.Write(t.Context(), table.Delete(testKey, test.condition)); err != nil {
			t.Fatal(err)
		}
		wantFields(t, f.requests()[0], test.want)
	}
}

func TestQueryRequests(t *testing.T) {
	for _, test := range []struct {
		query table.Query
		want  string
	}{
		{table.Query{PK: "p"}, `{"KeyConditionExpression":"#p = :p","ExpressionAttributeNames":{"#p":"PK"},"IndexName":null,"Limit":null,"ScanIndexForward":true,"ConsistentRead":false,"ExclusiveStartKey":null}`},
		{table.Query{PK: "p", From: "a", Strong: true}, `{"KeyConditionExpression":"#p = :p AND #s >= :f","ExpressionAttributeNames":{"#p":"PK","#s":"SK"},"ConsistentRead":true}`},
		{table.Query{PK: "p", To: "z", Descending: true}, `{"KeyConditionExpression":"#p = :p AND #s <= :t","ScanIndexForward":false}`},
		{
			table.Query{Index: "L", PK: "p", From: "a", To: "z", Limit: 7, Start: &table.Position{Key: testKey, Index: table.Key{PK: "p", SK: "b"}}},
			`{"KeyConditionExpression":"#p = :p AND #s BETWEEN :f AND :t","ExpressionAttributeNames":{"#p":"LPK","#s":"LSK"},"ExpressionAttributeValues":{":p":{"S":"p"},":f":{"S":"a"},":t":{"S":"z"}},
			"IndexName":"LIndex","Limit":7,"ExclusiveStartKey":{"PK":{"S":"p"},"SK":{"S":"s"},"LPK":{"S":"p"},"LSK":{"S":"b"}}}`,
		},
	} {
		tab, f := newFakeTable(t, ok("{}"))
		if _, err := tab.Query(t.Context(), test.query); err != nil {
			t.Fatal(err)
		}
		wantFields(t, f.requests()[0], test.want)
	}
}

func TestItemAttributes(t *testing.T) {
	const attributes = `{"PK":{"S":"p"},"SK":{"S":"s"},"LPK":{"S":"lp"},"LSK":{"S":"ls"},"V":{"N":"3"},"O":{"S":"ann"},"TTL":{"N":"1700000000"},"B":{"B":"AAE="}}`
	item := table.Item{
		Key: testKey, Indexes: map[string]table.Key{"L": {PK: "lp", SK: "ls"}},
		Version: 3, Owner: "ann", Expires: time.Unix(1_700_000_000, 0).UTC(), Body: []byte{0, 1},
	}
	tab, f := newFakeTable(t, ok(`{"Items":[`+attributes+`],"LastEvaluatedKey":`+jsonA+`,"ConsumedCapacity":{"CapacityUnits":0.5}}`))
	if _, err := tab.Write(t.Context(), table.Put(item, table.Always())); err != nil {
		t.Fatal(err)
	}
	wantFields(t, f.requests()[0], `{"Item":`+attributes+`}`)
	got, err := tab.Query(t.Context(), table.Query{PK: "p"})
	if err != nil {
		t.Fatal(err)
	}
	want := table.Page{Items: []table.Item{item}, Next: &table.Position{Key: keyA}, Units: table.Units{Read: 0.5}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}
