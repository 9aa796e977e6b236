// Command measure prints the size of every bootstrap that `make build` made,
// and how long each takes from exec to its first call of the Runtime API. It
// fails when one is larger than Lambda functions here may be.
// It knows nothing of what the functions do.
package main

import (
	"archive/zip"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"cedula/infra/lambdatest"
	"cedula/infra/template"
)

// What a bootstrap may weigh, in bytes.
const (
	maxBinaryBytes = 10_000_000
	maxZipBytes    = 4_000_000
)

func main() {
	built := flag.String("built", ".build/arm64", "folder of the bootstraps built for Lambda")
	rounds := flag.Int("rounds", 10, "how often each is started; the shortest start counts")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *built, *rounds); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

// row is one line of the table.
type row struct {
	name           string
	binary, zip    int64
	start          time.Duration // without the first calls of AWS's services
	startWithCalls time.Duration // with them, as in Lambda
}

// baselineName stands for the program that all are held against.
const baselineName = "hello world"

func run(ctx context.Context, out io.Writer, built string, rounds int) error {
	root, err := template.ModuleRoot()
	if err != nil {
		return err
	}
	lambda := filepath.Join(built, "hello", "bootstrap")
	if err := lambdatest.Build(ctx, root, "infra/lambdatest/hello", "arm64", lambda); err != nil {
		return err
	}
	host := filepath.Join(root, ".build", "host", "hello", "bootstrap")
	if err := lambdatest.Build(ctx, root, "infra/lambdatest/hello", runtime.GOARCH, host); err != nil {
		return err
	}
	programs, err := lambdatest.BuildAll(ctx, root)
	if err != nil {
		return err
	}
	rows, err := measureSizes(built, programs, lambda)
	if err != nil {
		return err
	}
	programs[baselineName] = host
	if err := measureStarts(ctx, rows, programs, rounds); err != nil {
		return err
	}
	printTable(out, rows)
	return checkSizes(rows)
}

func (r *row) startRatio(hello *row) float64 { return r.start.Seconds() / hello.start.Seconds() }

func measureSizes(built string, programs map[string]string, helloPath string) ([]*row, error) {
	rows := []*row{{name: baselineName}}
	for name := range programs {
		rows = append(rows, &row{name: name})
	}
	slices.SortFunc(rows[1:], func(a, b *row) int { return strings.Compare(a.name, b.name) })
	for _, r := range rows {
		path := helloPath
		if r.name != baselineName {
			path = filepath.Join(built, r.name, "bootstrap")
		}
		var err error
		r.binary, r.zip, err = sizes(path)
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// sizes are those of a file and of the zip archive that would be deployed.
func sizes(path string) (binary, zipped int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var count byteCounter
	archive := zip.NewWriter(&count)
	w, err := archive.Create("bootstrap")
	if err != nil {
		return 0, 0, err
	}
	binary, err = io.Copy(w, f)
	if err != nil {
		return 0, 0, err
	}
	err = archive.Close()
	return binary, int64(count), err
}

// byteCounter counts what is written to it.
type byteCounter int64

func (c *byteCounter) Write(p []byte) (int, error) {
	*c += byteCounter(len(p))
	return len(p), nil
}

// measureStarts starts every program in turns, so that what disturbs the machine
// for a while disturbs them all.
func measureStarts(ctx context.Context, rows []*row, programs map[string]string, rounds int) error {
	services, err := lambdatest.StartServices()
	if err != nil {
		return err
	}
	defer services.Close()
	env := services.Environment()
	for name, value := range lambdatest.Environment() {
		env = append(env, name+"="+value)
	}
	for range rounds {
		for _, r := range rows {
			if err := errors.Join(
				recordFastestStart(ctx, &r.start, programs[r.name], r.name, append(slices.Clone(env), "AWS_LAMBDA_FUNCTION_NAME=")),
				recordFastestStart(ctx, &r.startWithCalls, programs[r.name], r.name, env),
			); err != nil {
				return fmt.Errorf("%s: %w", r.name, err)
			}
		}
	}
	return nil
}

// recordFastestStart starts a program and lowers least to the time that it took.
func recordFastestStart(ctx context.Context, least *time.Duration, path, name string, env []string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	f, err := lambdatest.Start(lambdatest.Config{Bootstrap: path, Name: name, Env: env})
	if err != nil {
		return err
	}
	defer f.Stop()
	took, err := f.Ready(ctx)
	if err == nil && (*least == 0 || took < *least) {
		*least = took
	}
	return err
}

func printTable(out io.Writer, rows []*row) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintf(w, "function\tarm64 MB\tzip MB\tstart ms\tof hello\twith first calls ms\t\n")
	for _, r := range rows {
		_, _ = fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", r.name,
			float64(r.binary)/1e6, float64(r.zip)/1e6,
			milliseconds(r.start), r.startRatio(rows[0]), milliseconds(r.startWithCalls))
	}
	_ = w.Flush()
	_, _ = fmt.Fprintf(out, "Starts are from exec to the first call of the Runtime API, the shortest of several, on %s.\n", runtime.GOARCH)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

func checkSizes(rows []*row) error {
	var failed []error
	for _, r := range rows {
		if r.binary > maxBinaryBytes {
			failed = append(failed, fmt.Errorf("%s: the bootstrap has %d bytes, more than %d", r.name, r.binary, maxBinaryBytes))
		}
		if r.zip > maxZipBytes {
			failed = append(failed, fmt.Errorf("%s: the zip has %d bytes, more than %d", r.name, r.zip, maxZipBytes))
		}
	}
	return errors.Join(failed...)
}
