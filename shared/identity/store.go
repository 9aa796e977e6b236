package identity

import (
	"cmp"
	"context"
	"time"
)

// Store persists identities. Implementations are safe for concurrent use.
//
// Every write is one transaction: it takes effect completely or not at all. Methods return ErrUnavailable if
// the table cannot be reached, and ErrBusy if a transaction kept losing to concurrent ones.
type Store interface {
	// Create writes a new identity with its claims, its idempotency key and the links to its children.
	//
	// If the same request was carried out before under the same idempotency key, Create changes nothing and returns
	// the stored result with Replayed set, or ErrNotFound if that identity is deleted. Otherwise it returns a
	// *Conflict if the id or a claim belongs to another identity, ErrIdempotencyReused if the key belongs to a
	// different request, ErrVersionMismatch if a child has changed, or ErrTooLarge.
	Create(ctx context.Context, i Identity, claims []Claim, once Idempotency, links LinkChanges) (WriteResult, error)

	// Update writes the next version of an identity with the idempotency key of the change, its links and its side
	// writes. Claims, if any, replace those of the identity. It returns ErrVersionMismatch if the stored version is not
	// the one before i's, or if a linked identity or a side write has changed; otherwise it returns what Create returns.
	Update(ctx context.Context, i Identity, claims []Claim, once Idempotency, links LinkChanges, aside SideWrites) (WriteResult, error)

	// VerificationCode returns the last code sent to an identity through a channel and, unless to is empty, when codes
	// were sent to that address and how many for its tenant. The results are zero if no code was sent.
	VerificationCode(ctx context.Context, tenant, id string, channel Channel, to string) (VerificationCode, SendHistory, error)
	// RecordWrongAttempt writes an identity's code after a wrong attempt. It returns ErrVersionMismatch if the code was
	// tried, used or replaced since it was read, or if the identity was deleted.
	RecordWrongAttempt(ctx context.Context, i *Identity, c VerificationCode) error
	// HashCode returns the keyed hash stored instead of a verification code. It is bound to the identity and to the
	// address key, and reveals nothing without the deployment secret.
	HashCode(tenant, id, to, code string) []byte

	// LookupKey returns the key under which an identity with this email or phone is found. It is an HMAC under the
	// deployment secret and reveals nothing about the value.
	LookupKey(tenant string, f Field, value string) string
	// LookupKeys returns LookupKey and, for an email, the keys that v0.1.0 stored for the same mailbox. It returns nothing
	// for an empty value.
	LookupKeys(tenant string, f Field, value string) []string

	// Replay returns the stored result of the same update of an identity, or of the same create if the id is empty. It
	// returns ErrNotFound if no result is stored or it is older than IdempotencyTTL at the tenant's time now, and
	// ErrIdempotencyReused if the key belongs to a different request.
	Replay(ctx context.Context, tenant, id string, now time.Time, once Idempotency) (WriteResult, error)

	// Get returns the newest version of an identity, or ErrNotFound.
	Get(ctx context.Context, tenant, id string) (Identity, error)

	// GetMany returns up to 100 identities in the order of the ids. Ids that do not exist are omitted. If some records
	// cannot be decoded, it returns the others with an *Unreadable.
	GetMany(ctx context.Context, tenant string, ids []string) ([]Identity, error)

	// Entries returns the next entries of an index, at most limit, in ascending or descending order, beginning after an
	// entry, or at the start if after is nil. An entry without an id stands for all entries with its number.
	Entries(ctx context.Context, src Index, after *IndexEntry, limit int, descending bool) ([]IndexEntry, error)

	// Delete removes an identity, its parts, its links from both sides and its claims. If Delete is interrupted, the
	// identity is already invisible; the next Delete completes the removal and returns ErrNotFound.
	//
	// now is the tenant's time. It returns ErrNotFound, the error of allow (which may be nil) for the current identity, or ErrVersionMismatch if
	// the identity changes concurrently.
	Delete(ctx context.Context, tenant, id string, now time.Time, allow func(*Identity) error) error

	// Expire removes an expired identity as Delete does and leaves a marker without personal data for ExpiryMarkerTTL. It
	// returns ErrVersionMismatch if the identity is no longer as it was read.
	Expire(ctx context.Context, i Identity, now time.Time) error

	// ListWithdrawalAccounts returns an identity's withdrawal accounts by id.
	ListWithdrawalAccounts(ctx context.Context, tenant, id string) ([]BankAccount, error)
	// AddWithdrawalAccount writes a new account, the next version of its identity and the idempotency key of the change.
	// Of the identity, the result has the id, the version, the times and, as Bank, the account. If the same request was
	// carried out before under the same key, AddWithdrawalAccount changes nothing and returns the stored result with
	// Replayed set. It returns ErrIdempotencyReused if the key belongs to a different request, and ErrVersionMismatch if
	// the stored version is not the one before i's.
	AddWithdrawalAccount(ctx context.Context, i Identity, b BankAccount, once Idempotency) (WriteResult, error)
	// RemoveWithdrawalAccount deletes an account, or returns ErrNotFound.
	RemoveWithdrawalAccount(ctx context.Context, tenant, id, account string) error
}

// PendingIndexShards is the number of shards of the pending index.
const PendingIndexShards = 64

// ExpiryMarkerTTL is how long a marker without personal data records that an identity
// expired.
const ExpiryMarkerTTL = 30 * 24 * time.Hour

// PendingIndex orders pending identities by the time at which they expire.
type PendingIndex interface {
	// DueBatch returns the next identities of a shard that expire between two times, inclusive, in that order. Next is
	// nil at the end.
	DueBatch(ctx context.Context, shard int, from, until time.Time, after *PendingCursor) (DueBatch, error)
}

// PendingCursor is a position in the pending index, opaque to the core.
type PendingCursor struct{ Key, Index [2]string }

// DueBatch is a part of the pending index.
type DueBatch struct {
	Identities []Identity  // of all tenants, in their newest version
	Orphans    []Orphan    // entries of the index without an identity
	Unreadable *Unreadable // identities whose records cannot be decoded, or nil
	Next       *PendingCursor
}

// Orphan is an index entry without an identity: an interrupted deletion, or the index lags behind.
type Orphan struct{ Tenant, ID string }

// WriteResult is the result of a create or an update.
type WriteResult struct {
	Identity
	Replayed bool // the stored result of an earlier, equal request; nothing was written
}

// WithdrawalAccountResult is the result of AddWithdrawalAccount.
type WithdrawalAccountResult struct {
	BankAccount
	Replayed bool // the stored result of an earlier, equal request
}

// SideWrites are written in the transaction of an identity's next version. Nil parts are
// not written.
type SideWrites struct {
	Code        *VerificationCode // replaces the one with its Version
	SendHistory *SendHistory      // replaces the one with its Version
	Count       *MessageCount     // of the tenant; replaces the one with its Version
	Message     *Message          // into the outbox
}

// LinkChanges are the changes to an identity's children.
type LinkChanges struct {
	Add    []Identity // each must still have the version that was read
	Remove []IndexEntry
	Check  []Identity // other identities that must have the version read
}

// Empty reports whether no link changes.
func (l LinkChanges) Empty() bool { return len(l.Add)+len(l.Remove) == 0 }

// NoneAdded reports whether no child is added.
func (l LinkChanges) NoneAdded() bool { return len(l.Add) == 0 }

// Index is an ordered set of a tenant's identities that the store can read
// without reading others. At most one of the fields after Tenant is set; none
// means all identities.
type Index struct {
	Tenant     string
	Email      string // one of its EmailForms
	Phone      string
	Document   string // one of its DocumentForms
	ExternalID string
	ChildrenOf string // an identity's id
	ParentsOf  string
}

// Forms returns the indexes that contain the identities with the value of the index, which need not be normalized.
func (i Index) Forms() []Index {
	list := []Index{}
	for _, form := range EmailForms(i.Email) {
		list = append(list, Index{Tenant: i.Tenant, Email: form})
	}
	for _, form := range DocumentForms(i.Document) {
		list = append(list, Index{Tenant: i.Tenant, Document: form})
	}
	if len(list) == 0 {
		return []Index{i}
	}
	return list
}

// IndexEntry is the position of an identity in a list: by creation number, then by id.
type IndexEntry struct {
	ID             string
	CreationNumber int64
}

// Compare orders entries as the sort keys of the indexes do.
func (e IndexEntry) Compare(other IndexEntry) int {
	return cmp.Or(cmp.Compare(e.CreationNumber, other.CreationNumber), cmp.Compare(e.ID, other.ID))
}

// EntryOf returns the position of an identity in every list.
func EntryOf(i *Identity) IndexEntry { return IndexEntry{i.ID, i.CreationNumber()} }
