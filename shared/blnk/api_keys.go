package blnk

import (
	"net/http"
	"strings"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/rest"
)

// keyIDPrefix begins the ids of keys in this API.
const keyIDPrefix = "api_key_"

// createKeyRequest is the body of POST /api-keys. All of it is required.
type createKeyRequest struct {
	Name      string   `json:"name"`
	Owner     string   `json:"owner"`
	Scopes    []string `json:"scopes"`
	ExpiresAt string   `json:"expires_at"`
}

// apiKeyResponse is a key in a response. LastUsedAt is always zero: to record the use would cost a write per request.
type apiKeyResponse struct {
	ID         string    `json:"api_key_id"`
	Key        string    `json:"key"`
	Name       string    `json:"name"`
	OwnerID    string    `json:"owner_id"`
	Scopes     []string  `json:"scopes"`
	ExpiresAt  time.Time `json:"expires_at"`
	CreatedAt  time.Time `json:"created_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	IsRevoked  bool      `json:"is_revoked"`
	RevokedAt  time.Time `json:"revoked_at,omitzero"`
}

// createAPIKey creates a key, also if the same request did before. Only its response shows the whole key.
func (a *API) createAPIKey(r *gateway.Request, body *createKeyRequest) (gateway.Response, error) {
	params, err := body.params()
	if err != nil {
		return gateway.Response{}, err
	}
	created, text, err := a.Keys.Create(r.Context(), r.Caller, params)
	if err != nil {
		return gateway.Response{}, err
	}
	return rest.JSON(http.StatusCreated, toAPIKeyResponse(&created, text)), nil
}

// listAPIKeys lists the keys that createAPIKey created, the newest first, including expired and revoked ones.
func (a *API) listAPIKeys(r *gateway.Request) (gateway.Response, error) {
	filter, err := keyFilter(r)
	if err != nil {
		return gateway.Response{}, err
	}
	list, err := a.Keys.List(r.Context(), r.Caller, filter)
	if err != nil {
		return gateway.Response{}, err
	}
	toListed := func(k *auth.Key) apiKeyResponse { return toAPIKeyResponse(k, AuthAPI.DisplayPrefix(k.ID)) }
	return rest.JSON(http.StatusOK, rest.Map(list, toListed)), nil
}

// revokeAPIKey revokes a key that listAPIKeys lists, also if it is revoked already. It takes effect within 60 seconds.
func (a *API) revokeAPIKey(r *gateway.Request) (gateway.Response, error) {
	id, ok := strings.CutPrefix(r.Param("id"), keyIDPrefix)
	if !ok {
		return gateway.Response{}, auth.ErrNotFound
	}
	filter, err := keyFilter(r)
	if err != nil {
		return gateway.Response{}, err
	}
	if err := a.Keys.Revoke(r.Context(), r.Caller, filter, id); err != nil {
		return gateway.Response{}, err
	}
	return gateway.EmptyResponse(http.StatusNoContent), nil
}

// keyFilter selects this API's keys, of one owner if the request names one.
func keyFilter(r *gateway.Request) (auth.KeyFilter, error) {
	if len(r.Query["owner"]) > 1 {
		return auth.KeyFilter{}, errMultipleOwners
	}
	return auth.KeyFilter{API: AuthAPI.Name, Owner: r.Query.Get("owner")}, nil
}

// params translates the request for package auth. It returns an *auth.InvalidKeyError for a missing or invalid field.
func (c *createKeyRequest) params() (auth.KeyParams, error) {
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"name", c.Name == ""},
		{"owner", c.Owner == ""},
		{"scopes", len(c.Scopes) == 0},
		{"expires_at", c.ExpiresAt == ""},
	} {
		if f.missing {
			return auth.KeyParams{}, &auth.InvalidKeyError{Field: f.name, Reason: "is required"}
		}
	}
	scopes, err := parseScopes(c.Scopes)
	if err != nil {
		return auth.KeyParams{}, err
	}
	expires, err := time.Parse(time.RFC3339, c.ExpiresAt)
	if err != nil {
		return auth.KeyParams{}, &auth.InvalidKeyError{Field: "expires_at", Reason: "must be a date-time such as 2030-01-31T00:00:00Z"}
	}
	if expires.Unix() <= 0 { // to package auth Go's zero time means no end
		return auth.KeyParams{}, &auth.InvalidKeyError{Field: "expires_at", Reason: "must lie in the future"}
	}
	return auth.KeyParams{
		API: AuthAPI, Name: c.Name, Owner: c.Owner, Scopes: scopes, RequestedScopes: c.Scopes, Expires: expires,
	}, nil
}

// toAPIKeyResponse translates a key; shown is the part of its text that the response may show.
func toAPIKeyResponse(k *auth.Key, shown string) apiKeyResponse {
	return apiKeyResponse{
		ID: keyIDPrefix + k.ID, Key: shown, Name: k.Name, OwnerID: k.Owner, Scopes: k.RequestedScopes,
		ExpiresAt: k.Expires, CreatedAt: k.Created, IsRevoked: !k.Revoked.IsZero(), RevokedAt: k.Revoked,
	}
}
