package dynamo_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
)

const (
	jsonA = `{"PK":{"S":"p"},"SK":{"S":"a"}}`
	jsonB = `{"PK":{"S":"p"},"SK":{"S":"b"}}`
)

var keyA, keyB = table.Key{PK: "p", SK: "a"}, table.Key{PK: "p", SK: "b"}

func TestUnprocessedKeysAreRetried(t *testing.T) {
	tab, f := newFakeTable(t,
		ok(`{"Responses":{"t":[]},"UnprocessedKeys":{"t":{"Keys":[`+jsonA+`,`+jsonB+`],"ConsistentRead":true}}}`),
		ok(`{"Responses":{"t":[`+jsonB+`]},"UnprocessedKeys":{"t":{"Keys":[`+jsonA+`],"ConsistentRead":true}},"ConsumedCapacity":[{"TableName":"t","CapacityUnits":1}]}`),
		ok(`{"Responses":{"t":[`+jsonA+`]},"UnprocessedKeys":{},"ConsumedCapacity":[{"TableName":"t","CapacityUnits":1.5}]}`))
	got, err := tab.Get(t.Context(), true, keyA, keyB)
	if err != nil {
		t.Fatal(err)
	}
	want := table.GetResult{Items: []table.Item{{Key: keyA}, {Key: keyB}}, Units: table.Units{Read: 2.5}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	wantFields(t, f.requests()[2], `{"RequestItems":{"t":{"Keys":[`+jsonA+`],"ConsistentRead":true}}}`)
}

func TestPersistentUnprocessedKeysAreUnavailable(t *testing.T) {
	tab, f := newFakeTable(t, ok(`{"Responses":{"t":[]},"UnprocessedKeys":{"t":{"Keys":[`+jsonA+`,`+jsonB+`]}}}`))
	if _, err := tab.Get(t.Context(), true, keyA, keyB); !errors.Is(err, table.ErrUnavailable) {
		t.Errorf("error = %v, want ErrUnavailable", err)
	}
	f.wantRequests(t, 6)
}

func TestMalformedItemIsAnError(t *testing.T) {
	for name, item := range map[string]string{
		"no sort key":              `{"PK":{"S":"p"}}`,
		"a version of type string": `{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"S":"1"}}`,
		"a fractional version":     `{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"N":"1.5"}}`,
		"an expiry of type string": `{"PK":{"S":"p"},"SK":{"S":"s"},"TTL":{"S":"x"}}`,
	} {
		tab, _ := newFakeTable(t, ok(`{"Item":`+item+`,"Items":[`+item+`]}`))
		if got, err := tab.Get(t.Context(), true, testKey); err == nil {
			t.Errorf("%s: Get = %v, want an error", name, got)
		}
		if got, err := tab.Query(t.Context(), table.Query{PK: "p"}); err == nil {
			t.Errorf("%s: Query = %v, want an error", name, got)
		}
	}
}

func TestTransportTimeoutIsNotDeadlineExceeded(t *testing.T) {
	tab, _ := newFakeTableWithTimeout(t, 50*time.Millisecond, neverRespond)
	if _, err := tab.Get(t.Context(), true, testKey); !errors.Is(err, table.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want only ErrUnavailable", err)
	}
}

func TestRetriesAreATenthOfCallsPlusFifty(t *testing.T) {
	const calls = 200
	tab, f := newFakeTable(t, failure("ThrottlingException"))
	var group sync.WaitGroup
	for range calls {
		group.Go(func() { _, _ = tab.Get(context.Background(), true, testKey) })
	}
	group.Wait()
	if got := len(f.requests()) - calls; got < 50 || got > 50+calls/10 {
		t.Errorf("retries = %d, want 50 to %d", got, 50+calls/10)
	}
}
