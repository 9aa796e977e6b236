package tabletest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"cedula/shared/table"
)

const writers = 32

// together runs f by every writer at once and waits for all.
func together(f func(writer int)) {
	var group sync.WaitGroup
	start := make(chan struct{})
	for n := range writers {
		group.Go(func() {
			<-start
			f(n)
		})
	}
	close(start)
	group.Wait()
}

// insist repeats a write that other writers kept from its turn.
func insist(s subject, ops ...table.Op) error {
	for {
		_, err := s.table.Write(context.Background(), ops...)
		if !errors.Is(err, table.ErrConflict) {
			return err
		}
	}
}

var raceFacts = []fact{
	{"race: of 32 writers of one absent key one wins, the others see it", func(s subject) {
		oneWinner(s, func(n int) []table.Op {
			return []table.Op{table.Put(versioned("p", "s", int64(n+1)), table.Absent())}
		})
	}},
	{"race: of 32 transactions on one absent key one wins, the others see it", func(s subject) {
		oneWinner(s, func(n int) []table.Op {
			return []table.Op{
				table.Put(versioned("p", "s", int64(n+1)), table.Absent()),
				table.Put(item("q", fmt.Sprintf("%03d", n)), table.Absent()),
			}
		})
		s.same("transactions done", len(s.all(table.Query{PK: "q"})), 1)
	}},
	{"race: 32 writers count by version and lose no count", func(s subject) {
		s.put(versioned("p", "s", 1))
		together(func(int) {
			for done := 0; done < 5; {
				now := s.get(key("p", "s"))[0].Version
				err := insist(s, table.Put(versioned("p", "s", now+1), table.VersionIs(now)))
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
		s.same("version", s.get(key("p", "s"))[0].Version, int64(1+writers*5))
	}},
	{"race: two items always change together", func(s subject) {
		s.put(versioned("p", "a", 1), versioned("p", "b", 1))
		together(func(int) {
			for range 3 {
				now := s.query(table.Query{PK: "p", Strong: true}).Items
				if len(now) != 2 || now[0].Version != now[1].Version {
					s.Errorf("torn: %v", now)
					return
				}
				_ = insist(s,
					table.Put(versioned("p", "a", now[0].Version+1), table.VersionIs(now[0].Version)),
					table.Put(versioned("p", "b", now[1].Version+1), table.VersionIs(now[1].Version)))
			}
		})
		got := s.get(key("p", "a"), key("p", "b"))
		s.same("versions", got[0].Version, got[1].Version)
	}},
}

func oneWinner(s subject, ops func(writer int) []table.Op) {
	s.Helper()
	var won atomic.Int64
	seen := make([]int64, writers)
	together(func(n int) {
		err := insist(s, ops(n)...)
		var failed *table.ConditionError
		switch {
		case err == nil:
			won.Add(1)
			seen[n] = int64(n + 1)
		case errors.As(err, &failed) && failed.Of(0) != nil && failed.Of(0).Current != nil:
			seen[n] = failed.Of(0).Current.Version
		default:
			s.Errorf("writer %d: %v", n, err)
		}
	})
	s.same("winners", won.Load(), int64(1))
	winner := s.get(key("p", "s"))[0].Version
	for n, v := range seen {
		s.same(fmt.Sprint("winner seen by ", n), v, winner)
	}
}
