package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxHeaderBytes = 10 << 10         // API Gateway's quota for all headers of a request
	requestTimeout = 29 * time.Second // API Gateway's own for a whole request
	responseGrace  = 10 * time.Second // more for the answer
)

// servers are the HTTP servers of both APIs, of the mailbox and of the operator's
// socket, which end together.
type servers struct {
	list      []*http.Server
	listeners []net.Listener
	inFlight  atomic.Int64 // requests
	serveErrs chan error
}

func newServers() *servers { return &servers{serveErrs: make(chan error, 4)} }

// serve starts one.
func (s *servers) serve(h http.Handler, l net.Listener) {
	server := &http.Server{
		Handler:           s.countInFlight(h),
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      requestTimeout + responseGrace,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	s.list, s.listeners = append(s.list, server), append(s.listeners, l)
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.serveErrs <- err
		}
	}()
}

func (s *servers) countInFlight(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.inFlight.Add(1)
		defer s.inFlight.Add(-1)
		h.ServeHTTP(w, r)
	})
}

// wait returns nil when ctx ends, or why the servers cannot go on.
func (s *servers) wait(ctx context.Context, d *localRegistry) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.serveErrs:
		return err
	case <-d.table.Failed():
		return fmt.Errorf("the data in %s cannot be written any more; make room and start again, what was acknowledged is there: %w", d.dir.path, d.table.Err())
	}
}

// shutdown lets requests under way finish, for so long at most, and returns how
// many it then cut off. Every listener is closed then, also of a server that had
// not begun yet, so the operator's socket is gone before the folder's lock is.
func (s *servers) shutdown(within time.Duration) (cut int64) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	var all sync.WaitGroup
	for _, server := range s.list {
		all.Go(func() { _ = server.Shutdown(ctx) })
	}
	all.Wait()
	cut = s.inFlight.Load()
	for _, server := range s.list {
		_ = server.Close()
	}
	for _, l := range s.listeners {
		_ = l.Close()
	}
	return cut
}
