package faulttest_test

import (
	"context"
	"errors"
	"testing"

	"cedula/shared/table"
	"cedula/shared/table/faulttable"
)

// failingTable returns the same error from every write, and from every read too if it is one of a read.
type failingTable struct{ write, read error }

func (f failingTable) Get(context.Context, bool, ...table.Key) (table.GetResult, error) {
	return table.GetResult{}, f.read
}

func (f failingTable) Query(context.Context, table.Query) (table.Page, error) {
	return table.Page{}, f.read
}

func (f failingTable) Write(context.Context, ...table.Op) (table.Units, error) {
	return table.Units{}, f.write
}

// TestStatusOfTableErrors follows every error of a table to the client. Package dynamo's tests show which error of
// DynamoDB becomes which error of a table.
func TestStatusOfTableErrors(t *testing.T) {
	unknown := errors.New("unknown")
	held := &table.ConditionError{Failures: []table.Failure{{}}} // by an item that is gone when it is looked for
	for _, tt := range []struct {
		name        string
		table       failingTable
		writeStatus int
		writeRetry  bool
		writes      int
		readStatus  int
		readRetry   bool
	}{
		{"unavailable", failingTable{table.ErrUnavailable, table.ErrUnavailable}, 503, true, 1, 503, true},
		{"deadline", failingTable{context.DeadlineExceeded, context.DeadlineExceeded}, 503, true, 1, 503, true},
		{"conflict", failingTable{table.ErrConflict, nil}, 409, true, 1, 404, false},
		{"condition", failingTable{held, nil}, 409, false, 3, 404, false},
		{"too large", failingTable{table.ErrTooLarge, nil}, 413, false, 1, 404, false},
		{"misuse", failingTable{table.ErrMisuse, table.ErrMisuse}, 500, false, 1, 500, false},
		{"unknown", failingTable{unknown, unknown}, 500, false, 1, 500, false},
	} {
		for api, create := range map[string]request{
			"conomy": {operation: "create-identity", body: person(1, "")}, "blnk": {operation: "create-identity", body: blnkPerson, key: "k"},
		} {
			t.Run(api+" "+tt.name, func(t *testing.T) {
				counter := faulttable.NewCounter(tt.table)
				e := &testEnv{TB: t}
				e.wire(counter)
				c := &trial{testEnv: e, api: e.api(api), identityID: "x"}
				c.caller = map[string]any{"tenant": "acme", "client": "c", "scopes": "*", "mode": "lenient", "expires": "0"}
				check := func(r request, status int, retry bool) {
					t.Helper()
					got := c.send(r)
					if got.status != status || (got.header.Get("Retry-After") != "") != retry {
						t.Errorf("%s: %d, Retry-After %q, %s; want %d, with Retry-After: %v", r.operation, got.status, got.header.Get("Retry-After"), got.body, status, retry)
					}
				}
				check(create, tt.writeStatus, tt.writeRetry)
				if got := counter.Calls().Write; got != tt.writes {
					t.Errorf("writes = %d, want %d", got, tt.writes)
				}
				check(request{operation: "get-identity"}, tt.readStatus, tt.readRetry)
			})
		}
	}
}
