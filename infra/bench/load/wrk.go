package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

//go:embed wrk.lua
var script []byte

// result is what one run of wrk measured.
type result struct {
	Requests       int   `json:"requests"`
	Microseconds   int64 `json:"us"`
	P50            int64 `json:"p50"` // microseconds
	P99            int64 `json:"p99"`
	ErrorResponses int   `json:"errorResponses"`
	NetworkErrors  int   `json:"networkErrors"`

	processes usage // of the server: CPU time during the run, memory after it
}

// String returns the result in the format of Go benchmarks, without the name.
func (r result) String() string {
	requests := max(r.Requests, 1)
	text := fmt.Sprintf("%d %.0f requests/s %d p50-latency-ns %d p99-latency-ns",
		requests, float64(r.Requests)*1e6/float64(max(r.Microseconds, 1)), r.P50*1000, r.P99*1000)
	if r.processes.memory > 0 {
		text += fmt.Sprintf(" %d cpu-ns/op %d RSS-bytes", r.processes.cpu.Nanoseconds()/int64(requests), r.processes.memory)
	}
	return text
}

// runs counts the runs from a start that differs between processes.
var runs = 1000 + time.Now().Unix()%8000

// nextRun returns the first digits of the numbers in a run, so that each run creates identities with values of its own.
func nextRun() string {
	runs++
	return strconv.FormatInt(runs, 10)
}

// load is what wrk sends in one run.
type load struct {
	method      string
	connections int
	length      time.Duration
}

// run runs wrk once.
func (t *target) run(ctx context.Context, l load) (result, error) {
	dir, err := os.MkdirTemp("", "cedula-load-")
	if err != nil {
		return result{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	paths, body := []string{identitiesPath}, t.body
	if l.method == http.MethodGet {
		paths, body = t.paths, ""
	}
	for name, content := range map[string]string{"wrk.lua": string(script), "paths": strings.Join(paths, "\n") + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return result{}, err
		}
	}
	cmd := exec.CommandContext(ctx, "wrk", "-t1", "-c"+strconv.Itoa(l.connections), "-d"+strconv.Itoa(int(l.length.Seconds()))+"s", //nolint:gosec // G204: our own arguments
		"--timeout", "10s", "-s", filepath.Join(dir, "wrk.lua"), t.url)
	cmd.Env = append(os.Environ(), "METHOD="+l.method, "PATHS="+filepath.Join(dir, "paths"), "HEADERS="+strings.Join(t.headers, "\n"),
		"BODY="+body, "RUN="+nextRun())
	before := usageOf(t.pids)
	output, err := cmd.CombinedOutput()
	if err != nil {
		return result{}, fmt.Errorf("wrk: %w\n%s", err, output)
	}
	output = bytes.TrimSpace(output)
	lastLine := output[bytes.LastIndexByte(output, '\n')+1:]
	var r result
	if err := json.Unmarshal(lastLine, &r); err != nil {
		return result{}, fmt.Errorf("unexpected output of wrk: %q", lastLine)
	}
	r.processes = usageOf(t.pids)
	r.processes.cpu -= before.cpu
	return r, nil
}

// usage is what processes have used.
type usage struct {
	cpu    time.Duration
	memory int64 // resident, in bytes
}

// usageOf sums up the usage of processes, as proc_pid_stat(5) describes it. It skips what it cannot read.
func usageOf(pids []int) usage {
	const (
		utime, stime, rss = 11, 12, 21 // fields after the process name
		tick              = 10 * time.Millisecond
	)
	var sum usage
	for _, pid := range pids {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		number := func(n int) int64 {
			value, _ := strconv.ParseInt(fields[n], 10, 64)
			return value
		}
		sum.cpu += time.Duration(number(utime)+number(stime)) * tick
		sum.memory += number(rss) * int64(os.Getpagesize())
	}
	return sum
}
