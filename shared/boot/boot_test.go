package boot_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cedula/shared/boot"
)

// TestMain lets the test binary act as a function that cannot start.
func TestMain(m *testing.M) {
	if os.Getenv("BOOT_AS_FUNCTION") != "" {
		boot.Must(boot.NewRegistry(boot.Environment()))
		return
	}
	os.Exit(m.Run())
}

func validConfig() boot.Config {
	return boot.Config{
		Table: "cedula", Secret: strings.Repeat("s", 32),
		Region: "us-east-1", AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example",
	}
}

func TestEnvironmentTrimsVariables(t *testing.T) {
	t.Setenv("CEDULA_TABLE", " my table\n")
	t.Setenv("AWS_ENDPOINT_URL_SNS", "https://sns.example ")
	c := boot.Environment()
	if c.Table != "my table" || c.SNSEndpoint != "https://sns.example" {
		t.Errorf("Table = %q, SNSEndpoint = %q; want the variables without the white space around them", c.Table, c.SNSEndpoint)
	}
}

func TestConfigIsNotPrinted(t *testing.T) {
	c := validConfig()
	if got, want := fmt.Sprintf("%v %+v %#v %s", c, c, &c, c), "boot.Config boot.Config boot.Config boot.Config"; got != want {
		t.Errorf("printed %q, want %q", got, want)
	}
}

func TestInvalidVariables(t *testing.T) {
	constructors := map[string]func(boot.Config) error{
		"NewRegistry":      func(c boot.Config) error { _, err := boot.NewRegistry(c); return err },
		"NewAuthenticator": func(c boot.Config) error { _, err := boot.NewAuthenticator(c); return err },
		"NewKeyManager":    func(c boot.Config) error { _, err := boot.NewKeyManager(c); return err },
	}
	if _, err := boot.NewHealthCheck(boot.Config{}); err == nil {
		t.Error("NewHealthCheck without a table = nil, want an error")
	}
	for _, tt := range []struct {
		change func(*boot.Config)
		want   string
	}{
		{func(*boot.Config) {}, "<nil>"},
		{func(c *boot.Config) { c.Table = "" }, "environment variable CEDULA_TABLE is not set"},
		{func(c *boot.Config) { c.Secret = "" }, "environment variable CEDULA_SECRET is not set"},
		{func(c *boot.Config) { c.Secret = strings.Repeat("s", 31) }, "environment variable CEDULA_SECRET has fewer than 32 bytes"},
		{func(c *boot.Config) { c.ListSharding = "acme=8/4" }, "environment variable CEDULA_LIST_SHARDS has shards that are not 1 to 64, or more to write to than to read from"},
		{func(c *boot.Config) { c.Region = "" }, "environment variable AWS_REGION is not set"},
		{func(c *boot.Config) { c.AccessKeyID = "" }, "environment variable AWS_ACCESS_KEY_ID is not set"},
		{func(c *boot.Config) { c.SecretAccessKey = "" }, "environment variable AWS_SECRET_ACCESS_KEY is not set"},
	} {
		for name, construct := range constructors {
			c := validConfig()
			tt.change(&c)
			if got := fmt.Sprint(construct(c)); got != tt.want {
				t.Errorf("%s = %s, want %s", name, got, tt.want)
			}
		}
	}
}

func TestMustEndsTheProcess(t *testing.T) {
	function := exec.CommandContext(t.Context(), os.Args[0])
	function.Env = []string{"BOOT_AS_FUNCTION=yes", "GOCOVERDIR=" + t.TempDir()}
	output, err := function.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("the process ended with %v, want exit code 1", err)
	}
	if got, want := string(output), "cedula: environment variable CEDULA_SECRET is not set\n"; got != want {
		t.Errorf("output = %q, want %q", got, want)
	}
}

// fakeDynamoDB finds nothing, after a while.
type fakeDynamoDB struct {
	delay  time.Duration
	calls  atomic.Int64
	header atomic.Pointer[http.Header] // the last request's
}

func (d *fakeDynamoDB) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := r.Header.Clone()
	d.header.Store(&header)
	d.calls.Add(1)
	_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client leaves
	select {
	case <-time.After(d.delay):
	case <-r.Context().Done():
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_, _ = w.Write([]byte("{}"))
}

func (d *fakeDynamoDB) start(t *testing.T) boot.Config {
	t.Helper()
	server := httptest.NewServer(d)
	t.Cleanup(server.Close)
	c := validConfig()
	c.Secret = "" // a health check needs none
	c.SessionToken = "session"
	c.DynamoDBEndpoint = server.URL
	return c
}

func TestHealthCheckCallsTheTable(t *testing.T) {
	var d fakeDynamoDB
	health, err := boot.NewHealthCheck(d.start(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := health.Ping(t.Context()); err != nil {
		t.Errorf("Ping = %v, want nil", err)
	}
	if got := d.calls.Load(); got != 1 {
		t.Errorf("%d calls, want 1: outside of Lambda nothing is warmed", got)
	}
	if d.header.Load().Get("X-Amz-Security-Token") != "session" || !strings.Contains(d.header.Load().Get("Authorization"), "AKIDEXAMPLE/") {
		t.Error("the call is not signed with the configured credentials")
	}
}

// The first call of a function in Lambda is made while it starts, and waits at most a second.
func TestTableIsWarmedInLambda(t *testing.T) {
	d := fakeDynamoDB{delay: time.Minute}
	c := d.start(t)
	c.Function = "function"
	start := time.Now()
	if _, err := boot.NewHealthCheck(c); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("starting took %v, want about a second", took)
	}
	if got := d.header.Load().Get("X-Amz-Target"); d.calls.Load() != 1 || got != "DynamoDB_20120810.GetItem" {
		t.Errorf("%d calls at start, the last to %s; want one GetItem", d.calls.Load(), got)
	}
}
