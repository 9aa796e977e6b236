package tablesocket_test

import (
	"context"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
)

// scripted is a table that does what a test says; what it is not told is empty.
type scripted struct {
	get   func(ctx context.Context, strong bool, keys []table.Key) (table.GetResult, error)
	query func(ctx context.Context, q table.Query) (table.Page, error)
	write func(ctx context.Context, ops []table.Op) (table.Units, error)
}

func (s scripted) Get(ctx context.Context, strong bool, keys ...table.Key) (table.GetResult, error) {
	if s.get == nil {
		return table.GetResult{}, nil
	}
	return s.get(ctx, strong, keys)
}

func (s scripted) Query(ctx context.Context, q table.Query) (table.Page, error) {
	if s.query == nil {
		return table.Page{}, nil
	}
	return s.query(ctx, q)
}

func (s scripted) Write(ctx context.Context, ops ...table.Op) (table.Units, error) {
	if s.write == nil {
		return table.Units{}, nil
	}
	return s.write(ctx, ops)
}

var noon = time.Date(2026, 11, 24, 12, 0, 0, 123456789, time.FixedZone("", -3*3600))

func key(pk, sk string) table.Key { return table.Key{PK: pk, SK: sk} }

// sampleItems differ in what a codec is tempted to make equal.
func sampleItems() []table.Item {
	full := table.Item{
		Key: key("p\x00ñ", "s\xff"), Indexes: map[string]table.Key{"L": key("l", "1"), "E": {}},
		Version: math.MaxInt64, Owner: "ann\xff", Expires: noon, Body: []byte{0, 1, 255},
	}
	return []table.Item{
		{},
		{Key: key("", "s"), Indexes: map[string]table.Key{}, Body: []byte{}},
		{Key: key("p", ""), Version: math.MinInt64, Expires: time.Unix(0, 0)},
		{Expires: time.Unix(-1, 0).UTC(), Body: make([]byte, 10<<10)},
		full,
	}
}

// TestSampleIsFull: every field of an item is tried, also one that is added.
func TestSampleIsFull(t *testing.T) {
	all := sampleItems()
	full := reflect.ValueOf(all[len(all)-1])
	for n := range full.NumField() {
		if full.Field(n).IsZero() {
			t.Errorf("%s is never set", full.Type().Field(n).Name)
		}
	}
}

func TestGetRoundTrip(t *testing.T) {
	for name, want := range map[string]table.GetResult{
		"nothing":         {},
		"no items":        {Items: []table.Item{}},
		"items and units": {Items: sampleItems(), Units: table.Units{Read: 0.5, Write: math.MaxFloat64}},
	} {
		for _, keys := range [][]table.Key{nil, {{}}, {key("p\xff", "s"), key("p", "")}} {
			for _, strong := range []bool{true, false} {
				c := remote(t, scripted{get: func(_ context.Context, s bool, k []table.Key) (table.GetResult, error) {
					same(t, "strong", s, strong)
					same(t, "keys", k, keys)
					return want, nil
				}})
				got, err := c.Get(t.Context(), strong, keys...)
				same(t, name, got, want)
				same(t, name, err, nil)
			}
		}
	}
}

func TestQueryRoundTrip(t *testing.T) {
	position := &table.Position{Key: key("p", "s"), Index: key("l", "1")}
	queries := []table.Query{
		{},
		{PK: "p", Start: &table.Position{}, Limit: -1},
		{Index: "L", PK: "p", From: "a\xff", To: "b", Descending: true, Limit: math.MaxInt, Start: position, Strong: true},
	}
	pages := []table.Page{
		{},
		{Items: []table.Item{}, Next: &table.Position{}},
		{Items: sampleItems(), Next: position, Units: table.Units{Read: 1.5}},
	}
	for n := range queries {
		c := remote(t, scripted{query: func(_ context.Context, q table.Query) (table.Page, error) {
			same(t, "query", q, queries[n])
			return pages[n], nil
		}})
		got, err := c.Query(t.Context(), queries[n])
		same(t, "page", got, pages[n])
		same(t, "error", err, nil)
	}
}

func TestWriteRoundTrip(t *testing.T) {
	ops := []table.Op{
		{Action: 255, Condition: table.Condition{Kind: 255}},
		table.Delete(key("p", "s"), table.Always()),
		table.Check(key("p", "s"), table.Absent()),
		table.Check(key("p", "s"), table.Exists()),
		table.Check(key("p", "s"), table.VersionIs(-7)),
		table.Check(key("p", "s"), table.OwnerIs("bob\xff")),
		table.Check(key("p", "s"), table.AbsentOrExpired(noon)),
		table.Check(key("p", "s"), table.AbsentOrExpired(time.Time{})),
	}
	for _, i := range sampleItems() {
		ops = append(ops, table.Put(i, table.Always()))
	}
	want := table.Units{Read: 1, Write: 2.5}
	c := remote(t, scripted{write: func(_ context.Context, got []table.Op) (table.Units, error) {
		same(t, "operations", got, ops)
		return want, nil
	}})
	got, err := c.Write(t.Context(), ops...)
	same(t, "units", got, want)
	same(t, "error", err, nil)
}

// same tells nil from empty, and times apart by their instant.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%.2000s", what, diff)
	}
}
