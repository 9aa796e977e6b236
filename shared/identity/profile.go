package identity

import "time"

// Kind says what an identity is. The two constants are the ones the registry
// acts upon; any other short text is kept and treated as an individual.
type Kind string

// The kinds with a meaning.
const (
	Individual   Kind = "individual"
	Organization Kind = "organization"
)

// JSON is one JSON value exactly as a client sent it, opaque to the core.
// Nil means that none was sent.
type JSON []byte

// Profile is the part of an identity that its client writes. An empty string
// means that nothing is known.
type Profile struct {
	Kind Kind

	FirstName        string
	LastName         string
	OtherNames       string
	OrganizationName string
	Nickname         string

	Email string
	Phone string // as sent; E.164 where the dialect asks for it

	DocumentType   string
	DocumentNumber string // as sent, separators and all
	IDV            string // reference of an identity verification done elsewhere

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

// SecurityOptions are the identity's settings in its client's own product;
// the registry keeps them and does not act upon them.
type SecurityOptions struct {
	TwoFactor             bool
	SignTransactions      bool
	SignAccountOperations bool
	AccessControl         *AccessControl // nil: never set
}

// AccessControl lists what the identity may do on behalf of others.
type AccessControl struct{ Scopes []AccessScope }

// AccessScope grants permissions over one resource.
type AccessScope struct {
	Resource    string
	Reference   string
	Permissions []string
}

// ResourceIdentity is the kind of resource whose references are identities of
// the same tenant.
const ResourceIdentity = "IDENTITY"

// BankAccount is the account on which the identity is paid.
type BankAccount struct {
	ID             string // given by the registry
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
