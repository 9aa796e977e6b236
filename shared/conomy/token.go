package conomy

import (
	"math"
	"net/http"
	"time"

	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/strictjson"
)

type tokenRequest struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
}

type tokenResponse struct {
	AccessToken string `json:"accessToken"`
	TokenType   string `json:"tokenType"`
	ExpiresIn   int64  `json:"expiresIn"` // seconds
}

// CreateToken serves POST /auth: a client's id and secret, with an API key of
// the same client in x-api-key, for a bearer token.
func (a *API) CreateToken(r *gateway.Request) (gateway.Response, error) {
	var body tokenRequest
	if err := decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	if err := body.check(); err != nil {
		return gateway.Response{}, err
	}
	client, err := a.Logins.Login(r.Context(), AuthAPI, r.Header.Get("X-Api-Key"), body.ClientID, body.ClientSecret)
	if err != nil {
		return gateway.Response{}, err
	}
	token, expires, err := a.Tokens.Issue(r.Context(), client)
	if err != nil {
		return gateway.Response{}, err
	}
	seconds := int64(math.Ceil(time.Until(expires).Seconds()))
	return gateway.JSON(http.StatusOK, strictjson.Encode(tokenResponse{token, "Bearer", seconds})), nil
}

func (t *tokenRequest) check() error {
	if t.ClientID == "" {
		return &identity.MissingField{Field: "clientId"}
	}
	if t.ClientSecret == "" {
		return &identity.MissingField{Field: "clientSecret"}
	}
	return nil
}
