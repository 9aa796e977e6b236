package store

import (
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"cedula/shared/identity"
)

// identityRecord is an identity as its item's body: JSON without the members that are
// zero. Names are short, since every kilobyte is paid for, and never change
// their meaning: what was written once must be readable for ever.
type identityRecord struct {
	ID      string `json:"id"`
	Status  string `json:"st"`
	Version int64  `json:"v"`
	Created int64  `json:"c"` // microseconds since 1970
	Updated int64  `json:"u"`
	Expires int64  `json:"x,omitzero"` // seconds since 1970

	Onboarding    string               `json:"steps,omitzero"`
	Verifications []verificationRecord `json:"pr,omitempty"`
	Review        *reviewRecord        `json:"rev,omitzero"`
	Hold          *holdRecord          `json:"hold,omitzero"`
	Reminded      bool                 `json:"rem,omitzero"`
	TestMode      bool                 `json:"test,omitzero"`
	CodeChannels  []string             `json:"cd,omitempty"` // channels by which codes were sent
	SingleItem    bool                 `json:"al,omitzero"`  // it has no parts but codes; false where nobody knows

	Kind             string `json:"k,omitzero"`
	FirstName        string `json:"fn,omitzero"`
	LastName         string `json:"ln,omitzero"`
	OtherNames       string `json:"on,omitzero"`
	OrganizationName string `json:"org,omitzero"`
	Nickname         string `json:"nn,omitzero"`
	Email            string `json:"em,omitzero"`
	Phone            string `json:"ph,omitzero"`
	DocumentType     string `json:"dt,omitzero"`
	DocumentNumber   string `json:"dn,omitzero"`
	IDV              string `json:"idv,omitzero"`
	Gender           string `json:"g,omitzero"`
	BirthDate        string `json:"b,omitzero"` // 1990-01-15
	Nationality      string `json:"n,omitzero"`
	Category         string `json:"cat,omitzero"`
	Country          string `json:"co,omitzero"`
	ExternalID       string `json:"ext,omitzero"`

	Address  addressRecord  `json:"a,omitzero"`
	Security securityRecord `json:"sec,omitzero"`
	Parent   bool           `json:"par,omitzero"`
	Bank     *bankRecord    `json:"bank,omitzero"`

	Rules        jsontext.Value `json:"r,omitzero"`
	ExtendedData jsontext.Value `json:"ed,omitzero"`
	Metadata     jsontext.Value `json:"m,omitzero"`
	KYC          jsontext.Value `json:"kyc,omitzero"`
	WatchList    jsontext.Value `json:"wl,omitzero"`

	WrappedKey      []byte                 `json:"dk,omitempty"`
	EncryptedFields []encryptedFieldRecord `json:"tok,omitempty"`

	ClaimKeys      []string `json:"cl,omitempty"`  // partition keys of the uniqueness claims
	Tombstone      bool     `json:"gone,omitzero"` // deleted, but for its parts: no reader sees it
	IdempotencyKey string   `json:"o,omitzero"`    // partition key of the idempotency claim
	ListShard      int      `json:"ls,omitzero"`   // of the list
}

// encryptedFieldRecord is a tokenized field. LookupKey is the partition key of the index
// that finds its value.
type encryptedFieldRecord struct {
	Field      string `json:"f"`
	Ciphertext []byte `json:"b"`
	LookupKey  string `json:"l,omitzero"`
}

type verificationRecord struct {
	Channel           string `json:"c"`
	VerifiedAt        int64  `json:"p,omitzero"` // seconds since 1970
	Waived            bool   `json:"w,omitzero"`
	CodeSentAt        int64  `json:"s,omitzero"`
	PendingAddress    string `json:"n,omitzero"`
	PendingCiphertext []byte `json:"b,omitempty"`
}

type reviewRecord struct {
	Outcome  string `json:"o"`
	Reason   string `json:"r"`
	Reviewer string `json:"by"`
	At       int64  `json:"at"` // seconds since 1970
}

type holdRecord struct {
	Reason string `json:"r"`
	Since  int64  `json:"s"` // seconds since 1970
}

type addressRecord struct {
	Street       string `json:"s,omitzero"`
	StreetNumber string `json:"n,omitzero"`
	Unit         string `json:"u,omitzero"`
	State        string `json:"st,omitzero"`
	City         string `json:"ci,omitzero"`
	District     string `json:"d,omitzero"`
	PostalCode   string `json:"p,omitzero"`
	Country      string `json:"co,omitzero"`
}

type securityRecord struct {
	TwoFactor             bool           `json:"2f,omitzero"`
	SignTransactions      bool           `json:"t,omitzero"`
	SignAccountOperations bool           `json:"a,omitzero"`
	Scopes                *[]scopeRecord `json:"s,omitzero"` // nil: no access control was set
}

type scopeRecord struct {
	Resource    string   `json:"r"`
	Reference   string   `json:"i"`
	Permissions []string `json:"p"`
}

type bankRecord struct {
	ID             string    `json:"id"`
	AccountNumber  string    `json:"no,omitzero"`
	Nickname       string    `json:"nn,omitzero"`
	Bank           string    `json:"b,omitzero"`
	Currency       string    `json:"cu,omitzero"`
	AccountType    string    `json:"t,omitzero"`
	Holder         string    `json:"h,omitzero"`
	HolderDocument string    `json:"hd,omitzero"`
	Country        string    `json:"co,omitzero"`
	ExternalID     string    `json:"ext,omitzero"`
	CreatedAt      time.Time `json:"c"`
	UpdatedAt      time.Time `json:"u"`
}

func newIdentityRecord(i *identity.Identity) *identityRecord {
	r := &identityRecord{
		ID: i.ID, Status: string(i.Status), Version: i.Version,
		Created: i.CreatedAt.UnixMicro(), Updated: i.UpdatedAt.UnixMicro(),
		Kind: string(i.Kind), FirstName: i.FirstName, LastName: i.LastName, OtherNames: i.OtherNames,
		OrganizationName: i.OrganizationName, Nickname: i.Nickname,
		Email: i.Email, Phone: i.Phone,
		DocumentType: i.DocumentType, DocumentNumber: i.DocumentNumber, IDV: i.IDV,
		Gender: i.Gender, BirthDate: i.BirthDate.String(), Nationality: i.Nationality,
		Category: i.Category, Country: i.Country, ExternalID: i.ExternalID,
		Address: addressRecord(i.Address), Security: newSecurityRecord(i.Security),
		Bank:  (*bankRecord)(i.Bank),
		Rules: jsontext.Value(i.Rules), ExtendedData: jsontext.Value(i.ExtendedData),
		Metadata: jsontext.Value(i.Metadata), KYC: jsontext.Value(i.KYC), WatchList: jsontext.Value(i.WatchList),
		Parent: i.MayHaveChildren, ClaimKeys: i.StoreState.ClaimKeys, IdempotencyKey: i.StoreState.IdempotencyKey, SingleItem: i.StoreState.SingleItem, ListShard: i.StoreState.Shard,
		WrappedKey: i.WrappedKey,
		Onboarding: string(i.Onboarding), Reminded: i.Reminded, TestMode: i.TestMode,
	}
	r.setVerificationState(i)
	for _, s := range i.EncryptedFields {
		r.EncryptedFields = append(r.EncryptedFields, encryptedFieldRecord{string(s.Field), s.Ciphertext, s.LookupKey})
	}
	r.Expires = unixSeconds(i.ExpiresAt)
	return r
}

func newSecurityRecord(o identity.SecurityOptions) securityRecord {
	r := securityRecord{
		TwoFactor: o.TwoFactor, SignTransactions: o.SignTransactions,
		SignAccountOperations: o.SignAccountOperations,
	}
	if o.AccessControl != nil {
		scopes := make([]scopeRecord, 0, len(o.AccessControl.Scopes))
		for _, s := range o.AccessControl.Scopes {
			scopes = append(scopes, scopeRecord(s))
		}
		r.Scopes = &scopes
	}
	return r
}

// mustEncode writes a record. It panics if a JSON value in it is none: the
// decoders of the dialects let none pass.
func mustEncode(v any) []byte {
	body, err := json.Marshal(v)
	if err != nil {
		panic("store: a record that is no JSON")
	}
	return body
}

func decodeIdentity(body []byte, tenant string) (identity.Identity, error) {
	var r identityRecord
	if err := json.Unmarshal(body, &r); err != nil {
		return identity.Identity{}, errors.New("store: damaged identity record")
	}
	if r.Tombstone {
		return identity.Identity{}, identity.ErrNotFound
	}
	return r.toIdentity(tenant), nil
}

func (r *identityRecord) toIdentity(tenant string) identity.Identity {
	i := identity.Identity{
		Tenant: tenant, ID: r.ID, Status: identity.Status(r.Status), Version: r.Version,
		CreatedAt: time.UnixMicro(r.Created).UTC(), UpdatedAt: time.UnixMicro(r.Updated).UTC(),
		KYC: identity.JSON(r.KYC), WatchList: identity.JSON(r.WatchList),
		MayHaveChildren: r.Parent, WrappedKey: r.WrappedKey, StoreState: identity.StoreState{ClaimKeys: r.ClaimKeys, IdempotencyKey: r.IdempotencyKey, SingleItem: r.SingleItem, Shard: r.ListShard},
		Onboarding: identity.Onboarding(r.Onboarding), Reminded: r.Reminded, TestMode: r.TestMode,
		Profile: identity.Profile{
			Kind: identity.Kind(r.Kind), FirstName: r.FirstName, LastName: r.LastName, OtherNames: r.OtherNames,
			OrganizationName: r.OrganizationName, Nickname: r.Nickname,
			Email: r.Email, Phone: r.Phone,
			DocumentType: r.DocumentType, DocumentNumber: r.DocumentNumber, IDV: r.IDV,
			Gender: r.Gender, Nationality: r.Nationality, Category: r.Category, Country: r.Country,
			Address: identity.Address(r.Address), Security: r.Security.toOptions(),
			ExternalID: r.ExternalID, Bank: (*identity.BankAccount)(r.Bank),
			Rules: identity.JSON(r.Rules), ExtendedData: identity.JSON(r.ExtendedData), Metadata: identity.JSON(r.Metadata),
		},
	}
	for _, s := range r.EncryptedFields {
		i.EncryptedFields = append(i.EncryptedFields, identity.EncryptedField{Field: identity.Field(s.Field), Ciphertext: s.Ciphertext, LookupKey: s.LookupKey})
	}
	i.BirthDate, _ = identity.ParseDate(r.BirthDate)
	i.ExpiresAt = unixTime(r.Expires)
	r.applyVerificationState(&i)
	return i
}

func (r securityRecord) toOptions() identity.SecurityOptions {
	o := identity.SecurityOptions{
		TwoFactor: r.TwoFactor, SignTransactions: r.SignTransactions,
		SignAccountOperations: r.SignAccountOperations,
	}
	if r.Scopes != nil {
		o.AccessControl = &identity.AccessControl{}
		for _, s := range *r.Scopes {
			o.AccessControl.Scopes = append(o.AccessControl.Scopes, identity.AccessScope(s))
		}
	}
	return o
}
