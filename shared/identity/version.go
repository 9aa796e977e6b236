package identity

import (
	"hash/fnv"
	"strconv"
	"time"
)

// ETag tells a state of an identity from its other states, and from those of an
// identity that had its id before: the version and the life.
func (i *Identity) ETag() string { return strconv.FormatInt(i.Version, 10) + "-" + i.Incarnation() }

// Incarnation tells an identity from one that had its id before: when it was created, in
// microseconds since 1970 to the base of 36.
func (i *Identity) Incarnation() string { return strconv.FormatInt(i.CreatedAt.UnixMicro(), 36) }

// numberEpoch is when creation numbers begin.
var numberEpoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// CreationNumber orders a tenant's identities: the milliseconds since 2025 at which
// this one was created, shifted left by 12, plus 12 bits from its id. It stays
// below 2^53, which every JSON reader takes as an exact integer, until 2094.
// Two identities may have one number; then their ids order them.
func (i *Identity) CreationNumber() int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(i.ID))
	return i.CreatedAt.Sub(numberEpoch).Milliseconds()<<12 | int64(h.Sum32()&0xfff)
}

// maxNumber is beyond every creation number.
const maxNumber = 1<<53 - 1

// CreationNumberAt is the least creation number of a time; 0 for none.
func CreationNumberAt(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return min(max(t.Sub(numberEpoch).Milliseconds(), 0)<<12, maxNumber)
}
