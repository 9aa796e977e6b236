// Package tabletest is the test suite that every engine of a table must pass.
// It must not know which engine it tests.
package tabletest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cedula/shared/table"
)

// Run tests every fact of the contract, each on an empty table of its own that open creates with the indexes "L" and "E".
func Run(t *testing.T, open func(t *testing.T) table.Table) {
	for _, group := range [][]testCase{
		conditionCases, writeCases, itemCases, concurrencyCases,
		getCases, queryCases, indexCases, memoryCases,
		limitCases, writeUnitsCases, readUnitsCases,
	} {
		for _, c := range group {
			t.Run(c.name, func(t *testing.T) { c.run(fixture{t, open(t)}) })
		}
	}
}

// testCase is one fact of the contract and its test.
type testCase struct {
	name string
	run  func(s fixture)
}

// fixture is the table under test with short helpers.
type fixture struct {
	*testing.T
	table table.Table
}

func (s fixture) mustWrite(ops ...table.Op) table.Units {
	s.Helper()
	units, err := s.table.Write(context.Background(), ops...)
	if err != nil {
		s.Fatalf("Write: %v", err)
	}
	return units
}

// mustPut writes items one by one, whatever is there.
func (s fixture) mustPut(items ...table.Item) {
	s.Helper()
	for _, i := range items {
		s.mustWrite(table.Put(i, table.Always()))
	}
}

// mustFailConditions returns the failed conditions of a write, which must have some.
func (s fixture) mustFailConditions(ops ...table.Op) []table.Failure {
	s.Helper()
	_, err := s.table.Write(context.Background(), ops...)
	var failed *table.ConditionError
	if !errors.As(err, &failed) {
		s.Fatalf("Write: error = %v, want a *ConditionError", err)
	}
	return failed.Failures
}

func (s fixture) mustGet(keys ...table.Key) []table.Item {
	s.Helper()
	got, err := s.table.Get(context.Background(), true, keys...)
	if err != nil {
		s.Fatalf("Get: %v", err)
	}
	return got.Items
}

func (s fixture) mustQuery(q table.Query) table.Page {
	s.Helper()
	page, err := s.table.Query(context.Background(), q)
	if err != nil {
		s.Fatalf("Query: %v", err)
	}
	return page
}

// allSortKeys follows a query to its last page and returns the sort keys of the items in the table.
func (s fixture) allSortKeys(q table.Query) []string {
	s.Helper()
	var sks []string
	for range 1000 {
		page := s.mustQuery(q)
		sks = append(sks, sortKeys(page.Items)...)
		if page.Next == nil {
			return sks
		}
		q.Start = page.Next
	}
	s.Fatal("a query has more than 1000 pages")
	return nil
}

func (s fixture) wantEqual(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		s.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

// wantError checks the error of a call.
func (s fixture) wantError(call string, err, want error) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Fatalf("%s: error = %v, want %v", call, err, want)
	}
}

// wantItems checks the items under keys.
func (s fixture) wantItems(keys []table.Key, want ...table.Item) {
	s.Helper()
	s.wantEqual(fmt.Sprint("items under ", keys), s.mustGet(keys...), want)
}

// wantSortKeys checks the items of all pages of a query.
func (s fixture) wantSortKeys(q table.Query, want ...string) {
	s.Helper()
	s.wantEqual(fmt.Sprintf("sort keys of %+v", q), s.allSortKeys(q), want)
}

func key(pk, sk string) table.Key { return table.Key{PK: pk, SK: sk} }

func item(pk, sk string) table.Item { return table.Item{Key: key(pk, sk)} }

func versionedItem(pk, sk string, v int64) table.Item {
	return table.Item{Key: key(pk, sk), Version: v}
}

// indexedItem returns an item with an entry in the partition "list" of index L.
func indexedItem(sk, at string) table.Item {
	return table.Item{Key: key("p-"+sk, sk), Indexes: map[string]table.Key{"L": key("list", at)}, Body: []byte("body")}
}

// numberedItems returns n items of the partition "p" whose sort keys are 000, 001, ...
func numberedItems(n int) []table.Item {
	items := make([]table.Item, n)
	for i := range items {
		items[i] = item("p", fmt.Sprintf("%03d", i))
	}
	return items
}

// itemsOfSize gives each item a body that makes it exactly that large.
func itemsOfSize(bytes int, items ...table.Item) []table.Item {
	for n := range items {
		items[n] = itemOfSize(items[n], bytes)
	}
	return items
}

func itemOfSize(i table.Item, bytes int) table.Item {
	i.Body = nil
	i.Body = make([]byte, bytes-i.Bytes()-len(table.AttrBody))
	return i
}

func puts(items ...table.Item) []table.Op {
	return mapped(items, func(i table.Item) table.Op { return table.Put(i, table.Always()) })
}

// keys returns keys of the partition "p".
func keys(sks ...string) []table.Key {
	return mapped(sks, func(sk string) table.Key { return key("p", sk) })
}

func keysOf(items []table.Item) []table.Key {
	return mapped(items, func(i table.Item) table.Key { return i.Key })
}

func sortKeys(items []table.Item) []string {
	return mapped(items, func(i table.Item) string { return i.SK })
}

func mapped[E, R any](list []E, f func(E) R) []R {
	results := make([]R, len(list))
	for n := range list {
		results[n] = f(list[n])
	}
	return results
}

func reversed[E any](list []E) []E {
	list = slices.Clone(list)
	slices.Reverse(list)
	return list
}
