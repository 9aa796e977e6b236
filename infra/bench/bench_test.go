package bench_test

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"cedula/shared/table/faulttable"
)

var sizes = flag.String("identities", "1000", "numbers of identities in the tenant at which BenchmarkOperations measures, separated by commas")

// maxLogBytes is the most that one operation may write to its function's log.
const maxLogBytes = 600

// usage is what operations asked of the table and wrote to the log.
type usage struct {
	calls       int
	write, read float64
	logBytes    int
}

func (u *usage) add(c faulttable.Calls, logBytes int) {
	u.calls += c.Total()
	u.write += c.Units.Write
	u.read += c.Units.Read
	u.logBytes += logBytes
}

// measure runs an operation once.
func (r *benchRegistry) measure(run step, u *usage) {
	r.table.Reset()
	r.log.bytes = 0
	run()
	u.add(r.table.Reset(), r.log.bytes)
}

// BenchmarkOperations reports each operation's time and allocations, the embedded table's included, and its table calls, write and read
// units and log bytes.
func BenchmarkOperations(b *testing.B) {
	r := openRegistry(b)
	for size := range strings.SplitSeq(*sizes, ",") {
		identities, err := strconv.Atoi(size)
		if err != nil {
			b.Fatalf("-identities: %v", err)
		}
		r.fill(b, identities)
		for _, o := range operations {
			b.Run(fmt.Sprintf("identities=%d/api=%s/operation=%s", identities, o.api, o.name), func(b *testing.B) {
				benchmark(b, r, o)
			})
		}
	}
}

func benchmark(b *testing.B, r *benchRegistry, o operation) {
	var sum usage
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		run := o.prepare(b, r, o.api)
		b.StartTimer()
		r.measure(run, &sum)
	}
	n := float64(b.N)
	b.ReportMetric(float64(sum.calls)/n, "calls/op")
	b.ReportMetric(sum.write/n, "WRU/op")
	b.ReportMetric(sum.read/n, "RRU/op")
	b.ReportMetric(float64(sum.logBytes)/n, "log-bytes/op")
}

func TestOperationsStayWithinBudget(t *testing.T) {
	r := openRegistry(t)
	first := make(map[string]usage)
	for _, identities := range []int{100, 3000} {
		r.fill(t, identities)
		for _, o := range operations {
			t.Run(fmt.Sprintf("%s %s among %d identities", o.api, o.name, identities), func(t *testing.T) {
				var got usage
				r.measure(o.prepare(t, r, o.api), &got)
				if got.calls > o.budget.calls || got.write > o.budget.write || got.read > o.budget.read {
					t.Errorf("usage = %+v, want at most %+v", got, o.budget)
				}
				if got.logBytes > maxLogBytes {
					t.Errorf("log bytes = %d, want at most %d", got.logBytes, maxLogBytes)
				}
				got.logBytes = 0
				key := o.api + o.name
				if want, ok := first[key]; ok && got != want && !o.budget.perIdentity {
					t.Errorf("usage = %+v, want %+v as among fewer identities", got, want)
				}
				first[key] = got
			})
		}
	}
}
