package main

import (
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// create sends one create request under an idempotency key.
func (s *server) create(headers []string, person, key int) (httpResponse, error) {
	all := append([]string{"Idempotency-Key", fmt.Sprint("create-", key)}, headers...)
	return tryCall("POST", s.conomy+"/identities", identityBody(person), all...)
}

// TestAcknowledgedCreatesSurviveKill kills the server during 1,000 concurrent creates. Then it sends all of them again: an
// acknowledged one must be replayed with its first response, and no other may be half done.
func TestAcknowledgedCreatesSurviveKill(t *testing.T) {
	const creates, workers = 1000, 32
	folder := t.TempDir()
	s := startServer(t, folder)
	headers := s.conomyHeaders(t)
	acknowledged := make([]string, creates)
	var count atomic.Int64
	parallel(workers, creates, func(n int) {
		a, err := s.create(headers, n, n)
		if err != nil || a.status != 200 {
			return
		}
		acknowledged[n] = string(a.body)
		if count.Add(1) == creates/2 {
			_ = s.cmd.Process.Kill()
		}
	})
	<-s.done
	if got := count.Load(); got < creates/2 || got == creates {
		t.Fatalf("acknowledged before the kill = %d, want some of %d", got, creates)
	}
	s = startServer(t, folder)
	headers = s.conomyHeaders(t)
	ids := make([]string, creates)
	parallel(workers, creates, func(n int) {
		a, err := s.create(headers, n, n)
		if err != nil || a.status != 200 {
			t.Errorf("create %d again: %v, %d %s, want 200", n, err, a.status, a.body)
			return
		}
		if first := acknowledged[n]; first != "" && (string(a.body) != first || a.header.Get("Idempotent-Replayed") != "true") {
			t.Errorf("create %d again = %s, want a replay of %s", n, a.body, first)
		}
		ids[n] = a.field(t, "id")
		got := call(t, "GET", s.conomy+"/identities/"+ids[n], "", headers...)
		if string(got.body) != string(a.body) {
			t.Errorf("identity %d = %s, want %s", n, got.body, a.body)
		}
	})
	distinct := make(map[string]bool)
	for _, id := range ids {
		distinct[id] = true
	}
	if len(distinct) != creates {
		t.Errorf("distinct identities = %d, want %d", len(distinct), creates)
	}
	t.Logf("%d of %d acknowledged before the kill", count.Load(), creates)
}

// TestFullDisk: the server ends with one line that says why. What it acknowledged exists once there is room again.
func TestFullDisk(t *testing.T) {
	folder := t.TempDir()
	startServer(t, folder).stop(t)
	s := newServerCommand(folder)
	s.cmd.Env = append(s.cmd.Env, fileLimitVariable+"=1000000")
	s.launch(t)
	s.waitReady(t, folder)
	headers := s.conomyHeaders(t)
	var acknowledged [2000]string
	var count atomic.Int64
	parallel(16, len(acknowledged), func(n int) {
		a, err := s.create(headers, n, n)
		if err == nil && a.status == 200 {
			acknowledged[n] = string(a.body)
			count.Add(1)
		}
	})
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		t.Fatal("the server did not end within 20 s")
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit status = %d, want 1", code)
	}
	var said []string
	for line := range strings.Lines(s.log.String()) {
		if !strings.HasPrefix(line, "{") {
			said = append(said, line)
		}
	}
	if len(said) != 1 {
		t.Fatalf("lines beside the log = %.3000q, want 1", said)
	}
	wantContains(t, said[0], "cedula: the data in "+folder, syscall.EFBIG.Error())
	if count.Load() == 0 || count.Load() == int64(len(acknowledged)) {
		t.Fatalf("acknowledged = %d, want some of %d", count.Load(), len(acknowledged))
	}
	s = startServer(t, folder)
	headers = s.conomyHeaders(t)
	for n, body := range acknowledged {
		if body == "" {
			continue
		}
		a, err := s.create(headers, n, n)
		if err != nil || string(a.body) != body {
			t.Fatalf("create %d again = %v, %d %s, want %s", n, err, a.status, a.body, body)
		}
	}
}

// TestFullDiskAtStart: a start that cannot write the folder says so, and the next one with room completes it.
func TestFullDiskAtStart(t *testing.T) {
	for _, limit := range []int{0, 10, 40, 100, 1000} {
		folder := t.TempDir()
		s := newServerCommand(folder)
		s.cmd.Env = append(s.cmd.Env, fmt.Sprint(fileLimitVariable, "=", limit))
		err := s.cmd.Run()
		said := s.log.String()
		if err == nil || strings.Count(said, "\n") != 1 || !strings.Contains(said, syscall.EFBIG.Error()) {
			t.Errorf("limit %d: %v, %.2000s, want one line with %v", limit, err, said, syscall.EFBIG)
		}
		again := startServer(t, folder)
		again.token(t)
		again.stop(t)
	}
}
