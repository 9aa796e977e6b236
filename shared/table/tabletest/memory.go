package tabletest

import (
	"context"
	"errors"

	"cedula/shared/table"
)

var memoryCases = []testCase{
	{"memory: what is passed in may be changed afterwards", func(s fixture) {
		i := indexedItem("a", "1")
		s.mustPut(i)
		i.Body[0] = 'X'
		i.Indexes["L"] = key("list", "9")
		s.wantEqual("item", s.mustGet(i.Key), []table.Item{indexedItem("a", "1")})
		s.wantEqual("entry", s.mustQuery(listQuery).Items[0].Indexes["L"], key("list", "1"))
	}},
	{"memory: what is handed out may be changed", func(s fixture) {
		want := indexedItem("a", "1")
		s.mustPut(want)
		for range 2 {
			got := s.mustGet(want.Key)[0]
			s.wantEqual("get", got, want)
			overwriteItem(got)
			row := s.mustQuery(table.Query{PK: want.PK, Strong: true}).Items[0]
			s.wantEqual("query", row, want)
			overwriteItem(row)
			current := s.mustFailConditions(table.Check(want.Key, table.Absent()))[0].Current
			s.wantEqual("failure", *current, want)
			overwriteItem(*current)
			overwriteItem(s.mustQuery(listQuery).Items[0])
		}
	}},
}

func overwriteItem(i table.Item) {
	for n := range i.Body {
		i.Body[n] = 'X'
	}
	i.Indexes["L"] = key("spoilt", "spoilt")
}

var contextCases = []testCase{
	{"context: a cancelled one reads and writes nothing", func(s fixture) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, write := s.table.Write(ctx, table.Put(item("p", "s"), table.Always()))
		_, transaction := s.table.Write(ctx, table.Put(item("p", "s"), table.Always()), table.Put(item("p", "t"), table.Always()))
		_, get := s.table.Get(ctx, true, key("p", "s"))
		_, query := s.table.Query(ctx, table.Query{PK: "p"})
		for call, err := range map[string]error{"write": write, "transaction": transaction, "get": get, "query": query} {
			if !errors.Is(err, context.Canceled) {
				s.Errorf("%s: %v", call, err)
			}
		}
		s.wantEqual("items", s.mustGet(key("p", "s"), key("p", "t")), []table.Item(nil))
	}},
}
