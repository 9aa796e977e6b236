package store

import (
	"fmt"
	"strconv"
	"time"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// The shape of every key. No personal data stands in one: a value that a person
// could be known by is an HMAC under the deployment's secret (see digest).
//
//	item                PK                          SK             in indexes
//	identity            T#<tenant>#I#<id>           #              L, and E P D X Q as far as set
//	  a child's link    T#<tenant>#I#<id>           C#<child's creation number>#<child>
//	  a parent's link   T#<tenant>#I#<id>           F#<parent's creation number>#<parent>
//	  a change's key    T#<tenant>#I#<id>           O#<hmac>
//	  withdrawal acct.  T#<tenant>#I#<id>           W#<account>
//	  code last sent    T#<tenant>#I#<id>           V#<channel>
//	mark of a lapsed    T#<tenant>#G#<id>           #
//	codes sent, count   T#<tenant>#V#<channel>#<hmac>  #
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
	itemSK      = "#"
	clientsPK   = "CLIENTS"
	digestBytes = 16
)

func identityKey(tenant, id string) table.Key {
	return table.Key{PK: "T#" + tenant + "#I#" + id, SK: itemSK}
}

func (k keys) claim(tenant string, c identity.Claim) table.Key {
	return table.Key{PK: "T#" + tenant + "#U#" + c.Kind + "#" + k.digest(tenant, "U"+c.Kind, c.Values...), SK: itemSK}
}

func (k keys) once(tenant, idempotencyKey string) table.Key {
	return table.Key{PK: "T#" + tenant + "#O#" + k.digest(tenant, "O", idempotencyKey), SK: itemSK}
}

func (k keys) onceOf(tenant, id, idempotencyKey string) table.Key {
	return table.Key{PK: identityKey(tenant, id).PK, SK: prefixOnce + k.digest(tenant, "O"+id, idempotencyKey)}
}

func clientKey(client string) table.Key { return table.Key{PK: prefixClient + client, SK: itemSK} }

func apiKeyKey(client, id string) table.Key {
	return table.Key{PK: prefixClient + client, SK: prefixKey + id}
}

// failuresKey is in a partition of its own, so that who may count failures need
// not be allowed to write credentials.
func failuresKey(counter string) table.Key {
	return table.Key{PK: prefixFailures + counter, SK: itemSK}
}

func messageKey(id string) table.Key { return table.Key{PK: PrefixMessage + id, SK: itemSK} }

// nobody is the counter that an id shares with others as long as no client has it.
func (k keys) nobody(client string) string { return "?" + k.digest("", "L", client)[:2] }

// indexes is where an identity stands in the sparse indexes.
func (k keys) indexes(i *identity.Identity) map[string]table.Key {
	at := make(map[string]table.Key, len(Indexes))
	at[indexList] = table.Key{
		PK: listPK(i.Tenant, i.Held.Shard),
		SK: entrySK("", i.Number(), i.ID),
	}
	k.lookUpField(at, i, identity.FieldEmail, i.Email)
	k.lookUpField(at, i, identity.FieldPhone, i.Phone)
	k.lookUp(at, i, indexDocument, identity.NormalizeDocument(i.DocumentNumber))
	k.lookUp(at, i, indexExternal, i.ExternalID)
	if i.Status.Pending() && i.Hold == nil {
		at[indexPending] = pendingKey(i)
	}
	return at
}

// listPK is a shard of a tenant's list.
func listPK(tenant string, shard int) string { return "T#" + tenant + "#L#" + strconv.Itoa(shard) }

func (k keys) lookUp(at map[string]table.Key, i *identity.Identity, index, value string) {
	if value != "" {
		at[index] = table.Key{PK: k.lookUpPK(i.Tenant, index, value), SK: entrySK("", i.Number(), i.ID)}
	}
}

// lookUpField is lookUp for a field that may be tokenized: then the value itself
// is not there, but the partition that it had.
func (k keys) lookUpField(at map[string]table.Key, i *identity.Identity, f identity.Field, value string) {
	var pk string
	if s := i.Tokenized(f); s != nil {
		pk = s.Held
	} else {
		pk = k.fieldPK(i.Tenant, f, value)
	}
	if pk != "" {
		at[indexOf[f]] = table.Key{PK: pk, SK: entrySK("", i.Number(), i.ID)}
	}
}

// indexOf are the fields that can be tokenized and looked up.
var indexOf = map[identity.Field]string{identity.FieldEmail: indexEmail, identity.FieldPhone: indexPhone}

// fieldPK is the partition of an index that holds those with the value; empty
// for no value, and for a field that has no index.
func (k keys) fieldPK(tenant string, f identity.Field, value string) string {
	switch {
	case value == "" || indexOf[f] == "":
		return ""
	case f == identity.FieldEmail:
		value = identity.NormalizeEmail(value)
	}
	return k.lookUpPK(tenant, indexOf[f], value)
}

func (k keys) lookUpPK(tenant, index, value string) string {
	return "T#" + tenant + "#" + index + "#" + k.digest(tenant, index, value)
}

// entrySK is the sort key of an entry of an ordered set, whose prefix tells it
// from other items of its partition.
func entrySK(prefix string, number int64, id string) string {
	return fmt.Sprintf("%s%016d#%s", prefix, number, id)
}

const (
	prefixOnce       = "O#"
	prefixChild      = "C#"
	prefixParent     = "F#"
	prefixWithdrawal = "W#"
	prefixCode       = "V#"

	prefixClient   = "C#" // of a PK
	prefixKey      = "K#"
	prefixFailures = "L#" // of a PK

	// PrefixMessage begins the partition key of a queued message, the id is the
	// rest: by it who reads the table's stream knows one.
	PrefixMessage = "M#"
)

func childKey(parent string, tenant string, e identity.Entry) table.Key {
	return table.Key{PK: identityKey(tenant, parent).PK, SK: entrySK(prefixChild, e.Number, e.ID)}
}

func parentKey(child string, tenant string, e identity.Entry) table.Key {
	return table.Key{PK: identityKey(tenant, child).PK, SK: entrySK(prefixParent, e.Number, e.ID)}
}

func withdrawalKey(tenant, id, account string) table.Key {
	return table.Key{PK: identityKey(tenant, id).PK, SK: prefixWithdrawal + account}
}

func codeKey(tenant, id string, c identity.Channel) table.Key {
	return table.Key{PK: identityKey(tenant, id).PK, SK: prefixCode + string(c)}
}

// sends is the counter of an address, which is given by its partition in an index.
func (k keys) sends(tenant string, c identity.Channel, to string) table.Key {
	return table.Key{PK: "T#" + tenant + "#V#" + string(c) + "#" + k.digest(tenant, "V"+string(c), to), SK: itemSK}
}

func markKey(tenant, id string) table.Key {
	return table.Key{PK: "T#" + tenant + "#G#" + id, SK: itemSK}
}

func pendingKey(i *identity.Identity) table.Key {
	return table.Key{
		PK: pendingPK(spread(i.Tenant+"#"+i.ID, identity.QueueShards)),
		SK: pendingBound(i.ExpiresAt) + "#" + i.Tenant + "#" + i.ID,
	}
}

func pendingPK(shard uint32) string { return fmt.Sprintf("P#%02d", shard) }

// pendingBound sorts before every entry of a deadline and after those of earlier ones.
func pendingBound(deadline time.Time) string { return fmt.Sprintf("%011d", max(0, deadline.Unix())) }
