package main

import (
	"fmt"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// limitFileSize makes the system refuse, with EFBIG, what would make a file of
// this process larger than so many bytes: a full disk that needs no disk.
func limitFileSize(bytes string) {
	n, err := strconv.ParseUint(bytes, 10, 64)
	if err != nil {
		return
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
		panic(err)
	}
}

// TestFullDisk: the server ends with one line that says why, and what it
// acknowledged is there when there is room again.
func TestFullDisk(t *testing.T) {
	folder := t.TempDir()
	if err := startServer(t, folder).stop(t); err != nil {
		t.Fatal(err)
	}
	s := newServerCommand(folder, "localhost:0", "localhost:0")
	s.cmd.Env = append(s.cmd.Env, "CEDULA_TEST_FILE_LIMIT=1000000")
	launchServer(t, s).waitReady(t, folder)
	token := s.token(t)

	var acknowledged [2000]string
	var count atomic.Int64
	parallel(16, len(acknowledged), func(n int) {
		a, err := tryCall("POST", s.conomy+"/identities", identityBody(n), s.createHeaders(token, n)...)
		if err == nil && a.status == 200 {
			acknowledged[n] = string(a.body)
			count.Add(1)
		}
	})
	select {
	case <-s.done:
	case <-time.After(20 * time.Second):
		t.Fatal("the server did not end")
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 1 {
		t.Errorf("exit status %d", code)
	}
	var last []string
	for _, line := range strings.Split(strings.TrimSpace(s.log.String()), "\n") {
		if !strings.HasPrefix(line, "{") {
			last = append(last, line)
		}
	}
	if len(last) != 1 {
		t.Fatalf("%d lines besides the log: %.3000s", len(last), strings.Join(last, "\n"))
	}
	wantContains(t, last[0], "cedula: the data in "+folder, syscall.EFBIG.Error())
	if count.Load() == 0 || count.Load() == int64(len(acknowledged)) {
		t.Fatalf("%d acknowledged", count.Load())
	}
	t.Logf("%d acknowledged, then: %s", count.Load(), last[0])

	s = startServer(t, folder)
	token = s.token(t)
	for n, body := range acknowledged {
		if body == "" {
			continue
		}
		a := call(t, "POST", s.conomy+"/identities", identityBody(n), s.createHeaders(token, n)...)
		if string(a.body) != body {
			t.Fatalf("create %d was acknowledged as %s and is now %d %s", n, body, a.status, a.body)
		}
	}
}

// TestFullDiskAtStart: a folder that cannot be filled is said to be so, and
// can be when there is room.
func TestFullDiskAtStart(t *testing.T) {
	for _, limit := range []int{0, 10, 40, 100, 1000} {
		folder := t.TempDir()
		s := newServerCommand(folder, "localhost:0", "localhost:0")
		s.cmd.Env = append(s.cmd.Env, fmt.Sprint("CEDULA_TEST_FILE_LIMIT=", limit))
		err := s.cmd.Run()
		said := s.log.String()
		if err == nil || strings.Count(said, "\n") != 1 || !strings.Contains(said, syscall.EFBIG.Error()) {
			t.Errorf("limit %d: %v, %.2000s", limit, err, said)
		}
		again := startServer(t, folder)
		again.token(t)
		if err := again.stop(t); err != nil {
			t.Error(err)
		}
	}
}
