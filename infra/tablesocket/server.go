package tablesocket

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"cedula/shared/table"
)

const (
	headerTime = 10 * time.Second // for a request's headers
	finishTime = 10 * time.Second // for the calls under way at the end
)

// Serve answers clients from the table until ctx ends, then finishes the calls
// under way, in bounded time, closes the listener and returns nil. It returns
// earlier, with an error, when the listener fails.
func Serve(ctx context.Context, l net.Listener, t table.Table) error {
	server := &http.Server{
		Handler:           Handler(t),
		ReadHeaderTimeout: headerTime,
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("table socket: %w", err)
	case <-ctx.Done():
	}
	finishing, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTime)
	defer cancel()
	if server.Shutdown(finishing) != nil {
		_ = server.Close()
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("table socket: %w", err)
	}
	return nil
}

// Handler answers clients from the table, for a server that has its own ways to
// start and end. A client that goes away ends its call's context. An error that
// no table is known to return is logged, and arrives without its words.
func Handler(t table.Table) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+version, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST /"+version+"/get", endpoint("get", func(ctx context.Context, r getRequest) (getAnswer, error) {
		found, err := t.Get(ctx, r.Strong, r.Keys...)
		return getAnswer{packItems(found.Items), found.Units}, err
	}))
	mux.HandleFunc("POST /"+version+"/query", endpoint("query", func(ctx context.Context, r queryRequest) (pageAnswer, error) {
		page, err := t.Query(ctx, r.Query)
		return pageAnswer{packItems(page.Items), page.Next, page.Units}, err
	}))
	mux.HandleFunc("POST /"+version+"/write", endpoint("write", func(ctx context.Context, r writeRequest) (writeAnswer, error) {
		units, err := t.Write(ctx, r.unpack()...)
		return writeAnswer{units}, err
	}))
	return mux
}

// endpoint reads a request to its end before it answers it, since only then the
// server notices that the client goes away.
func endpoint[Q, A any](name string, do func(context.Context, Q) (A, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the body did not arrive", http.StatusBadRequest)
			return
		}
		var request Q
		if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&request); err != nil {
			http.Error(w, "the body cannot be read", http.StatusBadRequest)
			return
		}
		var a answer[A]
		if a.Value, err = do(r.Context(), request); err != nil {
			a = answer[A]{Problem: told(r.Context(), name, err)}
		}
		var text bytes.Buffer
		if err := gob.NewEncoder(&text).Encode(a); err != nil {
			slog.ErrorContext(r.Context(), "table socket", "call", name, "error", err.Error())
			http.Error(w, "the answer cannot be sent", http.StatusInternalServerError)
			return
		}
		_, _ = w.Write(text.Bytes())
	}
}

// told is what the client learns of an error. The end of the server's own
// context is not the end of the client's.
func told(ctx context.Context, name string, err error) *problem {
	if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
		err = fmt.Errorf("%w: the server ends", table.ErrUnavailable)
	}
	p, ok := packError(err)
	if !ok {
		slog.ErrorContext(ctx, "table socket", "call", name, "error", err.Error())
	}
	return p
}
