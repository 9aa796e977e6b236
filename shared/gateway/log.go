package gateway

import (
	"context"
	"log/slog"
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
	if answer.Status >= 500 {
		level = slog.LevelError
	}
	if answer.Status >= 500 && err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	slog.LogAttrs(ctx, level, "request", attrs...)
}
