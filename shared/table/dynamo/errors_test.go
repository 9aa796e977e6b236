package dynamo_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
)

var (
	k      = table.Key{PK: "p", SK: "s"}
	thing  = table.Item{Key: k, Version: 3}
	alone  = []table.Op{table.Put(thing, table.Absent())}
	erase  = []table.Op{table.Delete(k, table.VersionIs(2))}
	inPair = []table.Op{table.Put(thing, table.Absent()), table.Put(table.Item{Key: table.Key{PK: "p", SK: "t"}}, table.Absent())}
)

const (
	conditionFailedOn3 = `,"Item":{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"N":"3"}}`
	conditionFailedOn2 = `,"Item":{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"N":"2"}}`
	conditionFailedOn9 = `,"Item":{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"N":"9"}}`
)

func conditionFails(more string) answer { return failure("ConditionalCheckFailedException", more) }

func all(code string) answer { return failure(code, "") }

// Every row of the error map: what DynamoDB answers, what Write returns, and
// after how many requests. 6 is every attempt there is.
var writeErrors = []struct {
	name     string
	answers  []answer
	ops      []table.Op
	want     error
	requests int
}{
	{"throttled, then done", []answer{all("ProvisionedThroughputExceededException"), all("ThrottlingException"), all("RequestLimitExceeded"), ok("{}")}, alone, nil, 4},
	{"throttled for good", []answer{all("ProvisionedThroughputExceededException")}, alone, table.ErrUnavailable, 6},
	{"conflict, then done", []answer{all("TransactionConflictException"), ok("{}")}, alone, nil, 2},
	{"conflict for good", []answer{all("TransactionConflictException")}, alone, table.ErrConflict, 6},
	{"500, then done", []answer{reply(http.StatusInternalServerError, serverError), ok("{}")}, alone, nil, 2},
	{"500 for good", []answer{reply(http.StatusInternalServerError, serverError)}, alone, table.ErrUnavailable, 6},
	{"503 in HTML, then done", []answer{reply(http.StatusServiceUnavailable, "<html>"), ok("{}")}, alone, nil, 2},
	{"connection reset, then done", []answer{reset, ok("{}")}, alone, nil, 2},
	{"connection reset for good", []answer{reset}, alone, table.ErrUnavailable, 6},
	{"item too large", []answer{validation("Item size has exceeded the maximum allowed size")}, alone, table.ErrTooLarge, 1},
	{"malformed", []answer{validation("Invalid ConditionExpression")}, alone, table.ErrMisuse, 1},
	{"no such table", []answer{all("ResourceNotFoundException")}, alone, table.ErrMisuse, 1},
	{"access denied", []answer{all("AccessDeniedException")}, alone, table.ErrMisuse, 1},
	{"transaction: conflict, then done", []answer{cancelled(reason("None"), reason("TransactionConflict")), ok("{}")}, inPair, nil, 2},
	{"transaction: conflict for good", []answer{cancelled(reason("None"), reason("TransactionConflict"))}, inPair, table.ErrConflict, 6},
	{"transaction: throttled for good", []answer{cancelled(reason("ThrottlingError"), reason("None"))}, inPair, table.ErrUnavailable, 6},
	{"transaction: throttled in part for good", []answer{cancelled(reason("ProvisionedThroughputExceeded"), reason("TransactionConflict"))}, inPair, table.ErrUnavailable, 6},
	{"transaction: condition beside a conflict for good", []answer{cancelled(conditionOn3, reason("TransactionConflict"))}, inPair, table.ErrConflict, 6},
	{"transaction: condition beside a throttle for good", []answer{cancelled(reason("ThrottlingError"), conditionOn3)}, inPair, table.ErrUnavailable, 6},
	{"transaction: too large", []answer{cancelled(reason("None"), `{"Code":"ValidationError","Message":"Item size to update has exceeded the maximum allowed size"}`)}, inPair, table.ErrTooLarge, 1},
	{"transaction: malformed beside a conflict", []answer{cancelled(reason("TransactionConflict"), reason("ValidationError"))}, inPair, table.ErrMisuse, 1},
	{"transaction: collection too large", []answer{cancelled(reason("ItemCollectionSizeLimitExceeded"), reason("None"))}, inPair, table.ErrTooLarge, 1},
	{"transaction: in progress, then done", []answer{all("TransactionInProgressException"), ok("{}")}, inPair, nil, 2},
	{"transaction: reset, then done", []answer{reset, reset, ok("{}")}, inPair, nil, 3},
}

func TestWriteErrors(t *testing.T) {
	for _, c := range writeErrors {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tab, f := serve(t, c.answers...)
			_, err := tab.Write(t.Context(), c.ops...)
			if !errors.Is(err, c.want) {
				t.Errorf("write: %v, want %v", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("DynamoDB's own words came through: %v", err)
			}
			if len(f.requests()) != c.requests {
				t.Errorf("%d requests, want %d", len(f.requests()), c.requests)
			}
		})
	}
}

func TestFailedConditions(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []answer
		ops     []table.Op
		want    []table.Failure
	}{
		{"put on an item", []answer{conditionFails(conditionFailedOn3)}, alone, []table.Failure{{Op: 0, Current: &thing}}},
		{"delete of nothing", []answer{conditionFails("")}, erase, []table.Failure{{Op: 0}}},
		{"put after a throttle", []answer{all("ThrottlingException"), conditionFails(conditionFailedOn3)}, alone, []table.Failure{{Op: 0, Current: &thing}}},
		{"put after a lost answer, another's item", []answer{reset, conditionFails(conditionFailedOn2)}, alone, []table.Failure{{Op: 0, Current: &table.Item{Key: k, Version: 2}}}},
		{"delete after a lost answer, another's item", []answer{reset, conditionFails(conditionFailedOn9)}, erase, []table.Failure{{Op: 0, Current: &table.Item{Key: k, Version: 9}}}},
		{"transaction", []answer{cancelled(reason("None"), conditionOn3)}, inPair, []table.Failure{{Op: 1, Current: &thing}}},
		{"transaction, both", []answer{cancelled(conditionOn3, reason("ConditionalCheckFailed"))}, inPair, []table.Failure{{Op: 0, Current: &thing}, {Op: 1}}},
		{"transaction, beside a conflict, then alone", []answer{cancelled(reason("TransactionConflict"), conditionOn3), cancelled(reason("None"), conditionOn3)}, inPair, []table.Failure{{Op: 1, Current: &thing}}},
		{"transaction, beside a throttle, then both", []answer{cancelled(conditionOn3, reason("ThrottlingError")), cancelled(conditionOn3, reason("ConditionalCheckFailed"))}, inPair, []table.Failure{{Op: 0, Current: &thing}, {Op: 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, _ := serve(t, c.answers...)
			_, err := tab.Write(t.Context(), c.ops...)
			var failed *table.ConditionError
			if !errors.As(err, &failed) {
				t.Fatalf("write: %v", err)
			}
			if diff := cmp.Diff(c.want, failed.Failed); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPutFindsItsOwnUnseenSuccess(t *testing.T) {
	for name, lost := range map[string]answer{
		"reset after effect":   reset,
		"timeout after effect": silence,
		"500 after effect":     reply(http.StatusInternalServerError, serverError),
	} {
		t.Run(name, func(t *testing.T) {
			tab, f := hasty(t, lost, conditionFails(conditionFailedOn3))
			if _, err := tab.Write(t.Context(), alone...); err != nil || len(f.requests()) != 2 {
				t.Errorf("write: %v after %d requests", err, len(f.requests()))
			}
		})
	}
}

// TestPutDoesNotGuessWhatCameBefore: a later version may have followed this
// put's own, and a conflict says nothing of the attempt before.
func TestPutDoesNotGuessWhatCameBefore(t *testing.T) {
	for name, then := range map[string]answer{
		"later version": conditionFails(conditionFailedOn9), "gone": conditionFails(""), "conflict": all("TransactionConflictException"),
	} {
		t.Run(name, func(t *testing.T) {
			tab, _ := hasty(t, silence, then)
			_, err := tab.Write(t.Context(), alone...)
			var failed *table.ConditionError
			if !errors.Is(err, table.ErrUnavailable) || errors.Is(err, table.ErrConflict) || errors.As(err, &failed) {
				t.Errorf("write: %v", err)
			}
		})
	}
}

func TestDeleteDoesNotGuessWhoDeleted(t *testing.T) {
	tab, _ := hasty(t, silence, conditionFails(""))
	_, err := tab.Write(t.Context(), erase...)
	var failed *table.ConditionError
	if !errors.Is(err, table.ErrUnavailable) || errors.As(err, &failed) {
		t.Errorf("write: %v", err)
	}
}

func TestTransactionKeepsItsTokenOverAttempts(t *testing.T) {
	tab, f := hasty(t, silence, reset, cancelled(reason("TransactionConflict"), reason("None")), ok("{}"), ok("{}"))
	for range 2 {
		if _, err := tab.Write(t.Context(), inPair...); err != nil {
			t.Fatal(err)
		}
	}
	var tokens []any
	for _, r := range f.requests() {
		tokens = append(tokens, r.body["ClientRequestToken"])
	}
	if len(tokens) != 5 || tokens[0] == nil || tokens[0] != tokens[1] || tokens[1] != tokens[2] || tokens[2] != tokens[3] {
		t.Errorf("tokens of one write differ: %v", tokens)
	}
	if tokens[3] == tokens[4] {
		t.Error("two writes share a token")
	}
}

func TestTimeoutOfTheTransportIsNotTheCallers(t *testing.T) {
	tab, _ := hasty(t, silence)
	_, err := tab.Get(t.Context(), true, k)
	if !errors.Is(err, table.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("get: %v", err)
	}
}

func TestContextEndsRetries(t *testing.T) {
	tab, _ := serve(t, all("ThrottlingException"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := tab.Write(ctx, alone...); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("write: %v", err)
	}
}

func TestRetriesAreATenthOfTheCallsBeyondTheReserve(t *testing.T) {
	const calls = 200
	tab, f := serve(t, all("ThrottlingException"))
	var group sync.WaitGroup
	for range calls {
		group.Go(func() { _, _ = tab.Get(context.Background(), true, k) })
	}
	group.Wait()
	if retries := len(f.requests()) - calls; retries < 50 || retries > 50+calls/10 {
		t.Errorf("%d retries on %d calls", retries, calls)
	}
}
