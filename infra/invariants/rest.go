package invariants

import (
	"slices"
	"strings"

	"cedula/shared/table"
)

// Moment is when the stored items are checked.
type Moment int

// The moments. An interrupted deletion leaves a tombstone, which no reader sees, and its parts.
const (
	AtRest Moment = iota
	Interrupted
)

// Check returns the violations of all writes so far and of the state they have led to: a claim exists exactly when its
// identity does, a link has both of its sides, and every part has its identity.
func (t *Table) Check(m Moment) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := snapshot{t.items, slices.Clone(t.violations)}
	for k, item := range t.items {
		s.checkOwner(k, item)
		if kind(k) != kindIdentity {
			continue
		}
		i := decode[Identity](item)
		s.checkClaims(k.PK, i)
		if i.Tombstone && m == AtRest {
			s.report("the tombstone of %s is left", i.ID)
		}
	}
	return s.violations
}

// snapshot is the state of the table at one moment.
type snapshot struct {
	items map[table.Key]table.Item
	violations
}

// identity returns the identity of a partition, or one without fields.
func (s *snapshot) identity(pk string) Identity {
	return decode[Identity](s.items[table.Key{PK: pk, SK: "#"}])
}

// checkClaims checks that the claims of an identity exist. Its idempotency claim may belong to a later identity that
// was created under the same key.
func (s *snapshot) checkClaims(pk string, i Identity) {
	if i.ID == "" {
		s.report("%s is damaged", pk)
	}
	if i.Tombstone {
		return
	}
	for _, claim := range i.Claims {
		if s.items[table.Key{PK: claim, SK: "#"}].Owner != i.ID {
			s.report("%s lacks a claim", i.ID)
		}
	}
	if i.IdempotencyKey == "" {
		return
	}
	owner := s.items[table.Key{PK: i.IdempotencyKey, SK: "#"}].Owner
	if owner != i.ID && s.identity(identityPK(pk, owner)).IdempotencyKey != i.IdempotencyKey {
		s.report("%s lacks its idempotency claim", i.ID)
	}
}

// checkOwner checks that what belongs to an identity has one.
func (s *snapshot) checkOwner(k table.Key, item table.Item) {
	owner := s.identity(identityPK(k.PK, item.Owner))
	switch kind(k) {
	case kindClaim:
		if owner.Tombstone || !slices.Contains(owner.Claims, k.PK) {
			s.report("a claim of %s is left", item.Owner)
		}
	case kindIdempotency: // without a body it says only that the key was used
		if len(item.Body) > 0 && (owner.Tombstone || owner.IdempotencyKey != k.PK) {
			s.report("an idempotency claim of %s is left", item.Owner)
		}
	case kindChild:
		s.checkLink(k, "F#")
	case kindParent:
		s.checkLink(k, "C#")
	}
	if _, exists := s.items[table.Key{PK: k.PK, SK: "#"}]; strings.Contains(k.PK, "#I#") && !exists {
		s.report("a part %s is left of %s", kind(k), k.PK)
	}
}

// checkLink checks that the other identity of a link exists and has the link's other side, whose sort key begins with
// a prefix. The links of a tombstone are being removed.
func (s *snapshot) checkLink(k table.Key, prefix string) {
	self := s.identity(k.PK)
	if self.Tombstone {
		return
	}
	other := identityPK(k.PK, k.SK[strings.LastIndexByte(k.SK, '#')+1:])
	sides := 0
	for side := range s.items {
		if side.PK == other && strings.HasPrefix(side.SK, prefix) && strings.HasSuffix(side.SK, "#"+self.ID) {
			sides++
		}
	}
	if _, exists := s.items[table.Key{PK: other, SK: "#"}]; sides != 1 || !exists {
		s.report("a link of %s to %s has %d other sides", self.ID, other, sides)
	}
}
