package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// TestAcknowledgedCreatesSurviveKill kills the server in the middle of 1,000 concurrent
// creates. Every request carries an idempotency key, so that sending all of
// them again after the restart shows what was kept: an acknowledged one is
// replayed with its first answer, and a claim without its identity would
// answer 409.
func TestAcknowledgedCreatesSurviveKill(t *testing.T) {
	const creates, workers = 1000, 32
	folder := t.TempDir()
	s := startServer(t, folder)
	token := s.token(t)

	acknowledged := make([]string, creates)
	var count atomic.Int64
	parallel(workers, creates, func(n int) {
		a, err := tryCall("POST", s.conomy+"/identities", identityBody(n), s.createHeaders(token, n)...)
		if err == nil && a.status == 200 {
			acknowledged[n] = string(a.body)
			if count.Add(1) == creates/2 {
				_ = s.cmd.Process.Kill()
			}
		}
	})
	<-s.done
	if got := count.Load(); got < creates/2 || got == creates {
		t.Fatalf("%d creates were acknowledged before the end: the kill came at the wrong time", got)
	}

	s = startServer(t, folder)
	token = s.token(t)
	ids := make([]string, creates)
	parallel(workers, creates, func(n int) {
		a := call(t, "POST", s.conomy+"/identities", identityBody(n), s.createHeaders(token, n)...)
		if a.status != 200 {
			t.Errorf("create %d again: %d %s", n, a.status, a.body)
		}
		if first := acknowledged[n]; first != "" && (string(a.body) != first || a.header.Get("Idempotent-Replayed") != "true") {
			t.Errorf("create %d was acknowledged as %s and is now %s", n, first, a.body)
		}
		var made struct{ ID string }
		if err := json.Unmarshal(a.body, &made); err != nil {
			t.Error(err)
		}
		ids[n] = made.ID
		got := call(t, "GET", s.conomy+"/identities/"+made.ID, "", "Authorization", "Bearer "+token, "x-api-key", s.credentials.ConomyKey)
		if string(got.body) != string(a.body) {
			t.Errorf("identity %d is not what the create said: %s", n, got.body)
		}
	})
	distinct := make(map[string]bool)
	for _, id := range ids {
		distinct[id] = true
	}
	if len(distinct) != creates {
		t.Errorf("%d creates made %d identities", creates, len(distinct))
	}
	t.Logf("%d of %d acknowledged before the kill", count.Load(), creates)
}

func identityBody(n int) string {
	return fmt.Sprintf(`{"name":"N","email":"n%d@example.com","phone":"+5691234%04d","documentType":"RUT","documentNumber":"%d","idv":"iv"}`, n, n, 10_000_000+n)
}

func (s *server) createHeaders(token string, n int) []string {
	return []string{
		"Authorization", "Bearer " + token, "x-api-key", s.credentials.ConomyKey,
		"Idempotency-Key", fmt.Sprintf("create-%d", n),
	}
}

// parallel calls do for 0 to n-1 from several goroutines.
func parallel(workers, n int, do func(int)) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	all.Wait()
}

// TestIdempotencyStampede sends one request fifty times at once.
func TestIdempotencyStampede(t *testing.T) {
	const times = 50
	s := startServer(t, t.TempDir())
	token := s.token(t)
	bodies := make([]string, times)
	var replayed atomic.Int64
	parallel(times, times, func(n int) {
		a := call(t, "POST", s.conomy+"/identities", identityBody(1), s.createHeaders(token, 1)...)
		if a.status != 200 {
			t.Errorf("%d %s", a.status, a.body)
		}
		if a.header.Get("Idempotent-Replayed") == "true" {
			replayed.Add(1)
		}
		bodies[n] = string(a.body)
	})
	for _, b := range bodies {
		if b != bodies[0] {
			t.Errorf("two answers: %s and %s", bodies[0], b)
		}
	}
	if replayed.Load() != times-1 {
		t.Errorf("%d of %d answers are marked as replays, want all but one", replayed.Load(), times)
	}
	if a := call(t, "POST", s.conomy+"/identities", identityBody(2), s.createHeaders(token, 1)...); a.status != 422 {
		t.Errorf("another body under the key: %d %s", a.status, a.body)
	}
	if a := call(t, "POST", s.conomy+"/identities", identityBody(1), s.createHeaders(token, 2)...); a.status != 409 {
		t.Errorf("the same identity under another key: %d %s", a.status, a.body)
	}
}

func TestStartAndEnd(t *testing.T) {
	folder := t.TempDir()
	s := startServer(t, folder)
	first := s.credentials

	t.Run("busy port", func(t *testing.T) {
		said := wantStartFailure(t, newServerCommand(t.TempDir(), s.conomy[len("http://"):], "localhost:0"))
		wantContains(t, said, "is in use by another program", "-conomy")
	})
	t.Run("locked data", func(t *testing.T) {
		said := wantStartFailure(t, newServerCommand(folder, "localhost:0", "localhost:0"))
		wantContains(t, said, "cannot open the data in "+folder)
	})
	t.Run("interrupt", func(t *testing.T) {
		if err := s.stop(t); err != nil {
			t.Errorf("%v\n%s", err, s.log)
		}
	})
	t.Run("credentials are kept", func(t *testing.T) {
		again := startServer(t, folder)
		if again.credentials != first {
			t.Error("another client")
		}
		again.token(t)
		if err := again.stop(t); err != nil {
			t.Error(err)
		}
	})
}

func TestDamagedData(t *testing.T) {
	tests := []struct {
		name, file, content, want string
	}{
		{"secret cut off", "secret", "short", "secret is damaged"},
		{"data key cut off", "data-key", "short", "data-key is damaged"},
		{"data key emptied", "data-key", "", "data-key is damaged"},
		{"token key no PEM", "token-key.pem", "garbage", "token-key.pem is damaged"},
		{"credentials cut off", "sandbox.env", "{", "sandbox.env is damaged; remove it"},
		{"table's manifest", "table/MANIFEST-*", "garbage", "cannot open the data"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			folder := t.TempDir()
			s := startServer(t, folder)
			if err := s.stop(t); err != nil {
				t.Fatal(err)
			}
			paths, err := filepath.Glob(filepath.Join(folder, tt.file))
			if err != nil || len(paths) == 0 {
				t.Fatalf("no file %s", tt.file)
			}
			for _, path := range paths {
				if err := os.WriteFile(path, []byte(tt.content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			before := listFiles(t, folder)
			wantContains(t, wantStartFailure(t, newServerCommand(folder, "localhost:0", "localhost:0")), tt.want)
			for name := range before {
				if !listFiles(t, folder)[name] {
					t.Errorf("%s was deleted", name)
				}
			}
		})
	}
}
