package pebble

import (
	"context"
	"sync"
)

// commit is one commit between its application in memory and its flush.
type commit struct {
	rows    []string // the item rows it changes
	flushed chan struct{}
	err     error // of the flush; set before landed is closed
}

// pendingCommits knows every commit not yet flushed. The log is flushed in the order
// of the commits, so that a commit's flush covers all before it, and waiting
// for the newest one is waiting for all.
type pendingCommits struct {
	mu        sync.Mutex
	byRow     map[string]*commit // the newest commit of a row
	newest    *commit
	diskError *diskError // the first flush that failed; nothing works after it
}

// register registers a commit. It must come before its changes can be seen, so
// that who sees one finds the flight, and under the lock that orders commits.
func (fs *pendingCommits) register(f *commit) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for _, row := range f.rows {
		fs.byRow[row] = f
	}
	fs.newest = f
}

// complete ends a flight with the outcome of its flush.
func (fs *pendingCommits) complete(f *commit, err error) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if err != nil {
		fs.diskError.record(err)
	}
	for _, row := range f.rows {
		if fs.byRow[row] == f {
			delete(fs.byRow, row)
		}
	}
	if fs.newest == f {
		fs.newest = nil
	}
	f.err = fs.diskError.failure()
	close(f.flushed)
	return f.err
}

func (fs *pendingCommits) failure() error { return fs.diskError.failure() }

// awaitRow returns once what a read before it saw of a row is durable.
func (fs *pendingCommits) awaitRow(ctx context.Context, row []byte) error {
	fs.mu.Lock()
	f := fs.byRow[string(row)]
	fs.mu.Unlock()
	return f.await(ctx)
}

// awaitAll returns once everything a read before it saw is durable.
func (fs *pendingCommits) awaitAll(ctx context.Context) error {
	fs.mu.Lock()
	f := fs.newest
	fs.mu.Unlock()
	return f.await(ctx)
}

func (f *commit) await(ctx context.Context) error {
	if f == nil {
		return nil
	}
	select {
	case <-f.flushed:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
