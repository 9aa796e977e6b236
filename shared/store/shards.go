package store

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"cedula/shared/identity"
)

// MaxListShards is how many partitions a list can be split into.
const MaxListShards = 64

// ListShards is how a tenant's list is split. A partition of an index takes a thousand creates a second; each shard is
// one. New identities are in the first Write of them, and a list is read from the first Read: so that nothing is
// missed while processes of two settings run beside each other, Read rises before Write does, and never falls. An
// identity stays in the shard that it was made in.
type ListShards struct{ Write, Read int }

// ListSharding are the tenants whose lists are split. Every other one has one shard.
type ListSharding map[string]ListShards

// ParseListSharding reads what an operator writes: "acme=8, other=1/8" splits the list of acme into 8, and lets other's
// be read from 8 but written to one as before. Its error quotes nothing.
func ParseListSharding(text string) (ListSharding, error) {
	lists := make(ListSharding)
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		tenant, counts, _ := strings.Cut(part, "=")
		write, read, two := strings.Cut(counts, "/")
		if !two {
			read = write
		}
		w, errWrite := strconv.Atoi(strings.TrimSpace(write))
		r, errRead := strconv.Atoi(strings.TrimSpace(read))
		tenant = strings.TrimSpace(tenant)
		if tenant == "" || errWrite != nil || errRead != nil {
			return nil, errors.New("is not a list of tenants with their shards, such as acme=8,other=1/8")
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
