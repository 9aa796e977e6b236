// Package conomy is the Conomy API: its routes, its request and response types, its errors.
// It must not import another API, nor what stores identities.
package conomy

import (
	"cmp"
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

// API is the Conomy API over the registry. A function sets the parts that its
// operation calls.
type API struct {
	Identities     *registry.Registry
	Logins         Logins
	Tokens         Tokens
	Reference      gateway.APIDocs
	IssuerMetadata auth.IssuerMetadata
}

// dialect is how the Conomy API reads requests. Equal requests are equal in their body, in
// what their path names, and in their query.
var dialect = rest.Dialect{
	Name:              "conomy",
	FingerprintQuery:  true,
	DecodeLenient:     strictjson.Decode,
	DefaultOnboarding: identity.OnboardingContact,
	GenerateID:        generateID,
}

// generateID makes an id in the form of Conomy's own: 24 hex digits of which the
// first 8 are the Unix second of creation, the other 16 random.
func generateID(now time.Time, random io.Reader) (string, error) {
	var id [12]byte
	binary.BigEndian.PutUint32(id[:], uint32(now.Unix()))
	if _, err := io.ReadFull(random, id[4:]); err != nil {
		return "", fmt.Errorf("mint id: %w", err)
	}
	return hex.EncodeToString(id[:]), nil
}

// formatTime is RFC 3339 in UTC, whole seconds.
func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// The header by which a client chooses a version of the API, and its values.
// No difference between the two is documented for identities, nor is there one.
const (
	versionHeader  = "Conomyhq-Api-Version"
	versionDefault = "v1" // what no header and an empty one mean
	versionCurrent = "24-04-2025"
)

// withAPIVersion refuses an unknown version and answers the chosen one.
func withAPIVersion(serve rest.Handler) rest.Handler {
	return func(r *gateway.Request) (gateway.Response, error) {
		chosen := cmp.Or(r.Header.Get(versionHeader), versionDefault)
		if chosen != versionDefault && chosen != versionCurrent {
			return gateway.Response{}, invalidField("conomyhq-api-version", "must be 24-04-2025, or absent")
		}
		answer, err := serve(r)
		if err == nil {
			answer = answer.WithHeader(versionHeader, chosen)
		}
		return answer, err
	}
}
