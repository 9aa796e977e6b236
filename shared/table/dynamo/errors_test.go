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
	testKey        = table.Key{PK: "p", SK: "s"}
	testItem       = table.Item{Key: testKey, Version: 3}
	putOps         = []table.Op{table.Put(testItem, table.Absent())}
	deleteOps      = []table.Op{table.Delete(testKey, table.VersionIs(2))}
	transactionOps = []table.Op{table.Put(testItem, table.Absent()), table.Put(table.Item{Key: table.Key{PK: "p", SK: "t"}}, table.Absent())}
)

const (
	currentItemV3 = `,"Item":{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"N":"3"}}`
	currentItemV2 = `,"Item":{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"N":"2"}}`
	currentItemV9 = `,"Item":{"PK":{"S":"p"},"SK":{"S":"s"},"V":{"N":"9"}}`
)

func conditionalCheckFailed(more string) responder {
	return errorResponseWith("ConditionalCheckFailedException", more)
}

func errorResponse(code string) responder { return errorResponseWith(code, "") }

// Every row of the error map: what DynamoDB answers, what Write returns, and
// after how many requests. 6 is every attempt there is.
var writeErrors = []struct {
	name     string
	answers  []responder
	ops      []table.Op
	want     error
	requests int
}{
	{"throttled, then done", []responder{errorResponse("ProvisionedThroughputExceededException"), errorResponse("ThrottlingException"), errorResponse("RequestLimitExceeded"), respondOK("{}")}, putOps, nil, 4},
	{"throttled for good", []responder{errorResponse("ProvisionedThroughputExceededException")}, putOps, table.ErrUnavailable, 6},
	{"conflict, then done", []responder{errorResponse("TransactionConflictException"), respondOK("{}")}, putOps, nil, 2},
	{"conflict for good", []responder{errorResponse("TransactionConflictException")}, putOps, table.ErrConflict, 6},
	{"500, then done", []responder{respond(http.StatusInternalServerError, serverError), respondOK("{}")}, putOps, nil, 2},
	{"500 for good", []responder{respond(http.StatusInternalServerError, serverError)}, putOps, table.ErrUnavailable, 6},
	{"503 in HTML, then done", []responder{respond(http.StatusServiceUnavailable, "<html>"), respondOK("{}")}, putOps, nil, 2},
	{"connection reset, then done", []responder{resetConnection, respondOK("{}")}, putOps, nil, 2},
	{"connection reset for good", []responder{resetConnection}, putOps, table.ErrUnavailable, 6},
	{"item too large", []responder{validationError("Item size has exceeded the maximum allowed size")}, putOps, table.ErrTooLarge, 1},
	{"collection too large", []responder{errorResponse("ItemCollectionSizeLimitExceededException")}, putOps, table.ErrTooLarge, 1},
	{"replica's conflict for good", []responder{errorResponse("ReplicatedWriteConflictException")}, putOps, table.ErrConflict, 6},
	{"malformed", []responder{validationError("Invalid ConditionExpression")}, putOps, table.ErrMisuse, 1},
	{"no such table", []responder{errorResponse("ResourceNotFoundException")}, putOps, table.ErrMisuse, 1},
	{"access denied", []responder{errorResponse("AccessDeniedException")}, putOps, table.ErrMisuse, 1},
	{"transaction: conflict, then done", []responder{transactionCanceled(cancellationReason("None"), cancellationReason("TransactionConflict")), respondOK("{}")}, transactionOps, nil, 2},
	{"transaction: conflict for good", []responder{transactionCanceled(cancellationReason("None"), cancellationReason("TransactionConflict"))}, transactionOps, table.ErrConflict, 6},
	{"transaction: throttled for good", []responder{transactionCanceled(cancellationReason("ThrottlingError"), cancellationReason("None"))}, transactionOps, table.ErrUnavailable, 6},
	{"transaction: throttled in part for good", []responder{transactionCanceled(cancellationReason("ProvisionedThroughputExceeded"), cancellationReason("TransactionConflict"))}, transactionOps, table.ErrUnavailable, 6},
	{"transaction: condition beside a conflict for good", []responder{transactionCanceled(conditionFailedReasonV3, cancellationReason("TransactionConflict"))}, transactionOps, table.ErrConflict, 6},
	{"transaction: condition beside a throttle for good", []responder{transactionCanceled(cancellationReason("ThrottlingError"), conditionFailedReasonV3)}, transactionOps, table.ErrUnavailable, 6},
	{"transaction: too large", []responder{transactionCanceled(cancellationReason("None"), `{"Code":"ValidationError","Message":"Item size to update has exceeded the maximum allowed size"}`)}, transactionOps, table.ErrTooLarge, 1},
	{"transaction: malformed beside a conflict", []responder{transactionCanceled(cancellationReason("TransactionConflict"), cancellationReason("ValidationError"))}, transactionOps, table.ErrMisuse, 1},
	{"transaction: collection too large", []responder{transactionCanceled(cancellationReason("ItemCollectionSizeLimitExceeded"), cancellationReason("None"))}, transactionOps, table.ErrTooLarge, 1},
	{"transaction: in progress, then done", []responder{errorResponse("TransactionInProgressException"), respondOK("{}")}, transactionOps, nil, 2},
	{"transaction: in progress for good", []responder{errorResponse("TransactionInProgressException")}, transactionOps, table.ErrUnavailable, 6},
	{"transaction: reset, then done", []responder{resetConnection, resetConnection, respondOK("{}")}, transactionOps, nil, 3},
}

func TestWriteErrors(t *testing.T) {
	for _, c := range writeErrors {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			tab, f := newFakeTable(t, c.answers...)
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

func TestUnknownErrorIsUnclassified(t *testing.T) {
	for name, ops := range map[string][]table.Op{"put": putOps, "transaction": transactionOps} {
		answer := errorResponse("SomethingNewException")
		if name == "transaction" {
			answer = transactionCanceled(cancellationReason("None"), cancellationReason("SomethingNew"))
		}
		tab, _ := newFakeTable(t, answer)
		_, err := tab.Write(t.Context(), ops...)
		for _, class := range []error{nil, table.ErrUnavailable, table.ErrConflict, table.ErrTooLarge, table.ErrMisuse} {
			if errors.Is(err, class) {
				t.Errorf("%s: error = %v, want none that is %v", name, err, class)
			}
		}
	}
}

func TestFailedConditions(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []responder
		ops     []table.Op
		want    []table.Failure
	}{
		{"put on an item", []responder{conditionalCheckFailed(currentItemV3)}, putOps, []table.Failure{{Op: 0, Current: &testItem}}},
		{"delete of nothing", []responder{conditionalCheckFailed("")}, deleteOps, []table.Failure{{Op: 0}}},
		{"put after a throttle", []responder{errorResponse("ThrottlingException"), conditionalCheckFailed(currentItemV3)}, putOps, []table.Failure{{Op: 0, Current: &testItem}}},
		{"put after a lost answer, another's item", []responder{resetConnection, conditionalCheckFailed(currentItemV2)}, putOps, []table.Failure{{Op: 0, Current: &table.Item{Key: testKey, Version: 2}}}},
		{"delete after a lost answer, another's item", []responder{resetConnection, conditionalCheckFailed(currentItemV9)}, deleteOps, []table.Failure{{Op: 0, Current: &table.Item{Key: testKey, Version: 9}}}},
		{"transaction", []responder{transactionCanceled(cancellationReason("None"), conditionFailedReasonV3)}, transactionOps, []table.Failure{{Op: 1, Current: &testItem}}},
		{"transaction, both", []responder{transactionCanceled(conditionFailedReasonV3, cancellationReason("ConditionalCheckFailed"))}, transactionOps, []table.Failure{{Op: 0, Current: &testItem}, {Op: 1}}},
		{"transaction, beside a conflict, then alone", []responder{transactionCanceled(cancellationReason("TransactionConflict"), conditionFailedReasonV3), transactionCanceled(cancellationReason("None"), conditionFailedReasonV3)}, transactionOps, []table.Failure{{Op: 1, Current: &testItem}}},
		{"transaction, beside a throttle, then both", []responder{transactionCanceled(conditionFailedReasonV3, cancellationReason("ThrottlingError")), transactionCanceled(conditionFailedReasonV3, cancellationReason("ConditionalCheckFailed"))}, transactionOps, []table.Failure{{Op: 0, Current: &testItem}, {Op: 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tab, _ := newFakeTable(t, c.answers...)
			_, err := tab.Write(t.Context(), c.ops...)
			var failed *table.ConditionError
			if !errors.As(err, &failed) {
				t.Fatalf("write: %v", err)
			}
			if diff := cmp.Diff(c.want, failed.Failures); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPutAfterLostResponseFindsItsOwnItem(t *testing.T) {
	for name, lost := range map[string]responder{
		"reset after effect":   resetConnection,
		"timeout after effect": neverRespond,
		"500 after effect":     respond(http.StatusInternalServerError, serverError),
	} {
		t.Run(name, func(t *testing.T) {
			tab, f := newFakeTableWithTimeout(t, lost, conditionalCheckFailed(currentItemV3))
			if _, err := tab.Write(t.Context(), putOps...); err != nil || len(f.requests()) != 2 {
				t.Errorf("write: %v after %d requests", err, len(f.requests()))
			}
		})
	}
}

// TestAmbiguousPutIsUnavailable: a later version may have followed this
// put's own, and a conflict says nothing of the attempt before.
func TestAmbiguousPutIsUnavailable(t *testing.T) {
	for name, then := range map[string]responder{
		"later version": conditionalCheckFailed(currentItemV9), "gone": conditionalCheckFailed(""), "conflict": errorResponse("TransactionConflictException"),
	} {
		t.Run(name, func(t *testing.T) {
			tab, _ := newFakeTableWithTimeout(t, neverRespond, then)
			_, err := tab.Write(t.Context(), putOps...)
			var failed *table.ConditionError
			if !errors.Is(err, table.ErrUnavailable) || errors.Is(err, table.ErrConflict) || errors.As(err, &failed) {
				t.Errorf("write: %v", err)
			}
		})
	}
}

func TestAmbiguousDeleteIsUnavailable(t *testing.T) {
	tab, _ := newFakeTableWithTimeout(t, neverRespond, conditionalCheckFailed(""))
	_, err := tab.Write(t.Context(), deleteOps...)
	var failed *table.ConditionError
	if !errors.Is(err, table.ErrUnavailable) || errors.As(err, &failed) {
		t.Errorf("write: %v", err)
	}
}

func TestTransactionReusesItsTokenAcrossRetries(t *testing.T) {
	tab, f := newFakeTableWithTimeout(t, neverRespond, resetConnection, transactionCanceled(cancellationReason("TransactionConflict"), cancellationReason("None")), respondOK("{}"), respondOK("{}"))
	for range 2 {
		if _, err := tab.Write(t.Context(), transactionOps...); err != nil {
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

func TestTransportTimeoutIsNotDeadlineExceeded(t *testing.T) {
	tab, _ := newFakeTableWithTimeout(t, neverRespond)
	_, err := tab.Get(t.Context(), true, testKey)
	if !errors.Is(err, table.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("get: %v", err)
	}
}

func TestContextEndsRetries(t *testing.T) {
	tab, _ := newFakeTable(t, errorResponse("ThrottlingException"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := tab.Write(ctx, putOps...); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("write: %v", err)
	}
}

func TestRetryBudgetIsATenthOfCalls(t *testing.T) {
	const calls = 200
	tab, f := newFakeTable(t, errorResponse("ThrottlingException"))
	var group sync.WaitGroup
	for range calls {
		group.Go(func() { _, _ = tab.Get(context.Background(), true, testKey) })
	}
	group.Wait()
	if retries := len(f.requests()) - calls; retries < 50 || retries > 50+calls/10 {
		t.Errorf("%d retries on %d calls", retries, calls)
	}
}

// TestConflictWithoutRetryBudgetIsUnavailable checks that a client is not told of a conflict that was not retried.
func TestConflictWithoutRetryBudgetIsUnavailable(t *testing.T) {
	tab, _ := newFakeTable(t, errorResponse("TransactionConflictException"))
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() { _, _ = tab.Write(context.Background(), putOps...) })
	}
	group.Wait()
	if _, err := tab.Write(t.Context(), putOps...); !errors.Is(err, table.ErrUnavailable) {
		t.Errorf("error = %v, want %v", err, table.ErrUnavailable)
	}
}
