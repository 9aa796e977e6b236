package identity

import "time"

// Kind is the kind of an identity. Any string other than the two constants is stored and treated as
// Individual.
type Kind string

// The kinds.
const (
	Individual   Kind = "individual"
	Organization Kind = "organization"
)

// JSON is a JSON value as the client sent it, opaque to the core. Nil means that none was
// sent.
type JSON []byte

// Profile is the part of an identity that its client writes. An empty string means
// unknown.
type Profile struct {
	Kind Kind

	FirstName        string
	LastName         string
	OtherNames       string
	OrganizationName string
	Nickname         string

	Email string
	Phone string // as sent; E.164 through the Conomy API

	DocumentType   string
	DocumentNumber string // as sent, with its separators
	IDV            string // reference to an external identity verification

	Gender      string
	BirthDate   Date
	Nationality string
	Category    string
	Country     string // of operations or residence
	Address     Address

	Security   SecurityOptions
	ExternalID string // the client's own reference
	Bank       *BankAccount

	Rules        JSON
	ExtendedData JSON
	Metadata     JSON
}

// Address is a postal address. State, City and District are the first, second
// and third administrative level.
type Address struct {
	Street, StreetNumber, Unit string
	State, City, District      string
	PostalCode, Country        string
}

// SecurityOptions are settings of the identity in the client's product. The registry stores
// them and does not evaluate them.
type SecurityOptions struct {
	TwoFactor             bool
	SignTransactions      bool
	SignAccountOperations bool
	AccessControl         *AccessControl // nil: never set
}

// AccessControl lists what the identity may do on behalf of others.
type AccessControl struct{ Scopes []AccessScope }

// AccessScope grants permissions on one resource.
type AccessScope struct {
	Resource    string
	Reference   string
	Permissions []string

	// Which of the identities that had the reference as their id it names. The registry and the store set one of these.
	Created   time.Time // when that identity was created
	AsOf      time.Time // the latest time at which it may have been created; v0.1.0 did not record Created
	NamesNone bool      // no identity had that id: the scope has no effect, and is shown until an identity has it
}

// ResourceIdentity is the kind of resource whose references are identities of
// the same tenant.
const ResourceIdentity = "IDENTITY"

// BankAccount is an account of the identity.
type BankAccount struct {
	ID             string // set by the registry
	AccountNumber  string
	Nickname       string
	Bank           string
	Currency       string // ISO 4217
	AccountType    string
	Holder         string
	HolderDocument string
	Country        string
	ExternalID     string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}
