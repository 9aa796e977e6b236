// Command load measures how many requests per second a running server serves. It drives both APIs with wrk and prints each run in the
// format of Go benchmarks, for benchstat.
//
// The environment names the server: CONOMY_URL and BLNK_URL, by default those of `make run`; the credentials as sandbox.env does;
// SERVER_PID, to measure its CPU time and memory. If PEER_URL names another server of the Blnk API, load drives it in turns with the first.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"time"
)

type options struct {
	connections []int
	length      time.Duration
	rounds      int
}

func main() {
	o := options{connections: []int{1, 16, 64}}
	flag.DurationVar(&o.length, "length", 5*time.Second, "duration of each run")
	flag.IntVar(&o.rounds, "rounds", 6, "number of runs of each kind")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Stdout, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// run sends each kind of request to each target in turns, so that a temporary load on the machine affects all of them alike.
func run(ctx context.Context, out io.Writer, o options) error {
	targets, err := targetsFromEnv(ctx)
	if err != nil {
		return err
	}
	for _, t := range targets {
		if err := t.seed(ctx); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintln(out, "pkg: cedula/infra/bench/load\nUnit requests/s better=higher")
	var failed []error
	for range o.rounds {
		for _, connections := range o.connections {
			for _, method := range []string{http.MethodPost, http.MethodGet} {
				for _, t := range targets {
					failed = append(failed, t.measure(ctx, out, load{method, connections, o.length}))
				}
			}
		}
	}
	return errors.Join(failed...)
}

// measure runs wrk once and prints the result. Failed requests are an error.
func (t *target) measure(ctx context.Context, out io.Writer, l load) error {
	name := fmt.Sprintf("server=%s/api=%s/method=%s/connections=%d", t.server, t.api, l.method, l.connections)
	r, err := t.run(ctx, l)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	_, _ = fmt.Fprintf(out, "BenchmarkLoad/%s %s\n", name, r)
	if r.ErrorResponses+r.NetworkErrors > 0 {
		return fmt.Errorf("%s: %d error responses, %d network errors", name, r.ErrorResponses, r.NetworkErrors)
	}
	return nil
}
