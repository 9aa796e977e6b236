package tablesocket_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"cedula/infra/tablesocket"
	"cedula/shared/table"
)

// stuck is a table whose calls begin, and end with their context.
func stuck() (behind scripted, began chan string, ended chan error) {
	began, ended = make(chan string, 100), make(chan error, 100)
	wait := func(ctx context.Context, name string) error {
		began <- name
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}
	behind = scripted{
		get: func(ctx context.Context, _ bool, _ []table.Key) (table.GetResult, error) {
			return table.GetResult{}, wait(ctx, "get")
		},
		query: func(ctx context.Context, _ table.Query) (table.Page, error) {
			return table.Page{}, wait(ctx, "query")
		},
		write: func(ctx context.Context, _ []table.Op) (table.Units, error) {
			return table.Units{}, wait(ctx, "write")
		},
	}
	return behind, began, ended
}

// TestCancel: the client returns at once, and the server's call ends too.
func TestCancel(t *testing.T) {
	behind, began, ended := stuck()
	c := remote(t, behind)
	for _, do := range []func(context.Context) error{
		func(ctx context.Context) error { _, err := c.Get(ctx, true); return err },
		func(ctx context.Context) error { _, err := c.Query(ctx, table.Query{}); return err },
		func(ctx context.Context) error {
			_, err := c.Write(ctx, table.Put(table.Item{Body: make([]byte, 1<<20)}, table.Always()))
			return err
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-began; cancel() }()
		if err := do(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, table.ErrUnavailable) {
			t.Errorf("cancelled: %v", err)
		}
		within(t, "the server's call", ended)

		ctx, cancel = context.WithTimeout(t.Context(), 500*time.Millisecond)
		if err := do(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, table.ErrUnavailable) {
			t.Errorf("too late: %v", err)
		}
		<-began
		within(t, "the server's call", ended)
		cancel()
	}
}

func within[A any](t *testing.T, what string, c <-chan A) (got A) {
	t.Helper()
	select {
	case got = <-c:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s does not end", what)
	}
	return got
}

// TestConcurrentCalls: every call waits for all others to have begun.
func TestConcurrentCalls(t *testing.T) {
	const n = 100
	begun, all := make(chan bool), make(chan bool)
	c := remote(t, scripted{get: func(context.Context, bool, []table.Key) (table.GetResult, error) {
		begun <- true
		<-all
		return table.GetResult{}, nil
	}})
	done := make(chan error, n)
	for range n {
		go func() { _, err := c.Get(t.Context(), true); done <- err }()
	}
	for range n {
		within(t, "a call's beginning", begun)
	}
	close(all)
	for range n {
		if err := within(t, "a call", done); err != nil {
			t.Error(err)
		}
	}
}

// TestEndWaits: a call under way when the server is to end gets its answer, and
// the next one finds nobody, until there is a server again.
func TestEndWaits(t *testing.T) {
	path := filepath.Join(shortFolder(t), "s")
	begun, goOn := make(chan bool, 1), make(chan bool)
	end := serve(t, path, scripted{write: func(ctx context.Context, _ []table.Op) (table.Units, error) {
		begun <- true
		<-goOn
		return table.Units{Write: 7}, ctx.Err()
	}})
	c := dial(t, path)
	done, gone := make(chan error, 1), make(chan bool)
	go func() {
		units, err := c.Write(t.Context())
		if units.Write != 7 {
			t.Errorf("%v", units)
		}
		done <- err
	}()
	within(t, "the call's beginning", begun)
	go func() { end(); close(gone) }()
	time.Sleep(50 * time.Millisecond)
	close(goOn)
	if err := within(t, "the call", done); err != nil {
		t.Error(err)
	}
	within(t, "the server", gone)
	for name, err := range calls(t.Context(), c) {
		if !errors.Is(err, table.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	serve(t, path, scripted{})
	for name, err := range calls(t.Context(), c) {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestServerGoesAway in the middle of a call, without a farewell. The call may
// have begun on the table: it is not sent again.
func TestServerGoesAway(t *testing.T) {
	behind, began, ended := stuck()
	path := filepath.Join(shortFolder(t), "s")
	l, err := tablesocket.Listen(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: tablesocket.Handler(behind)}
	go func() { _ = server.Serve(l) }()
	c := dial(t, path)
	go func() { <-began; _ = server.Close() }()
	if _, err := c.Write(t.Context()); !errors.Is(err, table.ErrUnavailable) || errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	within(t, "the server's call", ended)
	if len(began) > 0 {
		t.Error("it was sent again")
	}
}

func TestClose(t *testing.T) {
	c := remote(t, scripted{})
	for range 2 {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	for name, err := range calls(t.Context(), c) {
		if !errors.Is(err, table.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVersion: a server of other types is refused before a byte is lost.
func TestVersion(t *testing.T) {
	path := filepath.Join(shortFolder(t), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	other := &http.Server{Handler: http.NotFoundHandler()}
	go func() { _ = other.Serve(l) }()
	defer func() { _ = other.Close() }()
	if _, err := tablesocket.Dial(t.Context(), path); !errors.Is(err, tablesocket.ErrVersion) {
		t.Errorf("%v", err)
	}
}
