package store

import (
	"bytes"
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

	profileRecord
	Parent bool `json:"par,omitzero"`

	KYC       identity.JSON `json:"kyc,omitzero"`
	WatchList identity.JSON `json:"wl,omitzero"`

	WrappedKey      []byte                 `json:"dk,omitempty"`
	EncryptedFields []encryptedFieldRecord `json:"tok,omitempty"`

	State
	Tombstone bool `json:"gone,omitzero"` // deleted, but for its parts: no reader sees it
}

// State is the bookkeeping that travels with an identity as identity.Identity.StoreState.
type State struct {
	ClaimKeys      []string           `json:"cl,omitempty"` // partition keys of the uniqueness claims
	IdempotencyKey string             `json:"o,omitzero"`   // partition key of the idempotency claim of its creation
	CodeChannels   []identity.Channel `json:"cd,omitempty"` // channels by which codes were sent
	SingleItem     bool               `json:"al,omitzero"`  // it is known to have no parts but codes
	Shard          int                `json:"ls,omitzero"`  // of the tenant's list
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

// encoding gives the types of package identity, which carry no tags, their form in a record.
var encoding = json.JoinOptions(
	json.WithMarshalers(json.JoinMarshalers(
		json.MarshalFunc(func(v identity.JSON) ([]byte, error) { return v, nil }),
		json.MarshalToFunc(func(e *jsontext.Encoder, d identity.Date) error {
			return e.WriteToken(jsontext.String(d.String()))
		}),
		json.MarshalToFunc(func(e *jsontext.Encoder, a identity.Address) error {
			return json.MarshalEncode(e, addressRecord(a))
		}),
		json.MarshalToFunc(func(e *jsontext.Encoder, b identity.BankAccount) error {
			return json.MarshalEncode(e, bankRecord(b))
		}),
		json.MarshalToFunc(func(e *jsontext.Encoder, o identity.SecurityOptions) error {
			return json.MarshalEncode(e, newSecurityRecord(o))
		}),
	)),
	json.WithUnmarshalers(json.JoinUnmarshalers(
		json.UnmarshalFunc(func(text []byte, v *identity.JSON) error {
			*v = bytes.Clone(text)
			return nil
		}),
		json.UnmarshalFromFunc(func(d *jsontext.Decoder, v *identity.Date) error {
			var text string
			err := json.UnmarshalDecode(d, &text)
			*v, _ = identity.ParseDate(text)
			return err
		}),
		json.UnmarshalFromFunc(func(d *jsontext.Decoder, v *identity.Address) error {
			return json.UnmarshalDecode(d, (*addressRecord)(v))
		}),
		json.UnmarshalFromFunc(func(d *jsontext.Decoder, v *identity.BankAccount) error {
			return json.UnmarshalDecode(d, (*bankRecord)(v))
		}),
		json.UnmarshalFromFunc(func(d *jsontext.Decoder, v *identity.SecurityOptions) error {
			var r securityRecord
			err := json.UnmarshalDecode(d, &r)
			*v = r.toOptions()
			return err
		}),
	)),
)

func newIdentityRecord(i *identity.Identity) *identityRecord {
	r := &identityRecord{
		ID: i.ID, Status: string(i.Status), Version: i.Version,
		Created: i.CreatedAt.UnixMicro(), Updated: i.UpdatedAt.UnixMicro(), Expires: unixSeconds(i.ExpiresAt),
		Onboarding: string(i.Onboarding), Reminded: i.Reminded, TestMode: i.TestMode,
		profileRecord: profileRecord(i.Profile), KYC: i.KYC, WatchList: i.WatchList,
		Parent: i.MayHaveChildren, WrappedKey: i.WrappedKey,
		State: stateOf(i),
	}
	r.setVerificationState(i)
	for _, s := range i.EncryptedFields {
		r.EncryptedFields = append(r.EncryptedFields, encryptedFieldRecord{string(s.Field), s.Ciphertext, s.LookupKey})
	}
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
	body, err := json.Marshal(v, encoding)
	if err != nil {
		panic("store: a record that is no JSON")
	}
	return body
}

func decodeIdentity(body []byte, tenant string) (identity.Identity, error) {
	var r identityRecord
	if err := json.Unmarshal(body, &r, encoding); err != nil {
		return identity.Identity{}, errors.New("store: damaged identity record")
	}
	if r.Tombstone {
		return identity.Identity{}, identity.ErrNotFound
	}
	return r.toIdentity(tenant), nil
}

func (r *identityRecord) toIdentity(tenant string) identity.Identity {
	i := identity.Identity{
		Tenant: tenant, ID: r.ID, Profile: identity.Profile(r.profileRecord), Status: identity.Status(r.Status), Version: r.Version,
		CreatedAt: time.UnixMicro(r.Created).UTC(), UpdatedAt: time.UnixMicro(r.Updated).UTC(), ExpiresAt: unixTime(r.Expires),
		Onboarding: identity.Onboarding(r.Onboarding), Reminded: r.Reminded, TestMode: r.TestMode,
		KYC: r.KYC, WatchList: r.WatchList, MayHaveChildren: r.Parent, WrappedKey: r.WrappedKey,
	}
	r.State.attachTo(&i)
	for _, s := range r.EncryptedFields {
		i.EncryptedFields = append(i.EncryptedFields, identity.EncryptedField{Field: identity.Field(s.Field), Ciphertext: s.Ciphertext, LookupKey: s.LookupKey})
	}
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

// notSingleItem records that the identity has parts besides its codes.
func notSingleItem(i *identity.Identity) {
	s := stateOf(i)
	s.SingleItem = false
	i.StoreState = s
}
