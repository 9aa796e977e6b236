package pebble

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"

	"cedula/shared/table"
)

// The rows of the key-value engine. A part is a string with 00 written as 00 FF, followed by 00 01, so that rows sort as
// their parts do. The last string of a row is not encoded.
//
//	f                                                         format version of the folder
//	c                                                         number of clean shutdowns
//	t part(PK) SK                                             item (codec.go)
//	i part(index) part(index PK) part(index SK) part(PK) SK   index entry, no value
//	e seconds(8 bytes, sign flipped) part(PK) SK              expiry entry, no value
const (
	kindFormat  = 'f'
	kindClosing = 'c'
	kindItem    = 't'
	kindEntry   = 'i'
	kindExpiry  = 'e'
)

const (
	partTerminator = "\x00\x01"
	escapedZero    = "\x00\xff"
)

func appendPart(row []byte, s string) []byte {
	for {
		n := strings.IndexByte(s, 0)
		if n < 0 {
			return append(append(row, s...), partTerminator...)
		}
		row = append(append(row, s[:n]...), escapedZero...)
		s = s[n+1:]
	}
}

// cutPart splits the first part off a row; ok is false if no part is complete.
func cutPart(row []byte) (s string, rest []byte, ok bool) {
	var out []byte
	for {
		n := bytes.IndexByte(row, 0)
		if n < 0 || n+1 == len(row) {
			return "", nil, false
		}
		out = append(out, row[:n]...)
		escaped := row[n+1] == escapedZero[1]
		row = row[n+2:]
		if !escaped {
			return string(out), row, true
		}
		out = append(out, 0)
	}
}

func appendKey(row []byte, k table.Key) []byte {
	return append(appendPart(row, k.PK), k.SK...)
}

func cutKey(row []byte) (table.Key, bool) {
	pk, sk, ok := cutPart(row)
	return table.Key{PK: pk, SK: string(sk)}, ok
}

func itemRow(k table.Key) []byte {
	row := append(make([]byte, 0, 8+len(k.PK)+len(k.SK)), kindItem)
	return appendKey(row, k)
}

func entryRow(index string, at, k table.Key) []byte {
	row := indexPartition(index, at.PK)
	return appendKey(appendPart(row, at.SK), k)
}

// indexEntry is an item's place in an index.
type indexEntry struct {
	item  table.Key
	index string
	key   table.Key
}

func (e indexEntry) row() []byte { return entryRow(e.index, e.key, e.item) }
func (e indexEntry) bytes() int  { return table.IndexEntryBytes(e.item, e.index, e.key) }

// entriesNotIn returns the index entries of an item that another version of it does not have. Either may be nil.
func entriesNotIn(i, other *table.Item) (entries []indexEntry) {
	if i == nil {
		return nil
	}
	for index, at := range i.Indexes {
		if other == nil || other.Indexes[index] != at {
			entries = append(entries, indexEntry{i.Key, index, at})
		}
	}
	return entries
}

func expiryRow(seconds int64, k table.Key) []byte {
	return appendKey(expiryBound(seconds), k)
}

// expiryBound returns the start of the expiry entries of a second.
func expiryBound(seconds int64) []byte {
	return binary.BigEndian.AppendUint64([]byte{kindExpiry}, uint64(seconds)^(1<<63))
}

// cutExpiryRow returns the key of the item that an expiry row names; false if the row is malformed.
func cutExpiryRow(row []byte) (table.Key, bool) {
	if len(row) < 9 {
		return table.Key{}, false
	}
	return cutKey(row[9:])
}

func itemPartition(pk string) []byte {
	return appendPart([]byte{kindItem}, pk)
}

func indexPartition(index, pk string) []byte {
	return appendPart(appendPart([]byte{kindEntry}, index), pk)
}

// prefixEnd returns the least row that is greater than every row with the prefix.
func prefixEnd(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < math.MaxUint8 {
			end[i]++
			return end[:i+1]
		}
	}
	return nil
}
