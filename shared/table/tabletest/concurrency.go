package tabletest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"cedula/shared/table"
)

const writerCount = 32

// runWriters runs f by every writer at once and waits for all.
func runWriters(f func(writer int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for n := range writerCount {
		group.Go(func() {
			<-start
			f(n)
		})
	}
	close(start)
	group.Wait()
}

// writeRetryingConflicts repeats a write that other writers kept from its turn.
func writeRetryingConflicts(s fixture, ops ...table.Op) error {
	for {
		_, err := s.table.Write(context.Background(), ops...)
		if !errors.Is(err, table.ErrConflict) {
			return err
		}
	}
}

var concurrencyCases = []testCase{
	{"race: of 32 writers of one absent key one wins, the others see it", func(s fixture) {
		testSingleWinner(s, func(n int) []table.Op {
			return []table.Op{table.Put(versionedItem("p", "s", int64(n+1)), table.Absent())}
		})
	}},
	{"race: of 32 transactions on one absent key one wins, the others see it", func(s fixture) {
		testSingleWinner(s, func(n int) []table.Op {
			return []table.Op{
				table.Put(versionedItem("p", "s", int64(n+1)), table.Absent()),
				table.Put(item("q", fmt.Sprintf("%03d", n)), table.Absent()),
			}
		})
		s.wantEqual("transactions done", len(s.allSortKeys(table.Query{PK: "q"})), 1)
	}},
	{"race: 32 writers count by version and lose no count", func(s fixture) {
		s.mustPut(versionedItem("p", "s", 1))
		runWriters(func(int) {
			for done := 0; done < 5; {
				now := s.mustGet(key("p", "s"))[0].Version
				err := writeRetryingConflicts(s, table.Put(versionedItem("p", "s", now+1), table.VersionIs(now)))
				var failed *table.ConditionError
				switch {
				case err == nil:
					done++
				case !errors.As(err, &failed):
					s.Errorf("write: %v", err)
					return
				}
			}
		})
		s.wantEqual("version", s.mustGet(key("p", "s"))[0].Version, int64(1+writerCount*5))
	}},
	{"race: two items always change together", func(s fixture) {
		s.mustPut(versionedItem("p", "a", 1), versionedItem("p", "b", 1))
		runWriters(func(int) {
			for range 3 {
				now := s.mustQuery(table.Query{PK: "p", Strong: true}).Items
				if len(now) != 2 || now[0].Version != now[1].Version {
					s.Errorf("torn: %v", now)
					return
				}
				_ = writeRetryingConflicts(s,
					table.Put(versionedItem("p", "a", now[0].Version+1), table.VersionIs(now[0].Version)),
					table.Put(versionedItem("p", "b", now[1].Version+1), table.VersionIs(now[1].Version)))
			}
		})
		got := s.mustGet(key("p", "a"), key("p", "b"))
		s.wantEqual("versions", got[0].Version, got[1].Version)
	}},
}

func testSingleWinner(s fixture, ops func(writer int) []table.Op) {
	s.Helper()
	var won atomic.Int64
	seen := make([]int64, writerCount)
	runWriters(func(n int) {
		err := writeRetryingConflicts(s, ops(n)...)
		var failed *table.ConditionError
		switch {
		case err == nil:
			won.Add(1)
			seen[n] = int64(n + 1)
		case errors.As(err, &failed) && failed.FailureOf(0) != nil && failed.FailureOf(0).Current != nil:
			seen[n] = failed.FailureOf(0).Current.Version
		default:
			s.Errorf("writer %d: %v", n, err)
		}
	})
	s.wantEqual("winners", won.Load(), int64(1))
	winner := s.mustGet(key("p", "s"))[0].Version
	for n, v := range seen {
		s.wantEqual(fmt.Sprint("winner seen by ", n), v, winner)
	}
}
