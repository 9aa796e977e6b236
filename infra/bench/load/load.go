// Package load drives servers over HTTP with wrk, in turns, and says how many
// requests a second they answer and how long an answer takes.
// It knows nothing of what stands behind an address.
package load

import (
	"bytes"
	"context"
	_ "embed"
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
)

//go:embed load.lua
var script []byte

// Job is one kind of request to one server.
type Job struct {
	Server  *Server
	Name    string // create or fetch
	Method  string
	Headers []string // "Name: value"
	Paths   []string // taken in turns
	Body    string   // @N@ is a number that no other request has
}

// Server is where jobs go.
type Server struct {
	Name, URL string
	PIDs      []int // of its processes; none: nobody knows its memory
}

// Result is what came of one run.
type Result struct {
	Requests int   `json:"requests"`
	Micros   int64 `json:"us"`
	P50      int64 `json:"p50"` // microseconds
	P99      int64 `json:"p99"`
	Refused  int   `json:"refused"` // answers of 400 and above
	Broken   int   `json:"broken"`  // no answers

	CPU time.Duration `json:"-"` // of the server, for all requests; 0: not known
	RSS int64         `json:"-"` // bytes of the server after the run; 0: not known
}

// PerSecond is how many requests were answered in a second.
func (r Result) PerSecond() float64 { return float64(r.Requests) * 1e6 / float64(max(r.Micros, 1)) }

// CPUPerRequest is the server's time of the processor for one request.
func (r Result) CPUPerRequest() time.Duration { return r.CPU / time.Duration(max(r.Requests, 1)) }

// Driver runs jobs.
type Driver struct {
	folder string
	runs   int
}

// NewDriver keeps its files in a folder.
func NewDriver(folder string) (*Driver, error) {
	if _, err := exec.LookPath("wrk"); err != nil {
		return nil, errors.New("load: wrk is not installed (Debian: apt-get install wrk)")
	}
	err := os.WriteFile(filepath.Join(folder, "load.lua"), script, 0o600)
	return &Driver{folder: folder, runs: 100}, err
}

// Run runs a job for so long over so many connections.
func (d *Driver) Run(ctx context.Context, j Job, connections int, length time.Duration) (Result, error) {
	d.runs++
	paths := filepath.Join(d.folder, "paths")
	if err := os.WriteFile(paths, []byte(strings.Join(j.Paths, "\n")+"\n"), 0o600); err != nil {
		return Result{}, fmt.Errorf("load: %w", err)
	}
	c := exec.CommandContext(ctx, "wrk", "-t1", "-c"+strconv.Itoa(connections), "-d"+strconv.Itoa(int(length.Seconds()))+"s", //nolint:gosec // G204: figures and a path of our own
		"--timeout", "10s", "-s", filepath.Join(d.folder, "load.lua"), j.Server.URL)
	c.Env = append(os.Environ(), "METHOD="+j.Method, "PATHS="+paths, "HEADERS="+strings.Join(j.Headers, "\n"), "BODY="+j.Body, "RUN="+strconv.Itoa(d.runs))
	before := j.Server.cpu()
	text, err := c.CombinedOutput()
	if err != nil {
		return Result{}, fmt.Errorf("load: wrk: %w\n%s", err, text)
	}
	var r Result
	last := bytes.TrimSpace(text)
	last = last[bytes.LastIndexByte(last, '\n')+1:]
	if err := json.Unmarshal(last, &r); err != nil {
		return Result{}, fmt.Errorf("load: wrk says %q", last)
	}
	r.CPU, r.RSS = j.Server.cpu()-before, j.Server.rss()
	return r, nil
}

// Turns runs jobs one after the other, so many times round, and returns each
// one's medians: what disturbs the machine for a while disturbs them all.
func (d *Driver) Turns(ctx context.Context, jobs []Job, connections, rounds int, length time.Duration) ([]Result, error) {
	all := make([][]Result, len(jobs))
	for range rounds {
		for n, j := range jobs {
			r, err := d.Run(ctx, j, connections, length)
			if err != nil {
				return nil, err
			}
			all[n] = append(all[n], r)
		}
	}
	medians := make([]Result, len(jobs))
	for n, results := range all {
		medians[n] = median(results)
	}
	return medians, nil
}

// median is the run of the median throughput, with the medians of the other
// figures and the sums of what failed.
func median(results []Result) Result {
	by := func(figure func(Result) int64) int64 {
		list := make([]int64, len(results))
		for n, r := range results {
			list[n] = figure(r)
		}
		slices.Sort(list)
		return list[(len(list)-1)/2]
	}
	sorted := slices.SortedFunc(slices.Values(results), func(a, b Result) int { return int(a.PerSecond() - b.PerSecond()) })
	m := sorted[(len(sorted)-1)/2]
	m.P50, m.P99 = by(func(r Result) int64 { return r.P50 }), by(func(r Result) int64 { return r.P99 })
	m.RSS = by(func(r Result) int64 { return r.RSS })
	m.CPU = time.Duration(by(func(r Result) int64 { return int64(r.CPUPerRequest()) }) * int64(m.Requests))
	m.Refused, m.Broken = 0, 0
	for _, r := range results {
		m.Refused, m.Broken = m.Refused+r.Refused, m.Broken+r.Broken
	}
	return m
}
