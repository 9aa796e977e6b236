package store

import (
	"time"

	"cedula/shared/identity"
)

// setLife writes what is known of an identity's way to being active.
func (r *record) setLife(i *identity.Identity) {
	for _, p := range i.Proofs {
		r.Proofs = append(r.Proofs, proofRecord{string(p.Channel), seconds(p.Proven), p.Waived, seconds(p.Sent), p.Change, []byte(p.Box)})
	}
	for _, c := range i.Held.Codes {
		r.Codes = append(r.Codes, string(c))
	}
	if v := i.Review; v != nil {
		r.Review = &reviewRecord{string(v.Outcome), v.Reason, v.Reviewer, seconds(v.At)}
	}
	if h := i.Hold; h != nil {
		r.Hold = &holdRecord{h.Reason, seconds(h.Since)}
	}
}

// life reads it back.
func (r *record) life(i *identity.Identity) {
	for _, p := range r.Proofs {
		i.Proofs = append(i.Proofs, identity.Proof{
			Channel: identity.Channel(p.Channel), Proven: instant(p.Proven), Waived: p.Waived, Sent: instant(p.Sent), Change: p.Change, Box: string(p.Box),
		})
	}
	for _, c := range r.Codes {
		i.Held.Codes = append(i.Held.Codes, identity.Channel(c))
	}
	if v := r.Review; v != nil {
		i.Review = &identity.Review{Outcome: identity.Outcome(v.Outcome), Reason: v.Reason, Reviewer: v.Reviewer, At: instant(v.At)}
	}
	if h := r.Hold; h != nil {
		i.Hold = &identity.Hold{Reason: h.Reason, Since: instant(h.Since)}
	}
}

// seconds are those since 1970; 0 for no time.
func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// instant is what seconds was given, to the second.
func instant(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
