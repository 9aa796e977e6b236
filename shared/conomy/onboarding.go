package conomy

import (
	"errors"
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
)

type verificationRequest struct {
	Channel string `json:"channel"`
}

// verificationResponse does not reveal where the code was sent or whether it can arrive.
type verificationResponse struct {
	Channel   string `json:"channel"`
	SentAt    string `json:"sentAt"`
	ExpiresAt string `json:"expiresAt"`
	NextAt    string `json:"nextAt"`
}

// startVerification sends a code to the identity's email or phone.
func (a *API) startVerification(r *gateway.Request, body *verificationRequest) (gateway.Response, error) {
	if body.Channel == "" {
		return gateway.Response{}, &identity.MissingField{Field: identity.FieldChannel}
	}
	change, err := dialect.NewChange(r)
	if err != nil {
		return gateway.Response{}, err
	}
	sent, err := a.Identities.StartVerification(r.Context(), change, identity.Channel(body.Channel), r.AcceptedLanguages(identity.Languages), r.Caller.TestMode)
	var limited *identity.RateLimited
	if errors.As(err, &limited) && limited.OfTenant {
		r.LogTenantLimit("messages")
	}
	if err != nil {
		return gateway.Response{}, err
	}
	response := rest.JSON(http.StatusCreated, verificationResponse{
		Channel: string(sent.Channel), SentAt: formatTime(sent.SentAt), ExpiresAt: formatTime(sent.ExpiresAt), NextAt: formatTime(sent.ResendAt),
	})
	return rest.MarkReplay(response, sent.Replayed), nil
}

type confirmationRequest struct {
	Code string `json:"code"`
}

func (a *API) confirmVerification(r *gateway.Request, body *confirmationRequest) (gateway.Response, error) {
	if body.Code == "" {
		return gateway.Response{}, &identity.MissingField{Field: identity.FieldCode}
	}
	return a.respondToChange(r, func(c registry.Change) (identity.WriteResult, error) {
		return a.Identities.ConfirmVerification(r.Context(), c, identity.Channel(r.Param("channel")), body.Code, r.Caller.TestMode)
	})
}

type screeningRequest struct {
	Decision string `json:"decision"`
	Reason   string `json:"reason"`
	Reviewer string `json:"reviewer"`
}

// decideScreening records a reviewer's decision.
func (a *API) decideScreening(r *gateway.Request, body *screeningRequest) (gateway.Response, error) {
	if body.Decision == "" {
		return gateway.Response{}, &identity.MissingField{Field: identity.FieldOutcome}
	}
	review := identity.Review{Outcome: identity.Outcome(body.Decision), Reason: body.Reason, Reviewer: body.Reviewer}
	return a.respondToChange(r, func(c registry.Change) (identity.WriteResult, error) {
		return a.Identities.DecideScreening(r.Context(), c, review)
	})
}

type holdRequest struct {
	Reason string `json:"reason"`
}

// holdIdentity puts an identity on hold. It does not expire while on hold.
func (a *API) holdIdentity(r *gateway.Request, body *holdRequest) (gateway.Response, error) {
	return a.respondToChange(r, func(c registry.Change) (identity.WriteResult, error) {
		return a.Identities.Hold(r.Context(), c, body.Reason)
	})
}

func (a *API) releaseIdentity(r *gateway.Request) (gateway.Response, error) {
	return a.respondToChange(r, func(c registry.Change) (identity.WriteResult, error) {
		return a.Identities.Release(r.Context(), c)
	})
}
