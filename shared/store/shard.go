package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"sync"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// MaxListShards is how many partitions a list can be split into.
const MaxListShards = 64

// ListShards is how a tenant's list is split. A partition of an index takes a thousand
// creates a second; each shard is one. New identities stand in the first Write of
// them, and a list is read from the first Read: so that nothing is missed while
// processes of two settings run beside each other, Read rises before Write does,
// and never falls. An identity stays in the shard that it was made in.
type ListShards struct{ Write, Read int }

// ListSharding are the tenants whose lists are split. Every other one has one shard.
type ListSharding map[string]ListShards

// ParseListSharding reads what an operator writes: "acme=8, other=1/8" splits the list of
// acme into 8, and lets other's be read from 8 but written to one as before. Its
// error quotes nothing.
func ParseListSharding(text string) (ListSharding, error) {
	lists := make(ListSharding)
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		tenant, counts, _ := strings.Cut(part, "=")
		write, read, two := strings.Cut(counts, "/")
		if !two {
			read = write
		}
		w, errWrite := strconv.Atoi(strings.TrimSpace(write))
		r, errRead := strconv.Atoi(strings.TrimSpace(read))
		if tenant = strings.TrimSpace(tenant); tenant == "" || errWrite != nil || errRead != nil {
			return nil, errors.New("is no list of tenants with their shards, such as acme=8,other=1/8")
		}
		if _, twice := lists[tenant]; twice {
			return nil, errors.New("names a tenant twice")
		}
		if w < 1 || r < w || r > MaxListShards {
			return nil, fmt.Errorf("has shards that are not 1 to %d, or more to write to than to read from", MaxListShards)
		}
		lists[tenant] = ListShards{Write: w, Read: r}
	}
	return lists, nil
}

// shardFor is the shard of a new identity.
func (l ListSharding) shardFor(i *identity.Identity) int {
	shards, split := l[i.Tenant]
	if !split {
		return 0
	}
	return int(shardOf(i.ID, uint32(shards.Write)))
}

// shardOf is a number below n that follows from a text.
func shardOf(text string, n uint32) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return h.Sum32() % n
}

// shardReader is one partition of a list while it is read.
type shardReader struct {
	query   table.Query
	entries []identity.IndexEntry // read and not yet taken
	done    bool
}

// mergeShards reads a list of several shards in one order. Each shard is asked for its
// share and a little more, all at once, and again if that was not enough.
func (s *Store) mergeShards(ctx context.Context, q table.Query, tenant string, shards int, after *identity.IndexEntry) (entries []identity.IndexEntry, err error) {
	limit, share := q.Limit, (q.Limit+shards-1)/shards
	all := make([]shardReader, shards)
	for n := range all {
		of := q
		of.PK, of.Limit = listPK(tenant, n), min(limit, share+share/4+8)
		seek(&of, tenant, "", after)
		all[n].query = of
	}
	for len(entries) < limit {
		if err := s.fillShards(ctx, all); err != nil {
			return nil, err
		}
		next := nextShard(all, q.Descending)
		if next == nil {
			return entries, nil
		}
		entries, next.entries = append(entries, next.entries[0]), next.entries[1:]
	}
	return entries, nil
}

// fillShards reads on where nothing is left and more may come.
func (s *Store) fillShards(ctx context.Context, all []shardReader) error {
	var reading sync.WaitGroup
	errs := make([]error, len(all))
	for n := range all {
		if of := &all[n]; len(of.entries) == 0 && !of.done {
			reading.Go(func() { errs[n] = s.readShard(ctx, of) })
		}
	}
	reading.Wait()
	return cmp.Or(errs...)
}

func (s *Store) readShard(ctx context.Context, of *shardReader) (err error) {
	asked := of.query.Limit
	of.entries, err = s.readEntries(ctx, &of.query, "")
	of.done, of.query.Limit = of.query.Start == nil, asked
	return err
}

// nextShard is the shard whose next entry comes before all others'; nil if none has one.
func nextShard(all []shardReader, descending bool) (found *shardReader) {
	for n := range all {
		switch of := &all[n]; {
		case len(of.entries) == 0:
		case found == nil || (of.entries[0].Compare(found.entries[0]) > 0) == descending:
			found = of
		}
	}
	return found
}
