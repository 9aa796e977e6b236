package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"
)

// sendPartialRequest sends a request whose body does not come, and leaves the connection open.
func sendPartialRequest(t *testing.T, base string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, "POST /auth HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestShutdownWaitsForServersConcurrently: both servers wait at once, and what is then still
// under way is cut off and counted.
func TestShutdownWaitsForServersConcurrently(t *testing.T) {
	s := newServers()
	began := make(chan bool, 2)
	var bases []string
	for range 2 {
		l, err := net.Listen("tcp", "localhost:0")
		if err != nil {
			t.Fatal(err)
		}
		s.serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			began <- true
			_, _ = io.Copy(io.Discard, r.Body)
		}), l)
		bases = append(bases, "http://"+l.Addr().String())
	}
	conns := []net.Conn{sendPartialRequest(t, bases[0]), sendPartialRequest(t, bases[1])}
	<-began
	<-began
	from := time.Now()
	if cut := s.shutdown(300 * time.Millisecond); cut != 2 {
		t.Errorf("%d requests were cut off, want 2", cut)
	}
	if took := time.Since(from); took < 300*time.Millisecond || took > 2*time.Second {
		t.Errorf("took %v", took)
	}
	for _, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.ReadAll(c); err != nil && os.IsTimeout(err) {
			t.Error("a connection is still open")
		}
	}
}

// TestSecondSignalEndsTheProcess: the first one waits for a request, the second for nothing.
func TestSecondSignalEndsTheProcess(t *testing.T) {
	s := startServer(t, t.TempDir())
	sendPartialRequest(t, s.conomy)
	time.Sleep(500 * time.Millisecond) // the server has begun to read it
	from := time.Now()
	for range 2 {
		if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
	}
	<-s.done
	if took := time.Since(from); took > 3*time.Second {
		t.Errorf("ended after %v", took)
	}
}

// TestIncompleteBodyTimesOut is answered in time and logged as what it is.
func TestIncompleteBodyTimesOut(t *testing.T) {
	w := newFixture(t)
	conomyAPI, _ := w.registry.apis()
	server := httptest.NewUnstartedServer(newGateway(conomyAPI))
	server.Config.ReadTimeout = 200 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	conn := sendPartialRequest(t, server.URL)
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	got, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(got), "HTTP/1.1 400 ") {
		t.Errorf("%v, %s", err, got)
	}
	wantContains(t, w.log.String(), `"why":"the body did not arrive"`)
}

func TestUnexpectedArgumentIsRejected(t *testing.T) {
	s := newServerCommand(t.TempDir(), "localhost:0", "localhost:0")
	s.cmd.Args = append(s.cmd.Args, "production")
	err := s.cmd.Run()
	if err == nil || s.cmd.ProcessState.ExitCode() != 2 {
		t.Errorf("%v", err)
	}
	said := s.log.String()
	if !strings.HasPrefix(said, "cedula: unexpected argument \"production\"\nUsage") {
		t.Error(said)
	}
	wantContains(t, said, "-conomy", "-blnk", "-mailbox", "-data")
}

// TestDisplayAddr: what is printed can be pasted.
func TestDisplayAddr(t *testing.T) {
	for asked, want := range map[string]string{
		":0": "localhost", "0.0.0.0:0": "localhost", "[::]:0": "localhost", "localhost:0": "localhost", "127.0.0.1:0": "127.0.0.1",
	} {
		l, err := listen(t.Context(), asked, "-conomy")
		if err != nil {
			t.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		if got := displayAddr(asked, l); got != fmt.Sprint(want, ":", port) {
			t.Errorf("%s: %s, want %s", asked, got, want)
		}
		_ = l.Close()
	}
}
