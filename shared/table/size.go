package table

// The attributes of an item in DynamoDB. An entry in an index adds two, named by the index's name followed by AttrPK and
// AttrSK. A zero field has no attribute. Names count towards an item's size, so every engine measures with these.
const (
	AttrPK      = "PK"
	AttrSK      = "SK"
	AttrVersion = "V"   // number
	AttrOwner   = "O"   // string
	AttrExpires = "TTL" // number, seconds since 1970
	AttrBody    = "B"   // binary
)

// Bytes returns the size of an item as DynamoDB counts it for limits and units: the bytes of every attribute's name and
// value.
func (i *Item) Bytes() int {
	n := keyBytes("", i.Key)
	for index, at := range i.Indexes {
		n += keyBytes(index, at)
	}
	if i.Version != 0 {
		n += len(AttrVersion) + numberBytes(i.Version)
	}
	if i.Owner != "" {
		n += len(AttrOwner) + len(i.Owner)
	}
	if !i.Expires.IsZero() {
		n += len(AttrExpires) + numberBytes(i.Expires.Unix())
	}
	if len(i.Body) > 0 {
		n += len(AttrBody) + len(i.Body)
	}
	return n
}

// IndexEntryBytes returns the size of an item's entry in an index, which consists of both keys.
func IndexEntryBytes(item Key, index string, at Key) int {
	return keyBytes("", item) + keyBytes(index, at)
}

func keyBytes(index string, k Key) int {
	return 2*len(index) + len(AttrPK) + len(AttrSK) + len(k.PK) + len(k.SK)
}

// numberBytes returns the size of a number: one byte for every two significant digits, one more, and one for a minus sign.
func numberBytes(v int64) int {
	n := 1
	if v < 0 {
		n++
	}
	for v != 0 && v%10 == 0 {
		v /= 10
	}
	digits := 0
	for ; v != 0; v /= 10 {
		digits++
	}
	return n + (digits+1)/2
}
