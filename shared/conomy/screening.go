package conomy

import (
	"cedula/shared/gateway"
	"cedula/shared/identity"
)

type screeningRequest struct {
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
	Reviewer string `json:"reviewer"`
}

// DecideScreening serves POST /identities/{id}/screening: a reviewer's decision.
func (a *API) DecideScreening(r *gateway.Request) (gateway.Response, error) {
	var body screeningRequest
	if err := dialect.Decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	if body.Decision == "" {
		return gateway.Response{}, &identity.MissingField{Field: identity.FieldOutcome}
	}
	change, err := dialect.NewChange(r)
	if err != nil {
		return gateway.Response{}, err
	}
	return respondOrError(a.Identities.DecideScreening(r.Context(), change, identity.Review{
		Outcome: identity.Outcome(body.Decision), Reason: body.Reason, Reviewer: body.Reviewer,
	}))
}

type holdRequest struct {
	Reason string `json:"reason"`
}

// HoldIdentity serves POST /identities/{id}/hold: a pending identity does not
// lapse while it is on hold.
func (a *API) HoldIdentity(r *gateway.Request) (gateway.Response, error) {
	var body holdRequest
	if err := dialect.Decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	change, err := dialect.NewChange(r)
	if err != nil {
		return gateway.Response{}, err
	}
	return respondOrError(a.Identities.Hold(r.Context(), change, body.Reason))
}

// ReleaseIdentity serves DELETE /identities/{id}/hold.
func (a *API) ReleaseIdentity(r *gateway.Request) (gateway.Response, error) {
	change, err := dialect.NewChange(r)
	if err != nil {
		return gateway.Response{}, err
	}
	return respondOrError(a.Identities.Release(r.Context(), change))
}
