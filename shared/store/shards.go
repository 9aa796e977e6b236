package store

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"cedula/shared/identity"
)

// MaxListShards is the maximum number of shards of a list.
const MaxListShards = 64

// ListShards is the number of shards of a tenant's list. A shard is an index partition, which accepts a thousand creates
// per second. New identities are written to the first Write shards, and lists are read from the first Read. Read must be
// raised before Write, so that no identity is missed while processes with two settings run side by side, and must never be
// lowered. An identity stays in the shard in which it was created.
type ListShards struct{ Write, Read int }

// ListSharding maps tenants to the shards of their lists. Every other tenant has one shard.
type ListSharding map[string]ListShards

// ParseListSharding parses a setting: "acme=8, other=1/8" means 8 shards for acme; other is read from 8 shards and still
// written to one. Its error does not quote the setting.
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

// shardFor returns the shard of a new identity.
func (l ListSharding) shardFor(i *identity.Identity) int {
	return int(shardOf(i.ID, uint32(max(1, l[i.Tenant].Write))))
}

// shardOf returns a hash of a string, below n.
func shardOf(text string, n uint32) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return h.Sum32() % n
}
