package conomy

import (
	"time"

	"cedula/shared/auth"
	"cedula/shared/identity"
	"cedula/shared/iso"
	"cedula/shared/strictjson"
)

// requirementsResponse is what an identity waits for.
type requirementsResponse struct {
	CurrentlyDue []string `json:"currentlyDue"`
	Pending      []string `json:"pending"`
	DueBy        *string  `json:"dueBy"`
}

func toRequirementsResponse(r identity.Requirements) requirementsResponse {
	return requirementsResponse{CurrentlyDue: nonNilStrings(r.Due), Pending: nonNilStrings(r.Pending), DueBy: timeOrNil(r.Deadline)}
}

func timeOrNil(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	moment := formatTime(t)
	return &moment
}

// nonNilStrings is never null.
func nonNilStrings(texts []string) []string {
	if texts == nil {
		return []string{}
	}
	return texts
}

// holdResponse is why an identity does not lapse.
type holdResponse struct {
	Reason string `json:"reason"`
	Since  string `json:"since"`
}

func toHoldResponse(h *identity.Hold) *holdResponse {
	if h == nil {
		return nil
	}
	return &holdResponse{h.Reason, formatTime(h.Since)}
}

// screeningResponse is a reviewer's decision, as an identity's watchList shows it.
type screeningResponse struct {
	Decision  string `json:"decision"`
	Reason    string `json:"reason"`
	Reviewer  string `json:"reviewer"`
	DecidedAt string `json:"decidedAt"`
}

func toWatchList(i *identity.Identity) strictjson.Value {
	if v := i.Review; v != nil {
		return strictjson.Encode(screeningResponse{string(v.Outcome), v.Reason, v.Reviewer, formatTime(v.DecidedAt)})
	}
	return strictjson.Value(i.WatchList)
}

// pendingContact is an address that takes the place of the identity's once it is
// proven. Of a tokenized one nothing is shown.
func pendingContact(i *identity.Identity, c identity.Channel) string {
	if i.Tokenized(c.Field()) != nil {
		return ""
	}
	return i.Verification(c).PendingAddress
}

// applyStatusAndContacts changes what only some may, and only of some identities: the status
// for a client that is trusted with it; an email and a phone that are to be
// proven, which takes a code sent to the new one. Of everybody else they are
// dropped unread, as Conomy does, or refused for a strict client.
func (u *updateRequest) applyStatusAndContacts(i *identity.Identity, caller auth.Caller, now time.Time) error {
	trusted := caller.Scopes.Has(auth.ScopeIdentityStatusWrite)
	for _, m := range []struct {
		field identity.Field
		sent  strictjson.Optional[strictjson.Value]
		may   bool
		set   func(text string) error
	}{
		{identity.FieldEmail, u.Email, i.RequiresVerification(), func(text string) error {
			if text == i.Email {
				i.CancelContactChange(identity.FieldEmail)
				return nil
			}
			i.Email = text
			return identity.CheckEmail(text)
		}},
		{identity.FieldPhone, u.Phone, i.RequiresVerification(), func(text string) error {
			if text == i.Phone {
				return cancelPhoneChange(i)
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
		if m.sent.Null() || strictjson.DecodeString(m.sent.Value, &text) != nil {
			return &identity.Invalid{Field: m.field, Reason: "must be a string"}
		}
		if err := m.set(text); err != nil {
			return err
		}
	}
	return nil
}

// cancelPhoneChange takes back the phone that waits to be proven. The one that stays must be
// of the country, which may have been changed with it.
func cancelPhoneChange(i *identity.Identity) error {
	waits := i.Verification(identity.ChannelPhone).PendingAddress != "" && i.Tokenized(identity.FieldPhone) == nil
	i.CancelContactChange(identity.FieldPhone)
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
	if iso.IsCountry(country) && !iso.PhoneMatchesCountry(phone, country) {
		return &identity.Invalid{Field: identity.FieldPhone, Reason: "must have a dial code of the country and a length that is used there"}
	}
	return nil
}
