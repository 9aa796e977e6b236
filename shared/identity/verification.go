package identity

import (
	"slices"
	"time"
)

// Verification is the state of an identity's email or phone: whether it is verified, and which
// address will replace it.
type Verification struct {
	Channel           Channel
	VerifiedAt        time.Time // zero: not verified
	Waived            bool      // the status was set directly, without verification
	CodeSentAt        time.Time // of the last code that may still be used; zero: none
	PendingAddress    string    // replaces the address once it is verified
	PendingCiphertext string    // that address, encrypted, if the field is tokenized; PendingAddress is then a placeholder
}

// pendingStatus is the status of an identity whose next step is to verify the channel's address.
func (c Channel) pendingStatus() Status {
	if c == ChannelPhone {
		return PendingPhoneValidation
	}
	return PendingEmailValidation
}

// Verification returns the state of a channel's address.
func (i *Identity) Verification(c Channel) Verification {
	for _, p := range i.Verifications {
		if p.Channel == c {
			return p
		}
	}
	return Verification{Channel: c}
}

// SetVerification replaces the state of a channel's address.
func (i *Identity) SetVerification(p Verification) {
	i.Verifications = slices.DeleteFunc(i.Verifications, func(have Verification) bool { return have.Channel == p.Channel })
	if p != (Verification{Channel: p.Channel}) {
		i.Verifications = append(i.Verifications, p)
	}
	if len(i.Verifications) == 0 {
		i.Verifications = nil // as it is read
	}
}

// RequiresVerification reports whether the identity's onboarding requires verified addresses.
func (i *Identity) RequiresVerification() bool {
	return i.Onboarding == OnboardingContact || i.Onboarding == OnboardingContactAndScreening
}

// NeedsVerification reports whether an address must be verified before the identity becomes active:
// every address that it has, unless verification was waived. An identity without any address needs
// its email verified.
func (i *Identity) NeedsVerification(c Channel) bool {
	has := i.Email != "" || i.Phone == ""
	if c == ChannelPhone {
		has = i.Phone != ""
	}
	p := i.Verification(c)
	return i.Status.Pending() && has && p.VerifiedAt.IsZero() && !p.Waived
}

// needsScreening reports whether a reviewer must decide before the identity becomes active.
func (i *Identity) needsScreening() bool {
	return i.Review == nil && (i.Status == Screening || i.Status.Pending() && i.Onboarding == OnboardingContactAndScreening)
}

// WaiveEarlierSteps waives the steps that come before a status that was set directly.
func (i *Identity) WaiveEarlierSteps() {
	for _, c := range channels {
		if i.Status == Screening || i.Status == PendingPhoneValidation && c == ChannelEmail {
			if p := i.Verification(c); p.VerifiedAt.IsZero() {
				p.Waived = true
				i.SetVerification(p)
			}
		}
	}
}

// Advance moves a pending identity to the first step that is due, or to ACTIVE. It never moves back: if
// an earlier step has become due, the status stays until that step is done too. It returns a *StateError.
func (i *Identity) Advance(now time.Time) error {
	to := Active
	switch {
	case !i.Status.Pending():
		return nil
	case i.NeedsVerification(ChannelEmail):
		to = ChannelEmail.pendingStatus()
	case i.NeedsVerification(ChannelPhone):
		to = ChannelPhone.pendingStatus()
	case i.needsScreening():
		to = Screening
	}
	if !slices.Contains(Transitions[i.Status], to) {
		return nil
	}
	return i.transition(to, now)
}

// CancelContactChange cancels the pending change of an address, because the client sent the current
// one again. It does nothing for other fields.
func (i *Identity) CancelContactChange(f Field) {
	for _, c := range channels {
		if p := i.Verification(c); c.Field() == f && p.PendingAddress != "" {
			i.SetVerification(Verification{Channel: c, VerifiedAt: p.VerifiedAt, Waived: p.Waived})
		}
	}
}

// ApplyContactChange keeps a verified address until the new one is verified too: the new one becomes
// the pending address. If the old address is not verified, or the new one is another spelling of it, it is
// replaced immediately. It returns a *StateError.
func (i *Identity) ApplyContactChange(before *Identity, now time.Time) error {
	moved := false
	for _, c := range channels {
		was, is := before.TokenizableField(c.Field()), i.TokenizableField(c.Field())
		switch {
		case *was == *is:
		case c == ChannelEmail && NormalizeEmail(*was) == NormalizeEmail(*is):
			i.CancelContactChange(c.Field())
		case *is == "" || !before.keepsAddressUntilVerified(c):
			i.SetVerification(Verification{Channel: c})
			moved = true
		default:
			p := before.Verification(c)
			i.SetVerification(Verification{Channel: c, VerifiedAt: p.VerifiedAt, Waived: p.Waived, PendingAddress: *is})
			*is = *was
		}
	}
	if !moved || before.Status == Pending || i.Email == "" && i.Phone == "" {
		return nil
	}
	return i.Advance(now)
}

// keepsAddressUntilVerified reports whether a channel's address remains until a new one is verified.
func (i *Identity) keepsAddressUntilVerified(c Channel) bool {
	p := i.Verification(c)
	return i.RequiresVerification() && (!i.Status.Pending() || *i.TokenizableField(c.Field()) != "" && (!p.VerifiedAt.IsZero() || p.Waived))
}

// Requirements list what an identity that is not active still needs, and which pending changes
// need verification.
type Requirements struct {
	Due      []string  // not started: "email", "phone", "screening"
	Pending  []string  // started: a code was sent, or a reviewer must decide
	Deadline time.Time // when the pending identity expires; zero: never
}

// RequirementScreening is the name of a reviewer's decision in Requirements.
const RequirementScreening = "screening"

// Requirements returns what the identity still needs.
func (i *Identity) Requirements() Requirements {
	var r Requirements
	for _, c := range channels {
		p := i.Verification(c)
		switch {
		case !i.NeedsVerification(c) && p.PendingAddress == "":
		case p.CodeSentAt.IsZero():
			r.Due = append(r.Due, string(c))
		default:
			r.Pending = append(r.Pending, string(c))
		}
	}
	if i.Status == Screening && i.Review == nil {
		r.Pending = append(r.Pending, RequirementScreening)
	} else if i.needsScreening() {
		r.Due = append(r.Due, RequirementScreening)
	}
	if i.Hold == nil {
		r.Deadline = i.ExpiresAt
	}
	return r
}
