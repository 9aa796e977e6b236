package store

import "cedula/shared/identity"

type verificationRecord struct {
	Channel           string `json:"c"`
	VerifiedAt        int64  `json:"p,omitzero"` // seconds since 1970
	Waived            bool   `json:"w,omitzero"`
	CodeSentAt        int64  `json:"s,omitzero"`
	PendingAddress    string `json:"n,omitzero"`
	PendingCiphertext []byte `json:"b,omitempty"`
}

type reviewRecord struct {
	Outcome  string `json:"o"`
	Reason   string `json:"r"`
	Reviewer string `json:"by"`
	At       int64  `json:"at"` // seconds since 1970
}

type holdRecord struct {
	Reason string `json:"r"`
	Since  int64  `json:"s"` // seconds since 1970
}

// verificationState is the stored onboarding state of an identity.
type verificationState struct {
	Verifications []verificationRecord `json:"pr,omitempty"`
	Review        *reviewRecord        `json:"rev,omitzero"`
	Hold          *holdRecord          `json:"hold,omitzero"`
}

func newVerificationState(i *identity.Identity) verificationState {
	var r verificationState
	for _, p := range i.Verifications {
		r.Verifications = append(r.Verifications, verificationRecord{string(p.Channel), unixSeconds(p.VerifiedAt), p.Waived, unixSeconds(p.CodeSentAt), p.PendingAddress, []byte(p.PendingCiphertext)})
	}
	if v := i.Review; v != nil {
		r.Review = &reviewRecord{string(v.Outcome), v.Reason, v.Reviewer, unixSeconds(v.DecidedAt)}
	}
	if h := i.Hold; h != nil {
		r.Hold = &holdRecord{h.Reason, unixSeconds(h.Since)}
	}
	return r
}

func (r verificationState) applyTo(i *identity.Identity) {
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
