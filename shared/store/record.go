package store

import (
	"time"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// identityRecord is the body of an identity's item: JSON without zero fields. Names are short, because every kilobyte
// costs, and never change their meaning: a stored record must always remain readable.
type identityRecord struct {
	ID      string `json:"id"`
	Status  string `json:"st"`
	Version int64  `json:"v"`
	Created int64  `json:"c"` // microseconds since 1970
	Updated int64  `json:"u"`
	Expires int64  `json:"x,omitzero"` // seconds since 1970

	Onboarding string `json:"steps,omitzero"`
	verificationState
	Reminded bool `json:"rem,omitzero"`
	TestMode bool `json:"test,omitzero"`

	profileRecord
	Parent bool `json:"par,omitzero"`

	KYC       identity.JSON `json:"kyc,omitzero"`
	WatchList identity.JSON `json:"wl,omitzero"`

	WrappedKey      []byte                    `json:"dk,omitempty"`
	EncryptedFields []identity.EncryptedField `json:"tok,omitempty"`

	State
	Tombstone bool `json:"gone,omitzero"` // deleted except for its parts; no reader sees it
}

// encryptedFieldRecord is a tokenized field. LookupKey is the partition key of the index that finds its value.
type encryptedFieldRecord struct {
	Field      identity.Field `json:"f"`
	Ciphertext []byte         `json:"b"`
	LookupKey  string         `json:"l,omitzero"`
	Former     []string       `json:"p,omitempty"`
	Plaintext  string         `json:"-"`
}

// State is what the store needs to know of an identity; it is identity.Identity.StoreState.
type State struct {
	ClaimKeys      []string           `json:"cl,omitempty"` // partition keys of the uniqueness claims
	IdempotencyKey string             `json:"o,omitzero"`   // partition key of the idempotency claim of its creation
	CodeChannels   []identity.Channel `json:"cd,omitempty"` // channels by which codes were sent
	SingleItem     bool               `json:"al,omitzero"`  // known to have no parts except codes
	Shard          int                `json:"ls,omitzero"`  // of the tenant's list

	Unknown *unknownMembers `json:"-"` // members of the whole record
}

// stateOf returns the state attached to an identity; the zero state for a new one.
func stateOf(i *identity.Identity) State {
	s, _ := i.StoreState.(State)
	return s
}

func (s State) attachTo(i *identity.Identity) {
	i.StoreState = s
	i.HasClaims = len(s.ClaimKeys) > 0
}

// notSingleItem records that the identity has parts besides its codes.
func notSingleItem(i *identity.Identity) {
	s := stateOf(i)
	s.SingleItem = false
	i.StoreState = s
}

// profileRecord has the fields of identity.Profile, with names: the two convert into each other.
type profileRecord struct {
	Kind identity.Kind `json:"k,omitzero"`

	FirstName        string `json:"fn,omitzero"`
	LastName         string `json:"ln,omitzero"`
	OtherNames       string `json:"on,omitzero"`
	OrganizationName string `json:"org,omitzero"`
	Nickname         string `json:"nn,omitzero"`

	Email string `json:"em,omitzero"`
	Phone string `json:"ph,omitzero"`

	DocumentType   string `json:"dt,omitzero"`
	DocumentNumber string `json:"dn,omitzero"`
	IDV            string `json:"idv,omitzero"`

	Gender      string           `json:"g,omitzero"`
	BirthDate   identity.Date    `json:"b,omitzero"` // 1990-01-15
	Nationality string           `json:"n,omitzero"`
	Category    string           `json:"cat,omitzero"`
	Country     string           `json:"co,omitzero"`
	Address     identity.Address `json:"a,omitzero"`

	Security   identity.SecurityOptions `json:"sec,omitzero"`
	ExternalID string                   `json:"ext,omitzero"`
	Bank       *identity.BankAccount    `json:"bank,omitzero"`

	Rules        identity.JSON `json:"r,omitzero"`
	ExtendedData identity.JSON `json:"ed,omitzero"`
	Metadata     identity.JSON `json:"m,omitzero"`
}

func newIdentityRecord(i *identity.Identity) *identityRecord {
	return &identityRecord{
		ID: i.ID, Status: string(i.Status), Version: i.Version,
		Created: i.CreatedAt.UnixMicro(), Updated: i.UpdatedAt.UnixMicro(), Expires: unixSeconds(i.ExpiresAt),
		Onboarding: string(i.Onboarding), verificationState: newVerificationState(i), Reminded: i.Reminded, TestMode: i.TestMode,
		profileRecord: profileRecord(i.Profile), KYC: i.KYC, WatchList: i.WatchList,
		Parent: i.MayHaveChildren, WrappedKey: i.WrappedKey, EncryptedFields: i.EncryptedFields,
		State: stateOf(i),
	}
}

// encodeIdentity returns the body of an identity's item.
func encodeIdentity(i *identity.Identity) []byte {
	r := newIdentityRecord(i)
	return r.Unknown.addTo(mustEncode(r))
}

func decodeIdentity(body []byte, tenant string) (identity.Identity, error) {
	r, more, err := decodeWithUnknown[identityRecord](body, "identity record")
	r.Unknown = more
	if r.Tombstone {
		return identity.Identity{}, identity.ErrNotFound
	}
	return r.toIdentity(tenant), err
}

func (r *identityRecord) toIdentity(tenant string) identity.Identity {
	i := identity.Identity{
		Tenant: tenant, ID: r.ID, Profile: identity.Profile(r.profileRecord), Status: identity.Status(r.Status), Version: r.Version,
		CreatedAt: time.UnixMicro(r.Created).UTC(), UpdatedAt: time.UnixMicro(r.Updated).UTC(), ExpiresAt: unixTime(r.Expires),
		Onboarding: identity.Onboarding(r.Onboarding), Reminded: r.Reminded, TestMode: r.TestMode,
		KYC: r.KYC, WatchList: r.WatchList, MayHaveChildren: r.Parent, WrappedKey: r.WrappedKey, EncryptedFields: r.EncryptedFields,
	}
	r.State.attachTo(&i)
	r.verificationState.applyTo(&i)
	datePermissions(&i)
	return i
}

// datePermissions bounds what a permission of v0.1.0 names: an identity that existed when the record was last written. The
// next version of the record keeps the bound.
func datePermissions(i *identity.Identity) {
	if i.Security.AccessControl == nil {
		return
	}
	for n := range i.Security.AccessControl.Scopes {
		s := &i.Security.AccessControl.Scopes[n]
		if s.Resource == identity.ResourceIdentity && s.Unresolved() {
			s.AsOf = i.UpdatedAt
		}
	}
}

// identityItem returns the item of an identity.
func (s *Store) identityItem(i *identity.Identity, body []byte) table.Item {
	return table.Item{
		Key: identityKey(i.Tenant, i.ID), Indexes: s.keys.indexKeys(i), Version: i.Version, Owner: i.Incarnation(), Body: body,
	}
}

// ifUnchanged is the condition that an identity is as it was read. It also compares the incarnation, because a later
// identity with the same id has the same versions.
func ifUnchanged(i *identity.Identity) table.Condition {
	return table.VersionAndOwnerAre(i.Incarnation(), i.Version)
}

// putVersion returns the operation that replaces the previous version of an identity.
func (s *Store) putVersion(i *identity.Identity, body []byte) table.Op {
	return table.Put(s.identityItem(i, body), table.VersionAndOwnerAre(i.Incarnation(), i.Version-1))
}

// indexKeys returns the keys of an identity in the sparse indexes.
func (k keyBuilder) indexKeys(i *identity.Identity) map[string]table.Key {
	at := make(map[string]table.Key, len(Indexes))
	sk := entrySK("", i.CreationNumber(), i.ID)
	for _, entry := range [...]struct{ index, pk string }{
		{indexList, listPK(i.Tenant, stateOf(i).Shard)},
		{indexEmail, k.fieldIndexPK(i, identity.FieldEmail, i.Email)},
		{indexPhone, k.fieldIndexPK(i, identity.FieldPhone, i.Phone)},
		{indexDocument, k.lookupPK(i.Tenant, indexDocument, i.DocumentForm())},
		{indexExternal, k.lookupPK(i.Tenant, indexExternal, i.ExternalID)},
	} {
		if entry.pk != "" {
			at[entry.index] = table.Key{PK: entry.pk, SK: sk}
		}
	}
	if i.Status.Pending() && i.Hold == nil {
		at[indexPending] = pendingKey(i)
	}
	return at
}

// fieldIndexPK returns the index partition of a field's value, the stored one if the field is tokenized.
func (k keyBuilder) fieldIndexPK(i *identity.Identity, f identity.Field, value string) string {
	if s := i.Tokenized(f); s != nil {
		return s.LookupKey
	}
	return k.fieldLookupPK(i.Tenant, f, value)
}
