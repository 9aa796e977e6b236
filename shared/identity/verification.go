package identity

import (
	"slices"
	"time"
)

// Verification is what is known of an identity's email or phone: whether it was proven,
// and which other one is to take its place.
type Verification struct {
	Channel           Channel
	VerifiedAt        time.Time // when it was; zero: it was not
	Waived            bool      // whoever set the status asked for no proof of it
	CodeSentAt        time.Time // when a code was last sent that may still prove something; zero: none was
	PendingAddress    string    // an address that takes the other's place once it is proven
	PendingCiphertext string    // that address, encrypted, if the field is tokenized: Change is then a text of its shape
}

// pendingStatus is the status of who is to prove the channel's address next.
func (c Channel) pendingStatus() Status {
	if c == ChannelPhone {
		return PendingPhoneValidation
	}
	return PendingEmailValidation
}

// Verification is what is known of a channel's address.
func (i *Identity) Verification(c Channel) Verification {
	for _, p := range i.Verifications {
		if p.Channel == c {
			return p
		}
	}
	return Verification{Channel: c}
}

// SetVerification replaces what is known of a channel's address.
func (i *Identity) SetVerification(p Verification) {
	i.Verifications = slices.DeleteFunc(i.Verifications, func(have Verification) bool { return have.Channel == p.Channel })
	if p != (Verification{Channel: p.Channel}) {
		i.Verifications = append(i.Verifications, p)
	}
	if len(i.Verifications) == 0 {
		i.Verifications = nil // as it is read
	}
}

// RequiresVerification reports whether the identity's addresses are to be proven at all.
func (i *Identity) RequiresVerification() bool {
	return i.Onboarding == OnboardingContact || i.Onboarding == OnboardingContactAndScreening
}

// NeedsVerification reports whether an address is to be proven before the identity is active:
// every one that it has, unless that was waived. Of an identity without any address
// the email is.
func (i *Identity) NeedsVerification(c Channel) bool {
	has := i.Email != "" || i.Phone == ""
	if c == ChannelPhone {
		has = i.Phone != ""
	}
	p := i.Verification(c)
	return i.Status.Pending() && has && p.VerifiedAt.IsZero() && !p.Waived
}

// needsScreening likewise.
func (i *Identity) needsScreening() bool {
	return i.Review == nil && (i.Status == Screening || i.Status.Pending() && i.Onboarding == OnboardingContactAndScreening)
}

// WaiveEarlierSteps notes what a status that was set leaves out: the steps before it.
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

// Advance moves a pending identity on to the first step that is due, or to ACTIVE.
// It never goes back: where an earlier step has become due, the identity stays
// until that is done too.
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
	if !slices.Contains(i.Status.allowedNext(), to) {
		return nil
	}
	return i.transition(to, now)
}

// CancelContactChange takes back the change of an address that waits to be proven: its
// client sent the one that the identity has. Other fields have none.
func (i *Identity) CancelContactChange(f Field) {
	for _, c := range channels {
		if p := i.Verification(c); c.Field() == f && p.PendingAddress != "" {
			i.SetVerification(Verification{Channel: c, VerifiedAt: p.VerifiedAt, Waived: p.Waived})
		}
	}
}

// ApplyContactChange lets no change put an unproven address in the place of one that
// counts: the new one stands beside it until it is proven. While nothing was
// proven it simply takes its place, and so does another spelling of the same one.
func (i *Identity) ApplyContactChange(before *Identity, now time.Time) error {
	moved := false
	for _, c := range channels {
		was, is := before.TokenizableField(c.Field()), i.TokenizableField(c.Field())
		switch {
		case *was == *is:
		case sameAddress(c, *was, *is):
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

// keepsAddressUntilVerified reports whether a channel's address is worth keeping until another is proven.
func (i *Identity) keepsAddressUntilVerified(c Channel) bool {
	p := i.Verification(c)
	return i.RequiresVerification() && (!i.Status.Pending() || *i.TokenizableField(c.Field()) != "" && (!p.VerifiedAt.IsZero() || p.Waived))
}

// sameAddress compares two spellings.
func sameAddress(c Channel, a, b string) bool {
	return c == ChannelEmail && a != "" && NormalizeEmail(a) == NormalizeEmail(b)
}

// Requirements say what an identity that is not active waits for, and which
// changes of it do.
type Requirements struct {
	Due      []string  // what is to be begun: "email", "phone"
	Pending  []string  // what was begun: a code was sent, "email", "phone"; "screening"
	Deadline time.Time // when a pending identity lapses otherwise; zero: never
}

// RequirementScreening is what Requirements call a reviewer's decision.
const RequirementScreening = "screening"

// Requirements are what the identity waits for now.
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
