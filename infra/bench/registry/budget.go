package registry

import "fmt"

// budget is the most table calls and units that operations may take, whatever
// the number of identities. An operation that a dialect does not name is as in any.
var budget = map[string]struct {
	calls       int
	write, read float64
}{
	"create":                                 {1, 10, 0},
	"create, with an idempotency key":        {1, 12, 0},
	"replay of a create":                     {1, 0, 0},
	"fetch":                                  {1, 0, 1},
	"update":                                 {2, 2, 1},
	"change of a unique field":               {2, 10, 1},
	"delete":                                 {2, 10, 1},
	"list, first page of 20, with its total": {4, 0, 200},
	"list, next page of 20":                  {2, 0, 22},
	"list, page of 20":                       {2, 0, 22},
	"look-up by email":                       {3, 0, 2},
	"start a verification":                   {3, 10, 3},
	"confirm a verification":                 {3, 10, 2},
	"log in":                                 {1, 0, 4},
	"authorizer, cold":                       {1, 0, 2},
	"authorizer, warm":                       {0, 0, 0},
	"deliver a message":                      {3, 6, 2},
	"expire one pending identity":            {1, 12, 0},
}

// Over says by what a count passes the budget of its operation.
func (o Operation) Over(c Count) error {
	b, ok := budget[o.Name]
	if !ok {
		return fmt.Errorf("%s of %s has no budget", o.Name, o.Dialect)
	}
	if c.Total() > b.calls || c.Units.Write > b.write || c.Units.Read > b.read {
		return fmt.Errorf("%s of %s: %d calls, %.1f write and %.1f read units; its budget is %d, %.1f and %.1f",
			o.Name, o.Dialect, c.Total(), c.Units.Write, c.Units.Read, b.calls, b.write, b.read)
	}
	return nil
}

// allocations are the most that an operation may make without its table's.
var allocations = map[string]float64{
	"create": 150, "create, with an idempotency key": 150, "fetch": 80,
}

// Wasteful says by what a cost passes what its operation may take.
func (o Operation) Wasteful(c Cost) error {
	if most, ok := allocations[o.Name]; ok && c.Allocations > most {
		return fmt.Errorf("%s of %s: %.0f allocations, more than %.0f", o.Name, o.Dialect, c.Allocations, most)
	}
	return nil
}
