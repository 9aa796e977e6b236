package conomy

import (
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

// requirementsWire is what an identity waits for.
type requirementsWire struct {
	CurrentlyDue []string `json:"currentlyDue"`
	Pending      []string `json:"pending"`
	DueBy        *string  `json:"dueBy"`
}

func toRequirementsWire(i *identity.Identity) requirementsWire {
	r := i.Requirements()
	return requirementsWire{CurrentlyDue: list(r.Due), Pending: list(r.Pending), DueBy: timeOrNull(r.By)}
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
func pendingAddress(i *identity.Identity, c identity.Channel, f identity.Field) string {
	if i.Tokenized(f) != nil {
		return ""
	}
	return i.Proof(c).Change
}
