package pebble

import (
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"cedula/shared/table"
)

// itemFormat is the first byte of every encoded item. It is followed by the version (varint); a byte that is 1 if there is an
// expiry, and then its seconds (varint); the owner (string); the number of index entries (uvarint) and for each, sorted by
// name, three strings: name, PK, SK; and the body. A string is its length (uvarint) and its bytes. The item's key is in the
// row.
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

// decode is the reverse of encode. It keeps value as the memory of the body. It returns ErrCorrupt for anything that encode
// did not write.
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

// decoder reads values one after the other. Once it has met damage all of them are zero.
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
