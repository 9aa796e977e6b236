package store

import (
	"time"

	"cedula/shared/identity"
)

// setVerificationState writes what is known of an identity's way to being active.
func (r *identityRecord) setVerificationState(i *identity.Identity) {
	for _, p := range i.Verifications {
		r.Verifications = append(r.Verifications, verificationRecord{string(p.Channel), unixSeconds(p.VerifiedAt), p.Waived, unixSeconds(p.CodeSentAt), p.PendingAddress, []byte(p.PendingCiphertext)})
	}
	if v := i.Review; v != nil {
		r.Review = &reviewRecord{string(v.Outcome), v.Reason, v.Reviewer, unixSeconds(v.DecidedAt)}
	}
	if h := i.Hold; h != nil {
		r.Hold = &holdRecord{h.Reason, unixSeconds(h.Since)}
	}
}

// applyVerificationState reads it back.
func (r *identityRecord) applyVerificationState(i *identity.Identity) {
	for _, p := range r.Verifications {
		i.Verifications = append(i.Verifications, identity.Verification{
			Channel: identity.Channel(p.Channel), VerifiedAt: unixTime(p.VerifiedAt), Waived: p.Waived, CodeSentAt: unixTime(p.CodeSentAt), PendingAddress: p.PendingAddress, PendingCiphertext: string(p.PendingCiphertext),
		})
	}
	if v := r.Review; v != nil {
		i.Review = &identity.Review{Outcome: identity.Outcome(v.Outcome), Reason: v.Reason, Reviewer: v.Reviewer, DecidedAt: unixTime(v.At)}
	}
	if h := r.Hold; h != nil {
		i.Hold = &identity.Hold{Reason: h.Reason, Since: unixTime(h.Since)}
	}
}

// unixSeconds are those since 1970; 0 for no time.
func unixSeconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// unixTime is what seconds was given, to the second.
func unixTime(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
