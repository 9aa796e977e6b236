package cleanup_test

import (
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cedula/shared/boot"
	"cedula/shared/boot/cleanup"
	"cedula/shared/gateway"
	"cedula/shared/identity"
)

// fakeDynamoDB has an empty index, or denies access.
type fakeDynamoDB struct {
	queries, connections atomic.Int64
	denies               bool
}

func (d *fakeDynamoDB) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	d.queries.Add(1)
	time.Sleep(20 * time.Millisecond) // so that the queries of all shards overlap
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if d.denies {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"com.amazon.coral.service#AccessDeniedException"}`)
		return
	}
	_, _ = io.WriteString(w, "{}")
}

// start returns the configuration of a function that uses this table.
func (d *fakeDynamoDB) start(t *testing.T) boot.Config {
	t.Helper()
	server := httptest.NewUnstartedServer(d)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			d.connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return boot.Config{
		Table: "cedula", Secret: strings.Repeat("s", 32),
		EncryptionKey: "local:" + base64.StdEncoding.EncodeToString(make([]byte, 32)),
		Region:        "us-east-1", AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example", DynamoDBEndpoint: server.URL,
	}
}

// jobs are the constructors with the metrics of a run that finds nothing to do.
var jobs = map[string]struct {
	construct func(boot.Config) (gateway.Job, error)
	metrics   gateway.Metrics
}{
	"expire": {cleanup.NewExpireJob, gateway.Metrics{
		{Name: "examined", Unit: gateway.UnitCount},
		{Name: "expired", Unit: gateway.UnitCount},
		{Name: "kept", Unit: gateway.UnitCount},
		{Name: "conflicts", Unit: gateway.UnitCount},
		{Name: "failed", Unit: gateway.UnitCount},
		{Name: "lagSeconds", Unit: gateway.UnitSeconds},
		{Name: "complete", Unit: gateway.UnitCount, Value: 1},
	}},
	"remind": {cleanup.NewRemindJob, gateway.Metrics{
		{Name: "examined", Unit: gateway.UnitCount},
		{Name: "reminded", Unit: gateway.UnitCount},
		{Name: "kept", Unit: gateway.UnitCount},
		{Name: "failed", Unit: gateway.UnitCount},
		{Name: "complete", Unit: gateway.UnitCount, Value: 1},
	}},
}

func newJob(t *testing.T, name string, d *fakeDynamoDB) gateway.Job {
	t.Helper()
	job, err := jobs[name].construct(d.start(t))
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func TestMetricsOfEmptyIndex(t *testing.T) {
	for name, j := range jobs {
		t.Run(name, func(t *testing.T) {
			var d fakeDynamoDB
			got, err := newJob(t, name, &d)(t.Context(), gateway.JobInput{StopAt: time.Now().Add(time.Minute)})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(j.metrics, got); diff != "" {
				t.Errorf("metrics (-want +got):\n%s", diff)
			}
			if got := d.queries.Load(); got != identity.PendingIndexShards {
				t.Errorf("%d queries, want %d: one for each shard", got, identity.PendingIndexShards)
			}
		})
	}
}

func TestNextRunReusesConnections(t *testing.T) {
	var d fakeDynamoDB
	job := newJob(t, "expire", &d)
	for range 3 {
		if _, err := job(t.Context(), gateway.JobInput{StopAt: time.Now().Add(time.Minute)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.connections.Load(); got > identity.PendingIndexShards {
		t.Errorf("%d connections in 3 runs, want at most %d", got, identity.PendingIndexShards)
	}
}

func TestDryRun(t *testing.T) {
	for name, wantQueries := range map[string]int64{"expire": identity.PendingIndexShards, "remind": 0} {
		var d fakeDynamoDB
		metrics, err := newJob(t, name, &d)(t.Context(), gateway.JobInput{DryRun: true, StopAt: time.Now().Add(time.Minute)})
		if rejected := wantQueries == 0; (err != nil) != rejected || (metrics == nil) != rejected {
			t.Errorf("%s: dry run = %v, %v; want rejected = %v", name, metrics, err, rejected)
		}
		if got := d.queries.Load(); got != wantQueries {
			t.Errorf("%s: %d queries, want %d", name, got, wantQueries)
		}
	}
}

func TestFailingTable(t *testing.T) {
	for name := range jobs {
		metrics, err := newJob(t, name, &fakeDynamoDB{denies: true})(t.Context(), gateway.JobInput{StopAt: time.Now().Add(time.Minute)})
		if err == nil {
			t.Errorf("%s = nil, want an error", name)
		}
		if complete := metrics[len(metrics)-1]; complete.Name != "complete" || complete.Value != 0 {
			t.Errorf("%s: last metric = %+v, want complete 0", name, complete)
		}
	}
}

func TestMissingVariables(t *testing.T) {
	for name, j := range jobs {
		if _, err := j.construct(boot.Config{}); err == nil {
			t.Errorf("%s without a table = nil, want an error", name)
		}
	}
	c := new(fakeDynamoDB).start(t)
	c.EncryptionKey = ""
	if _, err := cleanup.NewRemindJob(c); err == nil {
		t.Error("NewRemindJob without a key = nil, want an error")
	}
}
