package pebble_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
)

const killedWriters = 8

// writerOps is a writer's n-th transaction: two items with an index entry each.
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

// runWriters prints a line "writer n" for every transaction that was acknowledged.
func runWriters(arguments ...string) {
	db, err := pebble.Open(arguments[0], indexes)
	if err != nil {
		panic(err)
	}
	for w := range killedWriters {
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
	acknowledged := make([]int64, killedWriters)
	for round := range 6 {
		killAfter(t, childProcess(t, "write", dir), time.Duration(30+60*round)*time.Millisecond, acknowledged)
		db := mustOpen(t, dir)
		for w, n := range acknowledged {
			checkSurvived(t, db, w, n)
		}
		mustClose(t, db)
	}
	if acknowledged[0] == 0 {
		t.Error("writer 0 was never acknowledged")
	}
}

// killAfter kills the process a while after its first line, and notes the last transaction that each writer printed.
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
	items := get(t, db, ops[0].Item.Key, ops[1].Item.Key)
	if len(items) == 0 && acknowledged == 0 {
		return
	}
	if len(items) != 2 || items[0].Version != items[1].Version {
		t.Fatalf("writer %d: items = %v, want two of one version", w, items)
	}
	if items[0].Version < acknowledged {
		t.Errorf("writer %d: version = %d, want at least the acknowledged %d", w, items[0].Version, acknowledged)
	}
	for _, i := range items {
		entries := queryAll(t, db, table.Query{Index: "L", PK: i.Indexes["L"].PK})
		if len(entries) != 1 || entries[0].Indexes["L"] != i.Indexes["L"] {
			t.Errorf("writer %d: index entries = %v, want only %v", w, entries, i.Indexes["L"])
		}
	}
}

// A creation that is killed at any moment is completed by the next start.
func TestInterruptedCreationIsCompleted(t *testing.T) {
	for n := range 12 {
		dir := t.TempDir()
		cmd := childProcess(t, "open", dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(n*2) * time.Millisecond)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		db := mustOpen(t, dir)
		write(t, db, writerOps(0, 1)...)
		mustClose(t, db)
	}
}
