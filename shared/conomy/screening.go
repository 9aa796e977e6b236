package conomy

import (
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

type screeningRequest struct {
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
	Reviewer string `json:"reviewer"`
}

// decideScreening serves POST /identities/{id}/screening: a reviewer's decision.
func (a *API) decideScreening(r *gateway.Request, body *screeningRequest) (gateway.Response, error) {
	if body.Decision == "" {
		return gateway.Response{}, &identity.MissingField{Field: identity.FieldOutcome}
	}
	review := identity.Review{Outcome: identity.Outcome(body.Decision), Reason: body.Reason, Reviewer: body.Reviewer}
	return respondToChange(r, func(c registry.Change) (identity.WriteResult, error) {
		return a.Identities.DecideScreening(r.Context(), c, review)
	})
}

type holdRequest struct {
	Reason string `json:"reason"`
}

// holdIdentity serves POST /identities/{id}/hold: a pending identity does not
// lapse while it is on hold.
func (a *API) holdIdentity(r *gateway.Request, body *holdRequest) (gateway.Response, error) {
	return respondToChange(r, func(c registry.Change) (identity.WriteResult, error) {
		return a.Identities.Hold(r.Context(), c, body.Reason)
	})
}

// releaseIdentity serves DELETE /identities/{id}/hold.
func (a *API) releaseIdentity(r *gateway.Request) (gateway.Response, error) {
	return respondToChange(r, func(c registry.Change) (identity.WriteResult, error) {
		return a.Identities.Release(r.Context(), c)
	})
}
