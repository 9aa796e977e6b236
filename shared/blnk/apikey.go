package blnk

import (
	"context"
	"net/http"
	"strings"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/strictjson"
)

// Keys makes, lists and revokes the API keys of a caller's client.
type Keys interface {
	Create(ctx context.Context, caller auth.Caller, n auth.KeyParams) (auth.Key, string, error)
	List(ctx context.Context, caller auth.Caller, f auth.KeyFilter) ([]auth.Key, error)
	Revoke(ctx context.Context, caller auth.Caller, f auth.KeyFilter, id string) error
}

// CreateAPIKey serves POST /api-keys. The answer shows the key's text: no later
// one does. Equal requests make a key each.
func (a *API) CreateAPIKey(r *gateway.Request) (gateway.Response, error) {
	var body createKeyRequest
	if err := decode(r, &body); err != nil {
		return gateway.Response{}, err
	}
	wanted, err := body.newKey()
	if err != nil {
		return gateway.Response{}, err
	}
	made, text, err := a.Keys.Create(r.Context(), r.Caller, wanted)
	if err != nil {
		return gateway.Response{}, err
	}
	return gateway.JSON(http.StatusCreated, strictjson.Encode(toAPIKeyResponse(made, text))), nil
}

// ListAPIKeys serves GET /api-keys: the keys that CreateAPIKey made, of one
// owner if the parameter owner says so, the newest first. Ended ones are shown
// for as long as they are kept.
func (a *API) ListAPIKeys(r *gateway.Request) (gateway.Response, error) {
	filter, err := keyFilter(r)
	if err != nil {
		return gateway.Response{}, err
	}
	list, err := a.Keys.List(r.Context(), r.Caller, filter)
	if err != nil {
		return gateway.Response{}, err
	}
	shown := make([]apiKeyResponse, len(list))
	for i, k := range list {
		shown[i] = toAPIKeyResponse(k, AuthAPI.DisplayPrefix(k.ID))
	}
	return gateway.JSON(http.StatusOK, strictjson.Encode(shown)), nil
}

// RevokeAPIKey serves DELETE /api-keys/{id}, and again for a key that is revoked
// already. The key is refused everywhere within 60 s. One that ListAPIKeys
// would not show is not found.
func (a *API) RevokeAPIKey(r *gateway.Request) (gateway.Response, error) {
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
	return gateway.Response{Status: http.StatusNoContent}, nil
}

// keyFilter means this API's keys, of one owner if the request names one.
func keyFilter(r *gateway.Request) (auth.KeyFilter, error) {
	if len(r.Query["owner"]) > 1 {
		return auth.KeyFilter{}, errMultipleOwners
	}
	return auth.KeyFilter{API: AuthAPI.Name, Owner: r.Query.Get("owner")}, nil
}

// keyIDPrefix makes a key's id one of this dialect's.
const keyIDPrefix = "api_key_"

// createKeyRequest is what a client says of a new key. All of it is required.
type createKeyRequest struct {
	Name      string   `json:"name"`
	Owner     string   `json:"owner"`
	Scopes    []string `json:"scopes"`
	ExpiresAt string   `json:"expires_at"`
}

// newKey translates the request into the core's words. It returns an
// *auth.InvalidKeyError for what is missing or of another form.
func (c *createKeyRequest) newKey() (auth.KeyParams, error) {
	for _, member := range []struct {
		name string
		sent bool
	}{{"name", c.Name != ""}, {"owner", c.Owner != ""}, {"scopes", len(c.Scopes) > 0}, {"expires_at", c.ExpiresAt != ""}} {
		if !member.sent {
			return auth.KeyParams{}, &auth.InvalidKeyError{Field: member.name, Reason: "is required"}
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
	if expires.Unix() <= 0 { // the core takes Go's zero time for no end
		return auth.KeyParams{}, &auth.InvalidKeyError{Field: "expires_at", Reason: "must lie in the future"}
	}
	return auth.KeyParams{
		API: AuthAPI, Name: c.Name, Owner: c.Owner, Scopes: scopes, RequestedScopes: c.Scopes, Expires: expires,
	}, nil
}

// keyFieldName is the name that a field of a key has in this dialect.
func keyFieldName(field string) string {
	if field == "expires" {
		return "expires_at"
	}
	return field
}

// apiKeyResponse is a key in an answer, its members in this order. LastUsedAt is
// always the zero time: to know better would cost a write per request.
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

// toAPIKeyResponse translates a key; shown is what may be seen of its text.
func toAPIKeyResponse(k auth.Key, shown string) apiKeyResponse {
	return apiKeyResponse{
		ID: keyIDPrefix + k.ID, Key: shown, Name: k.Name, OwnerID: k.Owner, Scopes: k.RequestedScopes,
		ExpiresAt: k.Expires, CreatedAt: k.Created, IsRevoked: !k.Revoked.IsZero(), RevokedAt: k.Revoked,
	}
}
