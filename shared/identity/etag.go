package identity

import "strconv"

// ETag tells a state of an identity from its other states, and from those of an
// identity that had its id before: the version and the life.
func (i *Identity) ETag() string { return strconv.FormatInt(i.Version, 10) + "-" + i.Incarnation() }

// Incarnation tells an identity from one that had its id before: when it was created, in
// microseconds since 1970 to the base of 36.
func (i *Identity) Incarnation() string { return strconv.FormatInt(i.CreatedAt.UnixMicro(), 36) }
