package identity

import (
	"hash/fnv"
	"strconv"
	"time"
)

// ETag identifies a version of the identity. It differs from the ETags of an earlier identity with the same
// id.
func (i *Identity) ETag() string { return strconv.FormatInt(i.Version, 10) + "-" + i.Incarnation() }

// Incarnation distinguishes the identity from an earlier one with the same id: the time of creation, in
// microseconds since 1970, in base 36.
func (i *Identity) Incarnation() string { return strconv.FormatInt(i.CreatedAt.UnixMicro(), 36) }

// numberEpoch is the time of creation number 0.
var numberEpoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// CreationNumber orders a tenant's identities: the milliseconds from 2025 to the creation, shifted left by 12, plus
// 12 bits of a hash of the id. It is below 2^53, the largest exact integer of many JSON parsers, until 2094. Identities
// with equal numbers are ordered by id.
func (i *Identity) CreationNumber() int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(i.ID))
	return i.CreatedAt.Sub(numberEpoch).Milliseconds()<<12 | int64(h.Sum32()&0xfff)
}

// maxNumber is greater than every creation number.
const maxNumber = 1<<53 - 1

// CreationNumberAt returns the smallest creation number of a time, or 0 for the zero time.
func CreationNumberAt(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return min(max(t.Sub(numberEpoch).Milliseconds(), 0)<<12, maxNumber)
}
