package identity

import "strconv"

// Tag tells a state of an identity from its other states, and from those of an
// identity that had its id before: the version, and when the identity was
// created, in microseconds since 1970 to the base of 36.
func (i *Identity) Tag() string {
	return strconv.FormatInt(i.Version, 10) + "-" + strconv.FormatInt(i.CreatedAt.UnixMicro(), 36)
}
