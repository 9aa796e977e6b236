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

// logRequest writes one line with our own names and numbers, and no data from the client. The text of an error, which
// contains no values, is logged if the response does not show it.
func logRequest(r *Request, response Response, err error, took time.Duration) {
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("operation", r.Operation),
		slog.Int("status", response.Status),
		slog.Int64("us", took.Microseconds()),
		slog.String("trace", r.TraceID),
		slog.String("client", r.Caller.Client),
	}
	failed := response.Status >= 500 && response.Status != http.StatusNotImplemented
	if failed {
		level = slog.LevelError
	}
	if failed && err != nil {
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	slog.LogAttrs(r.ctx, level, "request", attrs...)
}

// Audit logs an action that must be traceable to an API key, with the identity and the names of its parts, never their
// values. The line is written when Audit returns.
func (r *Request) Audit(action, id string, parts []string) {
	slog.LogAttrs(r.ctx, slog.LevelInfo, "audit",
		slog.String("action", action), slog.String("tenant", r.Caller.Tenant), slog.String("client", r.Caller.Client),
		slog.String("key", r.Caller.Key), slog.String("identity", id), slog.Any("parts", parts), slog.String("trace", r.TraceID))
}

// LogUnreadable logs the ids of identities that a response omits, because their records cannot be decoded.
func (r *Request) LogUnreadable(ids []string) {
	if len(ids) > 0 {
		slog.LogAttrs(r.ctx, slog.LevelError, "unreadable", slog.String("tenant", r.Caller.Tenant), slog.Any("identities", ids), slog.String("trace", r.TraceID))
	}
}

// LogTenantLimit logs that a request was rejected because its tenant has reached a limit. An alarm counts these lines.
func (r *Request) LogTenantLimit(limit string) {
	slog.LogAttrs(r.ctx, slog.LevelWarn, "tenant limit", slog.String("limit", limit), slog.String("tenant", r.Caller.Tenant),
		slog.String("client", r.Caller.Client), slog.String("trace", r.TraceID))
}

// recoverPanic is deferred. It logs where a panic happened, without its value, which may be personal data, and sets *err
// to ErrPanic.
func recoverPanic(ctx context.Context, err *error, of ...any) {
	if p := recover(); p != nil {
		slog.ErrorContext(ctx, "panic", append(of, "type", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))...)
		*err = ErrPanic
	}
}

// withError adds an error to the attributes of a line, the first of several, and returns its level.
func withError(err error, attrs ...slog.Attr) (slog.Level, []slog.Attr) {
	if err == nil {
		return slog.LevelInfo, attrs
	}
	why, _, _ := strings.Cut(err.Error(), "\n")
	return slog.LevelError, append(attrs, slog.String("error", why))
}
