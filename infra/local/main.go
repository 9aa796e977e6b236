// Command local runs the whole registry on a laptop: both APIs behind a local API Gateway, the real authorizers and
// operations, the embedded table. It is for development; nothing in it is part of a function.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

type options struct{ data, conomy, blnk, mailbox, pprof string }

func main() {
	var o options
	flag.StringVar(&o.data, "data", ".cedula", "data directory, created at the first start")
	flag.StringVar(&o.conomy, "conomy", "localhost:5010", "address of the Conomy API")
	flag.StringVar(&o.blnk, "blnk", "localhost:5001", "address of the Blnk API")
	flag.StringVar(&o.mailbox, "mailbox", "localhost:5012", "address of the mailbox")
	flag.StringVar(&o.pprof, "pprof", "", "address that serves profiles of this process, such as localhost:0 (default: none)")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "cedula: unexpected argument %q\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	relaxGC()
	slog.SetDefault(slog.New(slog.NewJSONHandler(os.Stderr, nil)))

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cedula:", err)
		os.Exit(1)
	}
}

// relaxGC collects garbage less often than is usual: little is kept in memory, so that collecting often costs a sixth of
// each request and collecting rarely a few megabytes. It keeps what the user set: GOGC, which turns all of this off, and
// GOMEMLIMIT.
func relaxGC() {
	const percent, limit = 400, 128 << 20
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(percent)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
}
