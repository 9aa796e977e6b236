package identity

import (
	"cmp"
	"context"
	"time"
)

// Store keeps identities. It is safe for concurrent use.
type Store interface {
	// Create writes a new identity, its claims, its idempotency key and the
	// links to its children, all or nothing. If an equal request with the same key was carried out before,
	// it changes nothing and returns the identity as that request left it,
	// with Replayed set; ErrNotFound if that is deleted. Otherwise it returns ErrIdempotencyReused, a *Conflict
	// for the id or a claim, ErrVersionMismatch if a child has changed, ErrBusy,
	// ErrTooLarge or ErrUnavailable.
	Create(ctx context.Context, i Identity, claims []Claim, once Idempotency, links LinkChanges) (WriteResult, error)

	// Update writes the next version of an identity, the idempotency key of the
	// change, its links and what belongs to it besides, all or nothing. Claims, if
	// there are any, take the place of those that it held. ErrVersionMismatch if the identity
	// is not of the version before i's any more, or a linked one or a part of aside
	// has changed; otherwise as Create.
	Update(ctx context.Context, i Identity, claims []Claim, once Idempotency, links LinkChanges, aside SideWrites) (WriteResult, error)

	// VerificationCode reads the code last sent to an identity by a channel and, unless to is
	// empty, when codes were sent to that address. Zero where there is none.
	VerificationCode(ctx context.Context, tenant, id string, channel Channel, to string) (VerificationCode, SendHistory, error)
	// RecordWrongAttempt writes a code one of whose checks was spent. ErrVersionMismatch if it was
	// spent, used or sent anew since it was read.
	RecordWrongAttempt(ctx context.Context, tenant, id string, c VerificationCode) error
	// HashCode is what is kept of a code: it says nothing of the code to whoever
	// has not the deployment's secret, and holds for this identity and the address
	// that LookupKey gave only.
	HashCode(tenant, id, to, code string) []byte

	// RewriteReplays makes what is kept of answers to earlier requests with a key show
	// an identity as it is now.
	RewriteReplays(ctx context.Context, i Identity) error

	// LookupKey is what Sealed.Held is if the field, FieldEmail or FieldPhone,
	// holds the value.
	LookupKey(tenant string, f Field, value string) string

	// Replay returns the first answer to an equal change of an identity with the
	// same key, or to an equal create if the id is empty. ErrNotFound if there was none, ErrIdempotencyReused if another request
	// had the key.
	Replay(ctx context.Context, tenant, id string, once Idempotency) (WriteResult, error)

	// Get returns the newest state of an identity. ErrNotFound, ErrUnavailable.
	Get(ctx context.Context, tenant, id string) (Identity, error)

	// GetMany returns up to 100 identities in the order of the ids, without
	// those that are absent.
	GetMany(ctx context.Context, tenant string, ids []string) ([]Identity, error)

	// Entries returns the next entries of a source, at most limit, in ascending
	// or descending order. After is the entry at which to go on; one without an
	// id stands for all of its number; nil begins at the end.
	Entries(ctx context.Context, src Index, after *IndexEntry, limit int, descending bool) ([]IndexEntry, error)

	// Delete removes an identity, its parts, its links from both sides and its
	// claims. If it is cut short, the identity is gone for every reader, and the
	// next Delete finishes the work, and returns ErrNotFound as it does for any other
	// that is gone; what allow, which may be nil, says of the identity as it is;
	// ErrVersionMismatch if it changes meanwhile.
	Delete(ctx context.Context, tenant, id string, allow func(*Identity) error) error

	// Expire removes an identity that has lapsed, as it was read, as Delete does,
	// and leaves a mark without personal data for ExpiryMarkerTTL. ErrVersionMismatch if it has
	// changed.
	Expire(ctx context.Context, i Identity, now time.Time) error

	// ListWithdrawalAccounts returns an identity's withdrawal accounts by id.
	ListWithdrawalAccounts(ctx context.Context, tenant, id string) ([]BankAccount, error)
	// AddWithdrawalAccount writes a new account and the next version of its identity.
	// If an equal request with the same key wrote the account before, it changes
	// nothing and returns that one, with Replayed set; ErrIdempotencyReused if
	// another request did. ErrVersionMismatch if the identity is not of the version before
	// i's any more.
	AddWithdrawalAccount(ctx context.Context, i Identity, b BankAccount, once Idempotency) (WithdrawalAccountResult, error)
	// RemoveWithdrawalAccount deletes an account. ErrNotFound if there is none.
	RemoveWithdrawalAccount(ctx context.Context, tenant, id, account string) error
}

// PendingIndexShards is into how many parts the queue of pending identities is split.
const PendingIndexShards = 64

// ExpiryMarkerTTL is how long a mark without personal data tells that an identity was
// there and lapsed.
const ExpiryMarkerTTL = 30 * 24 * time.Hour

// PendingIndex is where pending identities stand by the time at which they lapse.
type PendingIndex interface {
	// DueBatch reads the next identities of a shard that lapse between two times, both
	// included, in the order in which they do. Where to go on is nil at the end.
	DueBatch(ctx context.Context, shard int, from, until time.Time, after *PendingCursor) (DueBatch, error)
}

// PendingCursor is a position in the queue, opaque to the core.
type PendingCursor struct{ Key, Index [2]string }

// DueBatch is a part of the queue.
type DueBatch struct {
	Identities []Identity // of all tenants; as they are now
	Orphans    []Orphan   // where the queue has an entry and the table no identity
	Next       *PendingCursor
}

// Orphan is what a deletion that was cut short left, or a moment's delay of the queue.
type Orphan struct{ Tenant, ID string }

// WriteResult is the outcome of a create or a change.
type WriteResult struct {
	Identity
	Replayed bool // the answer to an earlier, equal request; nothing was written now
}

// WithdrawalAccountResult is the outcome of one.
type WithdrawalAccountResult struct {
	BankAccount
	Replayed bool // the answer to an earlier, equal request
}

// SideWrites is what is written together with an identity's next version, all or
// nothing. Each part that is nil is not written.
type SideWrites struct {
	Code        *VerificationCode // over the one of its Version
	SendHistory *SendHistory      // likewise
	Message     *Message          // into the outbox
}

// LinkChanges is what a change does to an identity's children.
type LinkChanges struct {
	Add    []Identity // as they were read: each must be of that version still
	Remove []IndexEntry
	Check  []Identity // others that must be of the version read
}

// Empty reports whether no link changes.
func (l LinkChanges) Empty() bool { return len(l.Add)+len(l.Remove) == 0 }

// NoneAdded reports whether the links make no parts of the identity.
func (l LinkChanges) NoneAdded() bool { return len(l.Add) == 0 }

// Index is an ordered set of a tenant's identities that the store can read
// without reading others. At most one of the fields after Tenant is set; none
// means all identities.
type Index struct {
	Tenant     string
	Email      string
	Phone      string
	Document   string // normalised
	ExternalID string
	ChildrenOf string // an identity's id
	ParentsOf  string
}

// IndexEntry is an identity's place in a list: by creation number, then by id.
type IndexEntry struct {
	ID             string
	CreationNumber int64
}

// Compare is that order, in which an entry's sort key stands too.
func (e IndexEntry) Compare(other IndexEntry) int {
	return cmp.Or(cmp.Compare(e.CreationNumber, other.CreationNumber), cmp.Compare(e.ID, other.ID))
}

// EntryOf returns the place of an identity in every list.
func EntryOf(i *Identity) IndexEntry { return IndexEntry{i.ID, i.CreationNumber()} }
