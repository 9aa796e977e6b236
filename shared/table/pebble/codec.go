package pebble

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"cedula/shared/table"
)

// itemFormat begins every encoded item. Then: version (varint); a byte that
// says whether there is an expiry, and if so its seconds (varint); owner
// (string); number of index entries (uvarint) and for each, by name, three
// strings: name, PK, SK; the body to the end. A string is its length (uvarint)
// and its bytes. The item's own key is its row's.
const itemFormat = 1

func encode(i *table.Item) []byte {
	out := make([]byte, 0, 64+i.Bytes())
	out = append(out, itemFormat)
	out = binary.AppendVarint(out, i.Version)
	if i.Expires.IsZero() {
		out = append(out, 0)
	} else {
		out = binary.AppendVarint(append(out, 1), i.Expires.Unix())
	}
	out = appendString(out, i.Owner)
	out = binary.AppendUvarint(out, uint64(len(i.Indexes)))
	for _, index := range slices.Sorted(maps.Keys(i.Indexes)) {
		out = appendString(out, index)
		out = appendString(out, i.Indexes[index].PK)
		out = appendString(out, i.Indexes[index].SK)
	}
	return append(out, i.Body...)
}

func appendString(out []byte, s string) []byte {
	return append(binary.AppendUvarint(out, uint64(len(s))), s...)
}

// decode reads what encode wrote and keeps value as the body's memory.
// Anything else is ErrDamaged.
func decode(k table.Key, value []byte) (*table.Item, error) {
	r := decoder{rest: value}
	if r.byte() != itemFormat {
		return nil, ErrCorrupt
	}
	i := &table.Item{Key: k, Version: r.varint()}
	if r.byte() == 1 {
		i.Expires = time.Unix(r.varint(), 0).UTC()
	}
	i.Owner = r.string()
	i.Indexes = r.indexes()
	if len(r.rest) > 0 {
		i.Body = r.rest
	}
	if r.corrupt {
		return nil, ErrCorrupt
	}
	return i, nil
}

// decoder takes values off the front; after a damage all of them are zero.
type decoder struct {
	rest    []byte
	corrupt bool
}

func (r *decoder) take(n int) []byte {
	if r.corrupt || n < 0 || n > len(r.rest) {
		r.corrupt, r.rest = true, nil
		return nil
	}
	taken := r.rest[:n]
	r.rest = r.rest[n:]
	return taken
}

func (r *decoder) byte() byte {
	b := r.take(1)
	if b == nil {
		return 0
	}
	return b[0]
}

func (r *decoder) varint() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		n = -1
	}
	r.take(n)
	return v
}

func (r *decoder) length() int {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > uint64(len(r.rest)) {
		n, v = -1, 0
	}
	r.take(n)
	return int(v)
}

func (r *decoder) string() string { return string(r.take(r.length())) }

func (r *decoder) indexes() map[string]table.Key {
	n := r.length()
	if n == 0 {
		return nil
	}
	indexes := make(map[string]table.Key, n)
	for ; n > 0 && !r.corrupt; n-- {
		index := r.string()
		indexes[index] = table.Key{PK: r.string(), SK: r.string()}
	}
	return indexes
}
