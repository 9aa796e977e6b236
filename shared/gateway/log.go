package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// log writes the request's one line. It holds names that we gave and figures,
// nothing that a client sent; an error's text only where the dialect does not
// show it, which our own errors keep free of values.
func (o operation) log(ctx context.Context, r *Request, answer Response, err error, took time.Duration) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("operation", o.route.Name),
		slog.Int("status", answer.Status),
		slog.Int64("us", took.Microseconds()),
		slog.String("trace", r.TraceID),
		slog.String("client", r.Caller.Client),
	}
	failed := answer.Status >= 500 && answer.Status != http.StatusNotImplemented
	if failed {
		level = slog.LevelError
	}
	if failed && err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	slog.LogAttrs(ctx, level, "request", attrs...)
}

// Audit writes a line of its own for what must be traceable to who did it, down to
// the API key: the identity, and which of its parts, never what stands in them. When it returns,
// the line is with Lambda.
func (r *Request) Audit(action, id string, parts []string) {
	slog.LogAttrs(r.ctx, slog.LevelInfo, "audit",
		slog.String("action", action), slog.String("tenant", r.Caller.Tenant), slog.String("client", r.Caller.Client),
		slog.String("key", r.Caller.Key), slog.String("identity", id), slog.Any("parts", parts), slog.String("trace", r.TraceID))
}

// logPanic logs a panic that was recovered by its place, without its value, which
// may be a client's, and returns ErrPanic.
func logPanic(ctx context.Context, value any, of ...any) error {
	slog.ErrorContext(ctx, "panic", append(of, "type", fmt.Sprintf("%T", value), "stack", string(debug.Stack()))...)
	return ErrPanic
}

// withError adds to a line why it failed, if it did: the first of several errors,
// which our own keep free of values.
func withError(err error, attrs ...slog.Attr) (slog.Level, []slog.Attr) {
	if err == nil {
		return slog.LevelInfo, attrs
	}
	why, _, _ := strings.Cut(err.Error(), "\n")
	return slog.LevelError, append(attrs, slog.String("error", why))
}
