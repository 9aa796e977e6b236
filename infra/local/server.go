package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"cedula/infra/local/admin"
	"cedula/infra/local/apigateway"
	"cedula/infra/local/datadir"
	"cedula/infra/local/mailbox"
	"cedula/infra/local/timetravel"
	"cedula/shared/identity"
	"cedula/shared/messaging"
)

const (
	maxHeaderBytes    = 10 << 10         // API Gateway's quota for all headers of a request
	requestTimeout    = 29 * time.Second // API Gateway's own for a whole request
	responseGrace     = 10 * time.Second // added to it for the response
	readHeaderTimeout = 10 * time.Second
	shutdownTimeout   = 10 * time.Second
	drainTimeout      = 5 * time.Second // for the messages that are still to be delivered
)

// run serves both APIs, the mailbox and the admin API until ctx ends or the disk rejects a write, then finishes the
// requests in flight.
func run(ctx context.Context, o options, out io.Writer) error {
	s := &servers{errs: make(chan error, 4)}
	defer s.closeListeners()
	for _, l := range []struct{ address, flag string }{{o.conomy, "--conomy"}, {o.blnk, "--blnk"}, {o.mailbox, "--mailbox"}} {
		listener, err := listen(ctx, l.address, l.flag)
		if err != nil {
			return err
		}
		s.listeners = append(s.listeners, listener)
	}
	if err := servePprof(ctx, o.pprof, out); err != nil {
		return err
	}
	data, err := datadir.Open(ctx, o.data)
	if err != nil {
		return err
	}
	dispatcher := mailbox.NewDispatcher(data.Table)
	all, err := newServices(data, dispatcher)
	if err != nil {
		return errors.Join(err, data.Close())
	}
	s.listenAdmin(ctx, o.data)
	box := startDelivery(all, dispatcher)
	addresses := addresses{
		Conomy: displayAddr(o.conomy, s.listeners[0]), Blnk: displayAddr(o.blnk, s.listeners[1]), Mailbox: displayAddr(o.mailbox, s.listeners[2]),
	}
	printBanner(out, o.json, data, addresses)
	conomyAPI, blnkAPI := all.apis("http://" + addresses.Conomy)
	s.serve(
		withLanding(apigateway.New(conomyAPI), addresses), apigateway.New(blnkAPI),
		mailbox.Handler(box, timetravel.Handler(all.clock, datadir.SandboxTenant), o.mailbox),
		admin.Handler(all.admin()),
	)
	failed := s.runUntil(ctx, all)
	dispatcher.Close(drainTimeout)
	if err := data.Close(); err != nil && failed == nil { // after a failure it says nothing new
		failed = fmt.Errorf("cannot close the data in %s: %w", o.data, err)
	}
	return failed
}

// startDelivery delivers the registry's messages to a new mailbox.
func startDelivery(s *services, d *mailbox.Dispatcher) *mailbox.Mailbox {
	box := &mailbox.Mailbox{}
	delivery := &messaging.Dispatcher{
		Outbox:  s.store,
		Senders: map[identity.Channel]messaging.Sender{identity.ChannelEmail: box, identity.ChannelPhone: box},
		Now:     time.Now, ClockOffset: s.clock.Offset,
	}
	d.Start(delivery.Deliver)
	return box
}

// servers are HTTP servers that end together.
type servers struct {
	listeners []net.Listener
	list      []*http.Server
	inFlight  atomic.Int64 // requests
	errs      chan error
}

// listen opens a TCP listener. An error names the flag with which the user can choose another address.
func listen(ctx context.Context, address, flag string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is in use by another program; stop it, or choose another address with %s", address, flag)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", address, err)
	}
	return l, nil
}

// listenAdmin adds the command line's socket. If that fails it logs why: the APIs work without.
func (s *servers) listenAdmin(ctx context.Context, folder string) {
	l, err := admin.Listen(ctx, folder)
	if err != nil {
		slog.WarnContext(ctx, "no socket for the operator's command line", "path", filepath.Join(folder, admin.SocketName), "error", err.Error())
		return
	}
	s.listeners = append(s.listeners, l)
}

func (s *servers) closeListeners() {
	for _, l := range s.listeners {
		_ = l.Close()
	}
}

// serve starts a server on each listener. There may be fewer listeners than handlers.
func (s *servers) serve(handlers ...http.Handler) {
	for n, l := range s.listeners {
		server := &http.Server{
			Handler:           s.countInFlight(handlers[n]),
			MaxHeaderBytes:    maxHeaderBytes,
			ReadHeaderTimeout: readHeaderTimeout,
			ReadTimeout:       requestTimeout,
			WriteTimeout:      requestTimeout + responseGrace,
			IdleTimeout:       2 * time.Minute,
			ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
		}
		s.list = append(s.list, server)
		go func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				s.errs <- err
			}
		}()
	}
}

func (s *servers) countInFlight(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.inFlight.Add(1)
		defer s.inFlight.Add(-1)
		h.ServeHTTP(w, r)
	})
}

// runUntil runs the registry's jobs and waits until ctx ends, a server fails or the table cannot be written, and then
// until requests and jobs have finished. It returns the failure.
func (s *servers) runUntil(ctx context.Context, r *services) error {
	jobs, endJobs := context.WithCancel(ctx)
	defer endJobs()
	go r.sweepExpired(jobs)
	var running sync.WaitGroup
	running.Go(func() { r.runJobs(jobs) })
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-s.errs:
	case <-r.data.Table.Failed():
		failed = fmt.Errorf("the data in %s cannot be written any more; make room and start again, what was acknowledged is there: %w", r.data.Path(), r.data.Table.Err())
	}
	if interrupted := s.shutdown(shutdownTimeout); interrupted > 0 {
		slog.WarnContext(ctx, "requests were cut off", "requests", interrupted)
	}
	endJobs()
	running.Wait()
	return failed
}

// shutdown lets requests in flight finish within the timeout and returns how many it then interrupted. It also closes the
// listener of a server that had not begun yet, so that the socket is gone before the folder's lock.
func (s *servers) shutdown(timeout time.Duration) (interrupted int64) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	var all sync.WaitGroup
	for _, server := range s.list {
		all.Go(func() { _ = server.Shutdown(ctx) })
	}
	all.Wait()
	interrupted = s.inFlight.Load()
	for _, server := range s.list {
		_ = server.Close()
	}
	s.closeListeners()
	return interrupted
}

// displayAddr returns a listener's address with its real port and the host that the user chose, or localhost if that is
// every address.
func displayAddr(address string, l net.Listener) string {
	host, _, _ := net.SplitHostPort(address)
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return net.JoinHostPort(host, port)
}

// servePprof serves profiles of this process if the address is not empty. It ends with the process.
func servePprof(ctx context.Context, address string, out io.Writer) error {
	if address == "" {
		return nil
	}
	l, err := listen(ctx, address, "--pprof")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: readHeaderTimeout}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() { _ = server.Serve(l) }()
	_, _ = fmt.Fprintf(out, "Profiles          http://%s/debug/pprof/\n", displayAddr(address, l))
	return nil
}
