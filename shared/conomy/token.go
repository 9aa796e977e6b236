package conomy

import (
	"math"
	"net/http"
	"time"

	"cedula/shared/gateway"
	"cedula/shared/rest"
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
	if err := dialect.Decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	err := requireFields("", []requiredField{{"clientId", body.ClientID}, {"clientSecret", body.ClientSecret}})
	if err != nil {
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
	return rest.JSON(http.StatusOK, tokenResponse{token, "Bearer", seconds}), nil
}
