// Package admin manages the clients and keys of a registry, on its store or through the running local server, which serves
// the same operations as a small JSON API on a unix socket in the data directory.
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

// Registry holds the operations of an operator. New returns those on a store, Dial those of a running server. The errors
// are those of auth.Admin.
type Registry struct {
	CreateClient func(context.Context, auth.ClientParams) (NewClient, error)
	Clients      func(context.Context, All) ([]Client, error) // the oldest first
	Client       func(context.Context, ByID) (Client, error)
	Suspend      func(context.Context, Suspension) (Client, error)
	RotateSecret func(context.Context, Rotation) (NewSecret, error)
	CreateKey    func(context.Context, KeyParams) (NewKey, error)
	Keys         func(context.Context, ByID) ([]Key, error) // of a client, the oldest first
	RotateKey    func(context.Context, Rotation) (NewKey, error)
	RevokeKey    func(context.Context, Revocation) ([]Key, error) // the revoked keys, the one that was named first
	// Expire removes expired pending identities. The result is nil if it is unknown what was done; it may come with an
	// error.
	Expire func(context.Context, Expiry) (*jobs.Result, error)
}

// The requests of a Registry.
type (
	// All requests every client.
	All struct{}
	// ByID names a client.
	ByID struct{ ID string }
	// Suspension suspends a client, or ends its suspension.
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
	// Revocation revokes a key; WithMade also revokes the keys that it created, and those that they created.
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
	UsagePlanKey string    `json:"-"` // empty through a socket: the local gateway has no usage plans
}

// NewClient is a client with its credentials, to be shown once.
type NewClient struct {
	Client
	Secret    string `json:"clientSecret"`
	ConomyKey string `json:"conomyKey"`
	BlnkKey   string `json:"blnkKey"`
}

// NewSecret is a client's new secret, to be shown once, and when each previous secret expires, oldest first.
type NewSecret struct {
	Client string           `json:"client"`
	Secret string           `json:"clientSecret"`
	Old    []ReplacedSecret `json:"old"`
}

// ReplacedSecret is a previous secret and when it expires.
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
	CreatedBy string    `json:"maker,omitempty"` // the key that created it; empty: an operator did
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
	Old  *ReplacedKey `json:"old,omitempty"` // the key that it replaces
}

// ReplacedKey is a previous key and when it expires.
type ReplacedKey struct {
	ID                      string    `json:"id"`
	GoodUntil               time.Time `json:"goodUntil"`
	RejectedEverywhereAfter time.Time `json:"refusedBy"` // by caches too
}

// service is a registry on its store.
type service struct {
	admin  *auth.Admin
	reaper func() (*jobs.Reaper, error)
}

// New returns the Registry of an auth.Admin's store. Expire calls reaper for each run.
func New(a *auth.Admin, reaper func() (*jobs.Reaper, error)) *Registry {
	s := &service{a, reaper}
	return &Registry{
		CreateClient: s.createClient, Clients: s.clients, Client: s.client, Suspend: s.suspend, RotateSecret: s.rotateSecret,
		CreateKey: s.createKey, Keys: s.keys, RotateKey: s.rotateKey, RevokeKey: s.revokeKey, Expire: s.expire,
	}
}

func (s *service) createClient(ctx context.Context, p auth.ClientParams) (NewClient, error) {
	c, shown, err := s.admin.CreateClient(ctx, p)
	if err != nil {
		return NewClient{}, err
	}
	return NewClient{s.showClient(c), shown.ClientSecret, shown.Keys["conomy"], shown.Keys["blnk"]}, nil
}

func (s *service) clients(ctx context.Context, _ All) ([]Client, error) {
	all, err := s.admin.Clients(ctx)
	list := make([]Client, len(all))
	for n, c := range all {
		list[n] = s.showClient(c)
	}
	return list, err
}

func (s *service) client(ctx context.Context, r ByID) (Client, error) {
	c, err := s.admin.Client(ctx, r.ID)
	return s.showClient(c), err
}

func (s *service) suspend(ctx context.Context, r Suspension) (Client, error) {
	c, err := s.admin.SetSuspended(ctx, r.ID, !r.Lift)
	return s.showClient(c), err
}

func (s *service) rotateSecret(ctx context.Context, r Rotation) (NewSecret, error) {
	c, text, ends, err := s.admin.RotateSecret(ctx, r.ID, r.Rotation)
	made := NewSecret{c.ID, text, make([]ReplacedSecret, len(ends))}
	for n, end := range ends {
		made.Old[n].GoodUntil = end
	}
	return made, err
}

func (s *service) createKey(ctx context.Context, p KeyParams) (NewKey, error) {
	k, text, err := s.admin.CreateKey(ctx, p.Client, p.KeyParams)
	return NewKey{s.showKey(k), text, nil}, err
}

func (s *service) keys(ctx context.Context, client ByID) ([]Key, error) {
	_, all, err := s.admin.Keys(ctx, client.ID)
	slices.SortFunc(all, func(a, b auth.Key) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return s.showKeys(all), err
}

func (s *service) rotateKey(ctx context.Context, r Rotation) (NewKey, error) {
	k, text, old, err := s.admin.RotateKey(ctx, r.ID, r.Rotation)
	ends := old.ValidUntil()
	return NewKey{s.showKey(k), text, &ReplacedKey{old.ID, ends, ends.Add(auth.RevocationDelay)}}, err
}

func (s *service) revokeKey(ctx context.Context, r Revocation) ([]Key, error) {
	if r.WithMade {
		ended, err := s.admin.RevokeWithDescendants(ctx, r.ID)
		return s.showKeys(ended), err
	}
	k, err := s.admin.RevokeKey(ctx, r.ID)
	return s.showKeys([]auth.Key{k}), err
}

func (s *service) expire(ctx context.Context, r Expiry) (*jobs.Result, error) {
	const maxDuration = time.Hour
	reaper, err := s.reaper()
	if err != nil {
		return nil, err
	}
	reaper.OnExamined = r.OnExamined
	result, err := reaper.Expire(ctx, jobs.Run{StopAt: time.Now().Add(maxDuration), DryRun: r.DryRun})
	return &result, err
}

func (s *service) showClient(c auth.Client) Client {
	out := Client{
		ID: c.ID, Name: c.Name, Tenant: c.Tenant, Scopes: c.Scopes, State: "active", Mode: "lenient", Stage: "live",
		Rate: c.Limits.Rate, Burst: c.Limits.Burst, Quota: c.Limits.Quota, Secrets: len(c.ActiveSecrets(s.admin.Now())), Created: c.Created,
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

func (s *service) showKeys(all []auth.Key) []Key {
	list := make([]Key, len(all))
	for n, k := range all {
		list[n] = s.showKey(k)
	}
	return list
}

func (s *service) showKey(k auth.Key) Key {
	now := s.admin.Now()
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
