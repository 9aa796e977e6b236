// Package blnk serves the registry as the Blnk API: its routes, its request and response
// types, its errors.
// It imports no other API and nothing that stores identities.
package blnk

import (
	"context"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

// API serves the operations over the core. A function sets the parts that its operation
// calls.
type API struct {
	Identities *registry.Registry
	Cursors    *CursorCodec
	Health     Pinger
	Keys       Keys
	Reference  gateway.APIDocs
}

// Pinger reports whether the table responds.
type Pinger interface {
	Ping(ctx context.Context) error
}

// Keys creates, lists and revokes the API keys of a caller's client.
type Keys interface {
	Create(ctx context.Context, caller auth.Caller, n auth.KeyParams) (auth.Key, string, error)
	List(ctx context.Context, caller auth.Caller, f auth.KeyFilter) ([]auth.Key, error)
	Revoke(ctx context.Context, caller auth.Caller, f auth.KeyFilter, id string) error
}

// AuthAPI is what package auth knows of the Blnk API.
var AuthAPI = auth.API{Name: "blnk", KeyPrefix: "cbk"}

// dialect holds how this API reads requests: field names match in any case, as in Blnk, and
// clients send JSON as curl's default media type and as plain text. Blnk has no statuses: an
// identity is active from its creation.
var dialect = rest.Dialect{
	Name:              "blnk",
	MediaTypes:        []string{"application/x-www-form-urlencoded", "text/plain"},
	DecodeLenient:     strictjson.DecodeCaseInsensitive,
	DefaultOnboarding: identity.OnboardingInstant,
	GenerateID:        generateID,
}
