package operationtest_test

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"cedula/infra/privacytest"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/table/faulttable"
)

var sizes = flag.String("identities", "1000", "numbers of identities in the table at which BenchmarkOperations measures, separated by commas")

// maxLogBytes is the most that one operation may write to its function's log.
const maxLogBytes = 400

// usage is what an operation asks of the table, in DynamoDB's request units.
type usage struct {
	calls       int
	write, read float64
}

// budgets are the most that operations and jobs may use.
var budgets = []struct {
	api, name string
	usage
}{
	{"conomy", "create-identity", usage{calls: 1, write: 12}},
	{"conomy", "get-identity", usage{calls: 1, read: 1}},
	{"conomy", "update-identity: another claim", usage{calls: 2, write: 12, read: 1}},
	{"conomy", "update-identity", usage{calls: 4, write: 4, read: 3}},
	{"conomy", "add-withdrawal-account", usage{calls: 3, write: 6, read: 2}},
	{"conomy", "delete-identity", usage{calls: 2, write: 10, read: 1}},
	{"conomy", "list-identities", usage{calls: 4, read: 200}},
	{"conomy", "list-identities: a page", usage{calls: 3, read: 6.5}},
	{"conomy", "search-identities", usage{calls: 2, read: 101.5}},
	{"conomy", "list-identities: by email", usage{calls: 3, read: 2}},
	{"conomy", "start-verification", usage{calls: 3, write: 12, read: 4}},
	{"conomy", "confirm-verification", usage{calls: 3, write: 12, read: 2}},
	{"conomy", "create-token", usage{calls: 1, read: 4}},
	{"blnk", "create-identity", usage{calls: 1, write: 12}},
	{"blnk", "get-identity", usage{calls: 1, read: 1}},
	{"blnk", "update-identity", usage{calls: 2, write: 4, read: 1}},
	{"blnk", "delete-identity", usage{calls: 2, write: 10, read: 1}},
	{"blnk", "list-identities", usage{calls: 2, read: 22}},
	{"blnk", "filter-identities", usage{calls: 8, read: 306}},
	{"blnk", "list-identities: by a filter", usage{calls: 3, read: 2}},
	{"conomy", "authorize", usage{calls: 1, read: 2}},
	{"blnk", "authorize", usage{calls: 1, read: 2}},
	{"conomy", "deliver", usage{calls: 3, write: 6, read: 2}},
	{"conomy", "expire: one identity", usage{calls: 3, write: 12, read: 2}},
}

// growing are the operations that count or examine the identities of their tenant.
var growing = []string{"list-identities", "list-identities: a page", "search-identities", "filter-identities"}

// meter measures operations and jobs on a table that counts its calls.
type meter struct {
	*testEnv
	counter  *faulttable.Counter
	logBytes int
}

// Write counts the bytes of the log.
func (m *meter) Write(line []byte) (int, error) {
	m.logBytes += len(line)
	return len(line), nil
}

func newMeter(t testing.TB) *meter {
	t.Helper()
	e := newTestEnv(t)
	m := &meter{testEnv: e, counter: faulttable.NewCounter(e.checked.Table)}
	t.Cleanup(privacytest.SetLog(m))
	return m
}

// prepare returns a call of an operation or a job, in a tenant that has more identities. Nothing is cached.
func (m *meter) prepare(api, name string, identities int) (call func()) {
	m.Helper()
	var c *trial
	for _, o := range operations[api] {
		if o.name == name {
			c, _ = o.start(m.testEnv, api)
			call = func() {
				if got := c.send(o.request()); got.status != o.wantStatus() {
					c.Fatalf("status = %d, want %d: %s", got.status, o.wantStatus(), got.body)
				}
			}
		}
	}
	for _, j := range jobTrials {
		if j.name == name && j.api == api {
			c = j.start(m.testEnv)
			call = func() {
				if err := j.run(c); err != nil {
					c.Fatal(err)
				}
			}
		}
	}
	if call == nil {
		m.Fatalf("no operation or job of %s is named %s", api, name)
	}
	m.fill(c.tenant, identities)
	m.wire(m.counter)
	return call
}

// fill creates identities, past the invariants.
func (m *meter) fill(tenant string, identities int) {
	m.Helper()
	m.wire(m.counter)
	var all errgroup.Group
	all.SetLimit(32)
	for n := range identities {
		all.Go(func() error {
			profile := identity.Profile{FirstName: "N", Email: fmt.Sprintf("person-%d@example.com", n), DocumentNumber: strconv.Itoa(n)}
			_, err := m.core.Create(context.Background(), registry.Draft{
				Tenant: tenant, ID: fmt.Sprintf("f%023x", n), Profile: profile, Trusted: true, Status: identity.Active,
				Claims: []identity.Claim{profile.UniquenessClaim()},
			})
			return err
		})
	}
	if err := all.Wait(); err != nil {
		m.Fatalf("fill the table: %v", err)
	}
}

// measure returns what a call uses.
func (m *meter) measure(call func()) (u usage, logBytes int) {
	m.counter.Reset()
	m.logBytes = 0
	call()
	counted := m.counter.Reset()
	return usage{counted.Total(), counted.Units.Write, counted.Units.Read}, m.logBytes
}

func TestOperationsStayWithinBudget(t *testing.T) {
	for _, b := range budgets {
		t.Run(b.api+" "+b.name, func(t *testing.T) {
			m := newMeter(t) // of its own: a job also reads what others left in its shard
			few, _ := m.measure(m.prepare(b.api, b.name, 30))
			got, logBytes := m.measure(m.prepare(b.api, b.name, 300))
			if got.calls > b.calls || got.write > b.write || got.read > b.read {
				t.Errorf("usage = %+v, want at most %+v", got, b.usage)
			}
			if got != few && !slices.Contains(growing, b.name) {
				t.Errorf("usage = %+v, want %+v as among fewer identities", got, few)
			}
			if logBytes > maxLogBytes {
				t.Errorf("log bytes = %d, want at most %d", logBytes, maxLogBytes)
			}
		})
	}
}

// TestReplayIsTwoCalls checks that the repetition of a create with an Idempotency-Key does not read first: it fails to write,
// and then reads the identity as it is now.
func TestReplayIsTwoCalls(t *testing.T) {
	m := newMeter(t)
	for api := range operations {
		create := m.prepare(api, "create-identity", 0)
		create()
		if got, _ := m.measure(create); got.calls != 2 || got.read > 2 {
			t.Errorf("a replay by the %s API uses %d calls and %g read units, want 2 and at most 2", api, got.calls, got.read)
		}
	}
}

// BenchmarkOperations reports each operation's time and allocations, the embedded table's included, and its table calls,
// write and read units and log bytes. A tenant has a page of identities; the table has more, of another tenant.
func BenchmarkOperations(b *testing.B) {
	const page = 20
	m := newMeter(b)
	for size := range strings.SplitSeq(*sizes, ",") {
		identities, err := strconv.Atoi(size)
		if err != nil {
			b.Fatalf("-identities: %v", err)
		}
		m.fill("others "+size, identities)
		for _, o := range budgets {
			b.Run(fmt.Sprintf("identities=%d/api=%s/operation=%s", identities, o.api, o.name), func(b *testing.B) {
				m.benchmark(b, func() func() { return m.prepare(o.api, o.name, page) })
			})
		}
	}
}

func (m *meter) benchmark(b *testing.B, prepare func() func()) {
	var sum usage
	var logBytes int
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		call := prepare()
		b.StartTimer()
		u, line := m.measure(call)
		sum = usage{sum.calls + u.calls, sum.write + u.write, sum.read + u.read}
		logBytes += line
	}
	n := float64(b.N)
	b.ReportMetric(float64(sum.calls)/n, "calls/op")
	b.ReportMetric(sum.write/n, "WRU/op")
	b.ReportMetric(sum.read/n, "RRU/op")
	b.ReportMetric(float64(logBytes)/n, "log-bytes/op")
}
