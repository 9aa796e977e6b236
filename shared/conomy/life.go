package conomy

import (
	"time"

	"cedula/shared/auth"
	"cedula/shared/identity"
	"cedula/shared/iso"
	"cedula/shared/strictjson"
)

// requirementsWire is what an identity waits for.
type requirementsWire struct {
	CurrentlyDue []string `json:"currentlyDue"`
	Pending      []string `json:"pending"`
	DueBy        *string  `json:"dueBy"`
}

func toRequirementsWire(r identity.Requirements) requirementsWire {
	return requirementsWire{CurrentlyDue: list(r.Due), Pending: list(r.Pending), DueBy: momentOrNull(r.By)}
}

func momentOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	moment := wireTime(t)
	return &moment
}

// list is never null.
func list(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

// holdWire is why an identity does not lapse.
type holdWire struct {
	Reason string `json:"reason"`
	Since  string `json:"since"`
}

func toHoldWire(h *identity.Hold) *holdWire {
	if h == nil {
		return nil
	}
	return &holdWire{h.Reason, wireTime(h.Since)}
}

// reviewWire is a reviewer's decision, as an identity's watchList shows it.
type reviewWire struct {
	Decision  string `json:"decision"`
	Reason    string `json:"reason"`
	Reviewer  string `json:"reviewer"`
	DecidedAt string `json:"decidedAt"`
}

func watchListOf(i *identity.Identity) strictjson.Value {
	if v := i.Review; v != nil {
		return strictjson.Encode(reviewWire{string(v.Outcome), v.Reason, v.Reviewer, wireTime(v.At)})
	}
	return strictjson.Value(i.WatchList)
}

// pendingAddress is an address that takes the place of the identity's once it is
// proven. Of a tokenized one nothing is shown.
func pendingAddress(i *identity.Identity, c identity.Channel) string {
	if i.Tokenized(c.Field()) != nil {
		return ""
	}
	return i.Proof(c).Change
}

// applyLife changes what only some may, and only of some identities: the status
// for a client that is trusted with it; an email and a phone that are to be
// proven, which takes a code sent to the new one. Of everybody else they are
// dropped unread, as Conomy does, or refused for a strict client.
func (u *updateRequest) applyLife(i *identity.Identity, caller auth.Caller, now time.Time) error {
	trusted := caller.Scopes.Has(auth.ScopeIdentityStatusWrite)
	for _, m := range []struct {
		field identity.Field
		sent  strictjson.Optional[strictjson.Value]
		may   bool
		set   func(text string) error
	}{
		{identity.FieldEmail, u.Email, i.Proves(), func(text string) error {
			if text == i.Email {
				i.KeepAddress(identity.FieldEmail)
				return nil
			}
			i.Email = text
			return identity.CheckEmail(text)
		}},
		{identity.FieldPhone, u.Phone, i.Proves(), func(text string) error {
			if text == i.Phone {
				return keepPhone(i)
			}
			i.Phone = text
			return checkDialCode(text, i.Country)
		}},
		// After the addresses, for which a status may wait.
		{identity.FieldStatus, u.Status, trusted, func(text string) error { return i.SetStatus(identity.Status(text), now) }},
	} {
		switch {
		case !m.sent.Sent, !m.may && !caller.Strict:
			continue
		case !m.may:
			return &identity.Invalid{Field: m.field, Reason: "cannot be changed"}
		}
		var text string
		if m.sent.Null() || strictjson.Text(m.sent.Value, &text) != nil {
			return &identity.Invalid{Field: m.field, Reason: "must be a string"}
		}
		if err := m.set(text); err != nil {
			return err
		}
	}
	return nil
}

// keepPhone takes back the phone that waits to be proven. The one that stays must be
// of the country, which may have been changed with it.
func keepPhone(i *identity.Identity) error {
	waits := i.Proof(identity.ByPhone).Change != "" && i.Tokenized(identity.FieldPhone) == nil
	i.KeepAddress(identity.FieldPhone)
	if waits && identity.CheckPhone(i.Phone) == nil {
		return checkDialCode(i.Phone, i.Country)
	}
	return nil
}

// checkDialCode asks for a phone of the country, if that is one.
func checkDialCode(phone, country string) error {
	if err := identity.CheckPhone(phone); err != nil {
		return err
	}
	if iso.Country(country) && !iso.PhoneFits(phone, country) {
		return &identity.Invalid{Field: identity.FieldPhone, Reason: "must have a dial code of the country and a length that is used there"}
	}
	return nil
}
