package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	shutdownTimeout = 10 * time.Second
	sweepInterval   = time.Minute
)

// run serves both APIs, the mailbox and the operator's socket until ctx ends or the disk
// refuses a write, then finishes what is under way.
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

	mailboxListener, err := listen(ctx, o.mailbox, "-mailbox")
	if err != nil {
		return err
	}
	defer func() { _ = mailboxListener.Close() }()

	if err := servePprof(ctx, o.pprof, out); err != nil {
		return err
	}

	d, err := openRegistry(ctx, o.data)
	if err != nil {
		return err
	}
	conomyAddress, blnkAddress := displayAddr(o.conomy, conomyListener), displayAddr(o.blnk, blnkListener)
	d.issuer = "http://" + conomyAddress
	conomyAPI, blnkAPI := d.apis()
	operatorListener := d.listenAdmin(ctx)
	d.startDelivery()
	printBanner(out, d, conomyAddress, blnkAddress, displayAddr(o.mailbox, mailboxListener))

	s := newServers()
	s.serve(newGateway(conomyAPI), conomyListener)
	s.serve(newGateway(blnkAPI), blnkListener)
	s.serve(mailboxHandler(d.mailbox, clockHandler(d.clock), o.mailbox), mailboxListener)
	if operatorListener != nil {
		s.serve(d.adminHandler(), operatorListener)
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	go d.sweepExpired(ctx)
	var schedules sync.WaitGroup
	schedules.Go(func() { d.runJobs(ctx) })
	failed := s.wait(ctx, d)
	if cut := s.shutdown(shutdownTimeout); cut > 0 {
		slog.WarnContext(ctx, "requests were cut off", "requests", cut)
	}
	end()
	schedules.Wait()
	if err := d.Close(); err != nil && failed == nil { // after a failure it says nothing new
		failed = fmt.Errorf("cannot close the data in %s: %w", o.data, err)
	}
	return failed
}

// listen refuses an address of nothing: it would be any port of every interface.
func listen(ctx context.Context, address, flagName string) (net.Listener, error) {
	if address == "" {
		return nil, fmt.Errorf("%s needs an address, such as localhost:5010", flagName)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program; stop it, or choose another address with %s", address, flagName)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", address, err)
	}
	return l, nil
}

// displayAddr is a listener's address as the user named it, with its real port.
// Where the user named every address, one that a client can use.
func displayAddr(asked string, l net.Listener) string {
	host, _, _ := net.SplitHostPort(asked)
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return net.JoinHostPort(host, port)
}
