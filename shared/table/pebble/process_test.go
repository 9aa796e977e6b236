package pebble_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

// The test binary runs itself as a second process: this variable then says
// what to do, with the folder as its argument.
const roleVariable = "EMBEDDED_TEST_ROLE"

func TestMain(m *testing.M) {
	switch os.Getenv(roleVariable) {
	case "write":
		runWriters(os.Args[1])
	case "open":
		runOpen(os.Args[1])
	case "fill":
		runUntilDiskFull(os.Args[1])
	case "refuse":
		runDiskError(os.Args[1], os.Args[2])
	default:
		os.Exit(m.Run())
	}
}

// testProcess is the second process. After a minute it says where it hangs, and ends.
func testProcess(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, self, dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) }
	cmd.Env = append(os.Environ(), roleVariable+"="+role)
	cmd.Stderr = os.Stderr
	return cmd
}

func runOpen(dir string) {
	db, err := pebble.Open(dir, nil)
	if err != nil {
		fmt.Println(errors.Is(err, pebble.ErrLocked), err)
		return
	}
	_ = db.Close()
	fmt.Println("opened")
}

func TestSecondProcessIsRefusedUntilTheFirstCloses(t *testing.T) {
	dir := t.TempDir()
	db := open(t, dir)
	out, err := testProcess(t, "open", dir).Output()
	if err != nil || strings.TrimSpace(string(out)) != "true "+pebble.ErrLocked.Error() {
		t.Errorf("second process: %q, %v", out, err)
	}
	if _, err := pebble.Open(dir, nil); !errors.Is(err, pebble.ErrLocked) {
		t.Errorf("second opening in one process: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := testProcess(t, "open", dir).Output(); err != nil || strings.TrimSpace(string(out)) != "opened" {
		t.Errorf("after close: %q, %v", out, err)
	}
}

const killWriters = 8

// writerOps is a writer's n-th transaction: two items and an index entry each.
func writerOps(writer int, n int64) []table.Op {
	ops := make([]table.Op, 2)
	for i, sk := range []string{"a", "b"} {
		ops[i] = table.Put(table.Item{
			Key:     table.Key{PK: fmt.Sprint("w", writer), SK: sk},
			Indexes: map[string]table.Key{"L": {PK: fmt.Sprint("w", writer, sk), SK: fmt.Sprintf("%012d", n)}},
			Version: n,
			Body:    make([]byte, 700),
		}, table.VersionIs(n-1))
		if n == 1 {
			ops[i].Condition = table.Absent()
		}
	}
	return ops
}

// runWriters acknowledges every transaction by a line "writer n".
func runWriters(dir string) {
	db, err := pebble.Open(dir, []string{"L", "E"})
	if err != nil {
		panic(err)
	}
	for w := range killWriters {
		got, err := db.Get(context.Background(), true, writerOps(w, 1)[0].Item.Key)
		if err != nil {
			panic(err)
		}
		n := int64(0)
		if len(got.Items) > 0 {
			n = got.Items[0].Version
		}
		go func() {
			for {
				n++
				if _, err := db.Write(context.Background(), writerOps(w, n)...); err != nil {
					panic(err)
				}
				_, _ = os.Stdout.WriteString(fmt.Sprintln(w, n))
			}
		}()
	}
	select {}
}

func TestAcknowledgedWritesSurviveKill(t *testing.T) {
	dir := t.TempDir()
	acknowledged := make([]int64, killWriters)
	for round := range 6 {
		killAfter(t, testProcess(t, "write", dir), time.Duration(30+60*round)*time.Millisecond, acknowledged)
		db, err := pebble.Open(dir, []string{"L", "E"})
		if err != nil {
			t.Fatalf("open after kill %d: %v", round, err)
		}
		for w, n := range acknowledged {
			checkSurvived(t, db, w, n)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if acknowledged[0] == 0 {
		t.Error("no writer ever got through")
	}
}

// killAfter lets the child write for a while after its first line, kills it and
// notes the last transaction each writer had acknowledged.
func killAfter(t *testing.T, cmd *exec.Cmd, after time.Duration, acknowledged []int64) {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var timer *time.Timer
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if timer == nil {
			timer = time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
		}
		var w int
		var n int64
		if read, _ := fmt.Sscan(lines.Text(), &w, &n); read == 2 {
			acknowledged[w] = n
		}
	}
	_ = cmd.Wait()
}

func checkSurvived(t *testing.T, db *pebble.DB, w int, acknowledged int64) {
	t.Helper()
	ops := writerOps(w, 1)
	got, err := db.Get(t.Context(), true, ops[0].Item.Key, ops[1].Item.Key)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Items) == 0 && acknowledged == 0 {
		return
	}
	if len(got.Items) != 2 || got.Items[0].Version != got.Items[1].Version {
		t.Fatalf("writer %d: a torn transaction: %v", w, got.Items)
	}
	if got.Items[0].Version < acknowledged {
		t.Errorf("writer %d: version %d, acknowledged %d", w, got.Items[0].Version, acknowledged)
	}
	for _, i := range got.Items {
		page, err := db.Query(t.Context(), table.Query{Index: "L", PK: i.Indexes["L"].PK})
		if err != nil || len(page.Items) != 1 || page.Items[0].Indexes["L"] != i.Indexes["L"] {
			t.Errorf("writer %d: index does not match: %v, %v", w, page.Items, err)
		}
	}
}

// A creation killed at any moment is completed by the next start.
func TestInterruptedCreationIsCompleted(t *testing.T) {
	for n := range 12 {
		dir := t.TempDir()
		cmd := testProcess(t, "open", dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(n*2) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		db, err := pebble.Open(dir, []string{"L", "E"})
		if err != nil {
			t.Fatalf("killed after %d ms: %v", n*2, err)
		}
		write(t, db, writerOps(0, 1)...)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
