package conomy

import (
	"cmp"
	"net/http"
	"strings"

	"cedula/shared/gateway"
	"cedula/shared/strictjson"
)

const (
	jwksPath     = "/.well-known/jwks.json"
	metadataPath = "/.well-known/oauth-authorization-server"

	// publicKeysCacheControl is shorter than a new key waits before it signs.
	publicKeysCacheControl = "public, max-age=300"
)

// issuerMetadataResponse says where the keys are (RFC 8414, section 2), and no more than
// is true: POST /auth is no token endpoint of OAuth's form, so there is none,
// and no grant. The lists are empty and not absent, since response types are
// required and grant types that are absent mean two that we do not have.
type issuerMetadataResponse struct {
	Issuer        string   `json:"issuer"`
	KeysURI       string   `json:"jwks_uri,omitempty"`
	ResponseTypes []string `json:"response_types_supported"`
	GrantTypes    []string `json:"grant_types_supported"`
	Documentation string   `json:"service_documentation,omitempty"`
}

// GetTokenKeys serves GET /.well-known/jwks.json, the keys that our tokens are
// verified with (RFC 7517, section 5), and GET
// /.well-known/oauth-authorization-server, the issuer's metadata.
func (a *API) GetTokenKeys(r *gateway.Request) (gateway.Response, error) {
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
	answer := gateway.JSON(http.StatusOK, body)
	answer.CacheControl = publicKeysCacheControl
	return answer.WithHeader("Vary", versionHeader)
}

// issuerMetadata tells of URLs only where it knows where the API is.
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
