package dynamo_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
)

const (
	itemJSONA = `{"PK":{"S":"p"},"SK":{"S":"a"}}`
	itemJSONB = `{"PK":{"S":"p"},"SK":{"S":"b"}}`
)

func twoKeys() []table.Key { return []table.Key{{PK: "p", SK: "a"}, {PK: "p", SK: "b"}} }

func TestUnprocessedKeysAreRetried(t *testing.T) {
	tab, f := newFakeTable(t,
		respondOK(`{"Responses":{"t":[]},"UnprocessedKeys":{"t":{"Keys":[`+itemJSONA+`,`+itemJSONB+`],"ConsistentRead":true}}}`),
		respondOK(`{"Responses":{"t":[`+itemJSONB+`]},"UnprocessedKeys":{"t":{"Keys":[`+itemJSONA+`],"ConsistentRead":true}},"ConsumedCapacity":[{"TableName":"t","CapacityUnits":1}]}`),
		respondOK(`{"Responses":{"t":[`+itemJSONA+`]},"UnprocessedKeys":{},"ConsumedCapacity":[{"TableName":"t","CapacityUnits":1.5}]}`))
	got, err := tab.Get(t.Context(), true, twoKeys()...)
	if err != nil {
		t.Fatal(err)
	}
	want := table.GetResult{Items: []table.Item{{Key: twoKeys()[0]}, {Key: twoKeys()[1]}}, Units: table.Units{Read: 2.5}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	last := f.requests()[2].body["RequestItems"].(map[string]any)["t"].(map[string]any)
	if len(last["Keys"].([]any)) != 1 || last["ConsistentRead"] != true {
		t.Errorf("asked again for %v", last)
	}
}

func TestPersistentUnprocessedKeysAreUnavailable(t *testing.T) {
	tab, f := newFakeTable(t, respondOK(`{"Responses":{"t":[]},"UnprocessedKeys":{"t":{"Keys":[`+itemJSONA+`,`+itemJSONB+`]}}}`))
	if _, err := tab.Get(t.Context(), true, twoKeys()...); !errors.Is(err, table.ErrUnavailable) || len(f.requests()) != 6 {
		t.Errorf("get: %v after %d requests", err, len(f.requests()))
	}
}

func TestEachCallUsesTheCheapestOperation(t *testing.T) {
	a, b := twoKeys()[0], twoKeys()[1]
	for want, call := range map[string]func(*testing.T, table.Table) error{
		"GetItem":      func(t *testing.T, tab table.Table) error { _, err := tab.Get(t.Context(), false, a); return err },
		"BatchGetItem": func(t *testing.T, tab table.Table) error { _, err := tab.Get(t.Context(), false, a, b); return err },
		"Query": func(t *testing.T, tab table.Table) error {
			_, err := tab.Query(t.Context(), table.Query{PK: "p"})
			return err
		},
		"PutItem":    func(t *testing.T, tab table.Table) error { _, err := tab.Write(t.Context(), putOps...); return err },
		"DeleteItem": func(t *testing.T, tab table.Table) error { _, err := tab.Write(t.Context(), deleteOps...); return err },
		"TransactWriteItems": func(t *testing.T, tab table.Table) error {
			_, err := tab.Write(t.Context(), transactionOps...)
			return err
		},
	} {
		tab, f := newFakeTable(t, respondOK(`{}`))
		if err := call(t, tab); err != nil {
			t.Errorf("%s: %v", want, err)
		}
		asked := f.requests()
		if len(asked) != 1 || asked[0].operation != want || asked[0].body["ReturnConsumedCapacity"] != "TOTAL" {
			t.Errorf("%s: asked %v", want, asked)
		}
	}
}

func TestMalformedItemIsAnError(t *testing.T) {
	for name, item := range map[string]string{
		"no sort key":          `{"PK":{"S":"p"}}`,
		"a version in letters": `{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"S":"1"}}`,
		"a version with comma": `{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"N":"1.5"}}`,
		"an expiry as text":    `{"PK":{"S":"p"},"SK":{"S":"s"},"TTL":{"S":"x"}}`,
	} {
		tab, _ := newFakeTable(t, respondOK(`{"Item":`+item+`}`))
		if got, err := tab.Get(t.Context(), true, testKey); err == nil {
			t.Errorf("%s: read as %v", name, got)
		}
	}
}
