package store

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// The form of every key. No key contains personal data: a value that a person
// could be recognised by is an HMAC under the deployment secret (see digest).
//
//	item                PK                          SK             in indexes
//	identity            T#<tenant>#I#<id>           #              L, and E P D X Q as far as set
//	  a child's link    T#<tenant>#I#<id>           C#<child's creation number>#<child>
//	  a parent's link   T#<tenant>#I#<id>           F#<parent's creation number>#<parent>
//	  a change's key    T#<tenant>#I#<id>           O#<hmac>
//	  withdrawal acct.  T#<tenant>#I#<id>           W#<account>
//	  code last sent    T#<tenant>#I#<id>           V#<channel>
//	expiry marker       T#<tenant>#G#<id>           #
//	codes sent, count   T#<tenant>#V#<channel>#<hmac>  #
//	codes of a tenant   T#<tenant>#N                   #
//	uniqueness claim    T#<tenant>#U#<kind>#<hmac>  #
//	idempotency claim   T#<tenant>#O#<hmac>         #
//	client              C#<client>                  #              L
//	API key             C#<client>                  K#<key id>
//	failed logins       L#<client>                  #
//	  of no client      L#?<8 bits of an hmac>      #
//	queued message      M#<message id>              #
//
//	index               PK                          SK
//	L  list             T#<tenant>#L#<shard>        <creation number>#<id>, see Shards
//	                    CLIENTS                     <creation second>#<client>
//	E  email            T#<tenant>#E#<hmac>         <creation number>#<id>
//	P  phone            T#<tenant>#P#<hmac>         <creation number>#<id>
//	D  document         T#<tenant>#D#<hmac>         <creation number>#<id>
//	X  external id      T#<tenant>#X#<hmac>         <creation number>#<id>
//	Q  pending queue    P#<shard of 64>             <deadline>#<tenant>#<id>
const (
	indexList     = "L"
	indexEmail    = "E"
	indexPhone    = "P"
	indexDocument = "D"
	indexExternal = "X"
	indexPending  = "Q"
)

// Indexes names every index of the table. All of them are sparse and hold keys only.
var Indexes = []string{indexList, indexEmail, indexPhone, indexDocument, indexExternal, indexPending}

const (
	prefixIdempotency = "O#"
	prefixChild       = "C#"
	prefixParent      = "F#"
	prefixWithdrawal  = "W#"
	prefixCode        = "V#"

	prefixClient        = "C#" // of a PK
	prefixAPIKey        = "K#"
	prefixLoginFailures = "L#" // of a PK

	// PrefixMessage begins the partition key of a queued message; its id follows. Readers of the table's stream use MessageID.
	PrefixMessage = "M#"
)

const (
	itemSK    = "#"
	clientsPK = "CLIENTS"
)

func identityKey(tenant, id string) table.Key {
	return table.Key{PK: "T#" + tenant + "#I#" + id, SK: itemSK}
}

// parseIdentityPK returns the parts of an identity's partition key.
func parseIdentityPK(pk string) (tenant, id string) {
	tenant, id, _ = strings.Cut(strings.TrimPrefix(pk, "T#"), "#I#")
	return tenant, id
}

// linkKey returns the key of one side of a link: in the partition of id, with prefixChild for the link to a child and
// prefixParent for the link to a parent.
func linkKey(tenant, id, prefix string, to identity.IndexEntry) table.Key {
	return table.Key{PK: identityKey(tenant, id).PK, SK: entrySK(prefix, to.CreationNumber, to.ID)}
}

func (k keyBuilder) changeIdempotencyKey(tenant, id, idempotencyKey string) table.Key {
	return table.Key{PK: identityKey(tenant, id).PK, SK: prefixIdempotency + k.digest(tenant, "O"+id, idempotencyKey)}
}

// partKey returns the key of a part of an identity, such as prefixWithdrawal and an account.
func partKey(tenant, id, sk string) table.Key {
	return table.Key{PK: identityKey(tenant, id).PK, SK: sk}
}

func expiryMarkerKey(tenant, id string) table.Key {
	return table.Key{PK: "T#" + tenant + "#G#" + id, SK: itemSK}
}

// sendHistoryKey returns the key of the counter of an address, given by its index partition.
func (k keyBuilder) sendHistoryKey(tenant string, c identity.Channel, to string) table.Key {
	return table.Key{PK: "T#" + tenant + "#V#" + string(c) + "#" + k.digest(tenant, "V"+string(c), to), SK: itemSK}
}

func messageCountKey(tenant string) table.Key {
	return table.Key{PK: "T#" + tenant + "#N", SK: itemSK}
}

func (k keyBuilder) claimKey(tenant string, c identity.Claim) table.Key {
	return table.Key{PK: "T#" + tenant + "#U#" + c.Kind + "#" + k.digest(tenant, "U"+c.Kind, c.Values...), SK: itemSK}
}

func (k keyBuilder) idempotencyKey(tenant, idempotencyKey string) table.Key {
	return table.Key{PK: "T#" + tenant + "#O#" + k.digest(tenant, "O", idempotencyKey), SK: itemSK}
}

func clientKey(client string) table.Key { return table.Key{PK: prefixClient + client, SK: itemSK} }

func apiKeyKey(client, id string) table.Key {
	return table.Key{PK: prefixClient + client, SK: prefixAPIKey + id}
}

// loginFailuresKey is in a partition of its own, so that the function that counts failures needs no permission to write
// credentials.
func loginFailuresKey(counter string) table.Key {
	return table.Key{PK: prefixLoginFailures + counter, SK: itemSK}
}

// sharedFailureCounter returns the counter that unknown client ids share.
func (k keyBuilder) sharedFailureCounter(client string) string {
	return "?" + k.digest("", "L", client)[:2]
}

func messageKey(id string) table.Key { return table.Key{PK: PrefixMessage + id, SK: itemSK} }

// MessageID returns the id of a queued message whose item has this key, or false for another item's key.
func MessageID(key map[string]string) (id string, ok bool) {
	return strings.CutPrefix(key[table.AttrPK], PrefixMessage)
}

// listPK returns the partition key of a shard of a tenant's list.
func listPK(tenant string, shard int) string { return "T#" + tenant + "#L#" + strconv.Itoa(shard) }

// entrySK returns the sort key of an entry. The prefix distinguishes it from other items of the partition.
func entrySK(prefix string, number int64, id string) string {
	return fmt.Sprintf("%s%016d#%s", prefix, number, id)
}

// entryBound sorts before every entry of a number and after those of lower ones.
func entryBound(prefix string, number int64) string {
	return strings.TrimSuffix(entrySK(prefix, number, ""), "#")
}

func parseEntry(sk string) identity.IndexEntry {
	number, id, _ := strings.Cut(sk, "#")
	n, _ := strconv.ParseInt(number, 10, 64)
	return identity.IndexEntry{ID: id, CreationNumber: n}
}

// lookupPK returns the partition of a value in an index; "" for an empty value.
func (k keyBuilder) lookupPK(tenant, index, value string) string {
	if value == "" {
		return ""
	}
	return "T#" + tenant + "#" + index + "#" + k.digest(tenant, index, value)
}

// fieldIndexes are the fields that can be tokenized and looked up.
var fieldIndexes = map[identity.Field]string{identity.FieldEmail: indexEmail, identity.FieldPhone: indexPhone}

// fieldLookupPK returns the index partition of identities with a value; "" for an empty value, and for a field without an
// index.
func (k keyBuilder) fieldLookupPK(tenant string, f identity.Field, value string) string {
	if fieldIndexes[f] == "" {
		return ""
	}
	if f == identity.FieldEmail {
		value = identity.NormalizeEmail(value)
	}
	return k.lookupPK(tenant, fieldIndexes[f], value)
}

func pendingKey(i *identity.Identity) table.Key {
	return table.Key{
		PK: pendingPK(shardOf(i.Tenant+"#"+i.ID, identity.PendingIndexShards)),
		SK: pendingBound(i.ExpiresAt) + "#" + i.Tenant + "#" + i.ID,
	}
}

func pendingPK(shard uint32) string { return fmt.Sprintf("P#%02d", shard) }

// pendingBound sorts before every entry of a deadline and after those of earlier ones.
func pendingBound(deadline time.Time) string { return fmt.Sprintf("%011d", max(0, deadline.Unix())) }
