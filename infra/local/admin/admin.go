// Package admin manages the clients and keys of a registry: a Service on its store, a Remote through the running local
// server, which offers its Service as a small JSON API on a unix socket in the data folder.
// It must not import the command line or an API's package.
package admin

import (
	"cmp"
	"context"
	"slices"
	"time"

	"cedula/shared/auth"
	"cedula/shared/jobs"
)

// Registry is what an operator does to a registry. Service and Remote implement it; their errors are those of auth.Admin.
type Registry interface {
	CreateClient(context.Context, auth.ClientParams) (NewClient, error)
	// Clients returns all clients, the oldest first.
	Clients(context.Context, All) ([]Client, error)
	Client(context.Context, ByID) (Client, error)
	Suspend(context.Context, Suspension) (Client, error)
	RotateSecret(context.Context, Rotation) (NewSecret, error)
	CreateKey(context.Context, KeyParams) (NewKey, error)
	// Keys returns a client's keys, the oldest first.
	Keys(context.Context, ByID) ([]Key, error)
	RotateKey(context.Context, Rotation) (NewKey, error)
	// RevokeKey returns the keys that it revoked, the one that was named first.
	RevokeKey(context.Context, Revocation) ([]Key, error)
	// Expire removes the pending identities whose time is over. The result is nil if it is not known what was done; it may
	// come with an error.
	Expire(context.Context, Expiry) (*jobs.Result, error)
}

// The requests of a Registry.
type (
	// All asks for every client.
	All struct{}
	// ByID names a client.
	ByID struct{ ID string }
	// Suspension shuts a client out, or lets it in again.
	Suspension struct {
		ID   string
		Lift bool
	}
	// Rotation replaces a client's secret, or a key.
	Rotation struct {
		ID string
		auth.Rotation
	}
	// KeyParams describes a new key of a client.
	KeyParams struct {
		Client string
		auth.KeyParams
	}
	// Revocation ends a key, WithMade also the keys that it made, and those that they made.
	Revocation struct {
		ID       string
		WithMade bool
	}
	// Expiry removes identities, or only counts them.
	Expiry struct {
		DryRun     bool
		OnExamined func() `json:"-"` // is called for each identity, by several goroutines; may be nil
	}
)

// Client is a client without its secrets.
type Client struct {
	ID           string    `json:"id"`
	Name         string    `json:"name"`
	Tenant       string    `json:"tenant"`
	Scopes       []string  `json:"scopes"`
	State        string    `json:"state"`
	Mode         string    `json:"mode"`
	Stage        string    `json:"stage"`
	Rate         float64   `json:"rate"`
	Burst        int       `json:"burst"`
	Quota        int       `json:"quota"`
	Onboarding   string    `json:"steps"`
	PendingTTL   string    `json:"pendingLife"`
	Secrets      int       `json:"liveSecrets"`
	Created      time.Time `json:"created"`
	UsagePlanKey string    `json:"-"` // empty from a Remote: the local gateway has no usage plans
}

// NewClient is a client with its credentials, to be shown once.
type NewClient struct {
	Client
	Secret    string `json:"clientSecret"`
	ConomyKey string `json:"conomyKey"`
	BlnkKey   string `json:"blnkKey"`
}

// NewSecret is a client's new secret, to be shown once, and the ends of those that were good, the oldest first.
type NewSecret struct {
	Client string           `json:"client"`
	Secret string           `json:"clientSecret"`
	Old    []ReplacedSecret `json:"old"`
}

// ReplacedSecret is a secret that a rotation gave an end.
type ReplacedSecret struct {
	GoodUntil time.Time `json:"goodUntil"`
}

// Key is a key without its text.
type Key struct {
	ID        string    `json:"id"`
	Client    string    `json:"client"`
	API       string    `json:"use"`
	Name      string    `json:"name"`
	Owner     string    `json:"owner,omitempty"`
	CreatedBy string    `json:"maker,omitempty"` // the key that made it; empty: an operator did
	Scopes    []string  `json:"scopes"`          // null: the client's
	State     string    `json:"state"`
	Expires   time.Time `json:"expires,omitzero"`
	Revoked   time.Time `json:"revoked,omitzero"`
	Created   time.Time `json:"created"`
}

// NewKey is a key with its text, to be shown once.
type NewKey struct {
	Key
	Text string       `json:"key"`
	Old  *ReplacedKey `json:"old,omitempty"` // the one in whose place it was made
}

// ReplacedKey is a key that a rotation gave an end.
type ReplacedKey struct {
	ID                      string    `json:"id"`
	GoodUntil               time.Time `json:"goodUntil"`
	RejectedEverywhereAfter time.Time `json:"refusedBy"` // by caches too
}

// Service is the Registry on a store.
type Service struct {
	Admin  *auth.Admin
	Reaper func() (*jobs.Reaper, error)
}

var _ Registry = (*Service)(nil)

// CreateClient implements Registry.
func (s *Service) CreateClient(ctx context.Context, p auth.ClientParams) (NewClient, error) {
	c, shown, err := s.Admin.CreateClient(ctx, p)
	if err != nil {
		return NewClient{}, err
	}
	return NewClient{s.client(c), shown.ClientSecret, shown.Keys["conomy"], shown.Keys["blnk"]}, nil
}

// Clients implements Registry.
func (s *Service) Clients(ctx context.Context, _ All) ([]Client, error) {
	all, err := s.Admin.Clients(ctx)
	list := make([]Client, len(all))
	for n, c := range all {
		list[n] = s.client(c)
	}
	return list, err
}

// Client implements Registry.
func (s *Service) Client(ctx context.Context, r ByID) (Client, error) {
	c, err := s.Admin.Client(ctx, r.ID)
	return s.client(c), err
}

// Suspend implements Registry.
func (s *Service) Suspend(ctx context.Context, r Suspension) (Client, error) {
	c, err := s.Admin.SetSuspended(ctx, r.ID, !r.Lift)
	return s.client(c), err
}

// RotateSecret implements Registry.
func (s *Service) RotateSecret(ctx context.Context, r Rotation) (NewSecret, error) {
	c, text, ends, err := s.Admin.RotateSecret(ctx, r.ID, r.Rotation)
	made := NewSecret{c.ID, text, make([]ReplacedSecret, len(ends))}
	for n, end := range ends {
		made.Old[n].GoodUntil = end
	}
	return made, err
}

// CreateKey implements Registry.
func (s *Service) CreateKey(ctx context.Context, p KeyParams) (NewKey, error) {
	k, text, err := s.Admin.CreateKey(ctx, p.Client, p.KeyParams)
	return NewKey{s.key(k), text, nil}, err
}

// Keys implements Registry.
func (s *Service) Keys(ctx context.Context, client ByID) ([]Key, error) {
	_, all, err := s.Admin.Keys(ctx, client.ID)
	slices.SortFunc(all, func(a, b auth.Key) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return s.keys(all), err
}

// RotateKey implements Registry.
func (s *Service) RotateKey(ctx context.Context, r Rotation) (NewKey, error) {
	k, text, old, err := s.Admin.RotateKey(ctx, r.ID, r.Rotation)
	ends := old.ValidUntil()
	return NewKey{s.key(k), text, &ReplacedKey{old.ID, ends, ends.Add(auth.RevocationDelay)}}, err
}

// RevokeKey implements Registry.
func (s *Service) RevokeKey(ctx context.Context, r Revocation) ([]Key, error) {
	if r.WithMade {
		ended, err := s.Admin.RevokeWithDescendants(ctx, r.ID)
		return s.keys(ended), err
	}
	k, err := s.Admin.RevokeKey(ctx, r.ID)
	return []Key{s.key(k)}, err
}

// Expire implements Registry.
func (s *Service) Expire(ctx context.Context, r Expiry) (*jobs.Result, error) {
	const maxDuration = time.Hour
	reaper, err := s.Reaper()
	if err != nil {
		return nil, err
	}
	reaper.OnExamined = r.OnExamined
	result, err := reaper.Expire(ctx, jobs.Run{StopAt: time.Now().Add(maxDuration), DryRun: r.DryRun})
	return &result, err
}

func (s *Service) client(c auth.Client) Client {
	out := Client{
		ID: c.ID, Name: c.Name, Tenant: c.Tenant, Scopes: c.Scopes, State: "active", Mode: "lenient", Stage: "live",
		Rate: c.Limits.Rate, Burst: c.Limits.Burst, Quota: c.Limits.Quota, Secrets: len(c.ActiveSecrets(s.Admin.Now())), Created: c.Created,
		Onboarding: c.Policy.Onboarding, UsagePlanKey: c.UsagePlanKey,
	}
	if c.Suspended {
		out.State = "suspended"
	}
	if c.Policy.PendingTTL > 0 {
		out.PendingTTL = c.Policy.PendingTTL.String()
	}
	if c.Strict {
		out.Mode = "strict"
	}
	if c.TestMode {
		out.Stage = "test"
	}
	return out
}

func (s *Service) keys(all []auth.Key) []Key {
	list := make([]Key, len(all))
	for n, k := range all {
		list[n] = s.key(k)
	}
	return list
}

func (s *Service) key(k auth.Key) Key {
	now := s.Admin.Now()
	out := Key{
		ID: k.ID, Client: k.Client, API: k.API, Name: k.Name, Owner: k.Owner, CreatedBy: k.CreatedBy, Scopes: k.Scopes, State: "live",
		Expires: k.Expires, Revoked: k.Revoked, Created: k.Created,
	}
	if !k.Expires.IsZero() && !now.Before(k.Expires) {
		out.State = "expired"
	}
	if !k.Revoked.IsZero() && !now.Before(k.Revoked) {
		out.State = "revoked"
	}
	return out
}
