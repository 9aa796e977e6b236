package boot_test

import (
	"bytes"
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

// TestMain lets the test program stand in for a function: some of what is
// tested ends the process.
func TestMain(m *testing.M) {
	if os.Getenv("BOOT_AS_FUNCTION") != "" {
		_, _, _ = boot.Identities(), boot.Authenticator(), boot.Keys()
		return
	}
	os.Exit(m.Run())
}

var validEnv = map[string]string{
	"BOOT_AS_FUNCTION": "yes",
	"CEDULA_TABLE":     "cedula", "CEDULA_SECRET": strings.Repeat("s", 32),
	"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example",
}

func TestEnvironment(t *testing.T) {
	for _, c := range []struct{ name, value, want string }{
		{"CEDULA_TABLE", "cedula", ""},
		{"CEDULA_TABLE", "", "CEDULA_TABLE is not set"},
		{"CEDULA_TABLE", "\n", "CEDULA_TABLE is not set"},
		{"CEDULA_SECRET", "", "CEDULA_SECRET is not set"},
		{"CEDULA_SECRET", strings.Repeat("s", 31), "CEDULA_SECRET has fewer than 32 bytes"},
		{"AWS_REGION", "", "AWS_REGION is not set"},
		{"AWS_ACCESS_KEY_ID", "", "AWS_ACCESS_KEY_ID is not set"},
		{"AWS_SECRET_ACCESS_KEY", "", "AWS_SECRET_ACCESS_KEY is not set"},
	} {
		function := exec.CommandContext(t.Context(), os.Args[0])
		for name, value := range validEnv {
			if name != c.name {
				function.Env = append(function.Env, name+"="+value)
			}
		}
		function.Env = append(function.Env, c.name+"="+c.value)
		var said bytes.Buffer
		function.Stderr = &said
		err := function.Run()
		if (err == nil) != (c.want == "") {
			t.Errorf("%s=%q: %v", c.name, c.value, err)
		}
		want := c.want
		if want != "" {
			want = "cedula: environment variable " + want + "\n"
		}
		if said.String() != want {
			t.Errorf("%s=%q: says %q, want %q", c.name, c.value, said.String(), want)
		}
	}
}

// startFakeDynamoDB is a DynamoDB that finds nothing, after a while.
func startFakeDynamoDB(t *testing.T, after time.Duration) (calls *atomic.Int64, last *http.Header) {
	t.Helper()
	calls, last = new(atomic.Int64), new(http.Header)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		*last = r.Header
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees the client leave
		select {
		case <-time.After(after):
		case <-r.Context().Done():
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(server.Close)
	for name, value := range validEnv {
		t.Setenv(name, value)
	}
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", server.URL)
	t.Setenv("AWS_SESSION_TOKEN", "session")
	return calls, last
}

func TestHealthAsksTheTable(t *testing.T) {
	calls, last := startFakeDynamoDB(t, 0)
	if err := boot.Health().Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if calls.Load() != 1 {
		t.Errorf("%d calls, want 1: outside of Lambda nothing is warmed", calls.Load())
	}
	if (*last).Get("X-Amz-Security-Token") != "session" || !strings.Contains((*last).Get("Authorization"), "AKIDEXAMPLE/") {
		t.Error("the call is not signed with the environment's credentials")
	}
}

func TestLambdaWarmsTheTable(t *testing.T) {
	calls, last := startFakeDynamoDB(t, 0)
	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
	health := boot.Health()
	if calls.Load() != 1 || (*last).Get("X-Amz-Target") != "DynamoDB_20120810.GetItem" {
		t.Errorf("%d calls in init, want one GetItem", calls.Load())
	}
	if err := health.Ping(t.Context()); err != nil || calls.Load() != 2 {
		t.Errorf("first request: %v after %d calls", err, calls.Load())
	}
}

// A table that does not answer holds a function's start up for a second, no more.
func TestWarmingIsBounded(t *testing.T) {
	startFakeDynamoDB(t, time.Minute)
	t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
	start := time.Now()
	boot.Health()
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("took %v", took)
	}
}
