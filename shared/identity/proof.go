package identity

import (
	"slices"
	"time"
)

// Proof is what is known of an identity's email or phone: whether it was proven,
// and which other one is to take its place.
type Proof struct {
	Channel Channel
	Proven  time.Time // when it was; zero: it was not
	Waived  bool      // whoever set the status asked for no proof of it
	Sent    time.Time // when a code was last sent that may still prove something; zero: none was
	Change  string    // an address that takes the other's place once it is proven
	Box     string    // that address, encrypted, if the field is tokenized: Change is then a text of its shape
}

// channels are the ways to reach a person, in the order in which they are proven.
var channels = []Channel{ByEmail, ByPhone}

// Field is where the channel's address stands.
func (c Channel) Field() Field {
	if c == ByPhone {
		return FieldPhone
	}
	return FieldEmail
}

// awaited is the status of who is to prove the channel's address next.
func (c Channel) awaited() Status {
	if c == ByPhone {
		return PendingPhoneValidation
	}
	return PendingEmailValidation
}

// check returns an *Invalid for an address that nothing can be sent to.
func (c Channel) check(address string) error {
	if c == ByPhone {
		return CheckPhone(address)
	}
	return CheckEmail(address)
}

// Known reports whether c is one of the channels.
func (c Channel) Known() bool { return slices.Contains(channels, c) }

// Proof is what is known of a channel's address.
func (i *Identity) Proof(c Channel) Proof {
	for _, p := range i.Proofs {
		if p.Channel == c {
			return p
		}
	}
	return Proof{Channel: c}
}

// note replaces what is known of a channel's address.
func (i *Identity) note(p Proof) {
	i.Proofs = slices.DeleteFunc(i.Proofs, func(have Proof) bool { return have.Channel == p.Channel })
	if p != (Proof{Channel: p.Channel}) {
		i.Proofs = append(i.Proofs, p)
	}
	if len(i.Proofs) == 0 {
		i.Proofs = nil // as it is read
	}
}

// Proves reports whether the identity's addresses are to be proven at all.
func (i *Identity) Proves() bool { return i.Steps == Contact || i.Steps == ContactAndScreening }

// due reports whether an address is to be proven before the identity is active:
// every one that it has, unless that was waived. Of an identity without any address
// the email is.
func (i *Identity) due(c Channel) bool {
	has := i.Email != "" || i.Phone == ""
	if c == ByPhone {
		has = i.Phone != ""
	}
	p := i.Proof(c)
	return i.Status.Pending() && has && p.Proven.IsZero() && !p.Waived
}

// dueScreening likewise.
func (i *Identity) dueScreening() bool {
	return i.Review == nil && (i.Status == Screening || i.Status.Pending() && i.Steps == ContactAndScreening)
}

// waive notes what a status that was set leaves out: the steps before it.
func (i *Identity) waive() {
	for _, c := range channels {
		if i.Status == Screening || i.Status == PendingPhoneValidation && c == ByEmail {
			if p := i.Proof(c); p.Proven.IsZero() {
				p.Waived = true
				i.note(p)
			}
		}
	}
}

// advance moves a pending identity on to the first step that is due, or to ACTIVE.
// It never goes back: where an earlier step has become due, the identity stays
// until that is done too.
func (i *Identity) advance(now time.Time) error {
	to := Active
	switch {
	case !i.Status.Pending():
		return nil
	case i.due(ByEmail):
		to = ByEmail.awaited()
	case i.due(ByPhone):
		to = ByPhone.awaited()
	case i.dueScreening():
		to = Screening
	}
	if !slices.Contains(i.Status.next(), to) {
		return nil
	}
	return i.become(to, now)
}

// KeepAddress takes back the change of an address that waits to be proven: its
// client sent the one that the identity has. Other fields have none.
func (i *Identity) KeepAddress(f Field) {
	for _, c := range channels {
		if p := i.Proof(c); c.Field() == f && p.Change != "" {
			i.note(Proof{Channel: c, Proven: p.Proven, Waived: p.Waived})
		}
	}
}

// guardAddresses lets no change put an unproven address in the place of one that
// counts: the new one stands beside it until it is proven. While nothing was
// proven it simply takes its place, and so does another spelling of the same one.
func (i *Identity) guardAddresses(before *Identity, now time.Time) error {
	moved := false
	for _, c := range channels {
		was, is := before.text(c.Field()), i.text(c.Field())
		switch {
		case *was == *is:
		case sameAddress(c, *was, *is):
			i.KeepAddress(c.Field())
		case *is == "" || !before.counts(c):
			i.note(Proof{Channel: c})
			moved = true
		default:
			p := before.Proof(c)
			i.note(Proof{Channel: c, Proven: p.Proven, Waived: p.Waived, Change: *is})
			*is = *was
		}
	}
	if !moved || before.Status == Pending || i.Email == "" && i.Phone == "" {
		return nil
	}
	return i.advance(now)
}

// counts reports whether a channel's address is worth keeping until another is proven.
func (i *Identity) counts(c Channel) bool {
	p := i.Proof(c)
	return i.Proves() && (!i.Status.Pending() || *i.text(c.Field()) != "" && (!p.Proven.IsZero() || p.Waived))
}

// sameAddress compares two spellings.
func sameAddress(c Channel, a, b string) bool {
	return c == ByEmail && a != "" && NormalizeEmail(a) == NormalizeEmail(b)
}

// Requirements say what an identity that is not active waits for, and which
// changes of it do.
type Requirements struct {
	Due     []string  // what is to be begun: "email", "phone"
	Pending []string  // what was begun: a code was sent, "email", "phone"; "screening"
	By      time.Time // when a pending identity lapses otherwise; zero: never
}

// RequirementScreening is what Requirements call a reviewer's decision.
const RequirementScreening = "screening"

// Requirements are what the identity waits for now.
func (i *Identity) Requirements() Requirements {
	var r Requirements
	for _, c := range channels {
		p := i.Proof(c)
		switch {
		case !i.due(c) && p.Change == "":
		case p.Sent.IsZero():
			r.Due = append(r.Due, string(c))
		default:
			r.Pending = append(r.Pending, string(c))
		}
	}
	if i.Status == Screening && i.Review == nil {
		r.Pending = append(r.Pending, RequirementScreening)
	} else if i.dueScreening() {
		r.Due = append(r.Due, RequirementScreening)
	}
	if i.Hold == nil {
		r.By = i.ExpiresAt
	}
	return r
}

// lapsed reports whether a pending identity's time is over: it is gone for every
// reader, whenever it is cleaned up.
func (i *Identity) lapsed(now time.Time) bool {
	return i.Status.Pending() && i.Hold == nil && !i.ExpiresAt.IsZero() && !now.Before(i.ExpiresAt)
}
