package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"cedula/infra/bench/cost"
	"cedula/infra/bench/page"
	"cedula/infra/bench/partitions"
)

// simulated is how many seconds of creates are simulated.
const simulated = 15

// shards simulates 10,000 creates a second by three designs.
func shards(context.Context, *bench) (page.Section, error) {
	load := partitions.Load{PerSecond: 10_000, Others: 1000}
	t := page.Table{Head: []string{"design", "throttled, all", "of the big tenant's", "of the others'"}}
	plot := page.Plot{File: "partitions.svg", Title: "Throttled share of 10,000 creates a second", Unit: "%", Lines: true}
	for second := range simulated {
		plot.Labels = append(plot.Labels, fmt.Sprintf("second %d", second+1))
	}
	var shares []float64
	for _, d := range []partitions.Design{partitions.Ours(1), partitions.Ours(8), partitions.Naive()} {
		var table *partitions.Table
		var seconds []partitions.Second
		line := page.Series{Name: d.Name}
		for n := range simulated {
			creates, err := d.Second(load, n)
			if err != nil {
				return page.Section{}, err
			}
			if table == nil {
				table = partitions.NewTable(creates)
			}
			s := table.Run(creates)
			seconds, line.Values = append(seconds, s), append(line.Values, 100*s.Share())
		}
		sum := partitions.Sum(seconds)
		shares = append(shares, sum.Share())
		t.Row(d.Name, percent(sum.Share()), percent(sum.BigShare()), percent(sum.OthersShare()))
		plot.Series = append(plot.Series, line)
	}
	var wrong error
	switch {
	case shares[2] < 0.85:
		wrong = errors.New("the naive design is hardly throttled: the model says nothing")
	case shares[1] > 0:
		wrong = errors.New("a list of eight shards is throttled")
	}
	return page.Section{
		Title:  "10,000 creates a second over partitions",
		Intro:  fmt.Sprintf("A simulation of %d seconds, half of the creates of one tenant, by the keys that the store writes. Optimistic: the partitions are there before the creates come, a key that is hot has one to itself, nobody tries again. Without mercy: a partition takes 1,000 write units in a second and saves none.", simulated),
		Tables: []page.Table{t}, Plots: []page.Plot{plot},
		Notes: []string{"**A list of one shard takes 1,000 creates a second**, and where the index is full the table's write is throttled too: of 5,000 creates a second of one tenant four fifths are refused. Other tenants do not notice. A tenant that big gets more shards: `CEDULA_LIST_SHARDS` in the template. cost.md says what they ask."},
	}, missing(wrong)
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// prices writes cost.md.
func prices(ctx context.Context, b *bench) (page.Section, error) {
	r, done, err := openRegistry(ctx, b)
	if err != nil {
		return page.Section{}, err
	}
	defer done()
	if err := r.Fill(ctx, 1000); err != nil {
		return page.Section{}, err
	}
	items, err := cost.Counts(r)
	if err != nil {
		return page.Section{}, err
	}
	line, err := cost.AccessLine(b.root)
	if err != nil {
		return page.Section{}, err
	}
	t := page.Table{Head: []string{"operation", "dollars a million"}}
	plot := page.Plot{File: "cost.svg", Title: "Dollars per million", Unit: "dollars", Series: []page.Series{{Name: "all but messages"}, {Name: "of it the gateway"}}}
	for _, i := range items {
		bill := i.Bill(line)
		t.Row(i.Dialect+": "+i.Name, bill.Sum())
		if !i.Message { // it would dwarf the others
			plot.Labels = append(plot.Labels, i.Dialect+": "+i.Name)
			plot.Series[0].Values = append(plot.Series[0].Values, bill.Sum())
			plot.Series[1].Values = append(plot.Series[1].Values, bill.Gateway)
		}
	}
	err = os.WriteFile(filepath.Join(b.root, "infra", "bench", "cost.md"), []byte(cost.Page(items, line)), 0o600)
	return page.Section{Title: "Cost", Intro: "[cost.md](cost.md) has the whole account and the quotas.", Tables: []page.Table{t}, Plots: []page.Plot{plot}}, err
}
