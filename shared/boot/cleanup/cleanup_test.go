package cleanup_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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
	metrics   string
}{
	"expire": {
		cleanup.NewExpireJob,
		"[{examined Count 0} {expired Count 0} {kept Count 0} {conflicts Count 0} {failed Count 0} {lagSeconds Seconds 0} {complete Count 1}]",
	},
	"remind": {cleanup.NewRemindJob, "[{examined Count 0} {reminded Count 0} {kept Count 0} {failed Count 0} {complete Count 1}]"},
}

// run constructs a job and runs it.
func run(t *testing.T, name string, d *fakeDynamoDB, dryRun bool) (gateway.Metrics, error) {
	t.Helper()
	job, err := jobs[name].construct(d.start(t))
	if err != nil {
		t.Fatal(err)
	}
	return job(t.Context(), gateway.JobInput{DryRun: dryRun, StopAt: time.Now().Add(time.Minute)})
}

func TestMetricsOfEmptyIndex(t *testing.T) {
	for name, j := range jobs {
		var d fakeDynamoDB
		got, err := run(t, name, &d, false)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(got) != j.metrics {
			t.Errorf("metrics of %s = %v, want %s", name, got, j.metrics)
		}
		if got := d.queries.Load(); got != identity.PendingIndexShards {
			t.Errorf("%s: %d queries, want %d: one for each shard", name, got, identity.PendingIndexShards)
		}
	}
}

func TestNextRunReusesConnections(t *testing.T) {
	var d fakeDynamoDB
	job, err := cleanup.NewExpireJob(d.start(t))
	if err != nil {
		t.Fatal(err)
	}
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
	var d fakeDynamoDB
	if metrics, err := run(t, "expire", &d, true); err != nil || metrics == nil || d.queries.Load() != identity.PendingIndexShards {
		t.Errorf("dry run of expire = %v, %v with %d queries; want metrics from %d", metrics, err, d.queries.Load(), identity.PendingIndexShards)
	}
	var unused fakeDynamoDB
	if metrics, err := run(t, "remind", &unused, true); err == nil || metrics != nil || unused.queries.Load() != 0 {
		t.Errorf("dry run of remind = %v, %v with %d queries; want an error and no query", metrics, err, unused.queries.Load())
	}
}

func TestFailingTable(t *testing.T) {
	for name := range jobs {
		metrics, err := run(t, name, &fakeDynamoDB{denies: true}, false)
		if want := (gateway.Metric{Name: "complete", Unit: gateway.UnitCount}); err == nil || metrics[len(metrics)-1] != want {
			t.Errorf("%s = %v, %v; want an error, and 0 for complete", name, metrics, err)
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
