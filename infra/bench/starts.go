package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cedula/infra/bench/page"
	"cedula/infra/lambdatest"
)

// startTarget is how much longer than hello world's a start may take.
const startTarget = 1.5

// started is a row of what infra/lambdatest/measure writes.
type started struct {
	Name    string  `json:"name"`
	Binary  float64 `json:"binary"`
	Zip     float64 `json:"zip"`
	Start   float64 `json:"startMs"`
	OfHello float64 `json:"ofHello"`
	Warm    float64 `json:"withFirstCallsMs"`
}

// starts measures every bootstrap that `make build` made.
func starts(ctx context.Context, b *bench) (page.Section, error) {
	file := filepath.Join(b.folder, "starts.json")
	measure := exec.CommandContext(ctx, "go", "run", "./infra/lambdatest/measure", "-built", ".build/arm64", "-rounds", "40", "-json", file) //nolint:gosec // G204: a path of our own
	measure.Dir, measure.Stdout, measure.Stderr = b.root, os.Stderr, os.Stderr
	tooLarge := measure.Run() // it says so, and writes the file all the same
	text, err := os.ReadFile(file)
	if err != nil {
		return page.Section{}, errors.Join(tooLarge, err)
	}
	var rows []started
	if err := json.Unmarshal(text, &rows); err != nil {
		return page.Section{}, err
	}
	t := page.Table{Head: []string{"function", "arm64 MB", "zip MB", "start ms", "of hello world", "with first calls ms"}}
	plot := page.Plot{File: "starts.svg", Title: "Start, in hello worlds", Unit: "of hello world's start", Mark: startTarget, MarkName: "target", Series: []page.Series{{Name: "start"}}}
	over, worst := 0, rows[0]
	for _, r := range rows {
		t.Row(r.Name, r.Binary/1e6, r.Zip/1e6, r.Start, r.OfHello, r.Warm)
		plot.Labels = append(plot.Labels, r.Name)
		plot.Series[0].Values = append(plot.Series[0].Values, r.OfHello)
		if r.OfHello > startTarget {
			over++
		}
		if r.OfHello > worst.OfHello {
			worst = r
		}
	}
	inits, err := initTable(ctx, b, worst.Name)
	return page.Section{
		Title:  "Starts and sizes",
		Intro:  "From exec to the first call of a loopback Runtime API on this machine, the shortest of 40 starts taken in turns; hello world is built the same way in the same run. At most 10 MB, zipped 4 MB.",
		Tables: []page.Table{t, inits}, Plots: []page.Plot{plot},
		Notes: []string{
			fmt.Sprintf("%d of %d functions start in more than %.1f hello worlds; the longest is %s with %.2f. The second table says what it does before main, of the packages that take longest: what the SDK builds in each process for every client that is linked, called or not (decision 15).", over, len(rows)-1, startTarget, worst.Name, worst.OfHello),
			"What is ours is small there: a few hundredths of a millisecond for each package.",
			"jobs/deliver-messages links three clients, conomy/create-token and authorizers/conomy two. conomy/get-token-keys links DynamoDB's without calling it, since what wires tokens also wires the guard that reads the table.",
		},
	}, errors.Join(missing(tooLarge), err)
}

// initTable is what a function and hello world do before main.
func initTable(ctx context.Context, b *bench, function string) (page.Table, error) {
	t := page.Table{Head: []string{"package's init", function + ", ms", "hello world, ms"}}
	ours, err := traceInits(ctx, filepath.Join(b.root, ".build", "host", function, "bootstrap"))
	if err != nil {
		return t, err
	}
	hello, err := traceInits(ctx, filepath.Join(b.root, ".build", "host", "hello", "bootstrap"))
	if err != nil {
		return t, err
	}
	var names []string
	var sum, helloSum float64
	for name, ms := range ours {
		names = append(names, name)
		sum += ms
	}
	for _, ms := range hello {
		helloSum += ms
	}
	slices.SortFunc(names, func(x, y string) int {
		return cmp.Or(cmp.Compare(ours[y], ours[x]), strings.Compare(x, y))
	})
	for _, name := range names[:min(6, len(names))] {
		t.Row(name, ours[name], hello[name])
	}
	t.Row("all", sum, helloSum)
	return t, nil
}

// traceInits runs a bootstrap ten times without a Runtime API, which ends it
// once it has started, and keeps each package's shortest, in milliseconds.
func traceInits(ctx context.Context, path string) (map[string]float64, error) {
	least := make(map[string]float64)
	for range 10 {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		c := exec.CommandContext(ctx, path)
		c.Env = []string{"GODEBUG=inittrace=1", "AWS_LAMBDA_RUNTIME_API=127.0.0.1:1", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=example"}
		for name, value := range lambdatest.Environment() {
			c.Env = append(c.Env, name+"="+value)
		}
		var said bytes.Buffer
		c.Stderr = &said
		_ = c.Run() // it ends for want of the API
		cancel()
		for line := range strings.Lines(said.String()) {
			// init internal/bytealg @0.008 ms, 0 ms clock, 0 bytes, 0 allocs
			f := strings.Fields(line)
			if len(f) != 11 || f[0] != "init" {
				continue
			}
			ms, _ := strconv.ParseFloat(f[4], 64)
			if was, ok := least[f[1]]; !ok || ms < was {
				least[f[1]] = ms
			}
		}
	}
	if len(least) == 0 {
		return nil, fmt.Errorf("%s does not trace its inits", path)
	}
	return least, nil
}
