// Package blnk serves the registry as the Blnk API: its routes, its request and response types, its errors. It must not
// import another API or the store.
package blnk

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"cedula/shared/auth"
	"cedula/shared/gateway"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/rest"
	"cedula/shared/strictjson"
)

// API serves the operations of the Blnk API. A Lambda function sets the fields that its operation uses.
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

// AuthAPI describes the Blnk API to package auth.
var AuthAPI = auth.API{Name: "blnk", KeyPrefix: "cbk"}

// dialect configures how package rest reads requests: field names match in any case, as in Blnk, and JSON may have
// curl's default media type or be plain text. Blnk has no statuses: an identity is active from its creation.
var dialect = rest.Dialect{
	Name:              "blnk",
	MediaTypes:        []string{"application/x-www-form-urlencoded", "text/plain"},
	DecodeLenient:     strictjson.DecodeCaseInsensitive,
	DefaultOnboarding: identity.OnboardingInstant,
	GenerateID:        generateID,
}

const idPrefix = "idt_"

// checkID accepts "", or "idt_" and a UUID in the canonical form of RFC 9562, section 4: other forms would be further
// ids for the same UUID.
func checkID(id string) error {
	if id == "" {
		return nil
	}
	rest, ok := strings.CutPrefix(id, idPrefix)
	if !ok {
		return &identity.Invalid{Field: identity.FieldID, Reason: "must start with the 'idt_' prefix"}
	}
	if u, err := uuid.Parse(rest); err != nil || u.String() != rest {
		return &identity.Invalid{Field: identity.FieldID, Reason: "suffix after 'idt_' must be a valid UUID in lower case with dashes"}
	}
	return nil
}

// generateID returns "idt_" and a random UUID (RFC 9562, version 4).
func generateID(_ time.Time, random io.Reader) (string, error) {
	u, err := uuid.NewRandomFromReader(random)
	if err != nil {
		return "", fmt.Errorf("generate id: %w", err)
	}
	return idPrefix + u.String(), nil
}

type healthResponse struct {
	Status string `json:"status"`
	Reason string `json:"reason,omitzero"`
}

func (a *API) getHealth(r *gateway.Request) (gateway.Response, error) {
	if err := a.Health.Ping(r.Context()); err != nil {
		slog.ErrorContext(r.Context(), "health", "trace", r.TraceID, "error", err.Error())
		down := healthResponse{"DOWN", "the table does not respond"}
		return rest.JSON(http.StatusServiceUnavailable, down).WithHeader("Retry-After", "1"), nil
	}
	return rest.JSON(http.StatusOK, healthResponse{Status: "UP"}), nil
}

func getRoot(*gateway.Request) (gateway.Response, error) {
	return rest.JSON(http.StatusOK, "server running..."), nil
}
