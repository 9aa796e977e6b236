// Package tabletest is the one suite that every engine of a table must pass.
// It must not know which engine it has before it.
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

// Run checks every fact of the contract, each on an empty table of its own
// that open makes with the indexes "L" and "E".
func Run(t *testing.T, open func(t *testing.T) table.Table) {
	for _, group := range [][]testCase{
		conditionCases, writeCases, itemCases, getCases, queryCases, indexCases,
		limitCases, misuseCases, concurrencyCases, unitCases, memoryCases, contextCases,
	} {
		for _, f := range group {
			t.Run(f.name, func(t *testing.T) {
				f.run(fixture{t, open(t)})
			})
		}
	}
}

// testCase is one sentence about a table and its proof.
type testCase struct {
	name string
	run  func(s fixture)
}

// fixture is the table under test with the shortest words for using it.
type fixture struct {
	*testing.T
	table table.Table
}

func (s fixture) mustWrite(ops ...table.Op) table.Units {
	s.Helper()
	units, err := s.table.Write(context.Background(), ops...)
	if err != nil {
		s.Fatalf("write: %v", err)
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

// mustFailConditions writes and returns the failures, which there must be.
func (s fixture) mustFailConditions(ops ...table.Op) []table.Failure {
	s.Helper()
	_, err := s.table.Write(context.Background(), ops...)
	var failed *table.ConditionError
	if !errors.As(err, &failed) {
		s.Fatalf("write: %v, want failed conditions", err)
	}
	return failed.Failures
}

// mustFail writes and wants that very error.
func (s fixture) mustFail(want error, ops ...table.Op) {
	s.Helper()
	if _, err := s.table.Write(context.Background(), ops...); !errors.Is(err, want) {
		s.Fatalf("write: %v, want %v", err, want)
	}
}

func (s fixture) mustGet(keys ...table.Key) []table.Item {
	s.Helper()
	got, err := s.table.Get(context.Background(), true, keys...)
	if err != nil {
		s.Fatalf("get: %v", err)
	}
	return got.Items
}

func (s fixture) mustQuery(q table.Query) table.Page {
	s.Helper()
	page, err := s.table.Query(context.Background(), q)
	if err != nil {
		s.Fatalf("query: %v", err)
	}
	return page
}

// allSortKeys follows a query to its last page and returns the sort keys of the items
// in the table.
func (s fixture) allSortKeys(q table.Query) []string {
	s.Helper()
	var sks []string
	for range 1000 {
		page := s.mustQuery(q)
		for _, i := range page.Items {
			sks = append(sks, i.SK)
		}
		if page.Next == nil {
			return sks
		}
		q.Start = page.Next
	}
	s.Fatal("the pages do not end")
	return nil
}

func (s fixture) wantEqual(what string, got, want any) {
	s.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		s.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func key(pk, sk string) table.Key { return table.Key{PK: pk, SK: sk} }

func item(pk, sk string) table.Item { return table.Item{Key: key(pk, sk)} }

func versionedItem(pk, sk string, v int64) table.Item {
	return table.Item{Key: key(pk, sk), Version: v}
}

// numberedItems makes n items of one partition whose sort keys are 000, 001, ...
func numberedItems(pk string, n int) []table.Item {
	items := make([]table.Item, n)
	for i := range items {
		items[i] = item(pk, fmt.Sprintf("%03d", i))
	}
	return items
}

func sortKeys(items []table.Item) []string {
	var sks []string
	for _, i := range items {
		sks = append(sks, i.SK)
	}
	return sks
}

func reversed(s []string) []string {
	s = slices.Clone(s)
	slices.Reverse(s)
	return s
}

// itemOfSize fills the body until the item has exactly that many bytes.
func itemOfSize(i table.Item, bytes int) table.Item {
	i.Body = nil
	i.Body = make([]byte, bytes-i.Bytes()-len(table.AttrBody))
	return i
}
