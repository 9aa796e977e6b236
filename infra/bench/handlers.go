package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"cedula/infra/bench/page"
	"cedula/infra/bench/registry"
)

// handlers measures what an operation takes of the processor without I/O.
func handlers(ctx context.Context, b *bench) (page.Section, error) {
	r, done, err := openRegistry(ctx, b)
	if err != nil {
		return page.Section{}, err
	}
	defer done()
	if err := r.Fill(ctx, 1000); err != nil {
		return page.Section{}, err
	}
	t := page.Table{Head: []string{"operation", "us", "allocations"}}
	plot := page.Plot{File: "handlers.svg", Title: "Allocations of an operation, without the table's", Unit: "allocations", Series: []page.Series{{Name: "allocations"}}}
	var over []error
	for _, o := range registry.Operations() {
		if !o.Pure {
			continue
		}
		c, err := r.Cost(o)
		if err != nil {
			return page.Section{}, err
		}
		over = append(over, o.Wasteful(c))
		t.Row(o.Dialect+": "+o.Name, fmt.Sprintf("%.1f", c.Time.Seconds()*1e6), fmt.Sprintf("%.0f", c.Allocations))
		plot.Labels = append(plot.Labels, o.Dialect+": "+o.Name)
		plot.Series[0].Values = append(plot.Series[0].Values, c.Allocations)
	}
	return page.Section{
		Title:  "Handlers without I/O",
		Intro:  "From API Gateway's event to its answer, log line included, on a table that answers at once and keeps nothing; medians. A create may make 150 allocations, a fetch 80.",
		Tables: []page.Table{t}, Plots: []page.Plot{plot},
		Notes: []string{"The warm authorizer of Conomy's dialect checks an ES256 signature each time, which is most of its time. It runs when the gateway's cache of 30 s has forgotten its answer."},
	}, missing(errors.Join(over...))
}

// openRegistry opens one in a new folder.
func openRegistry(ctx context.Context, b *bench) (r *registry.Registry, done func(), err error) {
	folder, err := os.MkdirTemp(b.memory, "cedula-bench-")
	if err != nil {
		return nil, nil, err
	}
	if r, err = registry.Open(ctx, folder); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	return r, func() { _ = r.Close(); _ = os.RemoveAll(folder) }, nil
}
