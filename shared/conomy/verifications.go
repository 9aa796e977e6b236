package conomy

import (
	"net/http"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/rest"
)

type verificationRequest struct {
	Channel string `json:"channel"`
}

// verificationResponse says that a code was sent, and nothing of where to or of
// whether it can arrive.
type verificationResponse struct {
	Channel   string `json:"channel"`
	SentAt    string `json:"sentAt"`
	ExpiresAt string `json:"expiresAt"`
	NextAt    string `json:"nextAt"`
}

// StartVerification serves POST /identities/{id}/verifications: it sends a code
// to the identity's email or phone.
func (a *API) StartVerification(r *gateway.Request) (gateway.Response, error) {
	var body verificationRequest
	if err := dialect.Decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	if body.Channel == "" {
		return gateway.Response{}, &identity.MissingField{Field: identity.FieldChannel}
	}
	change, err := dialect.NewChange(r)
	if err != nil {
		return gateway.Response{}, err
	}
	sent, err := a.Identities.StartVerification(r.Context(), change, identity.Channel(body.Channel), r.AcceptedLanguages(identity.Languages), r.Caller.TestMode)
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

// ConfirmVerification serves POST /identities/{id}/verifications/{channel}/confirm.
func (a *API) ConfirmVerification(r *gateway.Request) (gateway.Response, error) {
	var body confirmationRequest
	if err := dialect.Decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	if body.Code == "" {
		return gateway.Response{}, &identity.MissingField{Field: identity.FieldCode}
	}
	change, err := dialect.NewChange(r)
	if err != nil {
		return gateway.Response{}, err
	}
	return respondOrError(a.Identities.ConfirmVerification(r.Context(), change, identity.Channel(r.Param("channel")), body.Code, r.Caller.TestMode))
}
