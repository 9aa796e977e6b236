package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"
	"time"
)

// servePprof shows what this process does, for who measures it, if an address
// was asked for. It ends with the process.
func servePprof(ctx context.Context, address string, out io.Writer) error {
	if address == "" {
		return nil
	}
	l, err := listen(ctx, address, "-pprof")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(l) }()
	_, _ = fmt.Fprintf(out, "Profiles          http://%s/debug/pprof/\n", displayAddr(address, l))
	return nil
}
