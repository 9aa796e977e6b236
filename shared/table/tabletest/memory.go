package tabletest

import (
	"context"
	"errors"

	"cedula/shared/table"
)

var memoryFacts = []fact{
	{"memory: what is passed in may be changed afterwards", func(s subject) {
		i := listed("a", "1")
		s.put(i)
		i.Body[0] = 'X'
		i.Indexes["L"] = key("list", "9")
		s.same("item", s.get(i.Key), []table.Item{listed("a", "1")})
		s.same("entry", s.query(list).Items[0].Indexes["L"], key("list", "1"))
	}},
	{"memory: what is handed out may be changed", func(s subject) {
		want := listed("a", "1")
		s.put(want)
		for range 2 {
			got := s.get(want.Key)[0]
			s.same("get", got, want)
			spoil(got)
			row := s.query(table.Query{PK: want.PK, Strong: true}).Items[0]
			s.same("query", row, want)
			spoil(row)
			current := s.refused(table.Check(want.Key, table.Absent()))[0].Current
			s.same("failure", *current, want)
			spoil(*current)
			spoil(s.query(list).Items[0])
		}
	}},
}

func spoil(i table.Item) {
	for n := range i.Body {
		i.Body[n] = 'X'
	}
	i.Indexes["L"] = key("spoilt", "spoilt")
}

var contextFacts = []fact{
	{"context: a cancelled one reads and writes nothing", func(s subject) {
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
		s.same("items", s.get(key("p", "s"), key("p", "t")), []table.Item(nil))
	}},
}
