package invariants

import (
	"bytes"
	"slices"
	"strings"

	"cedula/shared/identity"
	"cedula/shared/table"
)

// checkOp checks one operation of a write against the item that it replaces or removes.
func (t *Table) checkOp(op table.Op) {
	if op.Action == table.ActionCheck {
		return
	}
	key := op.Item.Key
	before := t.items[key]
	inPrefix := func(p string) bool { return strings.HasPrefix(key.PK, p) }
	if len(t.Prefixes) > 0 && !slices.ContainsFunc(t.Prefixes, inPrefix) {
		t.report("an item of another owner was written: %s", kind(key))
	}
	if op.Action == table.ActionDelete {
		t.checkRemoval(before)
		return
	}
	switch kind(key) {
	case kindIdentity:
		t.checkIdentity(before, op.Item)
	case kindCode:
		t.checkCode(before, op.Item)
	case kindSendHistory:
		t.checkSendHistory(op.Item)
	}
}

// checkRemoval: only a client's request or expiry removes an identity; a tombstone's removal completes either.
func (t *Table) checkRemoval(item table.Item) {
	i := decode[Identity](item)
	if kind(item.Key) == kindIdentity && !t.AllowDeletion && !i.Tombstone && !i.Expired(t.Now()) {
		t.report("%s was removed in status %s, which expires at %d, at %d", i.ID, i.Status, i.Expires, t.Now().Unix())
	}
}

// checkIdentity: versions grow by one, an identity is queued for expiry exactly while it is pending and not on hold,
// nothing changes once it has expired, and statuses follow the table of transitions.
func (t *Table) checkIdentity(old, item table.Item) {
	i, before := decode[Identity](item), decode[Identity](old)
	if want := old.Version + 1; item.Version != want || i.Version != want {
		t.report("%s has version %d after %d", i.ID, item.Version, old.Version)
	}
	if _, queued := item.Indexes["Q"]; queued != (i.Tombstone || i.Status.Pending() && i.Hold == nil) {
		t.report("%s, %s, on hold %v, is queued for expiry: %v", i.ID, i.Status, i.Hold != nil, queued)
	}
	if old.PK == "" || i.Tombstone {
		return
	}
	if before.Expired(t.Now()) {
		t.report("%s changed after it had expired", i.ID)
	}
	if !canTurn(before.Status, i.Status) {
		t.report("%s turned from %s to %s", i.ID, before.Status, i.Status)
	}
	if before.Status.Pending() && i.Status == identity.Active && !t.Trusted {
		t.checkActivation(i)
	}
}

// checkActivation: without a trusted client, an identity becomes active after its contacts have been verified, and
// after its review if its onboarding asks for one.
func (t *Table) checkActivation(i Identity) {
	if (i.Email != "" || i.Phone == "") && !i.verified(identity.ChannelEmail) || i.Phone != "" && !i.verified(identity.ChannelPhone) {
		t.report("%s became active without verification", i.ID)
	}
	if i.Onboarding == string(identity.OnboardingContactAndScreening) && i.Review == nil {
		t.report("%s became active without a review", i.ID)
	}
}

// checkCode: a code allows MaxCodeAttempts attempts, and can be used once, before it expires.
func (t *Table) checkCode(old, item table.Item) {
	before, now := decode[code](old), decode[code](item)
	if item.Version != old.Version+1 {
		t.report("a code has version %d after %d", item.Version, old.Version)
	}
	if now.WrongAttempts > identity.MaxCodeAttempts {
		t.report("a code allowed %d wrong attempts", now.WrongAttempts)
	}
	if old.PK == "" || !bytes.Equal(before.Hash, now.Hash) {
		return // another code
	}
	if before.Used {
		t.report("a code was used twice, or tried after its use")
	}
	if now.Used && (before.WrongAttempts >= identity.MaxCodeAttempts || t.Now().Unix() >= before.Expires) {
		t.report("a code was used after %d wrong attempts, at %d, although it expires at %d", before.WrongAttempts, t.Now().Unix(), before.Expires)
	}
}

// checkSendHistory: no address receives more codes than the limits allow.
func (t *Table) checkSendHistory(item table.Item) {
	hour, day := 0, 0
	history := decode[struct {
		Times []int64 `json:"t"` // seconds since 1970
	}](item)
	for _, at := range history.Times {
		ago := t.Now().Unix() - at
		if ago < 3600 {
			hour++
		}
		if ago < 24*3600 {
			day++
		}
	}
	if hour > identity.MaxSendsPerHour || day > identity.MaxSendsPerDay {
		t.report("an address received %d codes within an hour, %d within a day", hour, day)
	}
}

// checkSends: one transaction stores a code, counts its message and queues it. A reminder has no code.
func (t *Table) checkSends(ops []table.Op) {
	sent, counted, queued := 0, 0, 0
	for _, op := range ops {
		if op.Action != table.ActionPut {
			continue
		}
		switch kind(op.Item.Key) {
		case kindCode:
			if c := decode[code](op.Item); c.WrongAttempts == 0 && !c.Used && !c.TestMode {
				sent++
			}
		case kindSendHistory:
			counted++
		case kindMessage:
			if op.Item.Version == 1 {
				queued++
			}
		}
	}
	if sent > counted || counted > queued {
		t.report("%d codes stored, %d counted, %d queued in one write", sent, counted, queued)
	}
}
