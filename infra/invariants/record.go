package invariants

import (
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// The kinds of items that have rules, as kind returns them.
const (
	kindIdentity    = "I"
	kindChild       = "IC" // an identity's link to a child
	kindParent      = "IF" // its link to a parent
	kindCode        = "IV"
	kindSendHistory = "V"
	kindClaim       = "U"
	kindIdempotency = "O"
	kindMessage     = "M"
)

// kind returns the letters that tell apart the items of the table: that of the partition key, then that of the sort key.
func kind(k table.Key) string {
	pk := k.PK
	if strings.HasPrefix(pk, "T#") {
		pk = strings.SplitN(pk, "#", 4)[2]
	}
	pk, _, _ = strings.Cut(pk, "#")
	sk, _, _ := strings.Cut(k.SK, "#")
	return pk + sk
}

// identityPK returns the partition key of an identity in the tenant of another key.
func identityPK(pk, id string) string {
	tenant, _, _ := strings.Cut(strings.TrimPrefix(pk, "T#"), "#")
	return "T#" + tenant + "#I#" + id
}

// Identity is what the rules read of a stored identity.
type Identity struct {
	ID             string          `json:"id"`
	Status         identity.Status `json:"st"`
	Version        int64           `json:"v"`
	Expires        int64           `json:"x"` // seconds since 1970; 0: never
	Onboarding     string          `json:"steps"`
	Email          string          `json:"em"`
	Phone          string          `json:"ph"`
	Hold           *struct{}       `json:"hold"`
	Review         *struct{}       `json:"rev"`
	Claims         []string        `json:"cl"` // partition keys
	IdempotencyKey string          `json:"o"`  // partition key
	Tombstone      bool            `json:"gone"`
	Verifications  []verification  `json:"pr"`
}

type verification struct {
	Channel    identity.Channel `json:"c"`
	VerifiedAt int64            `json:"p"`
	Waived     bool             `json:"w"`
}

// Expired reports whether i has stayed pending beyond its deadline, so that no reader may see it.
func (i Identity) Expired(now time.Time) bool {
	return !i.Tombstone && i.Status.Pending() && i.Hold == nil && i.Expires != 0 && now.Unix() >= i.Expires
}

func (i Identity) verified(c identity.Channel) bool {
	return slices.ContainsFunc(i.Verifications, func(v verification) bool {
		return v.Channel == c && (v.VerifiedAt != 0 || v.Waived)
	})
}

// canTurn reports whether the status of an identity may change from one to the other.
func canTurn(from, to identity.Status) bool {
	return from == to || slices.Contains(identity.Transitions[from], to)
}

// code is what the rules read of a verification code.
type code struct {
	Hash          []byte `json:"h"`
	Expires       int64  `json:"x"`
	WrongAttempts int    `json:"n"`
	Used          bool   `json:"u"`
	TestMode      bool   `json:"sc"`
}

// decode reads the body of an item. A body that is not JSON has no fields.
func decode[T any](i table.Item) (r T) {
	if len(i.Body) > 0 {
		_ = json.Unmarshal(i.Body, &r)
	}
	return r
}
