package cleanup_test

import (
	"context"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cedula/shared/boot/cleanup"
	"cedula/shared/gateway"
	"cedula/shared/identity"
)

// fakeDynamoDB is a DynamoDB with an empty queue, or one that refuses.
type fakeDynamoDB struct {
	queries, connections atomic.Int64
	denies               atomic.Bool
}

func (d *fakeDynamoDB) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	d.queries.Add(1)
	time.Sleep(20 * time.Millisecond) // so that all shards are asked at once
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	if d.denies.Load() {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"com.amazon.coral.service#AccessDeniedException"}`)
		return
	}
	_, _ = io.WriteString(w, "{}")
}

// startFakeDynamoDB serves the table to the process: what is wired stays.
func startFakeDynamoDB(t *testing.T) *fakeDynamoDB {
	t.Helper()
	d := new(fakeDynamoDB)
	server := httptest.NewUnstartedServer(d)
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			d.connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"CEDULA_TABLE": "cedula", "CEDULA_SECRET": strings.Repeat("s", 32),
		"CEDULA_VAULT_KEY": "local:" + base64.StdEncoding.EncodeToString(make([]byte, 32)),
		"AWS_REGION":       "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
		"AWS_ENDPOINT_URL_DYNAMODB": server.URL,
	} {
		t.Setenv(name, value)
	}
	return d
}

func runJob(t *testing.T, job gateway.Job, dry bool) (figures map[string]float64, err error) {
	t.Helper()
	done, err := job(context.Background(), gateway.JobInput{DryRun: dry, StopAt: time.Now().Add(time.Minute)})
	figures = map[string]float64{}
	for _, f := range done {
		if want := map[bool]gateway.Unit{true: gateway.UnitSeconds, false: gateway.UnitCount}[f.Name == "lagSeconds"]; f.Unit != want {
			t.Errorf("%s is in %s", f.Name, f.Unit)
		}
		figures[f.Name] = f.Value
	}
	return figures, err
}

// What each job did stands in its figures. The connections that it opened are
// there for its next run.
func TestJobs(t *testing.T) {
	d := startFakeDynamoDB(t)
	jobs := map[string]struct {
		job   gateway.Job
		names string
	}{
		"expire": {cleanup.Expire(), "complete conflicts examined expired failed kept lagSeconds"},
		"remind": {cleanup.Remind(), "complete examined failed kept reminded"},
	}
	for name, j := range jobs {
		for range 3 {
			d.queries.Store(0)
			figures, err := runJob(t, j.job, false)
			names := strings.Fields(j.names)
			for _, n := range names {
				if value, ok := figures[n]; !ok || value != map[bool]float64{true: 1}[n == "complete"] {
					t.Errorf("%s: %s is %v", name, n, value)
				}
			}
			if err != nil || len(figures) != len(names) || d.queries.Load() != identity.PendingIndexShards {
				t.Errorf("%s: %v, %v after %d queries", name, err, figures, d.queries.Load())
			}
		}
	}
	if n := d.connections.Load(); n > identity.PendingIndexShards {
		t.Errorf("%d connections, and at most %d calls at once", n, identity.PendingIndexShards)
	}
	if figures, err := runJob(t, jobs["expire"].job, true); err != nil || figures["complete"] != 1 {
		t.Errorf("a dry run: %v, %v", figures, err)
	}
	d.queries.Store(0)
	if figures, err := runJob(t, jobs["remind"].job, true); err == nil || len(figures) != 0 || d.queries.Load() != 0 {
		t.Errorf("a dry run of reminding: %v, %v after %d queries", figures, err, d.queries.Load())
	}
	d.denies.Store(true)
	for name, j := range jobs {
		if figures, err := runJob(t, j.job, false); err == nil || figures["complete"] != 0 {
			t.Errorf("%s without a table: %v, %v", name, figures, err)
		}
	}
}
