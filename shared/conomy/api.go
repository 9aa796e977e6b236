// Package conomy serves the registry as the Conomy API: its routes, its request and response types, its errors. It must
// not import another API or the store.
package conomy

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"time"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

// API serves the operations of the Conomy API. A Lambda function sets the fields that its operation uses.
type API struct {
	Identities     *registry.Registry
	Logins         Logins
	Tokens         Tokens
	Reference      gateway.APIDocs
	IssuerMetadata auth.IssuerMetadata
}

// Logins checks the credentials that a token is issued for.
type Logins interface {
	// Login returns the client if its key and its secret are valid; otherwise an error of package auth.
	Login(ctx context.Context, api auth.API, apiKey, clientID, clientSecret string) (auth.Client, error)
}

// Tokens signs bearer tokens.
type Tokens interface {
	Issue(ctx context.Context, c auth.Client) (token string, expires time.Time, err error)
}

// dialect configures how package rest reads requests of the Conomy API.
var dialect = rest.Dialect{
	Name:              "conomy",
	FingerprintQuery:  true,
	DecodeLenient:     strictjson.Decode,
	DefaultOnboarding: identity.OnboardingContact,
	GenerateID:        generateID,
}

// generateID returns an id in Conomy's form: 24 hex digits, of which the first 8 are the Unix time in seconds.
func generateID(now time.Time, random io.Reader) (string, error) {
	var id [12]byte
	binary.BigEndian.PutUint32(id[:], uint32(now.Unix()))
	if _, err := io.ReadFull(random, id[4:]); err != nil {
		return "", fmt.Errorf("generate id: %w", err)
	}
	return hex.EncodeToString(id[:]), nil
}

// formatTime returns t in UTC as RFC 3339, in whole seconds.
func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// The header that selects a version of the API, and its values. The versions do not differ for identities.
const (
	versionHeader  = "Conomyhq-Api-Version"
	versionDefault = "v1" // if the header is absent or empty
	versionCurrent = "24-04-2025"
)

// withAPIVersion rejects an unknown version and adds the selected one to the response.
func withAPIVersion(serve rest.Handler) rest.Handler {
	return func(r *gateway.Request) (gateway.Response, error) {
		chosen := cmp.Or(r.Header.Get(versionHeader), versionDefault)
		if chosen != versionDefault && chosen != versionCurrent {
			return gateway.Response{}, invalidField("conomyhq-api-version", "must be 24-04-2025, or absent")
		}
		response, err := serve(r)
		if err == nil {
			response = response.WithHeader(versionHeader, chosen)
		}
		return response, err
	}
}
