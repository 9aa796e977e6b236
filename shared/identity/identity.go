// Package identity is the core of the registry: what an identity is, the rules
// it keeps, and the service that creates and finds it.
// It knows no wire format, no HTTP, no table and no cloud.
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

// Identity is one person or organisation that a tenant knows.
type Identity struct {
	Tenant string
	ID     string // unique in its tenant, at most MaxIDLength characters

	Profile
	Status    Status
	ExpiresAt time.Time // when a pending identity lapses, to the second; zero unless pending

	Onboarding    Onboarding     // what it had to go through, or has to; empty: nothing
	Verifications []Verification // what is known of its addresses, where anything is
	Review        *Review        // the last decision about its screening
	Hold          *Hold          // nil: it lapses when its time is over
	Reminded      bool           // a message said that it lapses soon
	TestMode      bool           // a test client made it

	KYC       JSON // written by the registry, never by a client
	WatchList JSON // likewise

	EncryptedFields []EncryptedField // the tokenized fields; in the profile stand random texts for them
	WrappedKey      []byte           // wrapped, from the Vault; nil until a field is tokenized

	MayHaveChildren bool       // it has children, or had
	Children        []Identity // only where an operation says that it fills them in

	StoreState StoreState // kept for the store

	Version   int64     // 1 when created, one more per change
	CreatedAt time.Time // UTC, to the microsecond
	UpdatedAt time.Time
}

// StoreState is what a store keeps for an identity beside its record: its uniqueness
// claims and the idempotency claim of its creation, by their keys, by which
// channels codes were sent, whether it is known to have no further parts, and
// which part of the tenant's list it stands in. The core hands it back as it came.
type StoreState struct {
	ClaimKeys      []string
	IdempotencyKey string
	CodeChannels   []Channel
	SingleItem     bool
	Shard          int
}

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
