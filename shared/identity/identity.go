// Package identity is the core of the registry: what an identity is, the rules
// it keeps, and the service that creates and finds it.
// It knows no wire format, no HTTP, no table and no cloud.
package identity

import (
	"slices"
	"time"
)

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
	WrappedKey      []byte           // wrapped, from the Cipher; nil until a field is tokenized

	MayHaveChildren bool       // it has children, or had
	Children        []Identity // only where an operation says that it fills them in

	HasClaims  bool // it holds uniqueness claims
	StoreState any  // bookkeeping of the store, attached on read; everything else passes it back unchanged

	Version   int64     // 1 when created, one more per change
	CreatedAt time.Time // UTC, to the microsecond
	UpdatedAt time.Time
}

// ValidID reports whether an identity can have this id: 1 to MaxIDLength
// letters, digits, '-' and '_'.
func ValidID(id string) bool {
	for _, c := range id {
		if !asciiAlphanumeric(c) && c != '-' && c != '_' {
			return false
		}
	}
	return id != "" && len(id) <= MaxIDLength
}

// Limits of an identity, in characters (Unicode code points) unless named otherwise.
const (
	MaxIDLength   = 64
	MaxNameLength = 256
	MaxTextLength = 256
	MaxCodeLength = 64 // kinds, types, codes, references of the registry
	MaxListLength = 100
	MaxJSONBytes  = 256 << 10 // rules, extended data and metadata together, in bytes
)

// Clone copies what a change may write through a pointer or a slice.
func (i Identity) Clone() Identity {
	if i.Bank != nil {
		account := *i.Bank
		i.Bank = &account
	}
	if control := i.Security.AccessControl; control != nil {
		i.Security.AccessControl = &AccessControl{Scopes: append([]AccessScope(nil), control.Scopes...)}
	}
	i.EncryptedFields = slices.Clone(i.EncryptedFields)
	i.Verifications = slices.Clone(i.Verifications)
	return i
}

// Expired reports whether a pending identity's time is over: it is gone for every
// reader, whenever it is cleaned up.
func (i *Identity) Expired(now time.Time) bool {
	return i.Status.Pending() && i.Hold == nil && !i.ExpiresAt.IsZero() && !now.Before(i.ExpiresAt)
}

// JSONSize is the bytes of an identity's JSON values, which alone can be large.
func (i *Identity) JSONSize() int {
	return len(i.Rules) + len(i.ExtendedData) + len(i.Metadata) + len(i.KYC) + len(i.WatchList)
}
