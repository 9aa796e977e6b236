// Command measure prints the size of every bootstrap that `make build` made,
// and how long each takes from exec to its first call of the Runtime API. It
// fails when one is larger than Lambda functions here may be.
// It knows nothing of what the functions do.
package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
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

// program is one line of the table.
type program struct {
	name           string
	host           string // the bootstrap for this machine
	binary, zip    int64  // the size of the one for Lambda
	start          time.Duration
	startWithCalls time.Duration // with the first calls of AWS's services, as in Lambda
}

func run(ctx context.Context, out io.Writer, built string, rounds int) error {
	programs, err := build(ctx, built)
	if err != nil {
		return err
	}
	if err := measureStarts(ctx, programs, rounds); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintf(w, "function\tarm64 MB\tzip MB\tstart ms\tof hello\twith first calls ms\t\n")
	var tooLarge []error
	for _, p := range programs {
		_, _ = fmt.Fprintf(w, "%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", p.name, float64(p.binary)/1e6, float64(p.zip)/1e6,
			milliseconds(p.start), p.start.Seconds()/programs[0].start.Seconds(), milliseconds(p.startWithCalls))
		if p.binary > maxBinaryBytes || p.zip > maxZipBytes {
			tooLarge = append(tooLarge, fmt.Errorf("%s: the bootstrap has %d bytes, at most %d are allowed; its zip has %d, at most %d are allowed",
				p.name, p.binary, maxBinaryBytes, p.zip, maxZipBytes))
		}
	}
	_ = w.Flush()
	_, _ = fmt.Fprintf(out, "Starts are from exec to the first call of the Runtime API, the shortest of several, on %s.\n", runtime.GOARCH)
	return errors.Join(tooLarge...)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// build returns the functions by name after hello world, which all are compared with. It builds what `make build` has not
// built.
func build(ctx context.Context, built string) ([]*program, error) {
	root, err := template.ModuleRoot()
	if err != nil {
		return nil, err
	}
	hello := &program{name: "hello world", host: filepath.Join(root, ".build", "host", "hello", "bootstrap")}
	forLambda := filepath.Join(root, ".build", "arm64", "hello", "bootstrap")
	if err := lambdatest.Build(ctx, root, "infra/lambdatest/hello", runtime.GOARCH, hello.host); err != nil {
		return nil, err
	}
	if err := lambdatest.Build(ctx, root, "infra/lambdatest/hello", "arm64", forLambda); err != nil {
		return nil, err
	}
	hosts, err := lambdatest.BuildAll(ctx, root)
	if err != nil {
		return nil, err
	}
	if err := hello.measureSize(forLambda); err != nil {
		return nil, err
	}
	programs := []*program{hello}
	for _, name := range slices.Sorted(maps.Keys(hosts)) {
		p := &program{name: name, host: hosts[name]}
		if err := p.measureSize(filepath.Join(built, name, "bootstrap")); err != nil {
			return nil, err
		}
		programs = append(programs, p)
	}
	return programs, nil
}

// measureSize measures a bootstrap and the zip archive that would be deployed.
func (p *program) measureSize(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var zipped bytes.Buffer
	archive := zip.NewWriter(&zipped)
	w, err := archive.Create("bootstrap")
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	err = archive.Close()
	p.binary, p.zip = int64(len(text)), int64(zipped.Len())
	return err
}

// measureStarts starts the programs in turns: whatever disturbs the machine for a while disturbs all of them.
func measureStarts(ctx context.Context, programs []*program, rounds int) error {
	services, err := lambdatest.StartServices()
	if err != nil {
		return err
	}
	defer services.Close()
	var env []string
	for name, value := range services.Environment() {
		env = append(env, name+"="+value)
	}
	withoutCalls := append(slices.Clone(env), "AWS_LAMBDA_FUNCTION_NAME=")
	for range rounds {
		for _, p := range programs {
			if err := errors.Join(p.measureStart(ctx, &p.start, withoutCalls), p.measureStart(ctx, &p.startWithCalls, env)); err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
		}
	}
	return nil
}

// measureStart starts a program and lowers shortest to the time that it took.
func (p *program) measureStart(ctx context.Context, shortest *time.Duration, env []string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	f, err := lambdatest.Start(lambdatest.Config{Bootstrap: p.host, Name: p.name, Env: env})
	if err != nil {
		return err
	}
	defer f.Stop()
	took, err := f.Ready(ctx)
	if err == nil && (*shortest == 0 || took < *shortest) {
		*shortest = took
	}
	return err
}
