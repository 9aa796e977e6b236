package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"
)

const (
	maxHeaderBytes  = 10 << 10 // API Gateway's quota for all headers of a request
	shutdownTimeout = 10 * time.Second
	sweepEvery      = time.Minute
)

// run serves both APIs until ctx ends, then finishes what is under way.
func run(ctx context.Context, o options, out io.Writer) error {
	conomyListener, err := listen(ctx, o.conomy, "-conomy")
	if err != nil {
		return err
	}
	defer func() { _ = conomyListener.Close() }()
	blnkListener, err := listen(ctx, o.blnk, "-blnk")
	if err != nil {
		return err
	}
	defer func() { _ = blnkListener.Close() }()

	d, err := openData(ctx, o.data)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	conomyAPI, blnkAPI := d.apis()
	printWelcome(out, d, spoken(o.conomy, conomyListener), spoken(o.blnk, blnkListener))

	ended := make(chan error, 2)
	servers := []*http.Server{
		serve(newGateway(conomyAPI), conomyListener, ended),
		serve(newGateway(blnkAPI), blnkListener, ended),
	}
	go d.sweep(ctx)
	select {
	case <-ctx.Done():
	case err = <-ended:
	}
	return errors.Join(err, shutdown(servers))
}

func listen(ctx context.Context, address, flagName string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program; stop it, or choose another address with %s", address, flagName)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", address, err)
	}
	return l, nil
}

// spoken is a listener's address as the user named it, with its real port.
func spoken(asked string, l net.Listener) string {
	host, _, _ := net.SplitHostPort(asked)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return net.JoinHostPort(host, port)
}

func serve(h http.Handler, l net.Listener, ended chan<- error) *http.Server {
	s := &http.Server{
		Handler:           h,
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       29 * time.Second, // API Gateway's own time for a whole request
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			ended <- err
		}
	}()
	return s
}

func shutdown(servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	var failed error
	for _, s := range servers {
		failed = errors.Join(failed, s.Shutdown(ctx))
	}
	return failed
}
