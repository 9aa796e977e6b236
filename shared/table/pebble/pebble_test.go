package pebble_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cedula/shared/table"
	"cedula/shared/table/pebble"
	"cedula/shared/table/tabletest"
)

func TestContract(t *testing.T) {
	tabletest.Run(t, func(t *testing.T) table.Table { return open(t, t.TempDir()) })
}

func TestClosedTableIsUnavailable(t *testing.T) {
	db := mustOpen(t, t.TempDir())
	mustClose(t, db)
	mustClose(t, db)
	k := table.Key{PK: "p", SK: "s"}
	_, getErr := db.Get(t.Context(), true, k)
	_, queryErr := db.Query(t.Context(), table.Query{PK: "p"})
	_, writeErr := db.Write(t.Context(), table.Delete(k, table.Always()))
	_, sweepErr := db.Sweep(t.Context(), time.Now())
	for call, err := range map[string]error{"Get": getErr, "Query": queryErr, "Write": writeErr, "Sweep": sweepErr} {
		if !errors.Is(err, table.ErrUnavailable) {
			t.Errorf("%s: error = %v, want ErrUnavailable", call, err)
		}
	}
}

func TestCloseWaitsForRunningCalls(t *testing.T) {
	db := mustOpen(t, t.TempDir())
	var group sync.WaitGroup
	for n := range 16 {
		group.Go(func() {
			var err error
			for v := int64(1); err == nil; v++ {
				i := table.Item{Key: table.Key{PK: "p", SK: fmt.Sprint(n)}, Version: v}
				_, err = db.Write(context.Background(), table.Put(i, table.Always()))
			}
			if !errors.Is(err, table.ErrUnavailable) {
				t.Errorf("Write: error = %v, want ErrUnavailable", err)
			}
		})
	}
	time.Sleep(30 * time.Millisecond)
	mustClose(t, db)
	group.Wait()
}

func TestSecondProcessIsRejectedUntilTheFirstCloses(t *testing.T) {
	dir := t.TempDir()
	wantOpen := func(when, want string) {
		t.Helper()
		out, err := childProcess(t, "open", dir).Output()
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("second process %s: %q, %v, want %q", when, got, err, want)
		}
	}
	db := mustOpen(t, dir)
	wantOpen("while open", "true "+pebble.ErrLocked.Error())
	if _, err := pebble.Open(dir, nil); !errors.Is(err, pebble.ErrLocked) {
		t.Errorf("second Open in one process: error = %v, want ErrLocked", err)
	}
	mustClose(t, db)
	wantOpen("after Close", "opened")
}

func runOpen(arguments ...string) {
	db, err := pebble.Open(arguments[0], nil)
	if err != nil {
		fmt.Println(errors.Is(err, pebble.ErrLocked), err)
		return
	}
	_ = db.Close()
	fmt.Println("opened")
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
		write(t, db, table.Put(numberedItem(1), table.Absent()))
		mustClose(t, db)
	}
}

func TestErrorNamesUnwritableFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write anywhere")
	}
	dir := t.TempDir() + "/sealed"
	if err := os.Mkdir(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	_, err := pebble.Open(dir, nil)
	if !errors.Is(err, table.ErrUnavailable) || !strings.Contains(err.Error(), "/sealed/LOCK: permission denied") {
		t.Errorf("error = %v, want ErrUnavailable naming /sealed/LOCK", err)
	}
}
