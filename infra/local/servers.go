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
	requestTime    = 29 * time.Second // API Gateway's own for a whole request
	answerTime     = 10 * time.Second // more for the answer
)

// servers are the HTTP servers of both APIs, of the mailbox and of the operator's
// socket, which end together.
type servers struct {
	list      []*http.Server
	listeners []net.Listener
	underWay  atomic.Int64 // requests
	ended     chan error
}

func newServers() *servers { return &servers{ended: make(chan error, 4)} }

// serve starts one.
func (s *servers) serve(h http.Handler, l net.Listener) {
	server := &http.Server{
		Handler:           s.counted(h),
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       requestTime,
		WriteTimeout:      requestTime + answerTime,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	s.list, s.listeners = append(s.list, server), append(s.listeners, l)
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.ended <- err
		}
	}()
}

func (s *servers) counted(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.underWay.Add(1)
		defer s.underWay.Add(-1)
		h.ServeHTTP(w, r)
	})
}

// await returns nil when ctx ends, or why the servers cannot go on.
func (s *servers) await(ctx context.Context, d *data) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-s.ended:
		return err
	case err := <-d.table.Failed():
		return fmt.Errorf("the data in %s cannot be written any more; make room and start again, what was acknowledged is there: %w", d.folder.path, err)
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
	cut = s.underWay.Load()
	for _, server := range s.list {
		_ = server.Close()
	}
	for _, l := range s.listeners {
		_ = l.Close()
	}
	return cut
}
