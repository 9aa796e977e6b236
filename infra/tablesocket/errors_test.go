package tablesocket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"cedula/infra/canary"
	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

func failing(err error) scripted {
	return scripted{
		get:   func(context.Context, bool, []table.Key) (table.GetResult, error) { return table.GetResult{}, err },
		query: func(context.Context, table.Query) (table.Page, error) { return table.Page{}, err },
		write: func(context.Context, []table.Op) (table.Units, error) { return table.Units{}, err },
	}
}

// calls are the errors of one call of each kind.
func calls(ctx context.Context, c table.Table) map[string]error {
	_, get := c.Get(ctx, true, key("p", "s"))
	_, query := c.Query(ctx, table.Query{PK: "p"})
	_, write := c.Write(ctx, table.Delete(key("p", "s"), table.Always()))
	return map[string]error{"get": get, "query": query, "write": write}
}

var sentinels = []error{
	table.ErrTooLarge, table.ErrConflict, table.ErrUnavailable, table.ErrMisuse, context.Canceled, context.DeadlineExceeded,
}

func TestKnownErrors(t *testing.T) {
	for _, sent := range []error{
		table.ErrTooLarge,
		fmt.Errorf("write: %w: 101 operations", table.ErrTooLarge),
		fmt.Errorf("write: %w", table.ErrConflict),
		fmt.Errorf("%w: %w", table.ErrUnavailable, pebble.ErrCorrupt),
		fmt.Errorf("get: %w", table.ErrMisuse),
		fmt.Errorf("query: %w", context.Canceled),
		context.DeadlineExceeded,
		errors.Join(table.ErrUnavailable, context.DeadlineExceeded),
	} {
		for name, got := range calls(t.Context(), remote(t, failing(sent))) {
			if got == nil || got.Error() != sent.Error() {
				t.Errorf("%s: %v, want the words %v", name, got, sent)
			}
			for _, s := range sentinels {
				if errors.Is(got, s) != errors.Is(sent, s) {
					t.Errorf("%s: %v is %v: %t", name, got, s, errors.Is(got, s))
				}
			}
		}
	}
}

func TestConditionErrors(t *testing.T) {
	sent := &table.ConditionError{Failures: []table.Failure{{Op: 0}, {Op: 99}}}
	for n, i := range sampleItems() {
		sent.Failures = append(sent.Failures, table.Failure{Op: n + 1, Current: &i})
	}
	for _, wrapped := range []error{sent, fmt.Errorf("write: %w", sent)} {
		for name, err := range calls(t.Context(), remote(t, failing(wrapped))) {
			var got *table.ConditionError
			if !errors.As(err, &got) || err.Error() != wrapped.Error() {
				t.Fatalf("%s: %v", name, err)
			}
			same(t, name, got.Failures, sent.Failures)
		}
	}
}

// TestUnknownErrors stay on the server: in its log.
func TestUnknownErrors(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(canary.Tee(&log), nil)))
	defer slog.SetDefault(before)
	for name, err := range calls(t.Context(), remote(t, failing(errors.New("words of the engine")))) {
		if err == nil || strings.Contains(err.Error(), "words") {
			t.Errorf("%s: %v", name, err)
		}
		for _, s := range sentinels {
			if errors.Is(err, s) {
				t.Errorf("%s: %v is %v", name, err, s)
			}
		}
	}
	if got := strings.Count(log.String(), "words of the engine"); got != 3 {
		t.Errorf("%d times in the log:\n%s", got, &log)
	}
}

// TestPanic: a table that panics fails its call, and no other.
func TestPanic(t *testing.T) {
	before := slog.Default()
	slog.SetDefault(slog.New(canary.Handler()))
	defer slog.SetDefault(before)
	c := remote(t, scripted{write: func(context.Context, []table.Op) (table.Units, error) { panic("engine") }})
	if _, err := c.Write(t.Context()); !errors.Is(err, table.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if _, err := c.Get(t.Context(), true); err != nil {
		t.Error(err)
	}
}
