package conomy

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/http"
	"strings"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

// AuthAPI describes the Conomy API to package auth.
var AuthAPI = auth.API{Name: "conomy", KeyPrefix: "cak"}

// Authorizer authenticates requests by their bearer token and API key.
type Authorizer struct{ Authenticator Authenticator }

// Authenticator authenticates the holder of a bearer token and an API key.
type Authenticator interface {
	// AuthenticateBearer returns the caller, or an error of package auth.
	AuthenticateBearer(ctx context.Context, api auth.API, token, apiKey string) (auth.Caller, error)
}

// Caller reads "Authorization: Bearer" (RFC 6750, section 2.1) and x-api-key.
func (a *Authorizer) Caller(ctx context.Context, h http.Header) (auth.Caller, error) {
	scheme, token, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(h["Authorization"]) > 1 || len(h["X-Api-Key"]) > 1 {
		return auth.Caller{}, auth.ErrMissing
	}
	return a.Authenticator.AuthenticateBearer(ctx, AuthAPI, token, h.Get("X-Api-Key"))
}

// Denial denies a known caller with 403 and any other with 401.
func (a *Authorizer) Denial(err error) gateway.Denial {
	known := errors.Is(err, auth.ErrMismatch) || errors.Is(err, auth.ErrSuspended)
	return gateway.Denial{Unauthorized: !known}
}

type tokenRequest struct {
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
}

type tokenResponse struct {
	AccessToken string `json:"accessToken"`
	TokenType   string `json:"tokenType"`
	ExpiresIn   int64  `json:"expiresIn"` // seconds
}

// createToken exchanges a client's id, secret and API key (header x-api-key) for a bearer token.
func (a *API) createToken(r *gateway.Request, body *tokenRequest) (gateway.Response, error) {
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

const (
	jwksPath     = "/.well-known/jwks.json"
	metadataPath = "/.well-known/oauth-authorization-server"

	// publicKeysCacheControl expires before a new key is used for signing.
	publicKeysCacheControl = "public, max-age=300"
)

// issuerMetadataResponse follows RFC 8414, section 2. POST /auth is not an OAuth token endpoint, so it is omitted. The
// lists are empty because response types are required and absent grant types would mean the two defaults.
type issuerMetadataResponse struct {
	Issuer        string   `json:"issuer"`
	KeysURI       string   `json:"jwks_uri,omitempty"`
	ResponseTypes []string `json:"response_types_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	Documentation string   `json:"service_documentation,omitempty"`
}

// getTokenKeys returns the keys that verify our tokens (RFC 7517, section 5) or, on metadataPath, the issuer's metadata.
func (a *API) getTokenKeys(r *gateway.Request) (gateway.Response, error) {
	if r.RoutePath == metadataPath {
		return cacheableJSON(strictjson.Encode(a.issuerMetadata(r.BaseURL))), nil
	}
	keys, err := a.IssuerMetadata.Keys.JWKS(r.Context())
	if err != nil {
		return gateway.Response{}, err
	}
	return cacheableJSON(keys), nil
}

func cacheableJSON(body []byte) gateway.Response {
	response := gateway.Response{Status: http.StatusOK, Body: body, CacheControl: publicKeysCacheControl}
	return response.WithHeader("Vary", versionHeader)
}

// issuerMetadata omits the URLs if the API's own URL is not known.
func (a *API) issuerMetadata(base string) issuerMetadataResponse {
	m := issuerMetadataResponse{Issuer: a.IssuerMetadata.Issuer, ResponseTypes: []string{}, GrantTypes: []string{}}
	if strings.HasPrefix(m.Issuer, "http") {
		base = cmp.Or(base, strings.TrimSuffix(m.Issuer, "/"))
	}
	if base != "" {
		m.KeysURI = base + jwksPath
		m.Documentation = base + "/docs"
	}
	return m
}
