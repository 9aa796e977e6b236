package auth

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cedula/shared/visible"
)

// Client is an application that calls the APIs for one tenant.
type Client struct {
	ID, Tenant, Name string
	Scopes           Scopes
	Suspended        bool
	Strict           bool // reject what the APIs otherwise tolerate
	TestMode         bool // its identities are test data
	Limits           Limits
	Policy           Policy
	Secrets          []Secret // at most two active ones, while one replaces the other
	// UsagePlanKey is the API key value by which API Gateway counts and throttles this client's requests. It grants no
	// access.
	UsagePlanKey string
	Created      time.Time
}

// Secret is a stored client secret.
type Secret struct {
	Hash    Hash
	Expires time.Time // zero: never
}

// Policy is what a client requires of its new identities. It is opaque to this package, which only passes it on: the
// values are those of identity.Policy.
type Policy struct {
	Onboarding string        // empty: the default
	PendingTTL time.Duration // zero: the default
}

// Limits are the request limits of a client. Zero stands for the registry's own limit. Rate and Burst are set together.
type Limits struct {
	Rate  float64 // requests per second, on average
	Burst int     // requests in a burst
	Quota int     // requests per day
}

// The range of limits that are not zero.
const (
	minRate  = 0.001
	maxLimit = math.MaxInt32 // API Gateway counts with 32 bits
)

// ClientParams describe a new client.
type ClientParams struct {
	Name     string // 1 to 128 bytes, printable, not blank
	Tenant   string // 1 to 64 of A-Z a-z 0-9 . _ -; empty: a tenant of its own, whose name is the client's id
	Scopes   Scopes
	Strict   bool
	TestMode bool
	Limits   Limits
	Policy   Policy
}

// Validate returns an *InvalidClientError that names the first invalid field.
func (n ClientParams) Validate() error {
	if n.Tenant != "" && !validTenant(n.Tenant) {
		return &InvalidClientError{"tenant", "must have up to 64 of the letters a to z and A to Z, digits, '.', '_' and '-'"}
	}
	if !visible.Text(n.Name) {
		return &InvalidClientError{"name", "must not be blank"}
	}
	if !validLabel(n.Name) {
		return &InvalidClientError{"name", "must have at most 128 bytes of printable text"}
	}
	if slices.ContainsFunc(n.Scopes, func(s string) bool { return !validScope(s) }) {
		return &InvalidClientError{"scope", "must be visible ASCII without quotation marks and backslashes"}
	}
	return n.Limits.validate()
}

func (l Limits) validate() error {
	if l.Rate != 0 && !(l.Rate >= minRate && l.Rate <= maxLimit) { // written so that NaN fails
		return &InvalidClientError{"rate", "must be 0 or from 0.001 to 2147483647"}
	}
	if l.Burst < 0 || l.Burst > maxLimit {
		return &InvalidClientError{"burst", "must be 0 or from 1 to 2147483647"}
	}
	if l.Quota < 0 || l.Quota > maxLimit {
		return &InvalidClientError{"quota", "must be 0 or from 1 to 2147483647"}
	}
	if l.Rate > 0 && l.Burst == 0 {
		return &InvalidClientError{"rate", "requires burst, the number of requests in a burst"}
	}
	if l.Burst > 0 && l.Rate == 0 {
		return &InvalidClientError{"burst", "requires rate, the number of requests per second"}
	}
	return nil
}

// validTenant rejects the characters that separate the parts of a table's key.
func validTenant(s string) bool {
	invalid := func(r rune) bool {
		return r > unicode.MaxASCII || !isAlphanumeric(r) && !strings.ContainsRune("._-", r)
	}
	return len(s) <= 64 && !strings.ContainsFunc(s, invalid)
}

func isAlphanumeric(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// validLabel accepts names that people give: up to 128 bytes of printable text, empty or not blank.
func validLabel(s string) bool { return len(s) <= 128 && printable(s) && (s == "" || visible.Text(s)) }

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// ActiveSecrets returns the secrets of the client that have not expired.
func (c Client) ActiveSecrets(now time.Time) []Secret {
	return slices.DeleteFunc(slices.Clone(c.Secrets), func(s Secret) bool { return deadlinePassed(s.Expires, now) })
}

// hasSecret reports whether h is the hash of an active secret. It always compares at least two secrets and all of them, so
// that the time it takes does not tell how many there are.
func (c Client) hasSecret(h Hash, now time.Time) bool {
	found := false
	for n := range max(2, len(c.Secrets)) {
		var s Secret
		if n < len(c.Secrets) {
			s = c.Secrets[n]
		}
		if s.Hash.Equal(h) && !deadlinePassed(s.Expires, now) {
			found = true
		}
	}
	return found
}

// Credentials are the plain-text credentials of a new client, to be shown once. Logs, fmt and JSON show only the client's
// id.
type Credentials struct {
	ClientID, ClientSecret string
	Keys                   map[string]string // by the name of their API
}

func (c Credentials) redacted() string { return "[credentials of " + c.ClientID + "]" }

// Format hides the credentials under every verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.redacted()) }

// MarshalText hides the credentials in logs and JSON.
func (c Credentials) MarshalText() ([]byte, error) { return []byte(c.redacted()), nil }
