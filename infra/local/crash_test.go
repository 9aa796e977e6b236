package local

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// create sends one create request under an idempotency key of its own.
func (s *server) create(headers []string, n int) (httpResponse, error) {
	return tryCall("POST", s.conomy+"/identities", identityBody(n), append([]string{"Idempotency-Key", fmt.Sprint("create-", n)}, headers...)...)
}

// createUntilItEnds sends creates while the server ends, and returns the responses to those that were acknowledged, by their
// number. It calls acknowledged with how many there are so far.
func (s *server) createUntilItEnds(t *testing.T, creates int, acknowledged func(count int)) []string {
	t.Helper()
	headers := s.conomyHeaders(t)
	bodies := make([]string, creates)
	var count atomic.Int64
	parallel(32, creates, func(n int) {
		if a, err := s.create(headers, n); err == nil && a.status == 200 {
			bodies[n] = string(a.body)
			acknowledged(int(count.Add(1)))
		}
	})
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		t.Fatal("the server did not end within 20 s")
	}
	if got := int(count.Load()); got == 0 || got == creates {
		t.Fatalf("acknowledged = %d, want some of %d", got, creates)
	}
	t.Logf("%d of %d acknowledged", count.Load(), creates)
	return bodies
}

// TestAcknowledgedCreatesSurviveKill kills the server during 1,000 concurrent creates. Then it sends all of them again: an
// acknowledged one must be replayed with its first response, and no other may be half done.
func TestAcknowledgedCreatesSurviveKill(t *testing.T) {
	const creates = 1000
	folder := t.TempDir()
	s := startServer(t, folder)
	acknowledged := s.createUntilItEnds(t, creates, func(count int) {
		if count == creates/2 {
			_ = s.cmd.Process.Kill()
		}
	})
	s = startServer(t, folder)
	headers := s.conomyHeaders(t)
	var distinct sync.Map
	parallel(32, creates, func(n int) {
		a, err := s.create(headers, n)
		if err != nil || a.status != 200 {
			t.Errorf("create %d again: %v, %d %s, want 200", n, err, a.status, a.body)
			return
		}
		if first := acknowledged[n]; first != "" && (string(a.body) != first || a.header.Get("Idempotent-Replayed") != "true") {
			t.Errorf("create %d again = %s, want a replay of %s", n, a.body, first)
		}
		id := a.field(t, "id")
		if other, loaded := distinct.LoadOrStore(id, n); loaded {
			t.Errorf("creates %d and %v made the same identity %s", n, other, id)
		}
		if got := call(t, "GET", s.conomy+"/identities/"+id, "", headers...); string(got.body) != string(a.body) {
			t.Errorf("identity %d = %s, want %s", n, got.body, a.body)
		}
	})
}

// TestFullDisk: the server ends with one line that says why. What it acknowledged exists once there is room again.
func TestFullDisk(t *testing.T) {
	folder := t.TempDir()
	startServer(t, folder).stop(t)
	s := newServerCommand(folder)
	s.cmd.Env = append(s.cmd.Env, fileLimitVariable+"=1000000")
	s.launch(t)
	s.waitReady(t, folder)
	acknowledged := s.createUntilItEnds(t, 2000, func(int) {})
	if code := s.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit status = %d, want 1", code)
	}
	said := slices.DeleteFunc(strings.SplitAfter(s.log.String(), "\n"), func(line string) bool { return line == "" || strings.HasPrefix(line, "{") })
	if len(said) != 1 {
		t.Fatalf("lines beside the log = %.3000q, want 1", said)
	}
	wantContains(t, said[0], "cedula: the data in "+folder, syscall.EFBIG.Error())
	s = startServer(t, folder)
	headers := s.conomyHeaders(t)
	for n, body := range acknowledged {
		if body == "" {
			continue
		}
		a, err := s.create(headers, n)
		if err != nil || string(a.body) != body {
			t.Fatalf("create %d again = %v, %d %s, want %s", n, err, a.status, a.body, body)
		}
	}
}

// TestFullDiskAtStart: a start that cannot write the folder says so, and the next one with room completes it.
func TestFullDiskAtStart(t *testing.T) {
	if testing.CoverMode() != "" {
		t.Skip("the process also complains that it cannot write its coverage")
	}
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
