package partitions

import (
	"context"
	"fmt"
	"io"
	"math"
	"time"

	"cedula/shared/identity"
	"cedula/shared/store"
	"cedula/shared/table"
)

// Load is what comes: so many creates a second, half of them of one tenant and
// the rest spread evenly over the others.
type Load struct{ PerSecond, Others int }

// Design makes the creates of a load.
type Design struct {
	Name   string
	second func(l Load, nth int) ([]Create, error)
}

// Second is what the design writes in the nth second.
func (d Design) Second(l Load, nth int) ([]Create, error) { return d.second(l, nth) }

// Ours are the keys that the store writes, taken from its calls of the table, where
// the big tenant's list is split into so many shards.
func Ours(shards int) Design {
	s := &spied{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	kept := store.New(s, make([]byte, 32))
	kept.ListSharding = store.ListSharding{big: {Write: shards, Read: shards}}
	s.core = &identity.Service{Store: kept, Now: func() time.Time { return s.now }}
	if shards == 1 {
		return Design{"ours, a list of one shard", s.second}
	}
	return Design{fmt.Sprintf("ours, the big tenant's list of %d shards", shards), s.second}
}

// Naive is a partition for each tenant, whose sort key rises, and an index by
// status. It writes each identity by a single put, not a transaction.
func Naive() Design {
	return Design{"naive: a partition per tenant, an index by status", func(l Load, _ int) ([]Create, error) {
		creates := make([]Create, l.PerSecond)
		for n := range creates {
			tenant, isBig := l.tenant(n)
			creates[n] = Create{isBig, []Write{{"", "T#" + tenant, 2}, {"status", "PENDING", 1}}}
		}
		return creates, nil
	}}
}

const big = "big" // the tenant that half of the creates are of

// tenant is whose the nth create of a second is.
func (l Load) tenant(n int) (name string, isBig bool) {
	if n%2 == 0 {
		return big, true
	}
	return fmt.Sprintf("tenant-%d", n/2%l.Others), false
}

// spied is the core on a table that only looks at what is written.
type spied struct {
	table.Table
	core  *identity.Service
	now   time.Time
	made  int
	wrote []Write
}

func (s *spied) second(l Load, nth int) ([]Create, error) {
	creates := make([]Create, l.PerSecond)
	for n := range creates {
		s.made++
		s.now = time.Date(2026, 1, 1, 0, 0, nth, int(time.Second)/l.PerSecond*n, time.UTC)
		tenant, isBig := l.tenant(n)
		p := identity.Profile{
			Kind: identity.Individual, FirstName: "Juan", LastName: "Pérez", Email: fmt.Sprintf("juan.perez-%d@example.com", s.made),
			Phone: fmt.Sprintf("+569%08d", s.made), DocumentType: "RUT", DocumentNumber: fmt.Sprint(s.made), IDV: "iv-23123", Country: "CHL",
		}
		_, err := s.core.Create(context.Background(), identity.Draft{
			Tenant: tenant, Profile: p, Claims: []identity.Claim{p.UniquenessClaim()},
			GenerateID: func(now time.Time, _ io.Reader) (string, error) {
				return fmt.Sprintf("%08x%016x", now.Unix(), uint64(s.made)*0x9e3779b97f4a7c15), nil
			},
		})
		if err != nil {
			return nil, fmt.Errorf("partitions: %w", err)
		}
		creates[n] = Create{isBig, s.wrote}
	}
	return creates, nil
}

// Write implements table.Table for creates: it notes what DynamoDB would bill
// each item and entry.
func (s *spied) Write(_ context.Context, ops ...table.Op) (table.Units, error) {
	s.wrote = nil
	factor := 2.0
	if len(ops) == 1 {
		factor = 1
	}
	for n := range ops {
		i := &ops[n].Item
		s.wrote = append(s.wrote, Write{"", i.PK, factor * units(i.Bytes())})
		for index, at := range i.Indexes {
			s.wrote = append(s.wrote, Write{index, at.PK, units(table.IndexEntryBytes(i.Key, index, at))})
		}
	}
	return table.Units{}, nil
}

func units(bytes int) float64 { return math.Ceil(float64(bytes) / 1024) }
