package embedded

import (
	"context"
	"sync"
)

// flight is one commit between its application in memory and its flush.
type flight struct {
	rows   []string // the item rows it changes
	landed chan struct{}
	err    error // of the flush; set before landed is closed
}

// flights knows every commit not yet flushed. The log is flushed in the order
// of the commits, so that a commit's flush covers all before it, and waiting
// for the newest one is waiting for all.
type flights struct {
	mu     sync.Mutex
	byRow  map[string]*flight // the newest commit of a row
	newest *flight
	fault  *fault // the first flush that failed; nothing works after it
}

// depart registers a commit. It must come before its changes can be seen, so
// that who sees one finds the flight, and under the lock that orders commits.
func (fs *flights) depart(f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, row := range f.rows {
		fs.byRow[row] = f
	}
	fs.newest = f
}

// land ends a flight with the outcome of its flush.
func (fs *flights) land(f *flight, err error) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err != nil {
		fs.fault.set(err)
	}
	for _, row := range f.rows {
		if fs.byRow[row] == f {
			delete(fs.byRow, row)
		}
	}
	if fs.newest == f {
		fs.newest = nil
	}
	f.err = fs.fault.cause()
	close(f.landed)
	return f.err
}

func (fs *flights) broken() error { return fs.fault.cause() }

// awaitRow returns once what a read before it saw of a row is durable.
func (fs *flights) awaitRow(ctx context.Context, row []byte) error {
	fs.mu.Lock()
	f := fs.byRow[string(row)]
	fs.mu.Unlock()
	return f.await(ctx)
}

// awaitAll returns once everything a read before it saw is durable.
func (fs *flights) awaitAll(ctx context.Context) error {
	fs.mu.Lock()
	f := fs.newest
	fs.mu.Unlock()
	return f.await(ctx)
}

func (f *flight) await(ctx context.Context) error {
	if f == nil {
		return nil
	}
	select {
	case <-f.landed:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
