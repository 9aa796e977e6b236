package dynamo_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/table"
)

// Rows of errorMeanings as a caller of Write sees them. Six requests are every attempt.
func TestWriteErrors(t *testing.T) {
	conditionFailed := `{"Code":"ConditionalCheckFailed"` + itemOfVersion("3") + `}`
	for _, test := range []struct {
		name         string
		responders   []responder
		ops          []table.Op
		want         error
		wantRequests int
	}{
		{"throttled, then done", []responder{failure("ProvisionedThroughputExceededException"), failure("ThrottlingException"), failure("RequestLimitExceeded"), ok("{}")}, putOps, nil, 4},
		{"always throttled", []responder{failure("ProvisionedThroughputExceededException")}, putOps, table.ErrUnavailable, 6},
		{"conflict, then done", []responder{failure("TransactionConflictException"), ok("{}")}, putOps, nil, 2},
		{"always conflict", []responder{failure("TransactionConflictException")}, putOps, table.ErrConflict, 6},
		{"500, then done", []responder{internalError, ok("{}")}, putOps, nil, 2},
		{"always 500", []responder{internalError}, putOps, table.ErrUnavailable, 6},
		{"503 in HTML, then done", []responder{respond(503, "<html>"), ok("{}")}, putOps, nil, 2},
		{"connection reset, then done", []responder{resetConnection, ok("{}")}, putOps, nil, 2},
		{"always connection reset", []responder{resetConnection}, putOps, table.ErrUnavailable, 6},
		{"item too large", []responder{validationError("Item size has exceeded the maximum allowed size")}, putOps, table.ErrTooLarge, 1},
		{"malformed", []responder{validationError("Invalid ConditionExpression")}, putOps, table.ErrMisuse, 1},
		{"no such table", []responder{failure("ResourceNotFoundException")}, putOps, table.ErrMisuse, 1},
		{"access denied", []responder{failure("AccessDeniedException")}, putOps, table.ErrMisuse, 1},
		{"transaction: conflict, then done", []responder{transactionCanceled(reason("None"), reason("TransactionConflict")), ok("{}")}, transactionOps, nil, 2},
		{"transaction: always conflict", []responder{transactionCanceled(reason("None"), reason("TransactionConflict"))}, transactionOps, table.ErrConflict, 6},
		{"transaction: always throttled", []responder{transactionCanceled(reason("ThrottlingError"), reason("None"))}, transactionOps, table.ErrUnavailable, 6},
		{"transaction: throttle beside a conflict", []responder{transactionCanceled(reason("ProvisionedThroughputExceeded"), reason("TransactionConflict"))}, transactionOps, table.ErrUnavailable, 6},
		{"transaction: condition beside a conflict", []responder{transactionCanceled(conditionFailed, reason("TransactionConflict"))}, transactionOps, table.ErrConflict, 6},
		{"transaction: condition beside a throttle", []responder{transactionCanceled(reason("ThrottlingError"), conditionFailed)}, transactionOps, table.ErrUnavailable, 6},
		{"transaction: too large", []responder{transactionCanceled(reason("None"), `{"Code":"ValidationError","Message":"Item size to update has exceeded the maximum allowed size"}`)}, transactionOps, table.ErrTooLarge, 1},
		{"transaction: malformed beside a conflict", []responder{transactionCanceled(reason("TransactionConflict"), reason("ValidationError"))}, transactionOps, table.ErrMisuse, 1},
		{"transaction: collection too large", []responder{transactionCanceled(reason("ItemCollectionSizeLimitExceeded"), reason("None"))}, transactionOps, table.ErrTooLarge, 1},
		{"transaction: in progress, then done", []responder{failure("TransactionInProgressException"), ok("{}")}, transactionOps, nil, 2},
		{"transaction: reset, then done", []responder{resetConnection, resetConnection, ok("{}")}, transactionOps, nil, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tab, f := newFakeTable(t, test.responders...)
			_, err := tab.Write(t.Context(), test.ops...)
			if !errors.Is(err, test.want) {
				t.Errorf("error = %v, want %v", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("error = %v, want it without DynamoDB's message", err)
			}
			f.wantRequests(t, test.wantRequests)
		})
	}
}

func TestUnknownErrorIsUnclassified(t *testing.T) {
	for name, test := range map[string]struct {
		responder responder
		ops       []table.Op
	}{
		"put":         {failure("SomethingNewException"), putOps},
		"transaction": {transactionCanceled(reason("None"), reason("SomethingNew")), transactionOps},
	} {
		tab, f := newFakeTable(t, test.responder)
		_, err := tab.Write(t.Context(), test.ops...)
		for _, class := range []error{nil, table.ErrUnavailable, table.ErrConflict, table.ErrTooLarge, table.ErrMisuse} {
			if errors.Is(err, class) {
				t.Errorf("%s: error = %v, want another than %v", name, err, class)
			}
		}
		f.wantRequests(t, 1)
	}
}

func TestFailedConditions(t *testing.T) {
	const code = "ConditionalCheckFailedException"
	failed := reason("ConditionalCheckFailed")
	failedOnItem := `{"Code":"ConditionalCheckFailed"` + itemOfVersion("3") + `}`
	for _, test := range []struct {
		name       string
		responders []responder
		ops        []table.Op
		want       []table.Failure
	}{
		{"put on an item", []responder{failure(code, itemOfVersion("3"))}, putOps, []table.Failure{{Op: 0, Current: &testItem}}},
		{"delete of nothing", []responder{failure(code)}, deleteOps, []table.Failure{{Op: 0}}},
		{"put after a throttle", []responder{failure("ThrottlingException"), failure(code, itemOfVersion("3"))}, putOps, []table.Failure{{Op: 0, Current: &testItem}}},
		{"put after a lost response finds an earlier version", []responder{resetConnection, failure(code, itemOfVersion("2"))}, putOps, []table.Failure{{Op: 0, Current: &table.Item{Key: testKey, Version: 2}}}},
		{"delete after a lost response finds an item", []responder{resetConnection, failure(code, itemOfVersion("9"))}, deleteOps, []table.Failure{{Op: 0, Current: &table.Item{Key: testKey, Version: 9}}}},
		{"transaction", []responder{transactionCanceled(reason("None"), failedOnItem)}, transactionOps, []table.Failure{{Op: 1, Current: &testItem}}},
		{"transaction, both", []responder{transactionCanceled(failedOnItem, failed)}, transactionOps, []table.Failure{{Op: 0, Current: &testItem}, {Op: 1}}},
		{"transaction, beside a conflict, then alone", []responder{transactionCanceled(reason("TransactionConflict"), failedOnItem), transactionCanceled(reason("None"), failedOnItem)}, transactionOps, []table.Failure{{Op: 1, Current: &testItem}}},
		{"transaction, beside a throttle, then both", []responder{transactionCanceled(failedOnItem, reason("ThrottlingError")), transactionCanceled(failedOnItem, failed)}, transactionOps, []table.Failure{{Op: 0, Current: &testItem}, {Op: 1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tab, _ := newFakeTable(t, test.responders...)
			_, err := tab.Write(t.Context(), test.ops...)
			var failed *table.ConditionError
			if !errors.As(err, &failed) {
				t.Fatalf("error = %v, want a *ConditionError", err)
			}
			if diff := cmp.Diff(test.want, failed.Failures); diff != "" {
				t.Errorf("failures (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPutAfterLostResponseFindsItsOwnItem(t *testing.T) {
	for name, lost := range map[string]responder{"reset": resetConnection, "timeout": neverRespond, "500": internalError} {
		t.Run(name, func(t *testing.T) {
			tab, f := newFakeTableWithTimeout(t, time.Second, lost, failure("ConditionalCheckFailedException", itemOfVersion("3")))
			if _, err := tab.Write(t.Context(), putOps...); err != nil {
				t.Errorf("error = %v, want nil: the first attempt took effect", err)
			}
			f.wantRequests(t, 2)
		})
	}
}

// A later version may have followed the write, and a conflict says nothing of the attempt before.
func TestAmbiguousWriteIsUnavailable(t *testing.T) {
	const code = "ConditionalCheckFailedException"
	for name, test := range map[string]struct {
		ops  []table.Op
		then responder
	}{
		"put, then a later version": {putOps, failure(code, itemOfVersion("9"))},
		"put, then nothing":         {putOps, failure(code)},
		"put, then a conflict":      {putOps, failure("TransactionConflictException")},
		"delete, then nothing":      {deleteOps, failure(code)},
	} {
		t.Run(name, func(t *testing.T) {
			tab, _ := newFakeTable(t, resetConnection, test.then)
			_, err := tab.Write(t.Context(), test.ops...)
			var failed *table.ConditionError
			if !errors.Is(err, table.ErrUnavailable) || errors.Is(err, table.ErrConflict) || errors.As(err, &failed) {
				t.Errorf("error = %v, want only ErrUnavailable", err)
			}
		})
	}
}

func TestTransactionReusesItsTokenAcrossRetries(t *testing.T) {
	tab, f := newFakeTableWithTimeout(t, time.Second, neverRespond, resetConnection, transactionCanceled(reason("TransactionConflict"), reason("None")), ok("{}"), ok("{}"))
	for range 2 {
		if _, err := tab.Write(t.Context(), transactionOps...); err != nil {
			t.Fatal(err)
		}
	}
	var tokens []any
	for _, r := range f.requests() {
		tokens = append(tokens, r.body["ClientRequestToken"])
	}
	first, second := tokens[0], tokens[len(tokens)-1]
	if diff := cmp.Diff([]any{first, first, first, first, second}, tokens); diff != "" {
		t.Errorf("tokens of two writes (-want +got):\n%s", diff)
	}
	if first == nil || first == second {
		t.Errorf("tokens of two writes = %v and %v, want two different ones", first, second)
	}
}

func TestContextEndsRetries(t *testing.T) {
	tab, _ := newFakeTable(t, failure("ThrottlingException"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := tab.Write(ctx, putOps...); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want DeadlineExceeded", err)
	}
}
