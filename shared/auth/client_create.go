package auth

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Credentials are a new client's, in plain text. They exist only here: show
// them once. Logs, fmt and JSON show the client's id and nothing else, so a
// program that means to show them names the fields.
type Credentials struct {
	ClientID, ClientSecret string
	Keys                   map[string]string // by the name of their API
}

func (c Credentials) redacted() string { return "[credentials of " + c.ClientID + "]" }

// Format hides the credentials under every verb.
func (c Credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.redacted()) }

// LogValue hides the credentials.
func (c Credentials) LogValue() slog.Value { return slog.StringValue(c.redacted()) }

// MarshalJSON hides the credentials.
func (c Credentials) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%q", c.redacted()), nil }

// ClientParams is what an operator says about a client.
type ClientParams struct {
	Name   string // at most 128 bytes, printable, not blank
	Tenant string // 1 to 64 of A-Z a-z 0-9 . _ -; empty: a tenant of its own, named by its id
	Scopes Scopes
	Strict bool

	TestMode bool
	Limits   Limits
	Policy   Policy
}

// CreateClient creates a client with a secret and one key for each API, none of
// which expires. It returns an *InvalidClientError when the description breaks its
// rules, and whatever the store returned; then nothing was created.
func (o *Admin) CreateClient(ctx context.Context, n ClientParams) (Client, Credentials, error) {
	if err := n.Validate(); err != nil {
		return Client{}, Credentials{}, err
	}
	now := currentTime(o.Now)
	shown := Credentials{ClientID: randomString(clientChars), ClientSecret: randomString(secretChars), Keys: map[string]string{}}
	c := Client{
		ID: shown.ClientID, Tenant: n.Tenant, Name: n.Name, Scopes: NewScopes(n.Scopes), Strict: n.Strict,
		TestMode: n.TestMode, Limits: n.Limits, Policy: n.Policy,
		Secrets: []Secret{{Hash: o.Hasher.Hash(shown.ClientSecret)}}, Created: now,
	}
	c.UsagePlanKey = o.Hasher.usagePlanKey(c.ID)
	if c.Tenant == "" {
		c.Tenant = c.ID
	}
	keys := make([]Key, len(o.APIs))
	for i, api := range o.APIs {
		keys[i], shown.Keys[api.Name] = newKey(c.ID, api, o.Hasher)
		keys[i].Created = now
	}
	if err := o.AdminStore.CreateClient(ctx, c, keys...); err != nil {
		return Client{}, Credentials{}, fmt.Errorf("auth: create client: %w", err)
	}
	return c, shown, nil
}

// InvalidClientError says what is wrong with a ClientParams. Its text holds no value.
type InvalidClientError struct {
	Field  string // "name", "tenant", "scope", "rate", "burst" or "quota"
	Reason string // the end of a sentence: "must not be blank"
}

// Error is the field and the reason.
func (e *InvalidClientError) Error() string { return "auth: client: " + e.Field + " " + e.Reason }

// Validate returns an *InvalidClientError that names the first field which breaks its rules.
func (n ClientParams) Validate() error {
	switch {
	case n.Tenant != "" && !validTenant(n.Tenant):
		return &InvalidClientError{"tenant", "must have up to 64 of the letters a to z and A to Z, digits, '.', '_' and '-'"}
	case strings.TrimSpace(n.Name) == "":
		return &InvalidClientError{"name", "must not be blank"}
	case !validLabel(n.Name):
		return &InvalidClientError{"name", "must have at most 128 bytes of printable text"}
	case slices.ContainsFunc(n.Scopes, func(s string) bool { return !validScope(s) }):
		return &InvalidClientError{"scope", "must be visible ASCII without quotation marks and backslashes"}
	}
	return n.Limits.check()
}

// validLabel takes what people call things: up to 128 bytes of printable text.
func validLabel(s string) bool {
	return len(s) <= 128 && utf8.ValidString(s) && !strings.ContainsFunc(s, unprintable)
}

func unprintable(r rune) bool { return !unicode.IsPrint(r) }

// validTenant keeps out what separates the parts of a table's key.
func validTenant(s string) bool {
	foreign := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	}
	return len(s) > 0 && len(s) <= 64 && !strings.ContainsFunc(s, foreign)
}
