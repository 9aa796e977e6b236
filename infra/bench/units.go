package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cedula/infra/bench/page"
	"cedula/infra/bench/registry"
)

// units counts calls and units while the table grows.
func units(ctx context.Context, b *bench) (page.Section, error) {
	r, done, err := openRegistry(ctx, b)
	if err != nil {
		return page.Section{}, err
	}
	defer done()
	operations := registry.Operations()
	counts := make([][]registry.Count, len(operations))
	var wrong []error
	head := []string{"operation"}
	note := "Filling took"
	for _, size := range b.sizes {
		begin := time.Now()
		if err := r.Fill(ctx, size); err != nil {
			return page.Section{}, err
		}
		note += fmt.Sprintf(" %s to %d;", time.Since(begin).Round(time.Second/10), size)
		head = append(head, fmt.Sprintf("%d: calls, WRU, RRU", size))
		for n, o := range operations {
			c, err := r.Count(o)
			if err != nil {
				return page.Section{}, err
			}
			if counts[n] = append(counts[n], c); counts[n][0] != c && !o.Bounded {
				wrong = append(wrong, fmt.Errorf("%s of %s: %+v at %d identities, %+v at %d", o.Name, o.Dialect, counts[n][0], b.sizes[0], c, size))
			}
			wrong = append(wrong, o.Over(c))
		}
	}
	t := page.Table{Head: head}
	for n, o := range operations {
		row := []any{o.Dialect + ": " + o.Name}
		for _, c := range counts[n] {
			row = append(row, fmt.Sprintf("%d, %g, %g", c.Total(), c.Units.Write, c.Units.Read))
		}
		t.Row(row...)
	}
	return page.Section{
		Title:  "Table calls and units",
		Intro:  "Counted on the embedded table, which bills as DynamoDB's price list says, in a tenant of so many identities. The run fails where a figure differs between the sizes or passes its budget.",
		Tables: []page.Table{t},
		Notes: []string{
			"The first page of Conomy's list counts the tenant's identities up to 10,000, at most once a minute in a process: it alone grows, until there.",
			note + " where writes need not reach a disk.",
		},
	}, missing(errors.Join(wrong...))
}
