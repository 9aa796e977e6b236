// Command bench measures the registry and writes what it found: results.md and
// cost.md with their plots. `make bench` runs it; every figure is of that run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"cedula/infra/bench/page"
	"cedula/infra/template"
)

// bench is what the parts are told.
type bench struct {
	root, folder string // of the module, and of what is made meanwhile
	memory       string // a folder for tables whose writes need not be durable
	rounds       int
	length       time.Duration
	sizes        []int
}

// part is one thing that is measured.
type part struct {
	name string
	run  func(context.Context, *bench) (page.Section, error)
}

var parts = []part{
	{"starts", starts},
	{"handlers", handlers},
	{"units", units},
	{"throughput", throughput},
	{"partitions", shards},
	{"cost", prices},
}

func main() {
	var b bench
	sizes := flag.String("sizes", "1000,100000,1000000", "numbers of identities at which calls and units are counted")
	only := flag.String("only", "", "parts to run, by commas; then nothing is written but to the standard output")
	flag.IntVar(&b.rounds, "rounds", 3, "turns of each run with wrk")
	flag.DurationVar(&b.length, "length", 5*time.Second, "of each run with wrk")
	flag.StringVar(&b.memory, "memory", os.TempDir(), "folder of the tables that calls are counted on; best in memory")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, &b, *sizes, *only)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, b *bench, sizes, only string) (err error) {
	if b.root, err = template.ModuleRoot(); err != nil {
		return err
	}
	for text := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("-sizes: %w", err)
		}
		b.sizes = append(b.sizes, n)
	}
	b.folder = filepath.Join(b.root, ".build", "bench")
	if err := errors.Join(os.RemoveAll(b.folder), os.MkdirAll(b.folder, 0o750)); err != nil {
		return err
	}
	var sections []page.Section
	var missed []error
	for _, p := range parts {
		if only != "" && !slices.Contains(strings.Split(only, ","), p.name) {
			continue
		}
		begin := time.Now()
		s, err := p.run(ctx, b)
		if over := new(missedError); errors.As(err, &over) {
			missed = append(missed, err)
		} else if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		fmt.Fprintf(os.Stderr, "%s took %s\n", p.name, time.Since(begin).Round(time.Second))
		sections = append(sections, s)
	}
	text := machine() + join(sections)
	if only != "" {
		fmt.Print(text)
		return errors.Join(missed...)
	}
	return errors.Join(append(missed, write(b, text, sections))...)
}

// missedError is what must hold and does not; what was measured is written all the same.
type missedError struct{ error }

// missing wraps an error, unless there is none.
func missing(err error) error {
	if err == nil {
		return nil
	}
	return &missedError{err}
}

func join(sections []page.Section) string {
	var text strings.Builder
	for n := range sections {
		text.WriteString(sections[n].Markdown())
	}
	return text.String()
}

func write(b *bench, text string, sections []page.Section) error {
	to := filepath.Join(b.root, "infra", "bench")
	failed := []error{os.WriteFile(filepath.Join(to, "results.md"), []byte(strings.TrimRight(text, "\n")+"\n"), 0o600)}
	for _, s := range sections {
		for _, p := range s.Plots {
			failed = append(failed, os.WriteFile(filepath.Join(to, p.File), []byte(p.SVG()), 0o600))
		}
	}
	return errors.Join(failed...)
}

// machine is the page's head.
func machine() string {
	load, _ := os.ReadFile("/proc/loadavg")
	return fmt.Sprintf("# Results\n\nMade by `make bench` (`go run ./infra/bench %s`); every figure is of one run.\n\n"+
		"| machine | |\n| --- | --- |\n| processor | %s, %d cores |\n| memory | %s |\n| system | %s/%s, %s |\n| date | %s |\n| load at the end | %s |\n\n"+
		"Milliseconds differ between machines and days; counts, allocations and ratios within a run do not, or less.\n\n",
		strings.Join(os.Args[1:], " "), cpuModel(), runtime.NumCPU(), memorySize(), runtime.GOOS, runtime.GOARCH, goVersion(),
		time.Now().UTC().Format(time.DateOnly), strings.Join(strings.Fields(string(load) + " ? ? ?")[:3], " "))
}

func goVersion() string {
	if i, ok := debug.ReadBuildInfo(); ok {
		return i.GoVersion
	}
	return runtime.Version()
}

func cpuModel() string { return proc("/proc/cpuinfo", "model name") }

func memorySize() string { return proc("/proc/meminfo", "MemTotal") }

// proc is what a file of Linux's says of a name.
func proc(path, name string) string {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		if before, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(before) == name {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
