// Package identity defines what an identity is: its values, its rules, and the ports that a store and a cipher
// implement. It must not import other packages of this module, and knows no wire format.
package identity

import (
	"slices"
	"time"
)

// Identity is a person or an organisation of a tenant.
type Identity struct {
	Tenant string
	ID     string // unique in its tenant, at most MaxIDLength characters

	Profile
	Status    Status
	ExpiresAt time.Time // when a pending identity expires, in whole seconds; zero unless pending

	Onboarding    Onboarding     // the steps that apply to it; empty: none
	Verifications []Verification // the state of its addresses; none for an address without any
	Review        *Review        // the last screening decision
	Hold          *Hold          // nil: it expires at ExpiresAt
	Reminded      bool           // a reminder of its expiry was sent
	TestMode      bool           // created by a test client

	KYC       JSON // written by the registry, never by a client
	WatchList JSON // written by the registry, never by a client

	EncryptedFields []EncryptedField // the tokenized fields; the profile contains their placeholders
	WrappedKey      []byte           // data key from the Cipher; nil until a field is tokenized

	MayHaveChildren bool       // it has or had children
	Children        []Identity // only if the operation says that it returns them

	HasClaims  bool // it has uniqueness claims
	StoreState any  // of the store, attached on read; all other code passes it back unchanged

	Version   int64     // 1 when created, one more per change
	CreatedAt time.Time // UTC, to the microsecond
	UpdatedAt time.Time
}

// ValidID reports whether id has 1 to MaxIDLength letters, digits, '-' and '_'. No identity has
// any other id.
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
	MaxCodeLength = 64 // kinds, types, codes
	MaxListLength = 100
	MaxJSONBytes  = 256 << 10 // rules, extended data and metadata together, in bytes
)

// Clone returns a copy that shares no memory that a change may write to.
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

// Expired reports whether a pending identity has expired. Readers must treat it as deleted, even before
// the cleanup removes it.
func (i *Identity) Expired(now time.Time) bool {
	return i.Status.Pending() && i.Hold == nil && !i.ExpiresAt.IsZero() && !now.Before(i.ExpiresAt)
}

// JSONSize returns the size of the identity's JSON values in bytes. Only these can be large.
func (i *Identity) JSONSize() int {
	return len(i.Rules) + len(i.ExtendedData) + len(i.Metadata) + len(i.KYC) + len(i.WatchList)
}
