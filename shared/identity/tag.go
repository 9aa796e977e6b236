package identity

import "strconv"

// Tag tells a state of an identity from its other states, and from those of an
// identity that had its id before: the version and the life.
func (i *Identity) Tag() string { return strconv.FormatInt(i.Version, 10) + "-" + i.Life() }

// Life tells an identity from one that had its id before: when it was created, in
// microseconds since 1970 to the base of 36.
func (i *Identity) Life() string { return strconv.FormatInt(i.CreatedAt.UnixMicro(), 36) }
