package registry

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"cedula/shared/table/faulttable"
)

// Count is what an operation asked of the table, and wrote to the log.
type Count struct {
	faulttable.Calls
	LogBytes int
}

// Count runs an operation once.
func (r *Registry) Count(o Operation) (Count, error) {
	run, err := o.prepare(r)
	if err != nil {
		return Count{}, fmt.Errorf("prepare %s of %s: %w", o.Name, o.Dialect, err)
	}
	r.calls.Reset()
	r.lines.reset()
	if err := run(); err != nil {
		return Count{}, fmt.Errorf("%s of %s: %w", o.Name, o.Dialect, err)
	}
	return Count{r.calls.Reset(), r.lines.reset()}, nil
}

// Cost is what an operation takes of the processor where the table answers at once.
type Cost struct {
	Time        time.Duration // median of samples
	Allocations float64
}

const (
	samples   = 40
	perSample = 25
)

// Cost runs a pure operation on a table that stands still.
func (r *Registry) Cost(o Operation) (Cost, error) {
	run, err := o.prepare(r)
	if err != nil {
		return Cost{}, fmt.Errorf("prepare %s of %s: %w", o.Name, o.Dialect, err)
	}
	r.still.stand(true)
	r.lines.quiet = true
	defer func() { r.lines.quiet = false; r.still.stand(false) }()
	var failed error
	again := func() {
		if err := run(); err != nil && failed == nil {
			failed = fmt.Errorf("%s of %s: %w", o.Name, o.Dialect, err)
		}
	}
	for range perSample {
		again() // pools and answers are there then
	}
	c := Cost{Allocations: testing.AllocsPerRun(200, again)}
	var times []time.Duration
	for range samples {
		begin := time.Now()
		for range perSample {
			again()
		}
		times = append(times, time.Since(begin)/perSample)
	}
	slices.Sort(times)
	c.Time = times[len(times)/2]
	return c, failed
}
