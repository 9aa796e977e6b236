// Package partitions simulates how DynamoDB would spread creates over its
// partitions, by the keys that the store writes and by keys that are naive.
// It knows the limits of a partition and nothing of how DynamoDB moves them.
package partitions

import (
	"hash/fnv"
	"math"
)

// WritesPerPartition is the units that one partition takes in a second (Amazon DynamoDB Developer Guide,
// "Burst and adaptive capacity").
const WritesPerPartition = 1000

// Write is what a create writes to one item or one index entry.
type Write struct {
	Index string // empty for the table itself
	PK    string
	Units float64
}

// Create is all that one create writes, and for whom.
type Create struct {
	Big    bool // it is the big tenant's
	Writes []Write
}

// Second is what came of the creates of one second.
type Second struct{ Asked, Throttled, AskedBig, ThrottledBig int }

// Share is how much of what was asked was throttled.
func (s Second) Share() float64 { return share(s.Throttled, s.Asked) }

// BigShare is Share of the big tenant's.
func (s Second) BigShare() float64 { return share(s.ThrottledBig, s.AskedBig) }

// OthersShare is Share of everybody else's.
func (s Second) OthersShare() float64 {
	return share(s.Throttled-s.ThrottledBig, s.Asked-s.AskedBig)
}

func share(part, all int) float64 {
	if all == 0 {
		return 0
	}
	return float64(part) / float64(all)
}

// Sum adds seconds up.
func Sum(seconds []Second) (sum Second) {
	for _, s := range seconds {
		sum.Asked += s.Asked
		sum.Throttled += s.Throttled
		sum.AskedBig += s.AskedBig
		sum.ThrottledBig += s.ThrottledBig
	}
	return sum
}

// Table is a table and its indexes, each with partitions of its own. It is an
// optimistic model: the partitions were made before the creates come, twice as
// many as the units ask for; a key that alone takes more than a quarter of one
// has one to itself, as adaptive capacity would give it in time; who is
// throttled takes nothing and does not try again. It is without mercy in one
// thing: no capacity is left over from quieter seconds. A key whose entries rise
// cannot be split, since all of them go to its end.
type Table struct {
	count map[string]int     // partitions of the table and of each index
	alone map[[2]string]bool // keys with a partition to themselves
	used  map[place]float64  // units of this second
}

type place struct {
	index     string
	partition int
	alone     string
}

// NewTable makes the partitions for creates of which a second's are given.
func NewTable(sample []Create) *Table {
	t := &Table{count: make(map[string]int), alone: make(map[[2]string]bool)}
	units, keys := make(map[string]float64), make(map[[2]string]float64)
	for _, c := range sample {
		for _, w := range c.Writes {
			units[w.Index] += w.Units
			keys[[2]string{w.Index, w.PK}] += w.Units
		}
	}
	for index, sum := range units {
		t.count[index] = max(1, int(math.Ceil(2*sum/WritesPerPartition)))
	}
	for key, sum := range keys {
		if sum > WritesPerPartition/4 {
			t.alone[key] = true
		}
	}
	return t
}

// Run lets a second's creates in, each whole or not at all: a write that an
// index cannot take is not taken by the table either.
func (t *Table) Run(creates []Create) Second {
	t.used = make(map[place]float64, len(t.used))
	var s Second
	for _, c := range creates {
		s.Asked++
		fits := t.fits(c)
		if !fits {
			s.Throttled++
		}
		if c.Big {
			s.AskedBig++
			if !fits {
				s.ThrottledBig++
			}
		}
	}
	return s
}

func (t *Table) fits(c Create) bool {
	for n, w := range c.Writes {
		at := t.place(w)
		if t.used[at]+w.Units > WritesPerPartition {
			for _, undo := range c.Writes[:n] {
				t.used[t.place(undo)] -= undo.Units
			}
			return false
		}
		t.used[at] += w.Units
	}
	return true
}

func (t *Table) place(w Write) place {
	if t.alone[[2]string{w.Index, w.PK}] {
		return place{index: w.Index, alone: w.PK}
	}
	return place{index: w.Index, partition: int(hash(w.PK) % uint64(t.count[w.Index]))}
}

func hash(text string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(text))
	return h.Sum64()
}
