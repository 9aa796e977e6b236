package blnk

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/rest"
	"cedula/shared/visible"
)

// Authorizer authenticates requests by the header X-Blnk-Key.
type Authorizer struct{ Authenticator Authenticator }

// Authenticator authenticates the holder of an API key.
type Authenticator interface {
	// AuthenticateKey returns the caller, or an error of package auth.
	AuthenticateKey(ctx context.Context, api auth.API, apiKey string) (auth.Caller, error)
}

// Caller returns the holder of the key in the header.
func (a *Authorizer) Caller(ctx context.Context, h http.Header) (auth.Caller, error) {
	if len(h["X-Blnk-Key"]) > 1 {
		return auth.Caller{}, auth.ErrMissing // API Gateway does not cache it: one of the two may be valid
	}
	return a.Authenticator.AuthenticateKey(ctx, AuthAPI, h.Get("X-Blnk-Key"))
}

// Denial returns the code and message of the ACCESS_DENIED response: Blnk distinguishes expired keys.
func (a *Authorizer) Denial(err error) gateway.Denial {
	p, text := classify(err)
	return gateway.Denial{
		Unauthorized: p == missingKey,
		Context:      map[string]any{"code": p.code, "message": text},
	}
}

// keyIDPrefix begins the ids of keys in this API.
const keyIDPrefix = "api_key_"

// createKeyRequest is the body of POST /api-keys. All fields are required.
type createKeyRequest struct {
	Name      string   `json:"name"`
	Owner     string   `json:"owner"`
	Scopes    []string `json:"scopes"`
	ExpiresAt string   `json:"expires_at"`
}

// apiKeyResponse is a key in a response. LastUsedAt is always zero: recording it would cost a write per request.
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

// createAPIKey creates a key. A repeated request creates another. Only this response shows the whole key.
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

// revokeAPIKey revokes a key that listAPIKeys lists; revoking twice is no error. It takes effect within 60 seconds.
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

// keyFilter selects the keys of this API, only of one owner if the request names one.
func keyFilter(r *gateway.Request) (auth.KeyFilter, error) {
	if len(r.Query["owner"]) > 1 {
		return auth.KeyFilter{}, errMultipleOwners
	}
	return auth.KeyFilter{API: AuthAPI.Name, Owner: r.Query.Get("owner")}, nil
}

// params converts the request for package auth. It returns an *auth.InvalidKeyError for a missing or invalid field.
func (c *createKeyRequest) params() (auth.KeyParams, error) {
	for _, f := range []struct {
		name    string
		missing bool
	}{
		{"name", !visible.Text(c.Name)},
		{"owner", !visible.Text(c.Owner)},
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
	if expires.Unix() <= 0 { // package auth reads the zero time as no expiry
		return auth.KeyParams{}, &auth.InvalidKeyError{Field: "expires_at", Reason: "must be in the future"}
	}
	return auth.KeyParams{
		API: AuthAPI, Name: c.Name, Owner: c.Owner, Scopes: scopes, RequestedScopes: c.Scopes, Expires: expires,
	}, nil
}

// toAPIKeyResponse converts a key; shown is the part of the key that the response may show.
func toAPIKeyResponse(k *auth.Key, shown string) apiKeyResponse {
	return apiKeyResponse{
		ID: keyIDPrefix + k.ID, Key: shown, Name: k.Name, OwnerID: k.Owner, Scopes: k.RequestedScopes,
		ExpiresAt: k.Expires, CreatedAt: k.Created, IsRevoked: !k.Revoked.IsZero(), RevokedAt: k.Revoked,
	}
}

// scopeTable maps Blnk's scopes, "resource:action", to the registry's. A key created through this API cannot have any
// other, such as "*" or client:admin. Merging into metadata is part of identities:write.
var scopeTable = []struct {
	resource, action string
	scope            string
}{
	{"identities", "read", auth.ScopeIdentityRead},
	{"identities", "write", auth.ScopeIdentityWrite},
	{"identities", "delete", auth.ScopeIdentityDelete},
	{"identities", "detokenize", auth.ScopeIdentityDetokenize},
	{"api-keys", "read", auth.ScopeKeyRead},
	{"api-keys", "write", auth.ScopeKeyWrite},
	{"api-keys", "delete", auth.ScopeKeyDelete},
}

const wildcard = "*" // on either side of a scope

// scopeTypos maps names that Blnk does not have, such as those of the registry's own scopes, to the intended resource,
// or to "" if a key cannot have it.
var scopeTypos = map[string]string{
	"identity": "identities",
	"key":      "api-keys", "keys": "api-keys", "api-key": "api-keys", "api_key": "api-keys", "api_keys": "api-keys",
	"apikey": "api-keys", "apikeys": "api-keys",
	"client": "", "clients": "",
}

// parseScopes converts the scopes of a request. "*" means every resource or action of scopeTable. Scopes of Blnk's
// other resources, such as ledgers:read, are valid and grant nothing. An invalid scope is an *auth.InvalidKeyError.
func parseScopes(sent []string) (auth.Scopes, error) {
	scopes := make(auth.Scopes, 0, len(sent))
	for i, text := range sent {
		found, reason := parseScope(text)
		if reason != "" {
			return nil, &auth.InvalidKeyError{Field: fmt.Sprintf("scopes.%d", i), Reason: reason}
		}
		scopes = append(scopes, found...)
	}
	return scopes, nil
}

// parseScope returns the scopes that a scope grants, or the reason why it is invalid.
func parseScope(text string) (scopes auth.Scopes, reason string) {
	resource, action, _ := strings.Cut(text, ":")
	if !isScopePart(resource) || !isScopePart(action) {
		return nil, "must be a resource and an action in lower case, such as identities:read"
	}
	meant, isMistaken := scopeTypos[resource]
	if isMistaken && meant == "" {
		return nil, "must be of identities or api-keys: a key cannot be given " + resource
	}
	meant = cmp.Or(meant, resource)
	found, ok := grantedScopes(meant, action)
	if !ok {
		return nil, "must name an action of " + meant + ": " + actionNames(meant)
	}
	if isMistaken {
		return nil, "must be " + meant + ":" + action + ": " + resource + " is not a resource of this API"
	}
	return found, ""
}

// grantedScopes returns what a well-formed scope grants, or false if its resource is known but lacks the action.
func grantedScopes(resource, action string) (scopes auth.Scopes, ok bool) {
	known := false
	for _, a := range scopeTable {
		known = known || a.resource == resource
		if scopePartMatches(resource, a.resource) && scopePartMatches(action, a.action) {
			scopes = append(scopes, a.scope)
		}
	}
	return scopes, !known || len(scopes) > 0
}

func scopePartMatches(sent, side string) bool { return sent == side || sent == wildcard }

func actionNames(resource string) string {
	var names []string
	for _, a := range scopeTable {
		if a.resource == resource {
			names = append(names, a.action)
		}
	}
	return strings.Join(names, ", ") + " or " + wildcard
}

// isScopePart accepts "*" and words of lower-case letters, digits, "-" and "_".
func isScopePart(s string) bool {
	return s == wildcard || s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}
